//! Addresses of agents: how they are named, made and changed, and how alive the roster says they are.

use cuetower_core::Ms;
use cuetower_core::id::AccountId;
use cuetower_core::time::MINUTE_MS;
use serde_json::{Value, json};

use super::{ADDRESSES_MAX, AGENT_METADATA_MAX, LANE, No, Refused};
use crate::desk::wire::Topic;
use crate::journal::{AddressRow, Recorder};
use crate::token::TowerKey;

/// Not to be taken for parts of the API.
const RESERVED: [&str; 6] = ["admin", "api", "auth", "billing", "system", "support"];
const SLUG_CHARS: usize = 60;
const ONLINE_MS: u64 = 5 * MINUTE_MS;
const AWAY_MS: u64 = 30 * MINUTE_MS;

/// What somebody wants to be reached by.
#[derive(Debug)]
pub(crate) struct NewAddress {
    pub account: AccountId,
    /// A fresh one.
    pub id: String,
    /// None: made from the name.
    pub slug: Option<String>,
    pub display_name: String,
    pub webhook_url: Option<String>,
    pub metadata: Value,
}

/// What is to be different; None: as it is.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub display_name: Option<String>,
    /// Some(None): no longer pushed.
    pub webhook_url: Option<Option<String>>,
    pub status: Option<String>,
    pub metadata: Option<Value>,
}

/// The id or slug that is meant by `agt_…` or `slug@user`. None of the account is called what belongs to another user.
pub(crate) fn which(written: &str, user_slug: &str) -> Result<String, Refused> {
    if is_id(written) {
        return Ok(written.to_owned());
    }
    let bad = |message: &str| Refused::new(400, "invalid_agent_address", message);
    match written.split_once('@') {
        Some((slug, user)) if slug.is_empty() || user.is_empty() => {
            Err(bad("slug-form address must be 'agent_slug@user_slug'"))
        }
        Some((slug, user)) if user == user_slug && !is_id(slug) => Ok(slug.to_owned()),
        Some(_) => Err(Refused::no_agent(written)),
        None => Err(bad("address must be opaque ID (agt_xxx) or slug-form (agent_slug@user_slug)")),
    }
}

