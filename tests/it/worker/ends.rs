//! The worker, the tower or the owner ends what is under way.

use std::sync::{Arc, Mutex};

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{Worker, cue, file, fire, handler, has_outcome, story, story_when};
use cuetower_tests::Tower;

/// A fixed address for a tower whose own address changes with each start.
struct Relay {
    url: String,
    /// "127.0.0.1:40123"
    to: Arc<Mutex<String>>,
}

impl Relay {
    async fn to(tower: &Tower) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().to_string();
        let relay = Relay { url: format!("http://{own}"), to: Arc::default() };
        relay.leads_to(tower);
        let to = Arc::clone(&relay.to);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (own, to) = (own.clone(), to.lock().unwrap().clone());
                tokio::spawn(async move { drop(pass(near, &own, &to).await) });
            }
        });
        relay
    }

    fn leads_to(&self, tower: &Tower) {
        *self.to.lock().unwrap() = tower.agents.trim_start_matches("http://").to_owned();
    }
}

/// Both ways; in requests, the tower finds its own address in the place of the relay's.
async fn pass(near: TcpStream, own: &str, to: &str) -> std::io::Result<()> {
    let far = TcpStream::connect(to).await?;
    let ((mut near_in, mut near_out), (mut far_in, mut far_out)) = (near.into_split(), far.into_split());
    let answers = tokio::spawn(async move { tokio::io::copy(&mut far_in, &mut near_out).await });
    let mut bytes = vec![0; 64 * 1024];
    while let length @ 1.. = near_in.read(&mut bytes).await? {
        let request = String::from_utf8_lossy(&bytes[..length]).replace(own, to);
        far_out.write_all(request.as_bytes()).await?;
    }
    answers.abort();
    Ok(())
}

