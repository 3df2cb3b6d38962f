//! A command that prints a gigabyte: neither the tower nor its launcher grows, and what is kept is the end.

use std::time::Duration;

use serde_json::json;

use super::{Scene, processes_naming};

const GROWTH_MAX_KIB: u64 = 40 * 1024;
const ON_DISK_MAX_BYTES: u64 = 64 * 1024 * 1024;
/// Writing a gigabyte takes its time on a busy disk.
const A_GIGABYTE: Duration = Duration::from_secs(180);

const LOUD: &str = r#"
    echo first; yes 'a line of sixty-four characters that says nothing at all, always' | head -c 1000000000
    echo; echo last; until_there enough"#;

fn rss_kib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_prints_a_gigabyte_does_not_grow_the_tower() {
    let scene = Scene::new().await;
    // The tower is warm once it has delivered something.
    let quiet = scene.fired(&scene.command("quiet", "", json!({}))).await;
    scene.ended(&quiet, "confirmed").await;
    let tower = scene.tower.pid();
    let tower_before = rss_kib(tower).unwrap();
    let run = scene.fired(&scene.command("loud", LOUD, json!({}))).await;
    scene.logged(&format!("began {run}"), 1).await;
    let launcher = processes_naming(scene.data.path()).into_iter().find(|(_, line)| line.contains("cuetower-launcher"));
    let launcher = u32::try_from(launcher.expect("every command has one").0).unwrap();
    let launcher_before = rss_kib(launcher).unwrap();
    let (mut tower_most, mut launcher_most) = (0, 0);
    let piece = json!({ "run_id": run, "number": 1, "stream": "stdout", "from_byte": 0 });
    let head = scene.tower.owner("run_output", &piece).await;
    assert!(head["text"].as_str().unwrap().starts_with("first\n"), "{head}");
    let printed = tokio::time::timeout(A_GIGABYTE, async {
        let mut next_byte = 0;
        loop {
            tower_most = tower_most.max(rss_kib(tower).unwrap());
            launcher_most = launcher_most.max(rss_kib(launcher).unwrap());
            // Somebody watches, too.
            let piece = json!({ "run_id": run, "number": 1, "stream": "stdout", "from_byte": next_byte });
            let seen = scene.tower.owner("run_output", &piece).await;
            next_byte = seen["next_byte"].as_u64().unwrap();
            if seen["text"].as_str().unwrap().ends_with("\nlast\n") {
                return next_byte;
            }
        }
    });
    let printed = printed.await.expect("a gigabyte was not printed in time");
    assert_eq!(printed, "first\n".len() as u64 + 1_000_000_000 + "\nlast\n".len() as u64);
    // What is kept is the beginning and the end, on the disk too.
    let head = scene.tower.owner("run_output", &piece).await;
    assert!(head["text"].as_str().unwrap().starts_with("first\na line of sixty-four"), "{head}");
    let file = std::fs::metadata(scene.data.path().join(format!("runs/{run}/1/stdout"))).unwrap();
    let kept_bytes = std::os::unix::fs::MetadataExt::blocks(&file) * 512;
    assert!(kept_bytes < ON_DISK_MAX_BYTES, "{kept_bytes} bytes are on disk");
    scene.put("enough");
    let story = scene.ended(&run, "confirmed").await;
    tower_most = tower_most.max(rss_kib(tower).unwrap());
    println!(
        "tower {tower_before} → {tower_most} KiB, launcher {launcher_before} → {launcher_most} KiB, on disk {kept_bytes} B"
    );
    assert!(tower_most < tower_before + GROWTH_MAX_KIB, "the tower grew from {tower_before} to {tower_most} KiB");
    assert!(launcher_most < launcher_before + GROWTH_MAX_KIB, "its launcher grew to {launcher_most} KiB");
    let attempt = &story["attempts"][0];
    let stdout = attempt["stdout"].as_str().unwrap();
    assert!(stdout.ends_with("\nlast\n") && stdout.len() <= 64 * 1024, "{} bytes are kept", stdout.len());
    assert_eq!(attempt["output_truncated"], true);
    scene.end().await;
}
