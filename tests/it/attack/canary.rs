//! The canary: secrets are set, go by every way that a tower has for them, and are then looked for in every byte that it wrote or
//! sent. Here agents keep them to themselves; in `echoes` they say them again wherever they can.
//!
//! Where a value belongs it is not looked for: in the header, environment or lease it was asked for, and in the login or address
//! of the service that it opens.

use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};

use super::forms::forms;
use super::*;
use crate::channels::mail::Mail;

const PASSPHRASE: &str = "canary-passphrase-of-the-vault-99";
/// As the mail server of the tests wants it.
const MAIL_PASSWORD: &str = "correct-horse";

/// Secrets of the owner's: plain, with quotes, like base64, of several lines, beyond ASCII, short, one inside of another, and
/// already encoded.
pub(super) const SECRETS: [(&str, &str); 9] = [
    ("PLAIN", "canary-plain-7f3a9c1e"),
    ("QUOTED", "can\"ary'quo\\ted<51>&"),
    ("ENCODED_64", "Y2FuYXJ5LWJhc2U2NC0yMg=="),
    ("LINES", "canary-line-one-81a\ncanary-line-two-82b"),
    ("UNICODE", "kan\u{e1}rek-\u{17e}lut\u{fd}-\u{1f424}-93"),
    ("SHORT", "c4n4ry"),
    ("INNER", "canary-inner-31"),
    ("OUTER", "x-canary-inner-31-outer-32"),
    ("ENCODED_URL", "canary%2Furl encoded+04/\u{fc}"),
];
/// Those that fit into a header.
pub(super) const IN_HEADERS: [&str; 6] = ["PLAIN", "QUOTED", "ENCODED_64", "SHORT", "INNER", "OUTER"];
/// Values that come in the open and are moved to the vault, or open a service.
const OTHERS: [(&str, &str); 8] = [
    ("a header", "canary-open-header-66"),
    ("a cookie", "canary-open-cookie-67"),
    ("a channel's address", "canary-channel-path-77"),
    ("a channel's token", "canary-channel-token-78"),
    ("a routing key", "R0canary0routing0key0123456789ab"),
    ("a beacon's address", "canary-beacon-33"),
    ("the mail's password", MAIL_PASSWORD),
    ("the vault's passphrase", PASSPHRASE),
];

/// A tower with everything set, and all that it was heard to say.
pub(super) struct Canary {
    pub tower: Tower,
    /// Agents, channels, collectors: told apart by their paths.
    pub sink: Server,
    mail: Mail,
    around: tempfile::TempDir,
    said: Mutex<Vec<(String, Vec<u8>)>>,
}

impl Canary {
    pub async fn start() -> Canary {
        let around = tempfile::tempdir().unwrap();
        let data = around.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let environment = [("CUETOWER_VAULT_PASSPHRASE", PASSPHRASE), ("CUETOWER_LOG", "debug")];
        let mut tower = Tower::start_with(Some(&data), &["--vault", "file"], &environment).await;
        // From its second start on, all of what it says goes to a file.
        tower.stop().await;
        tower.log = Some(around.path().join("log"));
        tower.again().await;
        let sink = Server::start(|_, seen| match seen.path.as_str() {
            "/run" => Answer::status(202),
            "/fails" => Answer::json(500, &json!({ "error": "no" })),
            "/v2/enqueue" => Answer::json(202, &json!({ "status": "success" })),
            _ => Answer::json(200, &json!("ok")),
        })
        .await;
        let mail = Mail::start("auth", 0, None).await;
        let canary = Canary { tower, sink, mail, around, said: Mutex::default() };
        canary.set_up().await;
        canary
    }

