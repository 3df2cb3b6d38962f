//! The `cueapi` CLI from PyPI: every command it has, signing in and `quickstart` included.

use std::collections::BTreeSet;

use cuetower_tests::{Answer, Ended, Home, Package, Server, Tower, finished, until};
use serde_json::{Value, json};

const PINS: &str = include_str!("pins/cueapi.txt");

/// Every command that is run below; the CLI's own list must say the same.
const COMMANDS: &[&str] = &[
    "create",
    "delete",
    "executions claim",
    "executions claim-next",
    "executions get",
    "executions heartbeat",
    "executions list",
    "executions list-claimable",
    "executions report-outcome",
    "fire",
    "get",
    "key regenerate",
    "list",
    "login",
    "logout",
    "manage",
    "pause",
    "quickstart",
    "resume",
    "update",
    "upgrade",
    "usage",
    "whoami",
];

/// The CLI in one home, pointed at a tower the way its users do it.
struct Cli {
    package: Package,
    home: Home,
    base: String,
    /// Empty: whatever its credentials file says.
    key: String,
    run: BTreeSet<String>,
}

impl Cli {
    async fn of(tower: &Tower, key: &str) -> Cli {
        let package = Package::installed(PINS).await;
        let base = format!("{}/v1", tower.agents);
        Cli { package, home: Home::new(), base, key: key.to_owned(), run: BTreeSet::new() }
    }

    async fn ended(&mut self, args: &[&str], stdin: &str) -> Ended {
        let words = args.iter().take_while(|word| word.chars().all(|sign| sign.is_ascii_lowercase() || sign == '-'));
        let words: Vec<&str> = words.copied().filter(|word| !word.starts_with('-')).take(2).collect();
        let is_group = ["executions", "key"].contains(words.first().unwrap_or(&""));
        self.run.insert(words[..if is_group { words.len().min(2) } else { 1 }].join(" "));
        let mut command = self.package.program("cueapi", &self.home);
        command.args(args);
        if !self.base.is_empty() {
            command.env("CUEAPI_API_BASE", &self.base);
        }
        if !self.key.is_empty() {
            command.env("CUEAPI_API_KEY", &self.key);
        }
        finished(command, stdin).await
    }

    /// What it prints when all is well.
    async fn good(&mut self, args: &[&str]) -> String {
        self.ended(args, "").await.good()
    }

    /// What it says when it is refused.
    async fn bad(&mut self, args: &[&str]) -> String {
        let Ended { code, out, err } = self.ended(args, "").await;
        assert_eq!(code, Some(1), "{args:?}: {out}{err}");
        err
    }

    /// Commands of the CLI itself, from its own helps.
    async fn offered(&self, group: &[&str]) -> Vec<String> {
        let mut command = self.package.program("cueapi", &self.home);
        command.args(group).arg("--help");
        let help = finished(command, "").await.good();
        let listed = help.split("Commands:\n").nth(1).unwrap_or_default();
        let names = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        names.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
    }
}

/// The word after this label in its table of facts.
fn told<'a>(text: &'a str, label: &str) -> &'a str {
    let line = text.lines().find_map(|line| line.strip_prefix(label));
    line.unwrap_or_else(|| panic!("no {label} in {text}")).trim()
}

