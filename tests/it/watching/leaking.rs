//! An agent that leaks until the system has no more for it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{Watch, died_at_ms, ms};

const TOLD_WITHIN_MS: i64 = 2_000;

/// A control group with little memory, below the test's own; gone with this.
struct SmallGroup(PathBuf);

impl SmallGroup {
    /// None where groups cannot be made: not root, or memory is not accounted for.
    fn of_bytes(bytes: u64) -> Option<SmallGroup> {
        let own = std::fs::read_to_string("/proc/self/cgroup").ok()?;
        let of = |controller: &str| {
            let mut lines = own.lines().filter_map(|line| line.split_once(':')?.1.split_once(':'));
            let (_, path) = lines.find(|(found, _)| found.split(',').any(|one| one == controller))?;
            Some(path.trim_start_matches('/').to_owned())
        };
        let parents = [
            of("memory").map(|path| (Path::new("/sys/fs/cgroup/memory").join(path), "memory.limit_in_bytes")),
            of("").map(|path| (Path::new("/sys/fs/cgroup").join(path), "memory.max")),
        ];
        parents.into_iter().flatten().find_map(|(parent, limit)| {
            let group = SmallGroup(parent.join(format!("cuetower-watching-{}", std::process::id())));
            std::fs::create_dir(&group.0).ok()?;
            std::fs::write(group.0.join(limit), bytes.to_string()).ok()?;
            Some(group)
        })
    }
}

impl Drop for SmallGroup {
    fn drop(&mut self) {
        // Its processes have ended; the system needs a moment to notice.
        for _ in 0..100 {
            if std::fs::remove_dir(&self.0).is_ok() || !self.0.exists() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

async fn told(watch: &Watch, cue: &Value) -> (Value, Value) {
    let run = watch.fired(cue).await;
    let story = watch.ended(&run).await;
    assert_eq!(story["state"], "failed", "{story:#}");
    let alert = watch.alert("outcome_failed", &run, |_| true).await;
    let late_ms = ms(&alert["opened_at_ms"]) - died_at_ms(&story);
    println!("told {late_ms} ms after its end: {} — {}", alert["title"], alert["body"]);
    assert!(late_ms <= TOLD_WITHIN_MS, "told {late_ms} ms after its end: {alert:#} {story:#}");
    (story, alert)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_the_system_kills_for_its_memory_is_told_at_once_and_by_its_cause() {
    let Some(group) = SmallGroup::of_bytes(60 << 20) else {
        eprintln!(
            "SKIPPED: no control group with a memory limit can be made here (it takes root and a memory controller)"
        );
        return;
    };
    let watch = Watch::new().await;
    let env = json!({ "GROUP": group.0 });
    let (story, alert) = told(&watch, &watch.cue("leaking", env, json!({ "confirm": "exit_code" }))).await;
    let body = alert["body"].as_str().unwrap();
    assert!(body.starts_with("Killed by the system: out of memory (its group may use 60 MiB) after "), "{body}");
    assert!(body.contains(" MB and rising. "), "{body}");
    assert!(story["attempts"][0]["peak_rss_bytes"].as_u64() > Some(20 << 20), "{story:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_refused_more_memory_is_told_by_its_cause_too() {
    let watch = Watch::new().await;
    let script = super::agents().join("leaking.py").display().to_string();
    let limited = json!({ "argv": ["sh", "-c", "ulimit -v 300000; exec python3 \"$0\"", script] });
    let with = json!({ "confirm": "exit_code", "command": limited });
    let (_, alert) = told(&watch, &watch.cue("leaking", json!({}), with)).await;
    let body = alert["body"].as_str().unwrap();
    assert!(body.contains("out of memory (its address space is limited to"), "{body}");
}