    async fn set_up(&self) {
        for (name, value) in SECRETS {
            self.set("secret_set", &json!({ "name": name, "value": value })).await;
        }
        let at = |path: &str| format!("{}{path}", self.sink.url);
        for channel in [
            json!({ "name": "chat", "kind": "slack", "url": at("/services/T0/B0/canary-channel-path-77") }),
            json!({ "name": "pager", "kind": "pagerduty", "url": at("/v2/enqueue"), "routing_key": "R0canary0routing0key0123456789ab" }),
            json!({ "name": "phone", "kind": "ntfy", "url": at("/topic"), "token": "canary-channel-token-78" }),
            json!({ "name": "hook", "kind": "webhook", "url": at("/hook") }),
            json!({ "name": "mail", "kind": "email", "smtp": {
                "host": "localhost", "port": self.mail.port, "tls": "none", "user": "tower", "password": MAIL_PASSWORD,
                "from": "Cuetower <tower@example.com>", "to": "ada@example.com" } }),
        ] {
            self.set("channel_set", &channel).await;
        }
        for name in ["chat", "pager", "phone", "hook", "mail"] {
            self.set("channel_test", &json!({ "name": name })).await;
        }
        self.set("beacon_set", &json!({ "url": at("/beacon/canary-beacon-33"), "every_seconds": 10 })).await;
        let headers = json!([{ "name": "Authorization", "value": "Bearer {{secret:PLAIN}}" }]);
        self.set("otlp_out_set", &json!({ "endpoint": at("/otlp"), "headers": headers })).await;
    }

    /// A command of the owner's that must be obeyed.
    async fn set(&self, command: &str, request: &Value) {
        let token = owners_token(&self.tower);
        let url = format!("{}/rpc/{command}", self.tower.desk);
        let (status, answer) = self.asked(Method::POST, &url, &token, Some(request)).await;
        assert_eq!(status, 200, "{command}: {answer}");
    }

    /// A command of the owner's; what was answered is remembered.
    pub async fn owner(&self, command: &str, request: &Value) -> Value {
        let token = owners_token(&self.tower);
        self.asked(Method::POST, &format!("{}/rpc/{command}", self.tower.desk), &token, Some(request)).await.1
    }

    /// A request at the agents' door; what was answered is remembered.
    pub async fn speak(&self, bearer: &str, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        self.asked(method, &format!("{}{path}", self.tower.agents), bearer, body).await
    }

    async fn asked(&self, method: Method, url: &str, bearer: &str, body: Option<&Value>) -> (u16, Value) {
        // Made once, because a client is slow to make; without idle connections, which would belong to another test's runtime.
        static HTTP: LazyLock<reqwest::Client> =
            LazyLock::new(|| reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap());
        let mut request = HTTP.request(method.clone(), url).bearer_auth(bearer);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await.unwrap();
        let (status, head) = (response.status().as_u16(), format!("{:?}", response.headers()));
        let bytes = response.bytes().await.unwrap().to_vec();
        let answer = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        self.heard(&format!("the answer to {method} {url}"), [head.into_bytes(), bytes].concat());
        (status, answer)
    }

    pub fn heard(&self, place: &str, bytes: Vec<u8>) {
        self.said.lock().unwrap().push((place.to_owned(), bytes));
    }

    pub async fn ctl(&self, args: &[&str]) {
        let ended = self.tower.ctl(args).await;
        self.heard(&format!("cuetowerctl {}", args.join(" ")), (ended.out + &ended.err).into_bytes());
    }

    /// A cue of the owner's: its id.
    pub async fn cue(&self, definition: &Value) -> String {
        let made = self.owner("cue_create", &json!({ "definition": definition })).await;
        made["id"].as_str().unwrap_or_else(|| panic!("{definition}: {made}")).to_owned()
    }

