//! Sessions: a JWT that stands for a line of keys for a day. Nothing of it is stored; it ends with its line.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use cuetower_core::Ms;
use cuetower_core::time::{HOUR_MS, SECOND_MS};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::scopes::Scope;
use super::{Refused, email_of, record};
use crate::handle::Handle;
use crate::journal::{KeyRow, StoreError};
use crate::token::{TowerKey, key_hash};

const LASTS_S: i64 = 24 * 3_600;
/// So long after a program asked to sign in is its ticket good.
const TICKET_MS: u64 = HOUR_MS;
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
const KIND: &str = "session";

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    /// The line of keys it stands for.
    sub: String,
    email: String,
    #[serde(rename = "type")]
    kind: String,
    iat: i64,
    exp: i64,
}

/// A session for the holder of a key of this line.
pub(crate) fn made(tower_key: &TowerKey, line: &str, email: &str, now: Ms) -> String {
    let iat = now.0.div_euclid(SECOND_MS as i64);
    let claims =
        Claims { sub: line.to_owned(), email: email.to_owned(), kind: KIND.to_owned(), iat, exp: iat + LASTS_S };
    let claims = serde_json::to_vec(&claims).expect("claims are plain text and numbers");
    let signed = format!("{}.{}", BASE64.encode(HEADER), BASE64.encode(claims));
    let mac = BASE64.encode(tower_key.session_mac(&signed));
    format!("{signed}.{mac}")
}

/// The line a session stands for and when it began; None: it is not one of ours, or it is over.
fn line_of(tower_key: &TowerKey, token: &str, now: Ms) -> Option<(String, Ms)> {
    let (signed, mac) = token.rsplit_once('.')?;
    let genuine: bool = tower_key.session_mac(signed)[..].ct_eq(&BASE64.decode(mac).ok()?).into();
    if !genuine {
        return None;
    }
    let (_, claims) = signed.split_once('.')?;
    let claims: Claims = serde_json::from_slice(&BASE64.decode(claims).ok()?).ok()?;
    let over = now.0.div_euclid(SECOND_MS as i64) >= claims.exp;
    let began = Ms(claims.iat.saturating_mul(SECOND_MS as i64));
    (claims.kind == KIND && !over).then_some((claims.sub, began))
}

/// The key that a session stands for, with no more scopes than a session may have. None: it is not good.
pub(crate) async fn good(handle: &Handle, token: &str) -> Result<Option<KeyRow>, StoreError> {
    let Some((line, began)) = line_of(handle.tower_key(), token, handle.now()) else { return Ok(None) };
    // Whoever had the key of before may have begun one: the owner's rotation ends it. It says the second of its beginning alone.
    if handle.reader().line_rotated(line.clone()).await?.is_some_and(|rotated| began <= rotated) {
        return Ok(None);
    }
    let Some(mut row) = handle.reader().key_of_line(line).await? else { return Ok(None) };
    if row.has_expired(handle.now()) {
        return Ok(None);
    }
    let kept = |word: &&str| *word != Scope::Commands.word();
    row.scopes = row.scopes.split_whitespace().filter(kept).collect::<Vec<_>>().join(" ");
    Ok(Some(row))
}

/// A session for the ticket that a program got with its key, once; and whose it is.
pub(crate) async fn begin(handle: &Handle, ticket: &str) -> Result<(String, String), Refused> {
    let ticket = key_hash(ticket);
    let (line, asked_at) = record(handle, move |recorder| {
        let login = recorder.login_with_ticket(&ticket)?;
        let login = login.filter(|login| recorder.now < login.asked_at.plus(TICKET_MS));
        let Some(mut login) = login else { return Ok(Err(Refused::BadTicket)) };
        login.ticket = None;
        recorder.keep_login(&login)?;
        Ok(login.line.map(|line| (line, login.asked_at)).ok_or(Refused::BadTicket))
    })
    .await?;
    // It came with a key that the owner has replaced since.
    if handle.reader().line_rotated(line.clone()).await?.is_some_and(|rotated| asked_at <= rotated) {
        return Err(Refused::BadTicket);
    }
    let row = handle.reader().key_of_line(line).await?.ok_or(Refused::BadTicket)?;
    let email = email_of(handle.reader().account(row.account.0).await?.as_ref());
    Ok((made(handle.tower_key(), &row.line, &email, handle.now()), email))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> TowerKey {
        TowerKey::load(tempfile::tempdir().unwrap().path()).unwrap()
    }

    #[test]
    fn a_session_stands_for_its_line_for_a_day() {
        let (key, now) = (key(), Ms(1_795_202_716_500));
        let token = made(&key, "line", "ada@example.com", now);
        assert!(token.starts_with("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."), "CueAPI's header: {token}");
        let claims = BASE64.decode(token.split('.').nth(1).unwrap()).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(
            claims,
            serde_json::json!({ "sub": "line", "email": "ada@example.com", "type": "session", "iat": 1_795_202_716, "exp": 1_795_289_116 })
        );
        let day = 24 * HOUR_MS;
        let began = Ms(1_795_202_716_000);
        assert_eq!(line_of(&key, &token, now.plus(day - 1_000)), Some(("line".to_owned(), began)));
        assert_eq!(line_of(&key, &token, now.plus(day)), None);
    }

    #[test]
    fn what_was_not_signed_here_stands_for_nothing() {
        let (key, now) = (key(), Ms(1_795_202_716_000));
        let token = made(&key, "line", "ada@example.com", now);
        let [header, claims, mac]: [&str; 3] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
        let other =
            BASE64.encode(String::from_utf8(BASE64.decode(claims).unwrap()).unwrap().replace("\"line\"", "\"enil\""));
        let none = BASE64.encode(r#"{"alg":"none","typ":"JWT"}"#);
        for forged in [
            format!("{header}.{other}.{mac}"),
            format!("{none}.{claims}."),
            format!("{none}.{claims}.{mac}"),
            format!("{header}.{claims}"),
            format!("{header}.{claims}.{}", &mac[1..]),
            made(&self::key(), "line", "ada@example.com", now),
            "nonsense".to_owned(),
            "..".to_owned(),
            String::new(),
        ] {
            assert_eq!(line_of(&key, &forged, now), None, "{forged}");
        }
    }
}
