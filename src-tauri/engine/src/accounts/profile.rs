//! An account and what it says of itself: its address, where its alerts go, what signs them and its webhooks.

use cuetower_core::Ms;
use cuetower_core::id::AccountId;
use serde_json::json;

use super::keys::derive;
use super::{LANE, Refused, SCOPES, record};
use crate::desk::wire::Topic;
use crate::handle::Handle;
use crate::journal::{AccountRow, StoreError};
use crate::token::new_account_id;

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

/// A new account with its first key, which is given here and cannot be shown again.
pub(crate) async fn register(handle: &Handle, email: String) -> Result<String, Refused> {
    let (id, tower_key) = (new_account_id(), handle.tower_key().clone());
    record(handle, move |recorder| {
        let mut account = AccountRow::new(id, Some(email), recorder.now);
        if recorder.email_is_taken(&account)? {
            return Ok(Err(Refused::EmailTaken));
        }
        let (key, row) = derive(recorder, &tower_key, &mut account, "registered".to_owned(), SCOPES)?;
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
        account.email = changed.email.or(account.email);
        if recorder.email_is_taken(&account)? {
            return Ok(Err(Refused::EmailTaken));
        }
        account.alert_webhook_url = changed.alert_webhook_url.unwrap_or(account.alert_webhook_url);
        recorder.keep_account(&account)?;
        let fact = json!({ "account": id, "email": account.email, "alert_webhook_url": account.alert_webhook_url });
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
        let account = id.clone();
        let number = record(&handle, move |recorder| {
            let Some(mut account) = recorder.account(&account)? else { return Ok(Err(Refused::KeyGone)) };
            account.webhook_secret += 1;
            recorder.keep_account(&account)?;
            recorder.fact(LANE, "webhook_secret_renewed", &json!({ "account": account.id }))?;
            Ok(Ok(account.webhook_secret))
        })
        .await?;
        handle.accounts.webhook_secret_is(&id, number);
        Ok(handle.tower_key().webhook_secret(&id, number))
    });
    renewed.await.unwrap_or_else(|error| Err(crate::handle::Trouble::Store(error.to_string()).into()))
}

/// Another secret signs the account's alerts from now on.
pub(crate) async fn renew_alert_secret(handle: &Handle, id: AccountId) -> Result<String, Refused> {
    let tower_key = handle.tower_key().clone();
    record(handle, move |recorder| {
        let Some(mut account) = recorder.account(&id)? else { return Ok(Err(Refused::KeyGone)) };
        account.alert_secret += 1;
        recorder.keep_account(&account)?;
        recorder.fact(LANE, "alert_secret_renewed", &json!({ "account": id }))?;
        Ok(Ok(tower_key.alert_secret(&id, account.alert_secret)))
    })
    .await
}