    /// A web hook's cue with secrets in its headers, granted all of them, and the run that its agent holds.
    pub async fn held(&self, name: &str) -> Held {
        let secrets: Vec<&str> = SECRETS.iter().map(|(name, _)| *name).collect();
        let headers: serde_json::Map<String, Value> = IN_HEADERS
            .iter()
            .map(|name| (format!("X-{}", name.replace('_', "-")), json!(format!("{{{{secret:{name}}}}}"))))
            .collect();
        let mut cue = hook(name, &format!("{}/run", self.sink.url), json!({ "secrets": secrets, "agent": name }));
        cue["callback"]["headers"] = Value::Object(headers);
        cue["callback"]["headers"]["Authorization"] = json!("Bearer canary-open-header-66");
        cue["callback"]["headers"]["Cookie"] = json!("session=canary-open-cookie-67");
        // In the open only at the agents' door, which moves them away.
        let (status, made) = self.speak(&self.tower.key, Method::POST, "/v1/cues", Some(&cue)).await;
        assert_eq!(status, 201, "{made}");
        let before = self.deliveries().len();
        let fired = self.owner("cue_fire", &json!({ "cue_id": made["id"] })).await;
        let run = fired["run_id"].as_str().unwrap().to_owned();
        let seen = until("delivery", SOON, async || self.deliveries().get(before).cloned()).await;
        for name in IN_HEADERS {
            let value = SECRETS.iter().find(|(known, _)| *known == name).unwrap().1;
            assert_eq!(
                seen.header(&format!("x-{}", name.to_lowercase().replace('_', "-"))),
                value,
                "the agent gets {name}"
            );
        }
        assert_eq!(seen.header("authorization"), "Bearer canary-open-header-66");
        once(&self.tower, &run, "delivered run", |story| story["attempts"][0]["delivered_at_ms"].is_number()).await;
        Held { run, token: seen.header("x-cuetower-run-token").to_owned() }
    }

    fn deliveries(&self) -> Vec<cuetower_tests::Seen> {
        self.sink.seen().into_iter().filter(|seen| seen.path == "/run").collect()
    }

    /// Every secret, leased by the run that holds it. That answer alone may hold it.
    pub async fn leases(&self, held: &Held) {
        for (name, value) in SECRETS {
            let (status, lease) =
                speak(&self.tower, &held.token, Method::GET, &format!("/v1/secrets/{name}"), None).await;
            assert_eq!((status, &lease["value"]), (200, &json!(value)), "{name}");
        }
    }

    /// Everything that the owner can look at, and the command line's own words for it.
    pub async fn looks_at_all(&self, run: &str) {
        let cues = self.owner("board", &json!({ "from_ms": 0, "to_ms": i64::MAX / 2 })).await;
        let mut cue_ids: Vec<String> =
            cues["cues"].as_array().into_iter().flatten().map(|cue| cue["id"].as_str().unwrap().to_owned()).collect();
        cue_ids.push("none".to_owned());
        for (name, ..) in cuetower_engine::desk::COMMANDS {
            // What asks for nothing, or for one thing; whatever changes something is called elsewhere.
            let changes = [
                "set",
                "add",
                "remove",
                "delete",
                "update",
                "create",
                "answer",
                "fire",
                "pause",
                "resume",
                "stop",
                "replay",
                "restart",
                "verify",
                "check",
                "trigger",
                "close",
                "acknowledge",
                "snooze",
                "test",
                "forget",
                "command",
                "budget",
                "watch",
                "policy",
                "rotate",
                "rename",
                "off",
                "key",
                "beacon",
            ];
            if name.split('_').any(|part| changes.contains(&part)) {
                continue;
            }
            for cue in &cue_ids {
                let request = json!({
                    "cue_id": cue, "run_id": run, "name": "talk", "account": null, "number": 1, "attempt": 1, "limit": 500,
                    "from": 0, "from_ms": 0, "to_ms": i64::MAX / 2, "settled": true, "key": "k", "days": 1, "by": "cue",
                });
                self.owner(name, &request).await;
            }
        }
        for target in [
            "/v1/cues",
            "/v1/executions",
            "/v1/alerts",
            "/v1/usage",
            "/v1/workers",
            "/v1/agents",
            "/api/v1/status",
            "/status",
            "/v1/info",
            "/health",
        ] {
            self.speak(&self.tower.key, Method::GET, target, None).await;
        }
        for target in [format!("/v1/executions/{run}"), format!("/v1/executions/{run}/steps")] {
            self.speak(&self.tower.key, Method::GET, &target, None).await;
        }
        for cue in &cue_ids {
            self.speak(&self.tower.key, Method::GET, &format!("/v1/cues/{cue}"), None).await;
        }
        for words in [
            "status",
            "runs",
            "ledger",
            "alerts",
            "agents",
            "cue list",
            "secret list",
            "channel list",
            "report",
            "costs",
            "briefing",
            "key list",
            "pool list",
            "otlp show",
        ] {
            let words: Vec<&str> = words.split(' ').collect();
            self.ctl(&words).await;
            self.ctl(&[&words[..], &["--json"]].concat()).await;
        }
        for json in [&[][..], &["--json"]] {
            self.ctl(&[&["run", "show", run], json].concat()).await;
            self.ctl(&[&["run", "steps", run], json].concat()).await;
        }
    }

