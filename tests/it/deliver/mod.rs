//! Deliveries through everything that happens to towers and agents, as the owner sees them: the real tower, killed and
//! started again, real processes, real HTTP. A scene that leaves a process behind has failed.

mod chained;
mod killed;
mod memory;
mod older;
mod orderly;
mod pools;
mod preflight;
mod restarting;
mod retried;
mod stopped;

use std::path::{Path, PathBuf};
use std::time::Duration;

use cuetower_tests::{Ended, Tower, holds, send, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rand::Rng as _;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

/// For what the product does in its own time, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What every shell agent begins with: one process of a run at a time, or the log says so; its token, for whoever wants to
/// speak in its name; `report JSON`, which tries until it is answered; `until_there FILE`; `lives PID`, which a zombie does not.
const AGENT: &str = r#"
exec 9>"$WORK/lock.$CUETOWER_RUN"
flock -n 9 || echo "two at once: $CUETOWER_RUN $CUETOWER_ATTEMPT" >> "$WORK/log"
echo "$CUETOWER_TOKEN" > "$WORK/token.$CUETOWER_RUN.$CUETOWER_ATTEMPT"
say() { echo "$1 $CUETOWER_RUN $CUETOWER_ATTEMPT" >> "$WORK/log"; }
until_there() { while [ ! -e "$WORK/$1" ]; do sleep 0.05; done; }
lives() { grep -q '^State:.[^ZX]' "/proc/$1/status" 2>/dev/null; }
report() {
    while :; do
        code=$(curl -s --noproxy '*' -m 5 -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $CUETOWER_TOKEN" \
            -H 'Content-Type: application/json' -d "$1" "$CUETOWER_URL/v1/executions/$CUETOWER_RUN/outcome")
        say "answered:$code"
        case $code in 000 | 429 | 5??) sleep 0.1 ;; *) return ;; esac
    done
}
say began
"#;

/// A tower at a port of its own, so that agents find it again, and the folder where agents leave their traces.
struct Scene {
    tower: Tower,
    work: TempDir,
    data: TempDir,
}

impl Scene {
    async fn new() -> Scene {
        let (data, work) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let listen = format!("127.0.0.1:{}", free_port());
        let tower = Tower::start_with(Some(data.path()), &["--listen", &listen], &[]).await;
        Scene { tower, work, data }
    }

    /// A command cue that is fired by hand, runs this shell agent once, and is judged by its exit code; `with` is laid over it.
    fn command(&self, name: &str, script: &str, with: Value) -> Value {
        let script = format!("{AGENT}{script}");
        let mut cue = json!({
            "name": name, "transport": "command", "schedule": { "type": "manual" }, "confirm": "exit_code",
            "command": { "argv": ["sh", "-c", script], "env": { "WORK": self.work.path() }, "stop_grace_seconds": 1 },
            "retry": { "max_attempts": 1 },
        });
        lay_over(&mut cue, with);
        cue
    }

    /// The id of a new cue.
    async fn made(&self, cue: &Value) -> String {
        let made = self.tower.owner("cue_create", &json!({ "definition": cue })).await;
        made["id"].as_str().unwrap().to_owned()
    }

    /// Field and message of a refusal.
    async fn refused(&self, command: &str, request: &Value) -> (String, String) {
        let (status, answer) = self.tower.owner_call(command, request).await;
        assert!((400..500).contains(&status), "{command} was not refused: {status} {answer}");
        let word = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        (word("field"), word("message"))
    }

    /// The run that it is fired for.
    async fn fire(&self, cue: &str) -> String {
        let fired = self.tower.owner("cue_fire", &json!({ "cue_id": cue })).await;
        fired["run_id"].as_str().unwrap().to_owned()
    }

    async fn fired(&self, cue: &Value) -> String {
        let cue = self.made(cue).await;
        self.fire(&cue).await
    }

    /// The run's page.
    async fn story(&self, run: &str) -> Value {
        self.tower.owner("run_get", &json!({ "run_id": run })).await
    }