pub(super) fn is_id(written: &str) -> bool {
    written.strip_prefix("agt_").is_some_and(|rest| rest.len() == 12 && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// What stands behind the `@` of an account's addresses: the local part of its mail address, made plain.
pub(crate) fn user_slug(email: Option<&str>) -> String {
    let local = email.and_then(|email| email.split('@').next()).unwrap_or("owner");
    plain(local, "user")
}

/// The account on the wire, where CueAPI has a UUID: made from the tower's key, so that it stays and tells nothing.
pub(crate) fn user_id(key: &TowerKey, account: &AccountId) -> String {
    let digest = key.sign(&format!("user id {account}"));
    let number = u128::from_str_radix(&digest[..32], 16).unwrap_or_default();
    uuid::Builder::from_random_bytes(number.to_be_bytes()).into_uuid().to_string()
}

/// What an address's messages are signed with; None: they are not pushed.
pub(crate) fn secret_of(key: &TowerKey, address: &AddressRow) -> Option<String> {
    address.webhook_url.as_ref()?;
    Some(format!("whsec_{}", key.sign(&format!("agent webhook {} {}", address.id, address.secret_number))))
}

/// Makes it.
pub(crate) fn new_address(recorder: &Recorder<'_>, new: NewAddress) -> Result<AddressRow, No> {
    let slug = match new.slug {
        Some(slug) if RESERVED.contains(&slug.as_str()) => {
            return Err(Refused::new(400, "reserved_slug", format!("slug '{slug}' is reserved")).into());
        }
        Some(slug) => slug,
        None => derived(recorder, &new.account, &new.id, &new.display_name)?,
    };
    fits_metadata(&new.metadata)?;
    if recorder.address(&new.account, &slug)?.is_some() {
        return Err(Refused::new(409, "slug_taken", format!("slug '{slug}' already in use for this user")).into());
    }
    if recorder.addresses_count(&new.account)? >= ADDRESSES_MAX {
        let message = format!("There are {ADDRESSES_MAX} agents already; no more are kept.");
        return Err(Refused::new(403, "agent_limit_exceeded", message).into());
    }
    let row = AddressRow {
        id: new.id,
        account: new.account,
        slug,
        display_name: new.display_name,
        webhook_url: new.webhook_url,
        secret_number: 0,
        metadata: new.metadata,
        status: "online".to_owned(),
        created_at: recorder.now,
        updated_at: recorder.now,
        deleted_at: None,
        seen_at: None,
    };
    put(recorder, &row, "agent_created")?;
    Ok(row)
}

/// Of the name, with something of the id behind it if that is taken.
fn derived(recorder: &Recorder<'_>, account: &AccountId, id: &str, name: &str) -> Result<String, No> {
    let base = plain(name, "agent");
    let is_free = !RESERVED.contains(&base.as_str()) && recorder.address(account, &base)?.is_none();
    let cut: String = base.chars().take(SLUG_CHARS - 9).collect();
    Ok(if is_free { base } else { format!("{}-{}", cut.trim_end_matches('-'), &id[id.len() - 8..]) })
}

/// Lower case letters, digits, and single hyphens between them.
fn plain(text: &str, fallback: &str) -> String {
    let lower = text.to_lowercase();
    let parts = lower.split(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit()).filter(|part| !part.is_empty());
    let joined = parts.collect::<Vec<_>>().join("-");
    let cut = joined[..joined.len().min(SLUG_CHARS)].trim_end_matches('-');
    if cut.is_empty() { fallback.to_owned() } else { cut.to_owned() }
}

fn fits_metadata(metadata: &Value) -> Result<(), Refused> {
    let length = metadata.to_string().len();
    if length <= AGENT_METADATA_MAX {
        return Ok(());
    }
    let message = format!("metadata exceeds {AGENT_METADATA_MAX} bytes (got {length})");
    Err(Refused::new(400, "metadata_too_large", message))
}

/// One that is in use.
pub(super) fn in_use(recorder: &Recorder<'_>, account: &AccountId, which: &str) -> Result<AddressRow, No> {
    let row = recorder.address(account, which)?.filter(|row| row.deleted_at.is_none());
    row.ok_or_else(|| Refused::no_agent(which).into())
}

pub(crate) fn change_address(
    recorder: &Recorder<'_>,
    account: &AccountId,
    which: &str,
    change: Change,
) -> Result<AddressRow, No> {
    let mut row = in_use(recorder, account, which)?;
    if let Some(name) = change.display_name {
        row.display_name = name;
    }
    if let Some(status) = change.status {
        row.status = status;
    }
    if let Some(metadata) = change.metadata {
        fits_metadata(&metadata)?;
        row.metadata = metadata;
    }
    if let Some(url) = change.webhook_url {
        // One that is set again has another secret than the one it had.
        row.secret_number += u64::from(row.webhook_url.is_some() && url.is_none());
        row.webhook_url = url;
    }
    row.updated_at = recorder.now;
    put(recorder, &row, "agent_changed")?;
    Ok(row)
}

pub(crate) fn delete_address(recorder: &Recorder<'_>, account: &AccountId, which: &str) -> Result<(), No> {
    let mut row = in_use(recorder, account, which)?;
    row.deleted_at = Some(recorder.now);
    row.updated_at = recorder.now;
    put(recorder, &row, "agent_deleted")
}

/// The old secret signs nothing from here on.
pub(crate) fn renew_secret(recorder: &Recorder<'_>, account: &AccountId, which: &str) -> Result<AddressRow, No> {
    let mut row = in_use(recorder, account, which)?;
    if row.webhook_url.is_none() {
        return Err(Refused::new(409, "no_webhook_url", "Set webhook_url before rotating the secret").into());
    }
    row.secret_number += 1;
    row.updated_at = recorder.now;
    put(recorder, &row, "agent_secret_renewed")?;
    Ok(row)
}

fn put(recorder: &Recorder<'_>, row: &AddressRow, kind: &'static str) -> Result<(), No> {
    recorder.put_address(row)?;
    let fact = json!({
        "id": row.id,
        "account": row.account,
        "slug": row.slug,
        "display_name": row.display_name,
        "pushed": row.webhook_url.is_some(),
        "secret_number": row.secret_number,
        "status": row.status,
    });
    recorder.fact(LANE, kind, &fact)?;
    recorder.touch(Topic::Messages);
    Ok(())
}

/// How alive an agent is, for the roster.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub online: bool,
    pub status: String,
    /// "active now", "5m ago", "never".
    pub words: String,
}

/// What it says itself counts, unless it says that it is there: then it must have been heard of.
pub(crate) fn seen_in_words(row: &AddressRow, now: Ms) -> Seen {
    let since_ms = row.seen_at.map(|at| now.since(at));
    let words = match since_ms.map(|ms| ms / MINUTE_MS) {
        None => "never".to_owned(),
        Some(0) => "active now".to_owned(),
        Some(minutes @ 1..60) => format!("{minutes}m ago"),
        Some(minutes @ 60..1_440) => format!("{}h ago", minutes / 60),
        Some(minutes) => format!("{}d ago", minutes / 1_440),
    };
    let status = match (row.status.as_str(), since_ms) {
        (said @ ("away" | "offline"), _) => said,
        (_, Some(0..=ONLINE_MS)) => "online",
        (_, Some(..=AWAY_MS)) => "away",
        (_, Some(_) | None) => "offline",
    };
    Seen { online: status == "online", status: status.to_owned(), words }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_an_id_or_a_slug_of_the_same_user() {
        assert_eq!(which("agt_0123456789ab", "me").unwrap(), "agt_0123456789ab");
        assert_eq!(which("scout@me", "me").unwrap(), "scout");
        for (written, status) in [("scout@you", 404), ("scout", 400), ("@me", 400), ("scout@", 400), ("agt_short", 400)]
        {
            assert_eq!(which(written, "me").unwrap_err().status, status, "{written}");
        }
    }

    #[test]
    fn slugs_are_made_plain() {
        for (name, slug) in [("Lead  Scout #2", "lead-scout-2"), ("--", "agent"), ("Ünï", "n"), ("API", "api")] {
            assert_eq!(plain(name, "agent"), slug, "{name}");
        }
        assert_eq!(plain(&"x-".repeat(60), "agent").len(), 59);
        assert_eq!(user_slug(Some("Ann.Lee@example.com")), "ann-lee");
        assert_eq!(user_slug(None), "owner");
    }

    #[test]
    fn who_was_not_heard_of_for_long_is_not_online() {
        let mut row = AddressRow {
            id: String::new(),
            account: AccountId::OWNER,
            slug: String::new(),
            display_name: String::new(),
            webhook_url: None,
            secret_number: 0,
            metadata: json!({}),
            status: "online".to_owned(),
            created_at: Ms(0),
            updated_at: Ms(0),
            deleted_at: None,
            seen_at: None,
        };
        let now = Ms(100_000_000);
        let mut said = |status: &str, ago_ms: Option<u64>| {
            row.status = status.to_owned();
            row.seen_at = ago_ms.map(|ago| now.minus(ago));
            let Seen { online, status, words } = seen_in_words(&row, now);
            (online, status, words)
        };
        let is = |online: bool, status: &str, words: &str| (online, status.to_owned(), words.to_owned());
        assert_eq!(said("online", None), is(false, "offline", "never"));
        assert_eq!(said("online", Some(59_999)), is(true, "online", "active now"));
        assert_eq!(said("away", Some(1)), is(false, "away", "active now"));
        assert_eq!(said("online", Some(ONLINE_MS)), is(true, "online", "5m ago"));
        assert_eq!(said("online", Some(ONLINE_MS + 1)), is(false, "away", "5m ago"));
        assert_eq!(said("online", Some(3 * 60 * MINUTE_MS)), is(false, "offline", "3h ago"));
        assert_eq!(said("online", Some(50 * 60 * MINUTE_MS)), is(false, "offline", "2d ago"));
    }
}
