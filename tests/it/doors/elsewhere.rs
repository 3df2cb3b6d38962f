//! The agents' door for other machines: by the names that the owner gave, with TLS or behind a proxy, and never the owner's.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cuetower_tests::{Tower, ctl_in};
use reqwest::header::{HOST, ORIGIN};
use reqwest::{Certificate, Client};
use serde_json::json;
use tokio::process::Command;

const NAME: &str = "tower.example";

/// A certificate for `NAME` that vouches for itself, and its key.
async fn certificate(folder: &Path) -> (PathBuf, PathBuf) {
    let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", &format!("/CN={NAME}")])
        .args(["-addext", &format!("subjectAltName=DNS:{NAME}"), "-addext", "basicConstraints=critical,CA:TRUE"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&cert)
        .output()
        .await
        .expect("openssl is installed");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    (cert, key)
}

fn exposed(tower: &Tower) -> SocketAddr {
    tower.ready["exposed"].as_str().expect("it says where").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_of_other_machines_come_in_by_tls_and_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = certificate(folder.path()).await;
    let files = [&cert, &key].map(|path| path.to_str().unwrap());
    let expose = ["--expose", "127.0.0.1:0", "--allow-host", NAME, "--tls-cert", files[0], "--tls-key", files[1]];
    let tower = Tower::start_with(None, &expose, &[]).await;
    let at = exposed(&tower);
    let own = Certificate::from_pem(&std::fs::read(&cert).unwrap()).unwrap();
    let client = Client::builder().no_proxy().resolve(NAME, at).tls_certs_only([own]);
    let client = client.timeout(Duration::from_secs(30)).build().unwrap();
    let url = format!("https://{NAME}:{}/v1/cues", at.port());

    let keyless = client.get(&url).send().await.unwrap();
    assert_eq!(keyless.status(), 401);
    let with_key = client.get(&url).bearer_auth(&tower.key).send().await.unwrap();
    assert_eq!(with_key.status(), 200);
    for (header, value, status) in [
        (HOST, "evil.example", 403),
        (HOST, NAME, 200),
        (ORIGIN, "https://evil.example", 403),
        (ORIGIN, format!("https://{NAME}").as_str(), 200),
    ] {
        let said = client.get(&url).bearer_auth(&tower.key).header(&header, value).send().await.unwrap();
        assert_eq!(said.status(), status, "{header}: {value}");
    }
    let login = client.post(format!("https://{NAME}:{}/v1/auth/device-code", at.port()));
    let login = login.body(json!({ "device_code": "ABCD-1234" }).to_string()).send().await.unwrap();
    let page: serde_json::Value = serde_json::from_str(&login.text().await.unwrap()).unwrap();
    let page = page["verification_url"].as_str().unwrap().to_owned();
    assert!(page.starts_with(&format!("https://{NAME}:")), "{page}");

    // Nothing is said there without TLS, and nothing of it holds for the owner's door.
    let bare = Client::builder().no_proxy().resolve(NAME, at).timeout(Duration::from_secs(30)).build().unwrap();
    assert!(bare.get(format!("http://{NAME}:{}/health", at.port())).send().await.is_err());
    let owner = std::fs::read_to_string(tower.data.join("owner.token")).unwrap();
    let desk = format!("{}/rpc/tower_status", tower.desk);
    let by_name = bare.post(&desk).bearer_auth(&owner).header(HOST, NAME).send().await.unwrap();
    assert_eq!(by_name.status(), 403);
    assert_eq!(bare.post(&desk).bearer_auth(&owner).send().await.unwrap().status(), 200);
    // The machine's own agents go on as they did.
    assert_eq!(tower.get("/v1/cues").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_may_call_by_name_and_what_it_says_of_its_callers_is_not_believed() {
    let tower = Tower::start_with(None, &["--behind-proxy", "--allow-host", NAME], &[]).await;
    let client = Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
    let url = format!("{}/v1/cues", tower.agents);
    let by_name = client.get(&url).bearer_auth(&tower.key).header(HOST, NAME).send().await.unwrap();
    assert_eq!(by_name.status(), 200);
    for name in ["x-forwarded-host", "forwarded", "x-original-host", "x-host"] {
        let told = client.get(&url).bearer_auth(&tower.key).header(HOST, "evil.example").header(name, NAME);
        assert_eq!(told.send().await.unwrap().status(), 403, "{name}");
    }
    assert!(tower.ready["exposed"].is_null(), "it is at loopback alone");
}

/// The owner said so while nobody but this machine could ask.
#[tokio::test(flavor = "multi_thread")]
async fn a_program_of_another_machine_waits_for_the_owners_word_whatever_he_said_before() {
    let folder = tempfile::tempdir().unwrap();
    let mut before = Tower::start_with(Some(folder.path()), &[], &[]).await;
    let client = Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
    let asked = async |tower: &Tower, code: &str| {
        let post = |path: &str| client.post(format!("{}/v1/auth/device-code{path}", tower.agents));
        let body = json!({ "device_code": code }).to_string();
        let asked = post("").header("content-type", "application/json").body(body.clone()).send().await.unwrap();
        assert!(asked.status().is_success(), "{asked:?}");
        let told = post("/poll").header("content-type", "application/json").body(body).send().await.unwrap();
        let told: serde_json::Value = serde_json::from_str(&told.text().await.unwrap()).unwrap();
        told["status"].as_str().unwrap().to_owned()
    };
    before.ctl(&["login", "allow"]).await.good();
    assert_eq!(asked(&before, "ABCD-1234").await, "approved");
    before.stop().await;

    let exposed = ["--behind-proxy", "--allow-host", NAME];
    let mut tower = Tower::start_with(Some(folder.path()), &exposed, &[]).await;
    assert_eq!(asked(&tower, "ABCD-5678").await, "pending");
    let listed = tower.owner("logins", &json!({})).await;
    assert_eq!((&listed["allow"], listed["logins"].as_array().unwrap().len()), (&json!(false), 1));
    let refused = tower.ctl(&["login", "allow"]).await;
    assert!(refused.code != Some(0) && refused.err.contains("each program waits"), "{refused:?}");
    tower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_that_would_tell_everybody_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    for (line, words) in [
        (vec!["--expose", "127.0.0.1:0", "--allow-host", NAME], "--tls-cert FILE"),
        (vec!["--expose", "127.0.0.1:0", "--allow-host", "*", "--behind-proxy"], "`*` is nothing"),
        (vec!["--allow-host", NAME], "only with --expose"),
        (vec!["--behind-proxy", "--allow-host", NAME, "--open-registration"], "without --open-registration"),
        (vec!["--behind-proxy", "--allow-host", NAME, "--allow-logins"], "without --allow-logins"),
        (vec!["--listen", "0.0.0.0:0"], "--expose lets agents of others in"),
        (vec!["--desk", "0.0.0.0:0"], "Use --desk 127.0.0.1:0."),
    ] {
        let serve = [&["serve", "--vault", "memory", "--no-notifications"], line.as_slice()].concat();
        let ended = ctl_in(folder.path(), &serve, "").await;
        assert_eq!(ended.code, Some(1), "{line:?}: {ended:?}");
        assert!(ended.err.contains(words), "{line:?}: {}", ended.err);
    }
}
