//! Mail, taken by a real server from PyPI: with and without a login, over STARTTLS and TLS, and after it was down.

use std::process::Command as Program;
use std::time::Duration;

use cuetower_tests::{Client, Home, Package, Tower, until};
use serde_json::{Value, json};

use super::{PATIENCE, alert, channel, nowhere, problem, tower};

const PINS: &str = "aiosmtpd==1.4.6
atpublic==5.1
attrs==25.3.0
";

/// A server on `port`; 0: on any, which it names.
pub(crate) struct Mail {
    client: Client,
    home: Home,
    pub(crate) port: u16,
}

impl Mail {
    /// `how`: `plain`, `auth` (nothing without a login), `starttls`, `tls`.
    pub(crate) async fn start(how: &str, port: u16, certificate: Option<&Certificate>) -> Mail {
        let (package, home) = (Package::installed(PINS).await, Home::new());
        let mut python = package.program("python", &home);
        python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/it/channels/mail_sink.py"));
        python.args([how, &port.to_string(), home.path().to_str().unwrap()]);
        if let Some(certificate) = certificate {
            python.args([&certificate.chain, &certificate.key]);
        }
        let client = Client::start(python, &home);
        let port = until("a mail server", PATIENCE, async || {
            let said = client.said();
            let line = said.lines().find_map(|line| line.strip_prefix("listening on "))?;
            line.trim().parse().ok()
        })
        .await;
        Mail { client, home, port }
    }

    /// Each mail as it came, once there are so many.
    pub(crate) async fn got(&self, count: usize) -> Vec<Value> {
        let file = self.home.path().join("mails.jsonl");
        until(&format!("{count} mails ({})", self.client.said()), Duration::from_secs(120), async || {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            let mails: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            (mails.len() >= count).then_some(mails)
        })
        .await
    }
}

/// For "localhost", good for a day; nobody else has signed it.
pub(crate) struct Certificate {
    chain: String,
    key: String,
    _home: Home,
}

impl Certificate {
    fn made() -> Certificate {
        let home = Home::new();
        let file = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
        let (chain, key) = (file("chain.pem"), file("key.pem"));
        let line = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"];
        let names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", &key, "-out", &chain];
        let made = Program::new("openssl").args(line).args(names).output().expect("openssl makes the certificate");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Certificate { chain, key, _home: home }
    }
}

