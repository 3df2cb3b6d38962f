//! Deleting many cues in one request; each by itself: one that cannot go keeps none of the others.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use cuetower_core::input::RefusalCode;
use serde_json::{Map, Value, json};

use super::Door;
use super::caller::Caller;
use super::given::Given;
use super::problem::Problem;
use super::{auth, cues};

routes! {
    post "/v1/cues/bulk-delete" => delete;
}

const IDS_MAX: usize = 100;

/// `skipped`: those that are not there, are another's, or may not be deleted with this key.
pub(super) async fn delete(
    State(door): State<Door>,
    caller: Caller,
    headers: HeaderMap,
    given: Given,
) -> Result<Json<Value>, Problem> {
    caller.writes_cues()?;
    auth::confirmed(&headers)?;
    let (mut deleted, mut skipped, mut why) = (Vec::new(), Vec::new(), Map::new());
    for id in ids(&given.required()?)? {
        match cues::deleted(&door, &caller, &id).await {
            Ok(()) => deleted.push(id),
            Err(problem) if problem.status.is_server_error() || problem.code == RefusalCode::TooMany.word() => {
                return Err(problem);
            }
            Err(problem) => {
                why.insert(id.clone(), json!(problem.message));
                skipped.push(id);
            }
        }
    }
    Ok(Json(json!({ "deleted": deleted, "skipped": skipped, "skipped_because": why })))
}

/// Each once, in the order they are given.
fn ids(body: &Map<String, Value>) -> Result<Vec<String>, Problem> {
    let bad = |message: &str| Err(Problem::field("body.ids", message));
    let list = match body.get("ids") {
        None | Some(Value::Null) => return bad("Field required"),
        Some(Value::Array(list)) => list,
        Some(_) => return bad("Input should be a valid list"),
    };
    if list.is_empty() || list.len() > IDS_MAX {
        return bad("List should have 1 to 100 items");
    }
    let mut ids: Vec<String> = Vec::new();
    for id in list {
        match id.as_str() {
            Some(id) if ids.iter().any(|known| known == id) => {}
            Some(id) => ids.push(id.to_owned()),
            None => return bad("Each should be the id of a cue"),
        }
    }
    Ok(ids)
}
