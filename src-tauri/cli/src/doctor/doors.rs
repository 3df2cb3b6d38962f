//! Whether a tower that starts now could open its doors.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use cuetower_engine::doctor::Finding;
use cuetower_engine::settings::Settings;
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(2);

pub async fn look(settings: &Settings) -> [Finding; 2] {
    [
        door("agents' door", settings.doors.listen, "doors.listen").await,
        door("owner's door", settings.doors.desk, "doors.desk").await,
    ]
}

async fn door(check: &'static str, address: SocketAddr, setting: &str) -> Finding {
    let error = match TcpListener::bind(address) {
        Ok(_) => return Finding::good(check, format!("{address} is free.")),
        Err(error) => error,
    };
    let other = format!("Choose another: `cuetowerctl settings set {setting} 127.0.0.1:0` takes any free one.");
    if error.kind() != ErrorKind::AddrInUse {
        return Finding::bad(check, format!("{address} cannot be listened on: {error}."), other);
    }
    match tower_at(address).await {
        true => {
            Finding::bad(check, format!("{address} is taken by another tower."), format!("Close that one, or: {other}"))
        }
        false => Finding::bad(check, format!("{address} is taken by another program."), other),
    }
}

/// Whether a tower's agents' door answers there.
async fn tower_at(address: SocketAddr) -> bool {
    let ask = async {
        let http = reqwest::Client::builder().no_proxy().timeout(LIMIT).build().ok()?;
        let text = http.get(format!("http://{address}/health")).send().await.ok()?.text().await.ok()?;
        serde_json::from_str::<Value>(&text).ok()?.get("due_lag_ms").cloned()
    };
    ask.await.is_some()
}
