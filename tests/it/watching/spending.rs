//! An agent that goes from 200 to 40,000 tokens a minute.

use serde_json::json;

use super::{Watch, died_at_ms, lives, ms};

const FUSE: u64 = 2_000;
const BEAT: u64 = 200;

#[tokio::test(flavor = "multi_thread")]
async fn a_spike_is_critical_at_the_first_such_beat() {
    let watch = Watch::new().await;
    let run = watch.fired(&watch.cue("spending", json!({}), json!({ "loops": "off" }))).await;
    let alert = watch.alert("cost_spike", &run, |_| true).await;
    let first = watch.saying("heavy", 1).await.remove(0);
    println!("{} — {}", alert["title"], alert["body"]);
    assert_eq!(alert["severity"], "critical", "{alert:#}");
    let title = alert["title"].as_str().unwrap();
    assert!(title.starts_with("spending spends ") && title.ends_with(" times its usual"), "{title}");
    let opened = ms(&alert["opened_at_ms"]);
    assert!((first[0]..=first[1]).contains(&opened), "told at {opened}, while the beat was under way: {first:?}");
    assert!(watch.story(&run).await["state"] == "pending_outcome", "nobody asked for its end");
    watch.tower.owner("run_stop", &json!({ "run_id": run })).await;
    watch.ended(&run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_fuse_its_whole_tree_is_dead_within_a_second_and_the_spend_is_bounded() {
    let watch = Watch::new().await;
    let budget = json!({ "budget": { "run": { "tokens": FUSE } } });
    let run = watch.fired(&watch.cue("spending", json!({}), budget)).await;
    let pids = watch.saying("pids", 1).await.remove(0);
    let stopped = watch.ended(&run).await;
    assert_eq!(stopped["state"], "stopped", "{stopped:#}");
    let story = watch.once(&run, "end of its process", |story| story["attempts"][0]["ended_at_ms"].is_number()).await;
    assert!(!pids.iter().any(|pid| lives(*pid)), "the end of a tree is told when nothing of it is left");
    let sentence = story["attempts"][0]["sentence"].as_str().unwrap();
    assert!(sentence.starts_with("killed by the tower after "), "{sentence}");
    let dead_ms = ms(&story["attempts"][0]["ended_at_ms"]) - ms(&story["mark"]["ended_at_ms"]);
    println!("dead {dead_ms} ms after the fuse blew; {}", story["mark"]["sentence"]);
    assert!(dead_ms <= 1_000, "dead {dead_ms} ms after its fuse blew: {story:#}");
    let spent = story["spend"]["tokens"].as_u64().unwrap();
    assert!((FUSE..FUSE + 2 * BEAT).contains(&spent), "{spent} tokens");
    let alert = watch.alert("fuse_tripped", &run, |_| true).await;
    println!("{} — {}", alert["title"], alert["body"]);
    assert!(died_at_ms(&story) - ms(&alert["opened_at_ms"]) <= 1_000, "{alert:#}");
    // Its token is worth nothing any more.
    let heavy = watch.said("heavy");
    assert!(heavy.iter().filter(|line| line[2] == 200).count() as u64 <= FUSE / BEAT + 1, "{heavy:?}");
}
