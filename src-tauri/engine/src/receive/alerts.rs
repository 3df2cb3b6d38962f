//! `/v1/alerts`: the alerts of the caller's account, and the word that somebody has seen one.

use std::convert::Infallible;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::NaiveDate;
use cuetower_core::Ms;
use cuetower_core::alert::AlertState;
use cuetower_core::id::AccountId;
use serde_json::{Map, Value, json};

use super::caller::Caller;
use super::given::{Id, Query};
use super::problem::Problem;
use super::{Door, cues, wire};
use crate::alerting::words;
use crate::handle::Trouble;
use crate::journal::{AccountAlertRow, AlertFilter};

routes! {
    get "/v1/alerts" => list;
    post "/v1/alerts/{id}/acknowledge" => acknowledge;
}

const SHOWN: u32 = 20;

pub(super) async fn list(State(door): State<Door>, caller: Caller, query: Query) -> Result<Json<Value>, Problem> {
    caller.reads()?;
    caller.unlimited()?;
    let kind = query.get("alert_type").filter(|word| !word.is_empty()).map(|word| {
        words::kind_of(word).ok_or_else(|| {
            let message = format!("alert_type must be one of: {}", words::all().join(", "));
            Problem::new(StatusCode::BAD_REQUEST, "invalid_filter", message)
        })
    });
    let limit = query.number("limit", SHOWN, 1, cues::PAGE_MAX)?;
    let offset = query.number("offset", 0, 0, u32::MAX)?;
    let filter = AlertFilter {
        account: caller.account().0.clone(),
        kinds: kind.transpose()?.map(str::to_owned).into_iter().collect(),
        since: query.get("since").map(since).transpose()?,
        cue_id: query.get("cue_id").map(str::to_owned),
        acknowledged: query.get("acknowledged").map(yes_or_no).transpose()?,
        limit,
        offset,
        ..AlertFilter::default()
    };
    let (rows, total) = door.handle.reader().alerts_of(filter).await?;
    let alerts: Vec<_> = rows.iter().map(shown).collect();
    Ok(Json(json!({ "alerts": alerts, "total": total, "limit": limit, "offset": offset })))
}

/// Once said it stays said: a second time changes nothing and is answered alike, and so is one after the cause has gone.
pub(super) async fn acknowledge(
    State(door): State<Door>,
    caller: Caller,
    Id(id): Id,
) -> Result<Json<Map<String, Value>>, Problem> {
    caller.writes_cues()?;
    caller.unlimited()?;
    let row = one(&door, caller.account(), &id).await?;
    if row.acknowledged {
        return Ok(Json(shown(&row)));
    }
    match door.handle.acknowledge(&row.alert.id).await {
        Ok(alert) if alert.state == AlertState::Acknowledged => {}
        Ok(_) | Err(Trouble::NotFound(_)) => {
            let id = id.clone();
            let recorded =
                door.handle.record(move |recorder| recorder.acknowledge_resolved(&id).map(Ok::<(), Infallible>));
            let Ok(()) = recorded.await?;
        }
        Err(trouble) => return Err(trouble.into()),
    }
    Ok(Json(shown(&one(&door, caller.account(), &id).await?)))
}

async fn one(door: &Door, account: &AccountId, id: &str) -> Result<AccountAlertRow, Problem> {
    let filter =
        AlertFilter { account: account.0.clone(), id: Some(id.to_owned()), limit: 1, ..AlertFilter::default() };
    let (rows, _) = door.handle.reader().alerts_of(filter).await?;
    rows.into_iter().next().ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "alert_not_found", "Alert not found"))
}

fn shown(row: &AccountAlertRow) -> Map<String, Value> {
    let alert = &row.alert;
    let mut fields = words::fields(alert, row.cue.as_ref().map(|cue| &*cue.definition));
    let more = json!({
        "id": alert.id.0,
        "acknowledged": row.acknowledged,
        "created_at": wire::time(alert.opened_at),
        "state": alert.state.word(),
        "count": alert.count,
        "last_at": wire::time(alert.last_at),
        "resolved_at": alert.resolved_at.map(wire::time),
    });
    if let Value::Object(more) = more {
        fields.extend(more);
    }
    fields
}

/// An instant, or a day. Many a client forgets that a bare `+` in a query is read as a space.
fn since(text: &str) -> Result<Ms, Problem> {
    let written = if text.contains('T') { text.replace(' ', "+") } else { text.to_owned() };
    let day = || NaiveDate::parse_from_str(&written, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
    cues::instant(&written).or_else(|| Some(Ms(day()?.and_utc().timestamp_millis()))).ok_or_else(|| {
        Problem::field("query.since", "Input should be an instant such as 2027-01-31T09:00:00Z, or a day")
    })
}

fn yes_or_no(text: &str) -> Result<bool, Problem> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err(Problem::field("query.acknowledged", "Input should be true or false")),
    }
}