fn id(created: &str) -> String {
    told(created, "Created: ").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_cli_works() {
    let tower = Tower::start().await;
    let receiver = Server::start(|_, _| Answer::status(200)).await;
    let mut cli = Cli::of(&tower, &tower.key).await;

    let mut offered = BTreeSet::new();
    for name in cli.offered(&[]).await {
        let commands = cli.offered(&[&name]).await;
        offered.extend(commands.iter().map(|command| format!("{name} {command}")));
        if commands.is_empty() {
            offered.insert(name);
        }
    }
    assert_eq!(offered, COMMANDS.iter().map(|name| (*name).to_owned()).collect(), "the CLI's own list");

    // Signing in comes first, without a key.
    let key = std::mem::take(&mut cli.key);
    let nobody = cli.good(&["whoami"]).await;
    assert!(nobody.contains("Not logged in"), "{nobody}");
    let (login, ()) = tokio::join!(cli.ended(&["login"], ""), super::approve_the_login(&tower));
    let login = login.good();
    assert!(login.contains("Authenticated as") && login.contains(&format!("visit: {}/", tower.agents)), "{login}");
    let path = cli.home.path().join(".config/cueapi/credentials.json");
    let credentials: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let profile = &credentials["default"];
    assert!(profile["api_key"].as_str().unwrap().starts_with("cue_sk_"), "{credentials}");
    assert_eq!(profile["api_base"], json!(cli.base));
    // From here on it knows where the tower is, and who it is, by itself.
    cli.base.clear();
    let who = cli.good(&["whoami"]).await;
    assert_eq!(told(&who, "Email:"), profile["email"].as_str().unwrap(), "{who}");
    assert!(told(&who, "API base:").starts_with(&tower.agents), "{who}");

    // Cues, as the account that signed in.
    assert!(cli.good(&["list"]).await.contains("No cues yet"));
    let cron = ["--name", "daily", "--cron", "0 9 * * 1-5", "--timezone", "Europe/Berlin", "--method", "PUT"];
    let more = ["--url", &receiver.url, "--payload", r#"{"ünï":1e21}"#, "--description", "d", "--on-failure"];
    let created = cli.good(&[&["create"][..], &cron, &more, &[r#"{"email":false,"pause":true}"#]].concat()).await;
    assert!(told(&created, "Status:") == "active" && told(&created, "Next run:").contains('T'), "{created}");
    let daily = id(&created);
    let shown = cli.good(&["get", &daily]).await;
    assert_eq!(told(&shown, "Schedule:"), "0 9 * * 1-5 (Europe/Berlin)");
    assert_eq!((told(&shown, "Callback:"), told(&shown, "Description:")), (&*format!("PUT {}", receiver.url), "d"));
    assert!(cli.good(&["pause", &daily]).await.contains("Paused"));
    assert!(cli.good(&["list", "--status", "paused"]).await.contains("1 cues (1 paused)"));
    assert!(cli.good(&["resume", &daily]).await.contains("Next run:"));
    let new = ["--name", "nightly", "--cron", "30 2 * * *", "--url", &format!("{}/n", receiver.url)];
    let new =
        [&["update", &daily][..], &new, &["--payload", "{}", "--description", "n", "--on-failure", "{}"]].concat();
    assert!(cli.good(&new).await.contains("(nightly)"));
    assert!(cli.good(&["list", "--limit", "1", "--offset", "0"]).await.contains("nightly"));
    let fired = cli.good(&["fire", &daily]).await;
    let sent = receiver.seen_at_least(1, std::time::Duration::from_secs(30)).await;
    assert_eq!(sent[0].header("x-cueapi-execution-id"), told(&fired, "Execution:"));

    // Runs, as a worker made by hand.
    let jobs = id(&cli.good(&["create", "--name", "jobs", "--at", &super::tomorrow(), "--worker"]).await);
    let task = async |cli: &mut Cli, payload: &str| {
        let fired = cli.good(&["fire", &jobs, "--payload-override", payload, "--merge-strategy", "replace"]).await;
        told(&fired, "Execution:").to_owned()
    };
    let first = task(&mut cli, r#"{"task":"a"}"#).await;
    let second = task(&mut cli, r#"{"task":"b","agent":"socrates"}"#).await;
    let third = task(&mut cli, r#"{"task":"c"}"#).await;
    let claimable = cli.good(&["executions", "list-claimable"]).await;
    assert!([&first, &second, &third].iter().all(|run| claimable.contains(run.as_str())), "{claimable}");
    let of_b = cli.good(&["executions", "list-claimable", "--task", "b", "--agent", "socrates"]).await;
    assert!(of_b.contains(&second) && !of_b.contains(&first), "{of_b}");
    let nobodys = cli.good(&["executions", "list-claimable", "--agent", "plato"]).await;
    assert!(nobodys.contains("No claimable executions (agent=plato)"), "{nobodys}");
    assert!(cli.good(&["executions", "claim", &first, "--worker-id", "me"]).await.contains("Lease:"));
    assert!(cli.bad(&["executions", "claim", &first, "--worker-id", "you"]).await.contains("Not claimable"));
    let next = ["executions", "claim-next", "--worker-id", "me"];
    assert!(cli.good(&[&next[..], &["--task", "c"]].concat()).await.contains(&format!("Claimed: {third}")));
    assert!(cli.good(&next).await.contains(&format!("Claimed: {second}")), "the oldest that is left");
    assert!(cli.good(&next).await.contains("No executions available"));
    assert!(cli.good(&["executions", "heartbeat", &first, "--worker-id", "me"]).await.contains("Lease until:"));
    let other = cli.bad(&["executions", "heartbeat", &first, "--worker-id", "you"]).await;
    assert!(other.contains("does not match the worker"), "{other}");
    let report = ["executions", "report-outcome", &first, "--success", "--external-id", "ch_1"];
    let report = [&report[..], &["--result-url", "https://d.test/1", "--summary", "s"]].concat();
    assert!(cli.good(&report).await.contains("Outcome recorded"));
    let fails = ["executions", "report-outcome", &second, "--failure"];
    assert!(cli.good(&fails).await.contains("Marked:"));
    let twice = cli.bad(&["executions", "report-outcome", &second, "--success"]).await;
    assert!(twice.contains("write-once"), "{twice}");
    let shown = cli.good(&["executions", "get", &first]).await;
    assert_eq!((told(&shown, "Status:"), told(&shown, "Attempts:")), ("success", "1"), "{shown}");
    assert_eq!(told(&shown, "Claimed by:"), "me", "{shown}");
    let failed = cli.good(&["executions", "list", "--status", "failed", "--cue-id", &jobs]).await;
    assert!(failed.contains(&second) && !failed.contains(&first), "{failed}");
    assert!(cli.bad(&["executions", "get", "exec_abc"]).await.contains("Execution not found"));

    // What it is refused, it says in the tower's words.
    let twice = cli.bad(&["create", "--name", "jobs", "--cron", "@daily", "--worker"]).await;
    assert!(twice.contains("jobs") && !twice.contains("Failed (HTTP"), "{twice}");
    let never = cli.bad(&["create", "--name", "never", "--cron", "0 9 31 2 *", "--worker"]).await;
    assert!(!never.contains("Failed (HTTP"), "{never}");
    assert!(cli.bad(&["get", "cue_nope"]).await.contains("Cue not found"));

    let usage = cli.good(&["usage"]).await;
    assert!(told(&usage, "Active cues:").starts_with("2 / "), "{usage}");
    assert!(told(&usage, "Executions:").starts_with("4 / "), "{usage}");
    // There is nothing to pay: that is said, not "Failed".
    for (args, stdin) in [(["upgrade"], "pro\nmonthly\n"), (["manage"], "")] {
        let Ended { out, err, .. } = cli.ended(&args, stdin).await;
        assert!(!format!("{out}{err}").contains("Failed (HTTP"), "{args:?}: {out}{err}");
    }

    let deleted = cli.ended(&["delete", &daily], "y\n").await.good();
    assert!(deleted.contains("(nightly)?") && deleted.contains("Deleted."), "{deleted}");
    assert!(cli.good(&["delete", &jobs, "--yes"]).await.contains("Deleted."));
    let before = profile["api_key"].as_str().unwrap();
    assert!(cli.good(&["key", "regenerate", "--yes"]).await.contains("Local credentials updated"));
    let after = cli.good(&["whoami"]).await;
    assert_eq!(told(&after, "Email:"), profile["email"].as_str().unwrap());
    let (status, old) =
        cuetower_tests::send(reqwest::Method::GET, &format!("{}/v1/auth/me", tower.agents), Some(before), None).await;
    assert_eq!((status, &old["error"]["code"]), (401, &json!("key_rotated")), "{old}");
    assert!(cli.good(&["logout"]).await.contains("Removed credentials for"));
    assert!(cli.good(&["logout", "--all"]).await.contains("Removed all"));

    // The guided start, with the owner's key in the environment.
    cli.base = format!("{}/v1", tower.agents);
    cli.key = key;
    let quick = cli.good(&["quickstart"]).await;
    assert!(quick.contains("Callback delivered!") && quick.contains("CueAPI is working!"), "{quick}");
    assert!(quick.contains("Your first cue! CueAPI is working.") && quick.contains("Deleted."), "{quick}");
    let (_, left) = tower.get("/v1/cues").await;
    assert_eq!(left["total"], 0, "it cleans up behind itself");

    let run: BTreeSet<String> = std::mem::take(&mut cli.run);
    assert_eq!(run, offered, "every command was run");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tower_that_lets_programs_sign_in_asks_nobody() {
    let tower = Tower::start_with(None, &["--allow-logins"], &[]).await;
    let mut cli = Cli::of(&tower, "").await;
    let login = cli.good(&["login"]).await;
    assert!(login.contains("Authenticated as"), "{login}");
    assert!(cli.good(&["whoami"]).await.contains("API key:"));
    until("login that is answered", std::time::Duration::from_secs(10), async || {
        let waiting = tower.owner("logins", &json!({})).await;
        waiting["logins"].as_array().is_some_and(Vec::is_empty).then_some(())
    })
    .await;
}
