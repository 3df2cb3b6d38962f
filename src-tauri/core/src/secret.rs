//! Secrets known by their shape or their name, which are cut out before anything is kept or shown.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

/// Stands where one was.
pub const HIDDEN: &str = "••••";

/// Last parts of the names of attributes whose values are secrets.
const NAMES: [&str; 19] = [
    "authorization",
    "proxy-authorization",
    "proxy_authorization",
    "cookie",
    "set-cookie",
    "set_cookie",
    "password",
    "passwd",
    "passphrase",
    "secret",
    "client_secret",
    "api_key",
    "api-key",
    "apikey",
    "x-api-key",
    "access_token",
    "refresh_token",
    "auth_token",
    "private_key",
];

/// Well-known shapes of secrets, whatever they stand in.
static SHAPES: LazyLock<Regex> = LazyLock::new(|| {
    let shapes = [
        r"(?i:(?-u:\b)(?:bearer|basic)\s+)(?P<bearer>[A-Za-z0-9._~+/=-]{16,})",
        r"(?P<word>(?-u:\b)(?:sk-[A-Za-z0-9_-]{16,}|sk_(?:live|test)_[A-Za-z0-9]{10,}|cue_(?:sk|run)_[A-Za-z0-9.-]{16,}|whsec_[A-Za-z0-9+/=]{16,}|gh[opsur]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}|xox[abeprs]-[A-Za-z0-9-]{10,}|AKIA[0-9A-Z]{16}|AIza[A-Za-z0-9_-]{35}|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*))",
        r"(?P<pem>-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|\z))",
        r#"://[^/\s:@?#"'\\,<>]*:(?P<login>[^/\s@?#"'\\,<>]{1,256})@"#,
        r#"(?i:[?&](?:api_key|apikey|key|token|access_token|auth|password|secret|sig|signature)=)(?P<query>[^&\s#"'\\<>]{6,})"#,
    ];
    // In JSON, also where it is a text within JSON. The quote that ends a value stays. A plain "token" is one there: what
    // models count comes as a number.
    let names = [NAMES.as_slice(), &["token"]].concat().join("|");
    let named = format!(r#"(?i:\\?"(?:[^"\\]{{0,100}}[._-])?(?:{names})\\?"\s*:\s*\\?")(?P<named>(?:[^"\\]|\\[^"])+)"#);
    Regex::new(&format!("{}|{named}", shapes.join("|"))).expect("the shapes are well formed")
});

/// The text without what looks like a secret. Not copied if there is none.
#[must_use]
pub fn text(text: &str) -> Cow<'_, str> {
    let mut clean = String::new();
    let mut begun = 0;
    for found in SHAPES.captures_iter(text) {
        // Each shape has one named part: what is secret of it.
        let secret = found.iter().skip(1).flatten().next();
        if let Some(secret) = secret {
            clean.push_str(&text[begun..secret.start()]);
            clean.push_str(HIDDEN);
            begun = secret.end();
        }
    }
    if begun == 0 {
        return Cow::Borrowed(text);
    }
    clean.push_str(&text[begun..]);
    Cow::Owned(clean)
}

/// Whether all of the value by this name is to be hidden: its last part is what a secret is called.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    NAMES.iter().any(|secret| last.eq_ignore_ascii_case(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_shapes_are_cut_out_and_nothing_else() {
        for (from, to) in [
            ("Authorization: Bearer abcdefghijklmnop1234", "Authorization: Bearer ••••"),
            ("key sk-proj-abcdefghijklmnop was refused", "key •••• was refused"),
            ("cue_sk_0123456789abcdef0123456789abcdef", "••••"),
            ("AKIAABCDEFGHIJKLMNOP and ghp_abcdefghijklmnopqrstuvwx", "•••• and ••••"),
            ("postgres://app:s3cr3t@db/crm", "postgres://app:••••@db/crm"),
            ("https://x.org/a?api_key=abcdef123&n=1", "https://x.org/a?api_key=••••&n=1"),
            ("-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----!", "••••!"),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2ln", "••••"),
            (r#"{"user": "ada", "password": "hunter2"}"#, r#"{"user": "ada", "password": "••••"}"#),
            (r#"→ {"token":"tok_abc"}"#, r#"→ {"token":"••••"}"#),
            (r#"{"headers":{"X-Api-Key":"0123"}}"#, r#"{"headers":{"X-Api-Key":"••••"}}"#),
            (r#"{"a": "{\"db_password\": \"p\\nw\", \"n\": 1}"}"#, r#"{"a": "{\"db_password\": \"••••\", \"n\": 1}"}"#),
        ] {
            assert_eq!(text(from), to);
        }
        for innocent in [
            "the bearer of this letter",
            "sk-SK",
            "a task-oriented-conversation-about-nothing",
            "https://x.org/a?page=12&token=1",
            "http://127.0.0.1:8737/v1",
            "12:30 me@example.com",
            r#"{"password": null, "tokens": "12", "secretary": "Ada"}"#,
            r#"{"properties": {"password": {"type": "string"}}}"#,
            "",
        ] {
            assert!(matches!(text(innocent), Cow::Borrowed(same) if same == innocent), "{innocent}");
        }
    }
}
