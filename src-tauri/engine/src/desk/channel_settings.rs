//! What is asked for a channel, read and judged: what of it is secret, what is kept openly, and what is shown. Pure.

use cuetower_core::alert::{AlertKind, Severity};
use cuetower_core::channel::{Channel, ChannelKind};
use url::Url;

use super::invalid;
use super::wire::{ChannelSet, DeskError, SmtpSet};
use crate::channels::{Kept, Plain, Smtp, SmtpTls, recipients};

/// What is shown in the place of a secret.
pub(super) const HIDDEN: &str = "••••";
/// Name of the notifications of this machine.
pub(super) const OWN: &str = "desktop";
const NAME_BYTES_MAX: usize = 40;
const SECRET_BYTES_MAX: usize = 4_096;

pub(super) fn channel_of(request: &ChannelSet) -> Result<Channel, DeskError> {
    let name = request.name.trim();
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
        return Err(invalid("name", format!("A channel's name has 1 to {NAME_BYTES_MAX} bytes, in one line.")));
    }
    let kind = ChannelKind::of(&request.kind).ok_or_else(|| {
        let words: Vec<&str> = ChannelKind::SENT.iter().map(|kind| kind.word()).collect();
        invalid("kind", format!("`{}` is no kind of channel; there are {}.", request.kind, words.join(", ")))
    })?;
    if (kind == ChannelKind::Native) != (name == OWN) {
        let words =
            format!("`{OWN}` is the name of this machine's own notifications (kind `native`), and of nothing else.");
        return Err(invalid("name", words));
    }
    let written = request.min_severity.as_deref().unwrap_or(Severity::Warning.word());
    let min_severity = Severity::from_word(written).ok_or_else(|| {
        invalid("min_severity", format!("`{written}` is no severity; there are info, warning and critical."))
    })?;
    let kind_of = |word: &String| {
        AlertKind::from_word(word).ok_or_else(|| invalid("kinds", format!("There are no alerts of the kind `{word}`.")))
    };
    let mut kinds = request.kinds.iter().map(kind_of).collect::<Result<Vec<_>, _>>()?;
    kinds.sort_unstable();
    kinds.dedup();
    let escalation = request.escalation && kind.is_sent();
    Ok(Channel { name: name.to_owned(), kind, min_severity, kinds, on: request.on, escalation })
}

/// What is written, what is kept instead, or nothing.
fn secret(written: Option<&String>, kept: Option<String>, field: &str) -> Result<Option<String>, DeskError> {
    match written.map(|text| text.trim()) {
        None => Ok(kept),
        Some(text) if text.contains(HIDDEN) => {
            kept.map(Some).ok_or_else(|| invalid(field, "Nothing is kept here yet; write it out."))
        }
        Some("") => Ok(None),
        Some(text) if text.len() > SECRET_BYTES_MAX || text.chars().any(char::is_control) => {
            Err(invalid(field, format!("It has at most {SECRET_BYTES_MAX} bytes, in one line.")))
        }
        Some(text) => Ok(Some(text.to_owned())),
    }
}