    /// Ends the tower and looks everywhere.
    pub async fn sang_nothing(self) {
        let leaks = self.leaks().await;
        assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
    }

    /// Which secret, in which form, in which place.
    async fn leaks(mut self) -> Vec<String> {
        self.collect_files("while it ran");
        self.tower.stop().await;
        self.collect_files("after its end");
        self.collect_rows();
        for seen in self.sink.seen() {
            let of_channel = ["/services/", "/v2/enqueue", "/topic", "/hook", "/beacon/", "/otlp"];
            let is_delivery = seen.path == "/run" || seen.path == "/fails";
            assert!(
                is_delivery || seen.path == "/" || of_channel.iter().any(|path| seen.path.starts_with(path)),
                "{}",
                seen.path
            );
            // PagerDuty's key is in its body, because it wants it there.
            let body = String::from_utf8_lossy(&seen.body).replace("R0canary0routing0key0123456789ab", "");
            self.heard(
                &format!("the body sent to {}", seen.path.split('/').nth(1).unwrap_or_default()),
                body.into_bytes(),
            );
        }
        for mail in self.mail.got(1).await {
            let text = format!("{} {} {} {}", mail["subject"], mail["text"], mail["html"], mail["references"]);
            self.heard("a mail", text.into_bytes());
        }
        let log = std::fs::read(self.around.path().join("log")).unwrap();
        assert!(!log.is_empty(), "at `debug` it says something");
        self.heard("its log", log);
        let said = std::mem::take(&mut *self.said.lock().unwrap());
        let mut found: Vec<String> = Vec::new();
        for (name, value) in SECRETS.into_iter().chain(OTHERS) {
            for (form, needle) in forms(value) {
                let places = said.iter().filter(|(_, bytes)| holds(bytes, &needle)).map(|(place, _)| place.as_str());
                let mut places: Vec<&str> = places.collect();
                places.sort_unstable();
                places.dedup();
                found.extend(places.into_iter().map(|place| format!("{name} as {form} in {place}")));
            }
        }
        found
    }

    fn collect_files(&self, when: &str) {
        for path in files_below(&self.tower.data) {
            // Some go while one looks.
            let Ok(bytes) = std::fs::read(&path) else { continue };
            let name = path.strip_prefix(&self.tower.data).unwrap().display().to_string();
            self.heard(&format!("the file {name} {when}"), bytes);
        }
    }

