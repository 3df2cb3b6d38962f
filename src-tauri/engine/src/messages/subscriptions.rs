//! Who wants to be told of what: made, acknowledged, ended. An event that was asked for with a cursor is acknowledged by that.

use cuetower_core::id::AccountId;
use serde_json::json;

use super::{LANE, No, Refused, SUBSCRIPTIONS_MAX, address};
use crate::desk::wire::Topic;
use crate::journal::{Recorder, SubscriptionRow};
use crate::token::TowerKey;

#[derive(Debug)]
pub(crate) struct NewSubscription {
    pub account: AccountId,
    /// A fresh UUID.
    pub id: String,
    /// Id or slug of the address that is told.
    pub agent: String,
    pub kind: String,
    /// None: it asks.
    pub webhook_url: Option<String>,
    pub inline_body: bool,
}

/// What a subscription's pushes are signed with; None: it is not pushed.
pub(crate) fn subscription_secret(key: &TowerKey, subscription: &SubscriptionRow) -> Option<String> {
    subscription.webhook_url.as_ref()?;
    Some(format!("whsec_{}", key.sign(&format!("subscription webhook {}", subscription.id))))
}

pub(crate) fn subscribe(recorder: &Recorder<'_>, new: NewSubscription) -> Result<SubscriptionRow, No> {
    let agent = address::in_use(recorder, &new.account, &new.agent)?;
    if recorder.subscriptions_of(&agent.id)?.len() >= SUBSCRIPTIONS_MAX {
        let message = format!("This agent has {SUBSCRIPTIONS_MAX} subscriptions already; end one of them first.");
        return Err(Refused::new(409, "too_many_subscriptions", message).into());
    }
    let row = SubscriptionRow {
        id: new.id,
        account: new.account,
        agent: agent.id,
        kind: new.kind,
        webhook_url: new.webhook_url,
        inline_body: new.inline_body,
        dispatched: None,
        dispatched_at: None,
        acked: None,
        failures: 0,
        paused_until: None,
        next_at: recorder.now,
        created_at: recorder.now,
        detached_at: None,
    };
    recorder.put_subscription(&row)?;
    let fact = json!({ "id": row.id, "agent": row.agent, "event": row.kind, "pushed": row.webhook_url.is_some() });
    recorder.fact(LANE, "subscribed", &fact)?;
    recorder.touch(Topic::Messages);
    Ok(row)
}

/// Ends it. Again, or one that never was: nothing happens.
pub(crate) fn detach_subscription(
    recorder: &Recorder<'_>,
    account: &AccountId,
    agent: &str,
    id: &str,
) -> Result<(), No> {
    let agent = address::in_use(recorder, account, agent)?;
    let found = recorder.subscription(id)?.filter(|row| row.agent == agent.id && row.detached_at.is_none());
    if let Some(mut row) = found {
        row.detached_at = Some(recorder.now);
        recorder.put_subscription(&row)?;
        recorder.fact(LANE, "unsubscribed", &json!({ "id": id }))?;
        recorder.touch(Topic::Messages);
    }
    Ok(())
}

/// The agent has dealt with everything up to this event. It never goes back.
pub(crate) fn ack(recorder: &Recorder<'_>, account: &AccountId, agent: &str, id: &str, event: u64) -> Result<(), No> {
    let agent = address::in_use(recorder, account, agent)?;
    let found = recorder.subscription(id)?.filter(|row| row.agent == agent.id && row.detached_at.is_none());
    let missing = || Refused::new(404, "subscription_not_found", format!("subscription {id} not found"));
    acked_up_to(recorder, found.ok_or_else(missing)?, event)
}

/// The agent has asked for what comes after this event.
pub(crate) fn ack_pulled(recorder: &Recorder<'_>, agent: &str, event: u64) -> Result<(), No> {
    recorder.address_seen(agent)?;
    for row in recorder.subscriptions_of(agent)?.into_iter().filter(|row| row.webhook_url.is_none()) {
        acked_up_to(recorder, row, event)?;
    }
    Ok(())
}

fn acked_up_to(recorder: &Recorder<'_>, mut row: SubscriptionRow, event: u64) -> Result<(), No> {
    if row.acked.unwrap_or(0) < event {
        row.acked = Some(event);
        recorder.put_subscription(&row)?;
    }
    Ok(())
}
