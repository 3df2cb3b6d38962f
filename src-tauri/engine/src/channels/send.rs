//! One note to one service: its secrets are filled in, it goes out through the tower's own HTTP client or by mail, and what
//! the service said comes back in words.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use cuetower_core::channel::{ChannelKind, Note, What};
use cuetower_core::id::AccountId;
use serde_json::Value;

use super::email::Plain;
use super::keep::{Kept, secrets_of};
use super::text::one_line;
use super::{Channels, discord, email, ntfy, pagerduty, slack, webhook};
use crate::accounts::Accounts;
use crate::clock::Clock;
use crate::deliver::signature::standard_headers;
use crate::deliver::webhook::{self as http, CONNECT_LIMIT, Client, WebhookEnd, WebhookRequest};
use crate::deliver::{Kind, Names, Turns, address};
use crate::handle::Handle;
use crate::journal::ChannelRow;
use crate::vault::Vault;

/// For one request.
const LIMIT: Duration = Duration::from_secs(15);
/// For one note in all.
const NOTE_LIMIT: Duration = Duration::from_secs(60);
/// Of what a service said.
const SAID_MAX: usize = 200;
/// Requests under way to one receiver, and to all: notes are few.
const TURNS: (usize, usize) = (8, 64);

/// What channels send with.
pub(crate) struct Means {
    vault: Vault,
    accounts: Accounts,
    clock: Arc<dyn Clock>,
    channels: Channels,
}

/// The way out, shared by all.
pub(super) struct Road {
    names: Arc<Names>,
    judge: address::Judge,
    /// Made when it is first needed: it reads the system's certificates.
    client: OnceLock<Client>,
}

impl Road {
    /// `strict`: nothing but public addresses is called.
    pub fn new(strict: bool) -> Road {
        let judge = if strict { address::kind_strictly } else { judge };
        Road { names: Names::of_the_system(), judge, client: OnceLock::new() }
    }

    fn client(&self) -> &Client {
        let made = || Client::with(Arc::clone(&self.names), self.judge, Turns::new(TURNS.0, TURNS.1));
        self.client.get_or_init(made)
    }
}

/// Why a note was not told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// One line, without secrets.
    pub words: String,
    /// How long the service asks to be left alone.
    pub retry_after: Option<Duration>,
    /// Another note may fare better.
    pub is_the_note: bool,
}

impl Failure {
    pub fn later(words: String) -> Failure {
        Failure { words, retry_after: None, is_the_note: false }
    }
}

/// The owner names channels: private addresses are good. Nobody's channel is where clouds hand out credentials.
fn judge(address: IpAddr) -> Kind {
    match address::kind(address) {
        Kind::Metadata => Kind::Reserved,
        kind => kind,
    }
}

impl Means {
    pub fn of(handle: &Handle) -> Means {
        Means {
            vault: handle.vault.clone(),
            accounts: handle.accounts.clone(),
            clock: Arc::clone(&handle.clock),
            channels: handle.channels.clone(),
        }
    }

    pub(super) fn judge(&self) -> address::Judge {
        self.channels.0.road.judge
    }

    pub(super) async fn addresses_of(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        if let Ok(address) = host.trim_matches(['[', ']']).parse() {
            return Ok(vec![address]);
        }
        let found = Arc::clone(&self.channels.0.road.names).addresses_of(host.to_owned()).await;
        found.map_err(|_| format!("the name {host} could not be resolved"))
    }

    /// What a service answered 2xx with, in words.
    pub(super) async fn request(
        &self,
        method: &str,
        url: &str,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
        kept: &Kept,
    ) -> Result<String, Failure> {
        let request = WebhookRequest {
            method: method.to_owned(),
            url: url.to_owned(),
            headers,
            body,
            timeout: LIMIT,
            connect_timeout: CONNECT_LIMIT,
            first_byte_timeout: None,
            allow_private: true,
        };
        match http::send(self.channels.0.road.client(), request).await.end {
            WebhookEnd::Answered { answer, words } => {
                let said = one_line(&kept.hidden_in(&answer.body), SAID_MAX);
                let words = if said.is_empty() { words } else { format!("{words}: {said}") };
                let words = kept.hidden_in(&words);
                if (200..300).contains(&answer.status) {
                    return Ok(words);
                }
                let is_the_note = matches!(answer.status, 400 | 413 | 422);
                Err(Failure { words, retry_after: answer.retry_after, is_the_note })
            }
            WebhookEnd::Unanswered { words } | WebhookEnd::Failed { reason: words } => {
                Err(Failure::later(kept.hidden_in(&words)))
            }
        }
    }
}

