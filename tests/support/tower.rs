//! A running tower as a guard: the real `cuetowerctl serve`, ended with everything it started when the test ends.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use reqwest::Method;
use serde_json::Value;
use tempfile::TempDir;

use crate::program::{Ended, Process, binary, ctl_in, offspring};
use crate::{send, until};

const READY_LIMIT: Duration = Duration::from_secs(30);
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// A tower on its own data folder, with its secrets in memory (unless `--vault` is said) and no notifications.
pub struct Tower {
    /// The agents' door: "http://127.0.0.1:40123".
    pub agents: String,
    /// The owner's door: "http://127.0.0.1:40124".
    pub desk: String,
    /// Opens the desk in a browser, once.
    pub desk_link: String,
    /// The owner's key for the agents' door.
    pub key: String,
    /// The whole line that it printed when it was ready.
    pub ready: Value,
    pub data: PathBuf,
    /// Where its standard error goes instead of the test's own, from the next start on.
    pub log: Option<PathBuf>,
    args: Vec<String>,
    env: Vec<(String, String)>,
    child: Option<(Child, BufReader<ChildStdout>)>,
    /// What a killed tower had started.
    orphans: Vec<Process>,
    _folder: Option<TempDir>,
}

impl Tower {
    /// On a fresh folder.
    pub async fn start() -> Tower {
        Tower::start_with(None, &[], &[]).await
    }

    /// On this folder, which outlives it.
    pub async fn start_on(data: &Path) -> Tower {
        Tower::start_with(Some(data), &[], &[]).await
    }

    /// With further arguments of `serve` and further environment, also when it is started [`Tower::again`].
    pub async fn start_with(data: Option<&Path>, args: &[&str], env: &[(&str, &str)]) -> Tower {
        let folder = data.is_none().then(|| tempfile::tempdir().unwrap());
        let data = data.or(folder.as_ref().map(TempDir::path)).expect("one of the two is there").to_owned();
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let [agents, desk, desk_link, key] = [const { String::new() }; 4];
        let (child, orphans, log) = (None, Vec::new(), None);
        let ready = Value::Null;
        let mut tower =
            Tower { agents, desk, desk_link, key, ready, data, log, args, env, child, orphans, _folder: folder };
        tower.again().await;
        tower
    }

    /// Starts it again on the same folder, after [`Tower::kill9`] or [`Tower::stop`].
    pub async fn again(&mut self) {
        assert!(self.child.is_none(), "it runs already");
        let unless = |flag: &str, value: &'static [&'static str]| -> &[&str] {
            if self.args.iter().any(|arg| arg == flag) { &[] } else { value }
        };
        let listen = unless("--listen", &["--listen", "127.0.0.1:0"]);
        let vault = unless("--vault", &["--vault", "memory"]);
        let log = self.log.as_ref().map(|path| File::options().create(true).append(true).open(path).unwrap());
        let mut child = Command::new(binary("cuetowerctl"))
            .args(["serve", "--desk", "127.0.0.1:0", "--no-notifications", "--ready-json"])
            .args(listen)
            .args(vault)
            .arg("--data")
            .arg(&self.data)
            .args(&self.args)
            .env("CUETOWER_LOG", std::env::var("CUETOWER_LOG").unwrap_or_else(|_| "warn".to_owned()))
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log.map_or_else(Stdio::inherit, Stdio::from))
            .process_group(0)
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let reading = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            stdout.read_line(&mut line).map(|_| (line, stdout))
        });
        let read = tokio::time::timeout(READY_LIMIT, reading).await;
        let Ok(Ok(Ok((line, stdout)))) = read else {
            drop(child.kill());
            panic!("the tower on {} was not ready within {READY_LIMIT:?}", self.data.display());
        };
        assert!(!line.is_empty(), "the tower ended before it was ready ({:?}); its sentence is above", child.wait());
        self.child = Some((child, stdout));
        self.ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line:?}"));
        let word = |name: &str| self.ready[name].as_str().unwrap_or_else(|| panic!("no {name} in {line}")).to_owned();
        (self.agents, self.key, self.desk_link) = (word("agents"), word("key"), word("desk"));
        self.desk = self.desk_link.split("/?").next().unwrap_or_default().to_owned();
    }

    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").0.id()
    }

    /// Kills it, as `kill -9` does. What it had started goes on.
    pub async fn kill9(&mut self) {
        self.orphans.extend(offspring(self.pid()));
        let (mut child, _) = self.child.take().expect("it runs");
        child.kill().unwrap();
        ended(&mut child).await;
    }

    /// Ends it and everything that it had started, at once.
    pub async fn power_cut(&mut self) {
        self.kill9().await;
        self.orphans.drain(..).for_each(|process| process.end());
    }

    /// Asks it to end, as a service manager would.
    ///
    /// # Panics
    /// If it does not end in order, or said more than its one line.
    pub async fn stop(&mut self) {
        self.orphans.extend(offspring(self.pid()));
        kill(Pid::from_raw(i32::try_from(self.pid()).unwrap()), Signal::SIGTERM).unwrap();
        let (child, _) = self.child.as_mut().expect("it runs");
        let code = ended(child).await;
        let (_, mut stdout) = self.child.take().expect("it ran");
        let mut rest = String::new();
        stdout.read_to_string(&mut rest).unwrap();
        assert_eq!((code, rest.as_str()), (Some(0), ""), "the end of an orderly stop");
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        self.speak(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.speak(Method::POST, path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> (u16, Value) {
        self.speak(Method::PATCH, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> (u16, Value) {
        self.speak(Method::DELETE, path, None).await
    }

    /// A request at the agents' door with the owner's key.
    pub async fn speak(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        send(method, &format!("{}{path}", self.agents), Some(&self.key), body).await
    }

    /// A command at the owner's door.
    pub async fn owner_call(&self, command: &str, request: &Value) -> (u16, Value) {
        let token = std::fs::read_to_string(self.data.join("owner.token")).unwrap();
        send(Method::POST, &format!("{}/rpc/{command}", self.desk), Some(&token), Some(request)).await
    }

    /// The same, when nothing but success will do.
    pub async fn owner(&self, command: &str, request: &Value) -> Value {
        let (status, answer) = self.owner_call(command, request).await;
        assert_eq!(status, 200, "{command} {request}: {answer}");
        answer
    }

    /// The command line, on this tower's folder.
    pub async fn ctl(&self, args: &[&str]) -> Ended {
        ctl_in(&self.data, args, "").await
    }
}

/// The exit code, once it has ended; None if a signal ended it.
async fn ended(child: &mut Child) -> Option<i32> {
    until("end of the tower", STOP_LIMIT, async || child.try_wait().unwrap()).await.code()
}

impl Drop for Tower {
    fn drop(&mut self) {
        if let Some((mut child, _)) = self.child.take() {
            self.orphans.extend(offspring(child.id()));
            let _ = killpg(Pid::from_raw(i32::try_from(child.id()).unwrap_or(i32::MAX)), Signal::SIGKILL);
            drop(child.wait());
        }
        self.orphans.iter().for_each(Process::end);
    }
}
