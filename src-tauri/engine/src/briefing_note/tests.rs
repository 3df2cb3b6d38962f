//! On a real engine with a clock that is moved by hand. What a notification server makes of it is tested in `notify`.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::clock::{Clock as _, ManualClock};
use crate::handle::TowerChange;
use crate::vault::{Vault, VaultKind};
use crate::{Config, Engine, Ports, Running, definition};

/// A whole minute.
pub(crate) const NOW: Ms = Ms(1_795_000_020_000);
pub(crate) const MINUTE_MS: u64 = 60_000;

/// A tower whose one cue is due every minute.
pub(crate) async fn tower(folder: &Path, clock: &Arc<ManualClock>, notifier: Notifier) -> (Handle, Running) {
    let vault = Vault::open(VaultKind::Memory, folder).await;
    let config = Config::of(folder.to_owned(), "http://127.0.0.1:9".to_owned());
    let (handle, running) = Engine::start(config, Ports { clock: clock.clone(), vault, notifier }).unwrap();
    if handle.reader().cue_names().await.unwrap().is_empty() {
        let cue = json!({
            "name": "minutely", "schedule": { "type": "interval", "every_seconds": 60 }, "transport": "command",
            "command": { "argv": ["true"] }, "confirm": "exit_code",
        });
        handle.create_cue(definition::read_new(&cue, handle.now()).unwrap().definition).await.unwrap();
    }
    (handle, running)
}

/// Returns once more than `known` absences are on disk: how many.
async fn band_after(handle: &Handle, known: usize) -> usize {
    loop {
        let bands = handle.reader().bands(Ms(0), Ms(i64::MAX)).await.unwrap().len();
        if bands > known {
            return bands;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn each_return_is_told_once_and_a_closed_briefing_never() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(NOW));
    let off = Notifier::start(false).await.0;
    let (handle, running) = tower(folder.path(), &clock, off.clone()).await;
    assert_eq!(tell_once(&handle, &off, NOW).await, None, "nothing was missed");

    let bands = 0;
    clock.sleep_machine(37 * MINUTE_MS);
    let bands = band_after(&handle, bands).await;
    let newest = tell_once(&handle, &off, NOW).await;
    assert_eq!(newest, Some(NOW.plus(37 * MINUTE_MS)));
    assert_eq!(tell_once(&handle, &off, newest.unwrap()).await, None, "the same absence again");

    clock.sleep_machine(10 * MINUTE_MS + 30_000);
    let bands = band_after(&handle, bands).await;
    assert_eq!(tell_once(&handle, &off, newest.unwrap()).await, Some(NOW.plus(47 * MINUTE_MS + 30_000)));
    handle.tower(TowerChange::Briefed).await.unwrap();
    assert_eq!(tell_once(&handle, &off, NOW).await, None, "the owner has read it");
    clock.sleep_machine(20_000);
    band_after(&handle, bands).await;
    assert_eq!(tell_once(&handle, &off, NOW).await, None, "nothing was due in this one");
    running.stop().await;

    clock.advance(60 * MINUTE_MS);
    let (handle, running) = tower(folder.path(), &clock, off.clone()).await;
    let newest = tell_once(&handle, &off, clock.now().minus(1)).await;
    assert_eq!(newest, Some(clock.now()), "it was off");
    running.stop().await;
    clock.advance(2_000);
    let (handle, running) = tower(folder.path(), &clock, off.clone()).await;
    assert_eq!(tell_once(&handle, &off, clock.now().minus(1)).await, None, "an earlier tower told of it");
    running.stop().await;
}