/// Sends one note; what the service said to it.
///
/// # Errors
/// If it did not take it, or nobody was there.
pub(crate) async fn send(means: &Means, row: &ChannelRow, note: &Note) -> Result<String, Failure> {
    let sent = tokio::time::timeout(NOTE_LIMIT, send_now(means, row, note)).await;
    sent.unwrap_or_else(|_| Err(Failure::later(format!("it took longer than {} s", NOTE_LIMIT.as_secs()))))
}

async fn send_now(means: &Means, row: &ChannelRow, note: &Note) -> Result<String, Failure> {
    let later = Failure::later;
    let kept = secrets_of(&means.vault, &row.channel.name).await.map_err(|error| later(error.to_string()))?;
    let kept =
        kept.ok_or_else(|| later("what is secret of it is not in the vault any more; set it again".to_owned()))?;
    let link = means.channels.link(note);
    let link = link.as_deref();
    let url = || kept.url.as_deref().ok_or_else(|| later("its address is not in the vault; set it again".to_owned()));
    let json = |url: &str, body: &Value, more: Vec<(String, String)>| {
        let own = [("Content-Type", "application/json"), ("User-Agent", "Cuetower")];
        let mut headers: Vec<_> = own.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        headers.extend(more);
        let (url, body) = (url.to_owned(), body.to_string().into_bytes());
        let kept = &kept;
        async move { means.request("POST", &url, headers, body, kept).await }
    };
    match row.channel.kind {
        ChannelKind::Slack => json(url()?, &slack::body(note, link), Vec::new()).await,
        ChannelKind::Discord => json(url()?, &discord::body(note, link), Vec::new()).await,
        ChannelKind::Ntfy => {
            let (server, topic) = ntfy::split(url()?).ok_or_else(|| later("its address names no topic".to_owned()))?;
            let bearer = kept.token.iter().map(|token| ("Authorization".to_owned(), format!("Bearer {token}")));
            json(&server, &ntfy::body(note, &topic, link), bearer.collect()).await
        }
        ChannelKind::Webhook => {
            let body = webhook::body(note, link).to_string().into_bytes();
            let own = || means.accounts.webhook_secret(&AccountId::OWNER);
            let secret = kept.token.clone().unwrap_or_else(own);
            // Signed anew each time: receivers refuse what was signed minutes ago.
            let now_s = means.clock.now().0.div_euclid(1_000);
            let mut headers = standard_headers(&note.dedup, &secret, now_s, &body);
            let own = [("Content-Type", "application/json"), ("User-Agent", "Cuetower")];
            headers.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
            means.request("POST", url()?, headers, body, &kept).await
        }
        ChannelKind::Pagerduty => {
            let key =
                kept.routing_key.as_deref().ok_or_else(|| later("its routing key is not in the vault".to_owned()))?;
            let url = kept.url.as_deref().unwrap_or(pagerduty::URL);
            let words = json(url, &pagerduty::body(note, key, &source(), link), Vec::new()).await?;
            if note.what == What::Test {
                json(url, &pagerduty::end_of_test(note, key), Vec::new()).await?;
            }
            Ok(words)
        }
        ChannelKind::Email => {
            let plain: Plain = serde_json::from_str(&row.plain).unwrap_or_default();
            let smtp = plain.smtp.ok_or_else(|| later("its mail server is not set".to_owned()))?;
            let mail = email::message(note, &smtp, link).map_err(later)?;
            let sent = email::send(means, &smtp, kept.password.as_deref(), mail).await;
            sent.map_err(|failure| Failure { words: kept.hidden_in(&failure.words), ..failure })
        }
        ChannelKind::Native | ChannelKind::Tray => Err(later("it does not leave this machine".to_owned())),
    }
}

/// This machine's name, for whoever reads of several.
fn source() -> String {
    sysinfo::System::host_name().ok().filter(|name| !name.is_empty()).unwrap_or_else(|| "cuetower".to_owned())
}
