//! `/v1/pools/{name}/permits`: permits of shared resources for agents that run already. Asked, renewed, given back.
//!
//! Several pools are asked for at once, and given and taken back at once, under one permit. Whoever waits asks again with
//! the permit's id, before its lease lapses; `wait_seconds` makes one ask wait.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use cuetower_core::id::{PermitId, RunId};
use cuetower_core::pool::{Holder, HolderKey, LEASE_MS, PoolAnswer, PoolInput, WaitsFor};
use serde_json::json;

use super::Door;
use super::asking::{Ask, Word, tokens_in_query};
use super::caller::Caller;
use super::given::{Given, Id, Query};
use super::problem::Problem;
use crate::handle::Handle;

routes! {
    post "/v1/pools/{name}/permits" => ask;
    patch "/v1/pools/{name}/permits/{permit}" => renew;
    delete "/v1/pools/{name}/permits/{permit}" => give_back;
}

pub(super) async fn ask(
    State(door): State<Door>,
    caller: Caller,
    Id(pool): Id,
    given: Given,
) -> Result<Response, Problem> {
    let asker = Asker::of(&door, &caller).await?;
    let ask = Ask::read(&pool, &given.0.unwrap_or_default())?;
    let (holder, is_new) = match &ask.permit {
        Some(permit) => (asker.own(&door, &pool, permit)?, false),
        None => (asker.new_holder(ask.agent.as_deref()), true),
    };
    // Should its lease lapse just now, it asks anew for what it asked for.
    let needs = door.handle.pool_view().needs_of(&holder.key()).map_or(ask.needs, <[_]>::to_vec);
    let key = holder.key();
    let permit = permit_of(&holder);
    let priority = ask.priority.unwrap_or(asker.priority);
    let mut watched = door.handle.pools_watched();
    let input = PoolInput::Ask { holder, needs, priority, lease_ms: ask.lease_ms };
    // If its connection breaks before it has heard of the permit, nobody else will give it back.
    let unheard = is_new.then(|| Unheard { handle: door.handle.clone(), key: Some(key.clone()) });
    let mut answer = door.handle.pools(input).await?;
    if let (PoolAnswer::Waits(_), Some(wait)) = (&answer, ask.wait) {
        let goes = async { watched.wait_for(|book| book.holds(&key) || book.holder(&key).is_none()).await.is_ok() };
        drop(tokio::time::timeout(wait, goes).await);
        answer = now_stands(&door.handle, &key)?;
    }
    if let Some(unheard) = unheard {
        unheard.has_heard();
    }
    let lease_ms = door.handle.pool_view().lease_ms(&key);
    Ok(told(&permit, answer, lease_ms))
}

/// Renews, and takes what the agent has to say: that it was rate-limited, and how many tokens it has used so far.
pub(super) async fn renew(
    State(door): State<Door>,
    caller: Caller,
    Path((pool, permit)): Path<(String, String)>,
    given: Given,
) -> Result<Response, Problem> {
    let asker = Asker::of(&door, &caller).await?;
    let holder = asker.own(&door, &pool, &permit)?;
    let word = Word::read(&given.0.unwrap_or_default())?;
    let key = holder.key();
    if let Some(tokens) = word.tokens
        && door.handle.pool_view().holds(&key)
    {
        door.handle.pools(PoolInput::Used { pool: pool.clone(), holder: Some(key.clone()), tokens }).await?;
    }
    if word.rate_limited {
        door.handle.pools(PoolInput::RateLimited { pool, retry_after_ms: word.retry_after_ms }).await?;
    }
    let permit = permit_of(&holder);
    let answer = door.handle.pools(PoolInput::Renew { permit_id: PermitId(permit.clone()) }).await?;
    let lease_ms = door.handle.pool_view().lease_ms(&key);
    Ok(told(&permit, answer, lease_ms))
}

