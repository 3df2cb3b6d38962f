//! Asks a URL, through the door that deliveries use: its policy of addresses, no redirects.

use cuetower_core::check::{UrlCheck, shortened};

use super::{Look, Seen, pattern};
use crate::deliver::webhook::{self, BodyEnd, WebhookEnd, WebhookRequest};

pub(super) async fn look(check: &UrlCheck, look: &Look<'_>) -> Seen {
    let names = check.headers.iter().map(|(name, _)| name.clone());
    let request = WebhookRequest {
        method: "GET".to_owned(),
        url: check.url.clone(),
        headers: names.zip(look.filled.iter().cloned()).collect(),
        body: Vec::new(),
        timeout: look.limit,
        connect_timeout: look.limit,
        first_byte_timeout: None,
        allow_private: check.allow_private,
    };
    match webhook::send(look.means.client, request).await.end {
        WebhookEnd::Answered { answer, .. } => {
            answered(check, answer.status, &look.hidden(answer.body), answer.body_end)
        }
        WebhookEnd::Unanswered { words } => Err(words),
        WebhookEnd::Failed { reason } => Err(reason),
    }
}

fn answered(check: &UrlCheck, status: u16, body: &str, end: BodyEnd) -> Seen {
    let fits = match check.status {
        Some(wanted) => status == wanted,
        None => (200..300).contains(&status),
    };
    let begins = match shortened(body) {
        empty if empty.is_empty() => "with an empty body".to_owned(),
        begins => format!("and its body begins `{begins}`"),
    };
    if !fits {
        return Err(format!("it answered {status}, {begins}"));
    }
    let Some(pattern) = &check.body_matches else { return Ok(format!("it answered {status}")) };
    let pattern = pattern::of_text(pattern).map_err(|trouble| format!("the pattern {trouble}"))?;
    match pattern.find(body) {
        Some(found) => Ok(format!("it answered {status}, with `{}` in its body", shortened(found.as_str()))),
        None => Err(format!(
            "it answered {status}, {begins}; {}",
            match end {
                BodyEnd::Whole => "it does not match",
                BodyEnd::Long => "its first 64 KiB do not match",
                BodyEnd::Late(_) => "what came of it in time does not match",
                BodyEnd::Broken => "it broke off, and what came of it does not match",
            }
        )),
    }
}

#[cfg(test)]
#[path = "url_tests.rs"]
mod tests;