/// What goes to the vault, what goes to the database, and what is shown.
pub(super) fn settings(
    request: &ChannelSet,
    kind: ChannelKind,
    kept: Kept,
) -> Result<(Kept, Plain, String), DeskError> {
    let url = secret(request.url.as_ref(), kept.url, "url")?;
    let routing_key = secret(request.routing_key.as_ref(), kept.routing_key, "routing_key")?;
    let token = secret(request.token.as_ref(), kept.token, "token")?;
    let asked = || {
        let what = match kind {
            ChannelKind::Slack => "Slack gives one for each incoming web hook: https://hooks.slack.com/services/…",
            ChannelKind::Discord => "Discord gives one under Integrations: https://discord.com/api/webhooks/…",
            ChannelKind::Ntfy => "It is the server with the topic: https://ntfy.sh/mytopic",
            _ => "It is the URL that notes are sent to.",
        };
        invalid("url", format!("The address is missing. {what}"))
    };
    match kind {
        ChannelKind::Slack | ChannelKind::Discord | ChannelKind::Webhook | ChannelKind::Ntfy => {
            let url = url.ok_or_else(asked)?;
            let parsed = address(&url, "url")?;
            let has_topic = parsed.path_segments().is_some_and(|mut parts| parts.any(|part| !part.is_empty()));
            if kind == ChannelKind::Ntfy && !has_topic {
                return Err(invalid(
                    "url",
                    "The address of an ntfy channel ends in its topic: https://ntfy.sh/mytopic.",
                ));
            }
            let token = token.filter(|_| matches!(kind, ChannelKind::Webhook | ChannelKind::Ntfy));
            Ok((Kept { url: Some(url), token, ..Kept::default() }, Plain::default(), shown(&parsed)))
        }
        ChannelKind::Pagerduty => {
            let key = routing_key.ok_or_else(|| {
                invalid(
                    "routing_key",
                    "The routing key is missing: the integration key of an Events API v2 integration.",
                )
            })?;
            let host = match &url {
                Some(url) => shown(&address(url, "url")?),
                None => format!("events.pagerduty.com, key {HIDDEN}"),
            };
            Ok((Kept { url, routing_key: Some(key), ..Kept::default() }, Plain::default(), host))
        }
        ChannelKind::Email => {
            let written = request.smtp.as_ref().ok_or_else(|| invalid("smtp", "A mail channel needs a server."))?;
            let smtp = smtp_of(written)?;
            let password = secret(written.password.as_ref(), kept.password, "smtp.password")?;
            let password = password.filter(|_| smtp.user.is_some());
            if smtp.user.is_some() && password.is_none() {
                return Err(invalid("smtp.password", "There is a user without a password."));
            }
            let target = format!("{} via {}:{}", smtp.to, smtp.host, smtp.port);
            Ok((Kept { password, ..Kept::default() }, Plain { smtp: Some(smtp) }, target))
        }
        ChannelKind::Native | ChannelKind::Tray => Err(invalid("kind", "It is there by itself.")),
    }
}

fn smtp_of(written: &SmtpSet) -> Result<Smtp, DeskError> {
    let host = written.host.trim().trim_matches(['[', ']']);
    let is_host = url::Host::parse(host).is_ok() || host.parse::<std::net::IpAddr>().is_ok();
    if !is_host {
        return Err(invalid("smtp.host", "The server is a name or an address, such as smtp.example.com."));
    }
    if written.port == 0 {
        return Err(invalid("smtp.port", "The port is missing: 587 for STARTTLS, 465 for TLS."));
    }
    let tls = SmtpTls::of(&written.tls)
        .ok_or_else(|| invalid("smtp.tls", format!("`{}` should be starttls, tls or none.", written.tls)))?;
    let no_address = |field: &str, part: &str| invalid(field, format!("`{part}` is no mail address."));
    let from = written.from.trim();
    match recipients(from) {
        Ok(one) if one.len() == 1 => {}
        _ => return Err(no_address("smtp.from", from)),
    }
    match recipients(&written.to) {
        Ok(some) if !some.is_empty() => {}
        Ok(_) => return Err(invalid("smtp.to", "Somebody should get it: write one or several mail addresses.")),
        Err(part) => return Err(no_address("smtp.to", &part)),
    }
    let user = written.user.as_deref().map(str::trim).filter(|user| !user.is_empty()).map(str::to_owned);
    let (from, to) = (from.to_owned(), written.to.trim().to_owned());
    Ok(Smtp { host: host.to_owned(), port: written.port, tls, user, from, to })
}

pub(super) fn address(written: &str, field: &str) -> Result<Url, DeskError> {
    let url = Url::parse(written).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
    let url =
        url.ok_or_else(|| invalid(field, "The address should begin with https:// or http:// and name a server."))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid(field, "Credentials in front of the server are not sent; leave them out."));
    }
    Ok(url)
}