async fn set(tower: &Tower, port: u16, tls: &str, login: Option<(&str, &str)>) {
    let (user, password) = login.unzip();
    let smtp = json!({ "host": "localhost", "port": port, "tls": tls, "user": user, "password": password,
                       "from": "Cuetower <tower@example.com>", "to": "ada@example.com, bob@example.com" });
    tower.owner("channel_set", &json!({ "name": "mail", "kind": "email", "smtp": smtp })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_arrives_with_both_parts_and_its_end_belongs_to_it() {
    let (tower, mail) = (tower().await, Mail::start("plain", 0, None).await);
    set(&tower, mail.port, "none", None).await;
    let cue = problem(&tower, "leads <b>now</b>").await;
    let open = alert(&tower, "cue_id", &cue).await;
    let first = mail.got(1).await.remove(0);
    let title = open["title"].as_str().unwrap();
    assert_eq!(first["from"], "tower@example.com");
    assert_eq!(first["to"], json!(["ada@example.com", "bob@example.com"]));
    assert_eq!(first["subject"], format!("[warning] {title}"));
    let (text, html) = (first["text"].as_str().unwrap(), first["html"].as_str().unwrap());
    assert!(text.contains(open["body"].as_str().unwrap()), "{text}");
    assert!(html.contains("leads &lt;b&gt;now&lt;/b&gt;") && !html.contains("<b>"), "{html}");
    assert!(html.contains(&format!("{}/#/run/", tower.desk)), "{html}");
    assert_eq!(tower.delete(&format!("/v1/cues/{cue}")).await.0, 204);
    let over = mail.got(2).await.remove(1);
    assert_eq!(over["subject"], format!("[warning] Resolved: {title}"));
    assert_eq!((&over["references"], over["message_id"] == first["message_id"]), (&first["references"], false));
    let state = channel(&tower, "mail").await;
    assert_eq!(state["target"], format!("ada@example.com, bob@example.com via localhost:{}", mail.port));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_to_sign_in_does_and_the_password_is_nowhere() {
    let (tower, mail) = (tower().await, Mail::start("auth", 0, None).await);
    set(&tower, mail.port, "none", None).await;
    let refused = tower.owner("channel_test", &json!({ "name": "mail" })).await;
    assert!(refused["ok"] == false && refused["words"].as_str().unwrap().contains("530"), "{refused}");
    set(&tower, mail.port, "none", Some(("tower", "wrong-password"))).await;
    let refused = tower.owner("channel_test", &json!({ "name": "mail" })).await;
    assert!(refused["ok"] == false && refused["words"].as_str().unwrap().contains("535"), "{refused}");
    set(&tower, mail.port, "none", Some(("tower", "correct-horse"))).await;
    // An edit that does not know the password keeps it.
    let shown = channel(&tower, "mail").await;
    assert_eq!(shown["smtp"]["password"], "••••");
    tower.owner("channel_set", &json!({ "name": "mail", "kind": "email", "smtp": shown["smtp"] })).await;
    let tested = tower.owner("channel_test", &json!({ "name": "mail" })).await;
    assert!(tested["ok"] == true && tested["words"].as_str().unwrap().contains("answered 250"), "{tested}");
    let got = mail.got(1).await.remove(0);
    assert_eq!((&got["user"], &got["subject"]), (&json!("tower"), &json!("[info] Cuetower reaches you here")));
    nowhere(&tower, "correct-horse");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_to_be_encrypted_is_or_it_is_not_sent() {
    let certificate = Certificate::made();
    let vault = ("CUETOWER_VAULT_PASSPHRASE", "for a test");
    let trusting =
        Tower::start_with(None, &["--vault", "file"], &[vault, ("SSL_CERT_FILE", certificate.chain.as_str())]).await;
    for (how, tls) in [("starttls", "starttls"), ("tls", "tls")] {
        let mail = Mail::start(how, 0, Some(&certificate)).await;
        set(&trusting, mail.port, tls, None).await;
        let tested = trusting.owner("channel_test", &json!({ "name": "mail" })).await;
        assert_eq!(tested["ok"], true, "{how}: {tested}");
        assert_eq!(mail.got(1).await[0]["tls"], true);
        // Whoever does not know the certificate says nothing to it.
        let other = tower().await;
        set(&other, mail.port, tls, None).await;
        let tested = other.owner("channel_test", &json!({ "name": "mail" })).await;
        assert_eq!(tested["ok"], false, "{how}: {tested}");
        assert_eq!(mail.got(1).await.len(), 1);
    }
    let plain = Mail::start("plain", 0, None).await;
    set(&trusting, plain.port, "starttls", None).await;
    let tested = trusting.owner("channel_test", &json!({ "name": "mail" })).await;
    assert_eq!(tested["ok"], false, "a server without STARTTLS is told nothing: {tested}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_waits_for_its_server_over_a_restart_of_the_tower() {
    let mut tower = tower().await;
    let port = {
        let mut mail = Mail::start("plain", 0, None).await;
        mail.client.kill9();
        mail.client.ended().await;
        mail.port
    };
    set(&tower, port, "none", None).await;
    problem(&tower, "leads").await;
    until("a failure", PATIENCE, async || {
        let mail = channel(&tower, "mail").await;
        let words = mail["words"].as_str()?.to_owned();
        (mail["state"] == "failing" && mail["waiting"] == 1).then_some(words)
    })
    .await;
    tower.kill9().await;
    let mail = Mail::start("plain", port, None).await;
    tower.again().await;
    let got = mail.got(1).await;
    assert!(got[0]["subject"].as_str().unwrap().contains("leads"), "{got:?}");
    until("its record", PATIENCE, async || (channel(&tower, "mail").await["waiting"] == 0).then_some(())).await;
}
