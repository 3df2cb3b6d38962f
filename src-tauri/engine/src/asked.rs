//! What is asked of the owner, before anybody keeps it: without what looks like a secret. It is shown, told by notifications and
//! written in the journal.

use cuetower_core::gate::{self, Question};

use crate::otlp::redact;

/// Cuts out what looks like a secret, headers of requests among it.
pub(crate) fn without_secrets(question: &mut Question) {
    gate::without_secrets(question, redact::is_secret_name);
}

#[cfg(test)]
mod tests {
    use cuetower_core::gate::{OnNoAnswer, Shown, Subject};
    use serde_json::{Value, json};

    use super::*;

    fn question(payload: Value) -> Question {
        let shown = Shown {
            body: "curl -H 'Authorization: Bearer abcdefghijklmnop1234'".to_owned(),
            diff: Some("+key = sk-proj-abcdefghijklmnop".to_owned()),
            payload: Some(payload),
            may_edit: true,
            ..Shown::default()
        };
        Question {
            subject: Subject::Asked("send".to_owned()),
            title: "Use ghp_abcdefghijklmnopqrstuvwx?".to_owned(),
            shown,
            deadline_ms: None,
            on_no_answer: OnNoAnswer::KeepWaiting,
            blocking: true,
            callback: None,
        }
    }

    #[test]
    fn nothing_that_looks_like_a_secret_is_kept_and_a_payload_with_one_cannot_be_edited() {
        let mut asked = question(json!({
            "to": ["a@example.org", "postgres://app:s3cr3t@db/crm"], "password": "hunter2", "api_key": { "a": 1 },
            "tokens": 12, "secret": null,
        }));
        without_secrets(&mut asked);
        assert_eq!(asked.title, "Use ••••?");
        assert_eq!(asked.shown.body, "curl -H 'Authorization: Bearer ••••'");
        assert_eq!(asked.shown.diff.as_deref(), Some("+key = ••••"));
        let left = json!({
            "to": ["a@example.org", "postgres://app:••••@db/crm"], "password": "••••", "api_key": "••••", "tokens": 12,
            "secret": null,
        });
        assert_eq!((asked.shown.payload, asked.shown.may_edit), (Some(left), false));
    }

    #[test]
    fn what_has_none_is_left_as_it_is() {
        let payload = json!({ "to": ["a@example.org"], "password": true, "n": 14, "password_rules": "long" });
        let mut asked = question(payload.clone());
        without_secrets(&mut asked);
        assert_eq!((asked.shown.payload, asked.shown.may_edit), (Some(payload), true));
    }

    #[test]
    fn what_was_blotted_out_before_it_came_cannot_be_edited_either() {
        for payload in [
            json!({ "to": "••••" }),
            json!({ "all": ["x", { "url": "https://x.org/••••/y" }] }),
            json!({ "••••": 1 }),
            json!({ "password": "••••" }),
        ] {
            let mut asked = question(payload.clone());
            without_secrets(&mut asked);
            assert_eq!((asked.shown.payload, asked.shown.may_edit), (Some(payload), false));
        }
    }
}