/// Whoever knows the rest may write there.
pub(super) fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}/{HIDDEN}", url.scheme(), url.host_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(request: serde_json::Value, kept: Kept) -> Result<(Kept, Plain, String), DeskError> {
        let request: ChannelSet = serde_json::from_value(request).unwrap();
        let channel = channel_of(&request)?;
        settings(&request, channel.kind, kept)
    }

    #[test]
    fn what_is_shown_of_an_address_lets_nobody_write_there() {
        let slack = json!({ "name": "ops", "kind": "slack", "url": " https://hooks.slack.com/services/T/B/x " });
        let (kept, plain, target) = set(slack, Kept::default()).unwrap();
        assert_eq!(kept.url.as_deref(), Some("https://hooks.slack.com/services/T/B/x"));
        assert_eq!((plain, target.as_str()), (Plain::default(), "https://hooks.slack.com/••••"));
        let hook = json!({ "name": "own", "kind": "webhook", "url": "http://[::1]:9000/a?token=x" });
        assert_eq!(set(hook, Kept::default()).unwrap().2, "http://[::1]:9000/••••");
    }

    #[test]
    fn what_is_not_said_or_is_hidden_stays_and_what_is_emptied_goes() {
        let kept = Kept { url: Some("https://ntfy.sh/t".to_owned()), token: Some("tk".to_owned()), ..Kept::default() };
        let with = |url: Option<&str>, token: Option<&str>| {
            let request = json!({ "name": "phone", "kind": "ntfy", "url": url, "token": token });
            set(request, kept.clone()).unwrap().0
        };
        assert!(with(None, None) == kept);
        assert!(with(Some("https://ntfy.sh/••••"), Some("••••")) == kept);
        assert_eq!(with(None, Some("")).token, None);
        assert_eq!(with(Some("https://ntfy.sh/u"), None).url.as_deref(), Some("https://ntfy.sh/u"));
        let nothing = json!({ "name": "phone", "kind": "ntfy", "url": "••••" });
        assert_eq!(set(nothing, Kept::default()).err().unwrap().field.as_deref(), Some("url"));
    }

    #[test]
    fn what_does_not_fit_is_told_by_its_field() {
        let smtp = |field: &str, value: serde_json::Value| {
            let mut smtp = json!({ "host": "mail.example.com", "port": 587, "tls": "starttls", "user": null,
                                   "password": null, "from": "t@example.com", "to": "a@example.com" });
            smtp[field] = value;
            json!({ "name": "me", "kind": "email", "smtp": smtp })
        };
        for (request, field) in [
            (json!({ "name": "", "kind": "slack" }), "name"),
            (json!({ "name": "desktop", "kind": "slack" }), "name"),
            (json!({ "name": "x", "kind": "native" }), "name"),
            (json!({ "name": "x", "kind": "tray" }), "kind"),
            (json!({ "name": "x", "kind": "slack" }), "url"),
            (json!({ "name": "x", "kind": "slack", "url": "ftp://x/y" }), "url"),
            (json!({ "name": "x", "kind": "slack", "url": "https://u:p@x/y" }), "url"),
            (json!({ "name": "x", "kind": "slack", "min_severity": "bad" }), "min_severity"),
            (json!({ "name": "x", "kind": "slack", "kinds": ["ghost"] }), "kinds"),
            (json!({ "name": "x", "kind": "pagerduty" }), "routing_key"),
            (json!({ "name": "x", "kind": "email" }), "smtp"),
            (smtp("host", json!("not a host")), "smtp.host"),
            (smtp("port", json!(0)), "smtp.port"),
            (smtp("tls", json!("maybe")), "smtp.tls"),
            (smtp("from", json!("nobody")), "smtp.from"),
            (smtp("to", json!("a@example.com, nobody")), "smtp.to"),
            (smtp("to", json!(" , ")), "smtp.to"),
            (smtp("user", json!("me")), "smtp.password"),
        ] {
            let refused = set(request.clone(), Kept::default()).err();
            assert_eq!(refused.and_then(|error| error.field).as_deref(), Some(field), "{request}");
        }
        assert!(set(smtp("to", json!("A <a@example.com>, b@example.com")), Kept::default()).is_ok());
    }
}