    /// A long text lies on several pages of the file, so the rows are read as well.
    fn collect_rows(&self) {
        let store = rusqlite::Connection::open(self.tower.data.join("cuetower.db")).unwrap();
        let mut tables = store.prepare("select name from sqlite_master where type = 'table'").unwrap();
        let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        for table in tables {
            let mut all = store.prepare(&format!("select * from \"{table}\"")).unwrap();
            let columns = all.column_count();
            let mut rows = all.query([]).unwrap();
            let mut text = Vec::new();
            while let Some(row) = rows.next().unwrap() {
                for column in 0..columns {
                    match row.get_ref(column).unwrap() {
                        rusqlite::types::ValueRef::Text(bytes) | rusqlite::types::ValueRef::Blob(bytes) => {
                            text.extend_from_slice(bytes);
                            text.push(b'\n');
                        }
                        _ => {}
                    }
                }
            }
            self.heard(&format!("the table {table}"), text);
        }
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_leak_is_found() {
    let canary = Canary::start().await;
    std::fs::write(canary.tower.data.join("planted"), "key=Y2FuYXJ5LXBsYWluLTdmM2E5YzFl").unwrap();
    std::fs::create_dir_all(canary.tower.data.join("runs/planted")).unwrap();
    std::fs::write(canary.tower.data.join("runs/planted/x"), "kan\\u00e1rek-\\u017elut\\u00fd-\\ud83d\\udc24-93")
        .unwrap();
    let leaks = canary.leaks().await;
    for expected in ["PLAIN as base64 in the file planted", "UNICODE as JSON in ASCII in the file runs/planted/x"] {
        assert!(leaks.iter().any(|leak| leak.starts_with(expected)), "{expected} is not in {leaks:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_that_agents_keep_to_themselves_are_nowhere() {
    let canary = Canary::start().await;
    let held = canary.held("talk").await;
    canary.leases(&held).await;
    // A command that gets all of them, and one of whose secrets is missing.
    let environment: serde_json::Map<String, Value> =
        SECRETS.iter().map(|(name, _)| ((*name).to_owned(), json!(format!("{{{{secret:{name}}}}}")))).collect();
    for (name, env) in [
        ("quiet", Value::Object(environment)),
        ("poor", json!({ "KEY": "{{secret:PLAIN}}", "NONE": "{{secret:NONE}}" })),
    ] {
        let cue = json!({
            "name": name, "transport": "command", "schedule": { "type": "manual" }, "confirm": "exit_code", "retry": { "max_attempts": 1 },
            "command": { "shell": "test -n \"$PLAIN\" && test -n \"$LINES\"", "env": env },
        });
        let cue = canary.cue(&cue).await;
        let run = canary.owner("cue_fire", &json!({ "cue_id": cue })).await;
        let story = ended(&canary.tower, run["run_id"].as_str().unwrap()).await;
        assert_eq!(story["state"] == "confirmed", name == "quiet", "{}", story["mark"]["sentence"]);
    }
    // Deliveries that fail with a secret in their hands, in each way that puts words of others into the records.
    for (name, url) in [
        ("refused", NOBODY.to_owned()),
        ("failing", format!("{}/fails", canary.sink.url)),
        ("disguised", "http://2852039166/".to_owned()),
    ] {
        let with = json!({ "callback": { "url": url, "headers": { "X-Key": "{{secret:PLAIN}}" } }, "on_failure": { "webhook": format!("{}/hook", canary.sink.url) } });
        let cue = canary.cue(&hook(name, &url, with)).await;
        let run = canary.owner("cue_fire", &json!({ "cue_id": cue })).await;
        ended(&canary.tower, run["run_id"].as_str().unwrap()).await;
    }
    let checks = json!([{ "check": "url", "url": format!("{}/hook", canary.sink.url), "headers": { "X-Key": "{{secret:OUTER}}" }, "body_matches": "never" }]);
    let cue = canary
        .cue(&hook("checked", &format!("{}/hook", canary.sink.url), json!({ "checks": checks, "confirm": "delivery" })))
        .await;
    let run = canary.owner("cue_fire", &json!({ "cue_id": cue })).await;
    ended(&canary.tower, run["run_id"].as_str().unwrap()).await;
    let path = format!("/v1/executions/{}/outcome", held.run);
    let (status, told) =
        canary.speak(&held.token, Method::POST, &path, Some(&json!({ "success": false, "error": "no" }))).await;
    assert_eq!(status, 200, "{told}");
    ended(&canary.tower, &held.run).await;
    canary.looks_at_all(&held.run).await;
    canary.sang_nothing().await;
}