/// Says that it began, and goes on until the gate is open or its folder is gone; a later attempt ends at once.
fn gated(folder: &std::path::Path) -> String {
    let folder = folder.display();
    format!(
        "echo $CUETOWER_ATTEMPT >> {folder}/began; [ $CUETOWER_ATTEMPT = 1 ] || exit 0; \
         trap 'echo stopped > {folder}/stopped; exit 1' TERM; while [ -d {folder} -a ! -e {folder}/gate ]; do sleep 0.05; done; echo through"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn heartbeats_keep_a_lease_for_as_long_as_the_work_takes() {
    let tower = Tower::start().await;
    let cue = cue(&tower, "long", 1.0).await;
    let folder = tempfile::tempdir().unwrap();
    let _worker = Worker::of(&tower, &handler(&gated(folder.path()))).await;
    let run = fire(&tower, &cue, Value::Null).await;
    file(&folder.path().join("began")).await;
    story_when(&tower, &run, "third lease", |story| {
        let attempt = &story["attempts"][0];
        attempt["lease_until_ms"].as_i64() > attempt["began_at_ms"].as_i64().map(|began| began + 3_000)
    })
    .await;
    std::fs::write(folder.path().join("gate"), "").unwrap();
    let story = story_when(&tower, &run, "outcome", has_outcome).await;
    assert_eq!((&story["outcome"]["result"], story["attempts"].as_array().unwrap().len()), (&json!("through"), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_work_of_a_killed_worker_is_done_by_another() {
    let tower = Tower::start().await;
    let cue = cue(&tower, "long", 1.0).await;
    let folder = tempfile::tempdir().unwrap();
    // The same name, as if it was started again.
    let text = format!("worker_id = \"desk\"\n{}", handler(&gated(folder.path())));
    let mut killed = Worker::of(&tower, &text).await;
    let run = fire(&tower, &cue, Value::Null).await;
    file(&folder.path().join("began")).await;
    killed.signal(Signal::SIGKILL);
    killed.ended().await;
    let _again = Worker::of(&tower, &text).await;
    let story = story_when(&tower, &run, "outcome", has_outcome).await;
    let attempts = story["attempts"].as_array().unwrap();
    assert_eq!((attempts.len(), &story["outcome"]["success"]), (2, &json!(true)));
    let words = attempts[0].to_string();
    assert!(words.contains("no sign of life"), "{words}");
    std::fs::write(folder.path().join("gate"), "").unwrap();
    assert_eq!(std::fs::read_to_string(folder.path().join("began")).unwrap(), "1\n2\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_told_to_stop_lets_its_work_finish() {
    let tower = Tower::start().await;
    let cue = cue(&tower, "long", 60.0).await;
    let folder = tempfile::tempdir().unwrap();
    let mut worker = Worker::of(&tower, &handler(&gated(folder.path()))).await;
    let run = fire(&tower, &cue, Value::Null).await;
    file(&folder.path().join("began")).await;
    worker.signal(Signal::SIGTERM);
    let left = fire(&tower, &cue, Value::Null).await;
    std::fs::write(folder.path().join("gate"), "").unwrap();
    assert_eq!(worker.ended().await, Some(0));
    assert_eq!(story(&tower, &run).await["outcome"]["result"], "through");
    assert!(!has_outcome(&story(&tower, &left).await), "nothing more was taken");
    assert!(!folder.path().join("stopped").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_finish_in_time_is_given_back() {
    let tower = Tower::start().await;
    let cue = cue(&tower, "long", 600.0).await;
    let folder = tempfile::tempdir().unwrap();
    let text = format!("grace_seconds = 0\n{}", handler(&gated(folder.path())));
    let mut worker = Worker::of(&tower, &text).await;
    let run = fire(&tower, &cue, Value::Null).await;
    file(&folder.path().join("began")).await;
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.ended().await, Some(0));
    assert_eq!(file(&folder.path().join("stopped")).await, "stopped\n");
    let given_back = story(&tower, &run).await;
    assert!(!has_outcome(&given_back), "{given_back}");
    assert!(given_back["attempts"].to_string().contains("given back by"), "{given_back}");
    // At once, not when the lease of ten minutes lapses.
    let _another = Worker::of(&tower, &text).await;
    let story = story_when(&tower, &run, "outcome", has_outcome).await;
    assert_eq!((&story["outcome"]["success"], story["attempts"].as_array().unwrap().len()), (&json!(true), 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_of_a_run_that_the_owner_stops_is_ended() {
    let tower = Tower::start().await;
    let cue = cue(&tower, "long", 1.0).await;
    let folder = tempfile::tempdir().unwrap();
    let _worker = Worker::of(&tower, &handler(&gated(folder.path()))).await;
    let run = fire(&tower, &cue, Value::Null).await;
    file(&folder.path().join("began")).await;
    tower.owner("run_stop", &json!({ "run_id": run })).await;
    assert_eq!(file(&folder.path().join("stopped")).await, "stopped\n");
    let story = story(&tower, &run).await;
    assert!(story["state"] == "stopped" && story["refused"] == json!([]), "nothing was reported of it: {story}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tower_that_dies_meanwhile_still_gets_the_outcome() {
    let mut tower = Tower::start().await;
    let cue = cue(&tower, "long", 60.0).await;
    let relay = Relay::to(&tower).await;
    let folder = tempfile::tempdir().unwrap();
    let text = format!("{}env = {{ SECOND = \"{{{{payload.lead}}}}\" }}\n", handler(&gated(folder.path())));
    let key = tower.key.clone();
    let _worker = Worker::start(&relay.url, &key, &text, &[]).await;
    let run = fire(&tower, &cue, json!({ "task": "t", "lead": "x" })).await;
    file(&folder.path().join("began")).await;
    tower.kill9().await;
    std::fs::write(folder.path().join("gate"), "").unwrap();
    tower.again().await;
    relay.leads_to(&tower);
    let first = story_when(&tower, &run, "outcome", has_outcome).await;
    assert_eq!((&first["outcome"]["result"], first["attempts"].as_array().unwrap().len()), (&json!("through"), 1));
    let next = fire(&tower, &cue, json!({ "task": "t", "lead": "y" })).await;
    let next = story_when(&tower, &next, "outcome", has_outcome).await;
    assert_eq!(next["outcome"]["success"], json!(true), "and it has come back for more");
}
