//! An account and what it says of itself: its address, where its alerts go, what signs them and its webhooks.

use cuetower_core::Ms;
use cuetower_core::id::AccountId;
use serde_json::json;
use url::Url;

use super::keys::Derived;
use super::{LANE, Refused, SCOPES, record};
use crate::desk::wire::Topic;
use crate::handle::Handle;
use crate::journal::{AccountRow, Recorder, StoreError};
use crate::messages;
use crate::token::{new_account_id, new_number};

/// The owner's address while none is known.
const OWNER_EMAIL: &str = "owner@localhost";

/// Where an account has its alerts sent, and what signs them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertHook {
    pub url: String,
    /// 64 hex digits.
    pub secret: String,
}

/// None: the account has its alerts sent nowhere.
pub async fn alert_hook(handle: &Handle, account: &AccountId) -> Result<Option<AlertHook>, StoreError> {
    let Some(row) = handle.reader().account(account.0.clone()).await? else { return Ok(None) };
    let secret = handle.tower_key().alert_secret(account, row.alert_secret);
    Ok(row.alert_webhook_url.map(|url| AlertHook { url, secret }))
}

/// What is to change; None leaves it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changed {
    pub email: Option<String>,
    /// `Some(None)` takes it away.
    pub alert_webhook_url: Option<Option<String>>,
}

pub(crate) fn email_of(account: Option<&AccountRow>) -> String {
    account.and_then(|account| account.email.clone()).unwrap_or_else(|| OWNER_EMAIL.to_owned())
}

/// What stands behind the `@` of its agents' addresses.
pub(crate) fn slug_of(account: Option<&AccountRow>) -> String {
    let kept = account.and_then(|account| account.slug.clone());
    kept.unwrap_or_else(|| messages::user_slug(Some(&email_of(account))))
}

/// The first address also says how its agents are addressed, unless some are already.
pub(super) fn say_email(recorder: &Recorder<'_>, account: &mut AccountRow, email: String) -> Result<(), StoreError> {
    if account.slug.is_none() {
        let in_use = recorder.addresses_count(&account.id)? > 0;
        account.slug = Some(if in_use { slug_of(Some(account)) } else { messages::user_slug(Some(&email)) });
    }
    account.email = Some(email);
    Ok(())
}

/// Scheme, host and port: what comes behind them may be a secret.
fn origin(url: &str) -> Option<String> {
    Url::parse(url).ok().map(|url| url.origin().ascii_serialization())
}

/// A new account with its first key, which is given here and cannot be shown again.
pub(crate) async fn register(handle: &Handle, email: String) -> Result<String, Refused> {
    let id = new_account_id();
    let derived = Derived::new(handle.tower_key(), id.clone());
    record(handle, move |recorder| {
        let mut account = AccountRow::new(id, None, recorder.now);
        say_email(recorder, &mut account, email)?;
        if recorder.email_is_taken(&account)? {
            return Ok(Err(Refused::EmailTaken));
        }
        let (key, row) = derived.named(recorder, "registered".to_owned(), SCOPES);
        recorder.keep_account(&account)?;
        recorder.keep_key(&row)?;
        let fact = json!({ "account": account.id, "email": account.email, "hash": row.hash });
        recorder.fact(LANE, "account_registered", &fact)?;
        recorder.touch(Topic::Accounts);
        Ok(Ok(key))
    })
    .await
}

/// Changes the account, and says when.
pub(crate) async fn change(handle: &Handle, id: AccountId, changed: Changed) -> Result<Ms, Refused> {
    record(handle, move |recorder| {
        let Some(mut account) = recorder.account(&id)? else { return Ok(Err(Refused::KeyGone)) };
        if let Some(email) = changed.email {
            say_email(recorder, &mut account, email)?;
        }
        if recorder.email_is_taken(&account)? {
            return Ok(Err(Refused::EmailTaken));
        }
        account.alert_webhook_url = changed.alert_webhook_url.unwrap_or(account.alert_webhook_url);
        recorder.keep_account(&account)?;
        let alerts_to = account.alert_webhook_url.as_deref().and_then(origin);
        let fact = json!({ "account": id, "email": account.email, "alerts_to": alerts_to });
        recorder.fact(LANE, "account_changed", &fact)?;
        recorder.touch(Topic::Accounts);
        Ok(Ok(recorder.now))
    })
    .await
}

/// Another secret signs the account's webhooks from now on.
pub(crate) async fn renew_webhook_secret(handle: &Handle, id: AccountId) -> Result<String, Refused> {
    let handle = handle.clone();
    // To its end even if the asker goes away: what is on disk has to be known to the deliveries.
    let renewed = tokio::spawn(async move {
        let (account, number) = (id.clone(), new_number());
        let _turn = handle.accounts.renewing().await;
        record(&handle, move |recorder| {
            let Some(mut account) = recorder.account(&account)? else { return Ok(Err(Refused::KeyGone)) };
            account.webhook_secret = number;
            recorder.keep_account(&account)?;
            recorder.fact(LANE, "webhook_secret_renewed", &json!({ "account": account.id }))?;
            Ok(Ok(()))
        })
        .await?;
        handle.accounts.webhook_secret_is(&id, number);
        Ok(handle.tower_key().webhook_secret(&id, number))
    });
    renewed.await.unwrap_or_else(|error| Err(crate::handle::Trouble::Store(error.to_string()).into()))
}

/// Another secret signs the account's alerts from now on.
pub(crate) async fn renew_alert_secret(handle: &Handle, id: AccountId) -> Result<String, Refused> {
    let (tower_key, number) = (handle.tower_key().clone(), new_number());
    record(handle, move |recorder| {
        let Some(mut account) = recorder.account(&id)? else { return Ok(Err(Refused::KeyGone)) };
        account.alert_secret = number;
        recorder.keep_account(&account)?;
        recorder.fact(LANE, "alert_secret_renewed", &json!({ "account": id }))?;
        Ok(Ok(tower_key.alert_secret(&id, number)))
    })
    .await
}