/// Gives back what the permit holds in all its pools, or leaves the line. The tokens that were really used stand in the
/// query or the body.
pub(super) async fn give_back(
    State(door): State<Door>,
    caller: Caller,
    Path((pool, permit)): Path<(String, String)>,
    query: Query,
    given: Given,
) -> Result<StatusCode, Problem> {
    let asker = Asker::of(&door, &caller).await?;
    let holder = asker.own(&door, &pool, &permit)?;
    let tokens = match given.0 {
        Some(body) => Word::read_end(&body)?.or(tokens_in_query(&query)?),
        None => tokens_in_query(&query)?,
    };
    door.handle.pools(PoolInput::GiveBack { holder: holder.key(), tokens }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who asks, and in whose name.
struct Asker {
    run: Option<RunId>,
    who: String,
    /// Unless it says otherwise.
    priority: i32,
}

impl Asker {
    async fn of(door: &Door, caller: &Caller) -> Result<Asker, Problem> {
        let owners_only = || {
            let message = "Pools are the owner's; a registered account has none.";
            Problem::new(StatusCode::FORBIDDEN, "insufficient_scope", message)
        };
        let Some((run_id, attempt)) = caller.asks_pools()? else {
            if !caller.account().is_owner() {
                return Err(owners_only());
            }
            return Ok(Asker { run: None, who: "an agent".to_owned(), priority: 0 });
        };
        let run = door.handle.reader().run(run_id.0.clone()).await?.ok_or_else(Problem::no_execution)?;
        if !run.definition.account.is_owner() {
            return Err(owners_only());
        }
        let conflict = |code, message| Err(Problem::new(StatusCode::CONFLICT, code, message));
        if !run.is_live() {
            return conflict("run_ended", "This run has ended, and its permits went back with it.");
        }
        if run.latest().number != *attempt {
            return conflict("attempt_superseded", "A newer attempt of this run is under way; it asks for itself.");
        }
        let who = format!("an agent of cue {}", run.definition.name);
        Ok(Asker { run: Some(run_id.clone()), who, priority: run.definition.priority })
    }

    fn new_holder(&self, agent: Option<&str>) -> Holder {
        let permit_id = PermitId(format!("permit_{}", uuid::Uuid::new_v4()));
        Holder::Agent { permit_id, run: self.run.clone(), who: agent.unwrap_or(&self.who).to_owned() }
    }

    /// The holder of a permit of this pool; a run reaches its own alone.
    fn own(&self, door: &Door, pool: &str, permit: &str) -> Result<Holder, Problem> {
        let key = HolderKey::permit(&PermitId(permit.to_owned()));
        let book = door.handle.pool_view();
        let is_of_pool = book.needs_of(&key).is_some_and(|needs| needs.iter().any(|need| need.pool == pool));
        let holder = book.holder(&key).filter(|_| is_of_pool);
        let own = holder.filter(|holder| self.run.is_none() || holder.run_id() == self.run.as_ref());
        own.cloned().ok_or_else(no_permit)
    }
}

/// An ask whose asker has not heard of it yet. Dropped so, it is taken back.
struct Unheard {
    handle: Handle,
    key: Option<HolderKey>,
}

impl Unheard {
    fn has_heard(mut self) {
        self.key = None;
    }
}

impl Drop for Unheard {
    fn drop(&mut self) {
        let Some(holder) = self.key.take() else { return };
        let handle = self.handle.clone();
        tokio::spawn(async move {
            // It may have been refused, or have lapsed.
            drop(handle.pools(PoolInput::GiveBack { holder, tokens: None }).await);
        });
    }
}

fn now_stands(handle: &Handle, key: &HolderKey) -> Result<PoolAnswer, Problem> {
    let book = handle.pool_view();
    if book.holds(key) {
        return Ok(PoolAnswer::Granted { lease_ms: book.lease_ms(key) });
    }
    book.waits_for(key, handle.now()).map(PoolAnswer::Waits).ok_or_else(no_permit)
}

fn told(permit: &str, answer: PoolAnswer, lease_ms: Option<u64>) -> Response {
    let lease_seconds = Duration::from_millis(lease_ms.unwrap_or(LEASE_MS)).as_secs_f64();
    let lease_seconds = if lease_seconds.fract() == 0.0 { json!(lease_seconds as u64) } else { json!(lease_seconds) };
    match answer {
        PoolAnswer::Waits(WaitsFor { since, position, words }) => {
            let since = super::wire::time(since);
            let body = json!({ "permit": permit, "position": position, "waits_for": words, "since": since, "lease_seconds": lease_seconds });
            (StatusCode::ACCEPTED, Json(body)).into_response()
        }
        PoolAnswer::Granted { .. } | PoolAnswer::Done | PoolAnswer::Refused(_) => {
            Json(json!({ "permit": permit, "lease_seconds": lease_seconds })).into_response()
        }
    }
}

fn permit_of(holder: &Holder) -> String {
    match holder {
        Holder::Agent { permit_id, .. } => permit_id.0.clone(),
        Holder::Run { run_id, .. } => run_id.0.clone(),
    }
}

fn no_permit() -> Problem {
    let message = "There is no such permit of this pool: it was given back, its run ended, or its lease lapsed. Ask for a new one.";
    Problem::new(StatusCode::NOT_FOUND, "permit_not_found", message)
}
