//! What the tower does about messages by itself: tells of those that fall due, pushes them, lets them expire, makes digests.
//!
//! What is under way is on disk as `delivering`; after a crash it goes again, under the same id.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use cuetower_core::Ms;
use cuetower_core::time::MINUTE_MS;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::push::{self, Came};
use super::{Failed, LANE, No, PUSHED_AT_ONCE, State, events, record};
use crate::desk::wire::Topic;
use crate::handle::{Handle, Trouble};
use crate::journal::{Recorder, StoreError};
use crate::perform::Shared;

/// Pushes under way, to all recipients together.
const AT_ONCE: usize = 256;
/// Messages told of, or expired, in one commit.
const IN_ONE_COMMIT: u32 = 200;
/// Between two looks, however much happens.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
/// Between two looks at the clock: it may be set, and the machine may sleep.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// At the clock, before it is looked without a reason.
const LOOKS: u32 = 60;
const DIGEST_EACH_MS: u64 = 10 * MINUTE_MS;

pub(super) async fn run(handle: Handle, shared: Arc<Shared>) {
    while let Err(error) = record(&handle, recover).await {
        if matches!(error, Failed::Trouble(Trouble::Stopping)) {
            return;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    let mut news = handle.recorded();
    let mut minding = Minding { handle, shared, under_way: HashMap::new(), pushes: JoinSet::new() };
    loop {
        news.mark_unchanged();
        let next = match minding.look().await {
            Ok(next) => next,
            Err(error) => {
                tracing::warn!(%error, "what is to be done about messages could not be looked up");
                Some(minding.handle.now())
            }
        };
        tokio::time::sleep(BETWEEN_LOOKS).await;
        let handle = minding.handle.clone();
        tokio::select! {
            changed = news.changed() => if changed.is_err() { return },
            Some(ended) = minding.pushes.join_next() => minding.forget(ended),
            () = due(&handle, next) => {}
        }
        while let Some(ended) = minding.pushes.try_join_next() {
            minding.forget(ended);
        }
    }
}

/// Until the clock shows `next`, however it comes to that; a minute at most.
async fn due(handle: &Handle, next: Option<Ms>) {
    for _ in 0..LOOKS {
        tokio::time::sleep(LOOK_AGAIN).await;
        if next.is_some_and(|next| next <= handle.now()) {
            return;
        }
    }
}

fn recover(recorder: &Recorder<'_>) -> Result<(), No> {
    let ids = recorder.recover_pushes()?;
    if !ids.is_empty() {
        recorder.fact(LANE, "messages_recovered", &json!({ "ids": ids }))?;
        recorder.touch(Topic::Messages);
    }
    Ok(())
}

struct Minding {
    handle: Handle,
    shared: Arc<Shared>,
    /// Ids of messages and subscriptions, each with the id of the address it goes to.
    under_way: HashMap<String, String>,
    pushes: JoinSet<String>,
}

impl Minding {
    /// Begins what is to be done; when to look again.
    async fn look(&mut self) -> Result<Option<Ms>, StoreError> {
        let now = self.handle.now();
        let full = Value::from(self.full()).to_string();
        let errands = self.handle.reader().message_errands(now, IN_ONE_COMMIT, full.clone()).await?;
        let (told, tell_next) = self.handle.reader().subscriptions_pushed(now, IN_ONE_COMMIT, full).await?;
        let undigested = self.handle.reader().oldest_undigested().await?;
        let digest_at = undigested.map(|at| at.plus(DIGEST_EACH_MS));
        let digest = digest_at.is_some_and(|at| at <= now);
        if !errands.announce.is_empty() || errands.expire || digest {
            let ids = errands.announce;
            let done = record(&self.handle, move |recorder| fall_due(recorder, &ids, digest)).await;
            if let Err(Failed::Trouble(trouble)) = done {
                tracing::warn!(%trouble, "messages that fell due could not be written down; they will be");
            }
        }
        for (id, to) in errands.push {
            self.begin(id, to, push_one);
        }
        for (id, to) in told {
            self.begin(id, to, push_events);
        }
        Ok([errands.next, tell_next, digest_at].into_iter().flatten().min())
    }

    /// Who gets as much at once as one may: a recipient that does not answer holds up nobody but itself.
    fn full(&self) -> Vec<&str> {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for to in self.under_way.values() {
            *counts.entry(to).or_default() += 1;
        }
        counts.into_iter().filter(|(_, count)| *count >= PUSHED_AT_ONCE).map(|(to, _)| to).collect()
    }

    fn begin<Pushing>(&mut self, id: String, to: String, push: fn(Handle, Arc<Shared>, String) -> Pushing)
    where
        Pushing: Future<Output = ()> + Send + 'static,
    {
        let is_known = self.under_way.contains_key(&id);
        if is_known || self.under_way.len() >= AT_ONCE || self.full().contains(&to.as_str()) {
            return;
        }
        self.under_way.insert(id.clone(), to);
        let pushing = push(self.handle.clone(), Arc::clone(&self.shared), id.clone());
        self.pushes.spawn(async move {
            pushing.await;
            id
        });
    }

    fn forget(&mut self, ended: Result<String, tokio::task::JoinError>) {
        match ended {
            Ok(id) => drop(self.under_way.remove(&id)),
            // Which one it was is not known: all that are not under way are looked at again.
            Err(_) if self.pushes.is_empty() => self.under_way.clear(),
            Err(_) => {}
        }
    }
}

fn fall_due(recorder: &Recorder<'_>, ids: &[String], digest: bool) -> Result<(), No> {
    for id in ids {
        let Some(mut message) = recorder.any_message(id)?.filter(|message| !message.announced) else { continue };
        message.announced = true;
        recorder.change_message(&message)?;
        // Who has been served by then needs no word.
        if !message.state.is_final() && message.state != State::Read {
            events::announce(recorder, &message)?;
        }
    }
    let expired = recorder.expire_messages(IN_ONE_COMMIT)?;
    if !expired.is_empty() {
        recorder.fact(LANE, "messages_expired", &json!({ "ids": expired }))?;
    }
    if digest {
        events::digest(recorder)?;
    }
    recorder.touch(Topic::Messages);
    Ok(())
}

async fn push_one(handle: Handle, shared: Arc<Shared>, id: String) {
    let (key, message_id) = (shared.key.clone(), id.clone());
    let errand = match record(&handle, move |recorder| push::begin(recorder, &key, &message_id)).await {
        Ok(Some(errand)) => errand,
        Ok(None) => return,
        // It stays as it was, and is looked at again.
        Err(_) => return tokio::time::sleep(LOOK_AGAIN).await,
    };
    let account = handle.reader().account(errand.account().0.clone()).await.ok().flatten();
    let user = crate::accounts::slug_of(account.as_ref());
    let now_s = || shared.clock.now().0.div_euclid(1_000);
    let came = push::push(&shared.client, &errand, &user, now_s).await;
    let attempt = errand.attempt();
    written(&handle, came, move |recorder, came| push::ended(recorder, &id, attempt, came)).await;
}

async fn push_events(handle: Handle, shared: Arc<Shared>, id: String) {
    let (key, subscription_id) = (shared.key.clone(), id.clone());
    let bundle = match record(&handle, move |recorder| push::bundle(recorder, &key, &subscription_id)).await {
        Ok(Some(bundle)) => bundle,
        Ok(None) => return,
        Err(_) => return tokio::time::sleep(LOOK_AGAIN).await,
    };
    let now_s = || shared.clock.now().0.div_euclid(1_000);
    let came = push::push_bundle(&shared.client, &bundle, now_s).await;
    let last = bundle.last();
    written(&handle, came, move |recorder, came| push::bundle_ended(recorder, &id, last, came)).await;
}

/// Writes an end down, however often it takes: only then may it be tried again.
async fn written(
    handle: &Handle,
    came: Came,
    write: impl Fn(&Recorder<'_>, &Came) -> Result<(), No> + Clone + Send + 'static,
) {
    loop {
        let (write, came) = (write.clone(), came.clone());
        match record(handle, move |recorder| write(recorder, &came)).await {
            Err(Failed::Trouble(trouble)) if !matches!(trouble, Trouble::Stopping) => {
                tracing::warn!(%trouble, "how a push ended could not be written down; it will be");
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Ok(()) | Err(_) => return,
        }
    }
}
