//! A note as a mail: text and HTML beside each other, over SMTP.

use std::net::IpAddr;
use std::time::{Duration, UNIX_EPOCH};

use cuetower_core::channel::Note;
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use serde::{Deserialize, Serialize};

use super::send::{Failure, Means};
use super::text::{facts, html, lines, one_line};
use crate::deliver::address;

/// For each word of the server.
const LIMIT: Duration = Duration::from_secs(15);
/// Of a server's name.
const ADDRESSES_MAX: usize = 4;

/// What of a channel is no secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plain {
    #[serde(default)]
    pub smtp: Option<Smtp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Smtp {
    pub host: String,
    pub port: u16,
    pub tls: SmtpTls,
    pub user: Option<String>,
    pub from: String,
    /// Divided by commas.
    pub to: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SmtpTls {
    /// A plain connection is made safe before anything is said on it; without that nothing is sent.
    Starttls,
    Tls,
    None,
}

impl SmtpTls {
    pub fn word(self) -> &'static str {
        match self {
            SmtpTls::Starttls => "starttls",
            SmtpTls::Tls => "tls",
            SmtpTls::None => "none",
        }
    }

    pub fn of(word: &str) -> Option<SmtpTls> {
        [SmtpTls::Starttls, SmtpTls::Tls, SmtpTls::None].into_iter().find(|tls| tls.word() == word)
    }
}

/// Each address of a list; Err: the part that is none.
pub(crate) fn recipients(list: &str) -> Result<Vec<Mailbox>, String> {
    let parts = list.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| part.parse::<Mailbox>().map_err(|_| part.to_owned())).collect()
}

/// The whole mail; Err: what is wrong with its addresses.
pub(super) fn message(note: &Note, smtp: &Smtp, link: Option<&str>) -> Result<Message, String> {
    let from: Mailbox = smtp.from.parse().map_err(|_| format!("{} is no mail address", smtp.from))?;
    let domain = from.email.domain().to_owned();
    // Mails about one alert belong together.
    let thread = note.alert.as_ref().map(|alert| format!("<{}@{domain}>", alert.id));
    let at = UNIX_EPOCH + Duration::from_millis(u64::try_from(note.at.0).unwrap_or(0));
    let mut mail = Message::builder()
        .from(from)
        .subject(one_line(&format!("[{}] {}", note.severity.word(), note.headline()), 300))
        .date(at)
        .message_id(Some(format!("<{}@{domain}>", note.dedup)));
    for recipient in recipients(&smtp.to).map_err(|part| format!("{part} is no mail address"))? {
        mail = mail.to(recipient);
    }
    if let Some(thread) = thread {
        mail = mail.references(thread);
    }
    let parts = MultiPart::alternative()
        .singlepart(SinglePart::plain(as_text(note, link)))
        .singlepart(SinglePart::html(as_html(note, link)));
    mail.multipart(parts).map_err(|error| format!("the mail could not be made: {error}"))
}

fn as_text(note: &Note, link: Option<&str>) -> String {
    let mut parts = vec![one_line(&note.headline(), 1_000), lines(&note.body, 100_000), facts(note)];
    parts.extend(link.map(|link| format!("Open in Cuetower: {link}")));
    parts.retain(|part| !part.is_empty());
    format!("{}\n", parts.join("\n\n"))
}

fn as_html(note: &Note, link: Option<&str>) -> String {
    let body = html(&lines(&note.body, 100_000)).replace('\n', "<br>\n");
    let link = link.map(|link| format!("<p><a href=\"{}\">Open in Cuetower</a></p>\n", html(link))).unwrap_or_default();
    format!(
        "<!doctype html>\n<html><body style=\"font-family: sans-serif; font-size: 15px; line-height: 1.45\">\n<h1 style=\"font-size: 17px\">{}</h1>\n<p>{body}</p>\n{link}<p style=\"color: #666; font-size: 13px\">{}</p>\n</body></html>\n",
        html(&one_line(&note.headline(), 1_000)),
        html(&facts(note)),
    )
}

/// Sends it to the first of the server's addresses that takes it.
pub(super) async fn send(means: &Means, smtp: &Smtp, password: Option<&str>, mail: Message) -> Result<String, Failure> {
    let addresses = means.addresses_of(&smtp.host).await.map_err(Failure::later)?;
    let mut trouble = format!("{} has no address", smtp.host);
    for address in addresses.into_iter().take(ADDRESSES_MAX) {
        let kind = means.judge()(address);
        if !kind.permitted(true) {
            trouble = address::refusal(&smtp.host, address, kind);
            continue;
        }
        match to_address(smtp, password, address, mail.clone()).await {
            Err(failure) if failure.unreached => trouble = failure.words,
            Err(failure) => return Err(Failure { is_the_note: failure.for_good, ..Failure::later(failure.words) }),
            Ok(words) => return Ok(words),
        }
    }
    Err(Failure::later(trouble))
}

struct Unsent {
    words: String,
    /// Nobody was spoken to: another address may do.
    unreached: bool,
    for_good: bool,
}

async fn to_address(smtp: &Smtp, password: Option<&str>, address: IpAddr, mail: Message) -> Result<String, Unsent> {
    let target = format!("{}:{}", smtp.host, smtp.port);
    let safe = |words: String| Unsent { words, unreached: false, for_good: false };
    let parameters =
        || TlsParameters::new(smtp.host.clone()).map_err(|error| safe(format!("TLS could not be set up: {error}")));
    let tls = match smtp.tls {
        SmtpTls::Starttls => Tls::Required(parameters()?),
        SmtpTls::Tls => Tls::Wrapper(parameters()?),
        SmtpTls::None => Tls::None,
    };
    let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(address.to_string())
        .port(smtp.port)
        .tls(tls)
        .hello_name(ClientId::Domain("cuetower".to_owned()))
        .timeout(Some(LIMIT));
    if let (Some(user), Some(password)) = (&smtp.user, password) {
        transport = transport.credentials(Credentials::new(user.clone(), password.to_owned()));
    }
    match transport.build::<Tokio1Executor>().send(mail).await {
        Ok(answer) => {
            let said = one_line(&answer.message().collect::<Vec<_>>().join(" "), 200);
            Ok(format!("{target} answered {} {said}", answer.code()))
        }
        Err(error) => {
            let spoke = error.status().is_some() || error.is_tls() || error.is_client();
            Err(Unsent {
                words: match error.status() {
                    Some(code) => format!("{target} answered {code}: {}", innermost(&error)),
                    None => format!("{target} could not be sent to: {}", innermost(&error)),
                },
                unreached: !spoke,
                // 552 and 554 are said of a mail, 5xx else of whoever sends it or of its recipients.
                for_good: error.status().is_some_and(|code| matches!(code.to_string().as_str(), "552" | "554")),
            })
        }
    }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let last = std::iter::successors(Some(error), |error| error.source()).last();
    last.map(|error| one_line(&error.to_string(), 300)).unwrap_or_default()
}