    /// The run's page, once it is so.
    async fn once(&self, run: &str, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let found = tokio::time::timeout(PATIENCE, async {
            loop {
                last = self.story(run).await;
                if is_so(&last) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        let in_time = found.await.is_ok();
        assert!(in_time, "within {PATIENCE:?} there was no {what}: {last:#}");
        last
    }

    /// The run's page once it has ended, which must be so.
    async fn ended(&self, run: &str, state: &str) -> Value {
        let story = self.once(run, "end of the run", |story| story["mark"]["ended_at_ms"].is_number()).await;
        assert_eq!(story["state"], state, "{story:#}");
        story
    }

    /// Every run of the cue, oldest first.
    async fn runs_of(&self, cue: &str) -> Vec<String> {
        let (mut runs, mut before_ms) = (Vec::new(), Value::Null);
        loop {
            let request = json!({ "cue_id": cue, "before_ms": before_ms, "limit": 500 });
            let page = self.tower.owner("ledger", &request).await;
            let marks = page["marks"].as_array().unwrap();
            let begun = marks.iter().filter(|mark| mark["started_at_ms"].is_number());
            runs.extend(begun.map(|mark| mark["run_id"].as_str().unwrap().to_owned()));
            before_ms = marks.last().map_or(Value::Null, |mark| mark["due_ms"].clone());
            if page["more"] == false {
                runs.reverse();
                return runs;
            }
        }
    }

    /// The only run of the cue, once there is one.
    async fn run_of(&self, cue: &str) -> String {
        let mut runs =
            until("run", PATIENCE, async || Some(self.runs_of(cue).await).filter(|runs| !runs.is_empty())).await;
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs.remove(0)
    }

    /// Alerts of this kind, newest first.
    async fn alerts(&self, kind: &str) -> Vec<Value> {
        let alerts = self.tower.owner("alerts", &json!({ "limit": 100 })).await;
        alerts["alerts"].as_array().unwrap().iter().filter(|alert| alert["kind"] == kind).cloned().collect()
    }

    /// The line of the CLI, ended well.
    async fn ctl(&self, args: &[&str]) -> String {
        self.tower.ctl(args).await.good()
    }

    /// What the agents wrote down.
    fn log(&self) -> String {
        std::fs::read_to_string(self.work.path().join("log")).unwrap_or_default()
    }

    /// Once the agents have written this often enough.
    async fn logged(&self, what: &str, times: usize) {
        let limit = tokio::time::timeout(PATIENCE, async {
            while self.log().matches(what).count() < times {
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
        });
        assert!(limit.await.is_ok(), "`{what}` was not written {times} times: {}", self.log());
    }

    /// Makes a file that agents wait for.
    fn put(&self, name: &str) {
        std::fs::write(self.work.path().join(name), "").unwrap();
    }

    /// The outcome that somebody with the token of this attempt reports: status and code of the answer.
    async fn reported(&self, run: &str, attempt: u32, outcome: &Value) -> (u16, String) {
        let token = std::fs::read_to_string(self.work.path().join(format!("token.{run}.{attempt}"))).unwrap();
        let url = format!("{}/v1/executions/{run}/outcome", self.tower.agents);
        let (status, answer) = send(Method::POST, &url, Some(token.trim()), Some(outcome)).await;
        (status, answer["error"]["code"].as_str().unwrap_or_default().to_owned())
    }

    /// What happened to `openai`, as the owner sees it.
    async fn pool(&self) -> Value {
        self.tower.owner("pools", &json!({})).await["pools"][0].clone()
    }

    async fn crash(&mut self) {
        self.tower.kill9().await;
        self.tower.again().await;
    }

    /// Every process that has to do with this tower, but a tower.
    fn processes(&self) -> Vec<(i32, String)> {
        processes_naming(self.data.path())
            .into_iter()
            .filter(|(_, line)| !line.contains("cuetowerctl serve "))
            .collect()
    }

    /// Once none is left.
    async fn alone(&self) {
        let limit = tokio::time::timeout(PATIENCE, async {
            while !self.processes().is_empty() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        assert!(limit.await.is_ok(), "these were left behind: {:?}", self.processes());
    }

    /// The end of every scene: nothing runs any more, no run had two processes at once, the ledger is what the schedules said.
    async fn end(mut self) {
        self.alone().await;
        assert!(!self.log().contains("two at once"), "{}", self.log());
        let audit: Ended = self.tower.ctl(&["ledger", "audit", "--json"]).await;
        let found: Value = serde_json::from_str(&audit.out).unwrap_or_else(|error| panic!("{error} in {audit:?}"));
        assert_eq!((audit.code, &found["unexplained"]), (Some(0), &json!(0)), "{found}");
        let folders = std::fs::read_dir(self.data.path().join("runs")).into_iter().flatten().flatten();
        let folders: Vec<PathBuf> = folders.map(|folder| folder.path()).collect();
        assert!(folders.is_empty(), "the files of runs that ended are still there: {folders:?}");
        self.tower.stop().await;
        assert_eq!(processes_naming(self.data.path()), [], "after the tower");
    }
}

impl Drop for Scene {
    /// A test that failed leaves nothing behind either.
    fn drop(&mut self) {
        for (pid, _) in processes_naming(self.data.path()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}

/// By their command lines and environments: everything that the tower starts names its data folder in one of them.
fn processes_naming(folder: &Path) -> Vec<(i32, String)> {
    let name = folder.to_str().unwrap().as_bytes();
    let ids = std::fs::read_dir("/proc").unwrap().flatten();
    let ids = ids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    ids.filter_map(|pid| {
        let read = |file: &str| std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        let line = read("cmdline");
        let line_text = || String::from_utf8_lossy(&line).replace('\0', " ");
        (holds(&line, name) || holds(&read("environ"), name)).then(|| (pid, line_text()))
    })
    .collect()
}

/// Below the ports that the system gives out by itself, so that nobody takes it while the tower is down.
pub fn free_port() -> u16 {
    let mut luck = rand::rng();
    loop {
        let port = 10_000 + u16::try_from(luck.next_u32() % 20_000).unwrap();
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Fields take the place of the cue's own; those of `command` are laid over them.
fn lay_over(cue: &mut Value, with: Value) {
    let Value::Object(with) = with else { panic!("a cue's fields are an object: {with}") };
    for (name, value) in with {
        match (name.as_str(), value) {
            ("command", Value::Object(command)) => cue["command"].as_object_mut().unwrap().extend(command),
            (_, value) => cue[name] = value,
        }
    }
}

/// One field of every attempt.
fn of_attempts<'a>(story: &'a Value, field: &str) -> Vec<&'a Value> {
    story["attempts"].as_array().unwrap().iter().map(|attempt| &attempt[field]).collect()
}
