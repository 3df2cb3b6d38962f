//! A cue as it is kept in a file: what is at its default is left out, and other cues are named by their names. `read_new`
//! makes the same definition of it, so that it says neither more nor less than the cue.

use cuetower_core::Ms;
use cuetower_core::cue::CueDefinition;
use cuetower_core::id::{AccountId, CueId};
use cuetower_core::schedule::parse_zone;
use cuetower_core::schedule_spec::Kind;
use serde_json::{Map, Value};

use super::reading::{Object, Problems};
use super::{Invalid, instants, read_again, writing};

/// Maps of the owner's own: nothing in them has a default.
const OWN: [&str; 3] = ["payload", "headers", "env"];
/// Said even where it is the default, for whoever reads the file.
const SAID: [&str; 5] = ["name", "transport", "schedule", "type", "timezone"];
/// Where a cue names another.
const NAMING: [&str; 3] = ["/schedule/cue", "/on_success_fire", "/on_failure/fallback_cue"];

/// `named`: the name of the cue with that id, if it is there. `now` matters as far as a schedule may end.
#[must_use]
pub fn portable(definition: &CueDefinition, now: Ms, named: impl Fn(&str) -> Option<String>) -> Map<String, Value> {
    let mut bare = CueDefinition { account: AccountId::OWNER, ..definition.clone() };
    // It has no part in what else is read, and may be large.
    let payload = std::mem::replace(&mut bare.payload, Value::Object(Map::new()));
    let mut whole = Value::Object(writing::fields(&bare));
    let mut places = Vec::new();
    list(&whole, "", &mut places);
    // What another field needs may go once that one is gone.
    loop {
        let before = places.len();
        places.retain(|place| !leave_out(&mut whole, place, &bare, now));
        if places.len() == before {
            break;
        }
    }
    for place in NAMING {
        if let Some(cue) = whole.pointer_mut(place)
            && let Some(name) = cue.as_str().and_then(&named)
        {
            *cue = Value::String(name);
        }
    }
    let Value::Object(mut fields) = whole else { unreachable!("a cue is an object") };
    fields.remove("payload");
    if payload.as_object().is_some_and(|payload| !payload.is_empty()) {
        fields.insert("payload".to_owned(), payload);
    }
    fields
}

/// Every field, as a JSON pointer; a section before what is in it.
fn list(value: &Value, at: &str, places: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (field, value) in map {
                let place = format!("{at}/{field}");
                if !SAID.contains(&field.as_str()) {
                    places.push(place.clone());
                }
                if !OWN.contains(&field.as_str()) {
                    list(value, &place, places);
                }
            }
        }
        Value::Array(list_of) => {
            for (index, value) in list_of.iter().enumerate() {
                list(value, &format!("{at}/{index}"), places);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether it is gone.
fn leave_out(whole: &mut Value, place: &str, bare: &CueDefinition, now: Ms) -> bool {
    let Some((holder, field)) = place.rsplit_once('/') else { return true };
    // Its section may be left out already.
    let Some(Value::Object(map)) = whole.pointer_mut(holder) else { return true };
    let Some(value) = map.remove(field) else { return true };
    if value.is_null() || reads_as(whole, bare, now) {
        return true;
    }
    if let Some(Value::Object(map)) = whole.pointer_mut(holder) {
        map.insert(field.to_owned(), value);
    }
    false
}

fn reads_as(whole: &Value, bare: &CueDefinition, now: Ms) -> bool {
    read_again(bare, whole, now).is_ok_and(|read| read.definition == *bare)
}

/// What a file says of a cue beside its definition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pause {
    /// Nothing: a cue that is there is left as it is, a new one fires.
    #[default]
    Unsaid,
    Off,
    /// Until then; None: until it is resumed.
    On(Option<Ms>),
}

/// Takes `paused` and `paused_until` out of a cue of a file. An end that has passed is none any more.
///
/// # Errors
/// What does not fit.
pub fn take_pause(cue: &mut Map<String, Value>, now: Ms) -> Result<Pause, Vec<Invalid>> {
    let zone = cue.get("schedule").and_then(|schedule| schedule.get("timezone")).and_then(Value::as_str);
    let zone = zone.and_then(|zone| parse_zone(zone).ok()).unwrap_or(chrono_tz::Tz::UTC);
    let said: Map<String, Value> =
        ["paused", "paused_until"].into_iter().filter_map(|field| cue.remove_entry(field)).collect();
    let mut problems = Problems::default();
    let top = Object::top(&said);
    let paused = top.flag("paused", &mut problems);
    let until = top.text("paused_until", &mut problems).and_then(|text| match instants::read(text, zone) {
        Ok(at) => Some(at),
        Err(sentence) => {
            problems.add("paused_until", sentence);
            None
        }
    });
    if paused == Some(false) && until.is_some() {
        problems.add("paused_until", "`paused` is false, so there is no end of a pause; leave one of them out.");
    }
    problems.none()?;
    Ok(match (paused, until) {
        (None, None) => Pause::Unsaid,
        (Some(false), _) => Pause::Off,
        (Some(true), None) => Pause::On(None),
        (_, Some(until)) if until <= now => Pause::Off,
        (_, Some(until)) => Pause::On(Some(until)),
    })
}

/// The other way: as a cue's own zone shows it.
pub fn put_pause(cue: &mut Map<String, Value>, pause: Pause, timezone: &str) {
    match pause {
        Pause::Unsaid | Pause::Off => {}
        Pause::On(None) => drop(cue.insert("paused".to_owned(), Value::Bool(true))),
        Pause::On(Some(until)) => {
            let text = instants::write(until, timezone).map(Value::String);
            cue.extend(text.map(|text| ("paused_until".to_owned(), text)));
        }
    }
}

/// The other cues that a definition names, and where.
pub(crate) fn cues_named(definition: &mut CueDefinition) -> Vec<(&'static str, &mut CueId)> {
    let mut named: Vec<(&'static str, &mut CueId)> = Vec::new();
    if let Kind::After { cue, .. } = &mut definition.schedule.kind {
        named.push(("schedule.cue", cue));
    }
    named.extend(definition.on_success_fire.iter_mut().map(|cue| ("on_success_fire", cue)));
    named.extend(definition.on_failure.fallback.iter_mut().map(|cue| ("on_failure.fallback_cue", cue)));
    named
}
