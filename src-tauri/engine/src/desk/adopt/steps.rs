//! Taking a job over, or watching it first; flipping; undoing. The order of the steps sees to it that a job is never run by both,
//! and that where neither runs it, its cue is there as one that is watched for, and falls silent aloud:
//!
//! - take: intent · a cue that watches · the line under `exec`, or off · (the cue runs it)
//! - flip: intent · the line off · the cue runs it
//! - undo: intent · the cue only watches · the line as it was · the cue goes
//!
//! Each step may be done again, so that [`finish`] goes on from anywhere.

use cuetower_core::adopt::timer;
use cuetower_core::cue::{Cue, CueStatus};
use cuetower_core::id::CueId;
use cuetower_core::input::Input;
use serde_json::{Map, Value, json};
use tokio::sync::{Mutex, MutexGuard};

use super::super::wire::{AdoptKind, AdoptMode, AdoptStage, CueCreate, CueRef, CueUpdate};
use super::super::{Desk, cues};
use super::data;
use super::look::Job;
use crate::adopt::kept::{Adoption, Book, Intent};
use crate::adopt::places::{self, Stand, put};
use crate::definition;
use crate::journal::RunFilter;
use crate::lending;

const CUES_MAX: u32 = 10_000;
const RUNS_LOOKED_THROUGH: u32 = 100;

/// Two at once would each write the crontab that the other had read.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

pub(super) async fn turn() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().await
}

/// # Errors
/// A sentence; then all is as it was.
pub(super) async fn take(desk: &Desk, job: Job, mode: AdoptMode) -> Result<Adoption, String> {
    let kind = job.source.kind;
    let by_owner = !matches!(kind, AdoptKind::Crontab | AdoptKind::UserTimer);
    if mode == AdoptMode::WatchFirst && !by_owner && !job.can_watch_first() {
        job.what.as_ref().map_err(Clone::clone)?;
        return Err("Its service cannot be run under `exec` unchanged. Take it over, or leave it.".to_owned());
    }
    if mode == AdoptMode::WatchFirst && by_owner {
        return Err(format!(
            "Only you can change {}: take it over, which tells you how to switch it off there.",
            job.source.name
        ));
    }
    let Job { found, name, what, .. } = job;
    let ready = what?;
    let timer_was = match kind {
        AdoptKind::UserTimer => Some(places::timer_is(&found.place).await?),
        _ => None,
    };
    let mut book = Book::open(&data(desk))?;
    book.adoptions.push(Adoption {
        cue_id: None,
        name,
        kind,
        place: found.place.clone(),
        service: found.service.as_ref().map(|(name, _)| name.clone()),
        text: found.job.text.clone(),
        watched: None,
        timer_was,
        definition: ready.definition,
        watch: ready.watch,
        stage: if by_owner { AdoptStage::WaitingForOwner } else { AdoptStage::Watching },
        intent: Some(Intent::Take(mode)),
        owner_steps: ready.owner_steps,
        since_ms: desk.handle.now().0,
    });
    book.save()?;
    let mut made = Vec::new();
    let taken = async {
        let here: Vec<String> = read(desk.handle.reader().secrets().await)?.into_iter().map(|row| row.name).collect();
        for (name, value) in &ready.secrets {
            if !here.contains(name) && !made.contains(name) {
                lending::set(&desk.handle, name, value, false).await.map_err(|error| error.to_string())?;
                made.push(name.clone());
            }
        }
        let adoption = last(&mut book)?;
        let id = if by_owner { created_paused(desk, adoption).await? } else { created(desk, &adoption.watch).await? };
        let exec = exec_words(desk, &id);
        adoption.watched = match kind {
            AdoptKind::Crontab => places::watched_line(&adoption.text, &exec, &found.shell),
            AdoptKind::UserTimer => found.service.as_ref().and_then(|(_, unit)| timer::under(unit, &exec)),
            AdoptKind::SystemCrontab | AdoptKind::SystemTimer | AdoptKind::Text => None,
        };
        adoption.cue_id = Some(id);
        book.save()?;
        go_on(desk, last(&mut book)?).await?;
        book.save()
    };
    if let Err(why) = taken.await {
        let adoption = last(&mut book)?;
        // Why it failed is told; what of it could not be taken back is in the log.
        if adoption.cue_id.is_some()
            && let Err(error) = put(adoption, Stand::AsItWas, &data(desk), desk.handle.now().0).await
        {
            tracing::warn!(error, "a job that was not adopted could not be brought back to where it stood");
        }
        let id = adoption.cue_id.clone();
        gone(desk, id.as_deref()).await?;
        for name in made {
            if let Err(error) = lending::delete(&desk.handle, &name).await {
                tracing::warn!(%error, secret = name, "the secret of a job that was not adopted is still there");
            }
        }
        book.adoptions.pop();
        book.save()?;
        return Err(why);
    }
    Ok(last(&mut book)?.clone())
}

/// # Errors
/// A sentence; then all is as it was.
pub(super) async fn flip(desk: &Desk, cue_id: &str) -> Result<Adoption, String> {
    let mut book = Book::open(&data(desk))?;
    let adoption = book.of_cue(cue_id).ok_or_else(not_adopted)?;
    match (adoption.stage, adoption.intent) {
        (_, Some(Intent::Undo)) => return Err("It is being undone. Undo it again to finish that.".to_owned()),
        (AdoptStage::Taken, None) => return Ok(adoption.clone()),
        (AdoptStage::WaitingForOwner, _) if places::still_there(adoption).await? => {
            return Err(format!(
                "It still runs in {}. Switch it off there first: {}",
                adoption.place,
                adoption.owner_steps.first().cloned().unwrap_or_default()
            ));
        }
        _ => {}
    }
    current(desk, cue_id).await?;
    idle(desk, cue_id, "Flip it").await?;
    let done = carry_out(desk, &mut book, cue_id, Intent::Flip).await?;
    book.save()?;
    Ok(done)
}

/// # Errors
/// A sentence; then all is as it was.
pub(super) async fn undo(desk: &Desk, cue_id: &str) -> Result<Adoption, String> {
    let mut book = Book::open(&data(desk))?;
    let adoption = book.of_cue(cue_id).ok_or_else(not_adopted)?;
    if adoption.stage == AdoptStage::Taken {
        idle(desk, cue_id, "Undo it").await?;
    }
    let mut done = carry_out(desk, &mut book, cue_id, Intent::Undo).await?;
    done.owner_steps = brought_back(&done);
    book.adoptions.retain(|adoption| adoption.cue_id.as_deref() != Some(cue_id));
    book.save()?;
    Ok(done)
}

/// Writes down what is meant before it is done. What cannot be done is taken back, and its sentence told.
async fn carry_out(desk: &Desk, book: &mut Book, cue_id: &str, intent: Intent) -> Result<Adoption, String> {
    let adoption = book.of_cue(cue_id).ok_or_else(not_adopted)?;
    let before = adoption.clone();
    adoption.intent = Some(intent);
    book.save()?;
    let adoption = book.of_cue(cue_id).ok_or_else(not_adopted)?;
    if let Err(why) = go_on(desk, adoption).await {
        back(desk, adoption, &before).await;
        book.save()?;
        return Err(why);
    }
    Ok(adoption.clone())
}

/// Finishes what an earlier tower had begun. What still cannot be done stays, and is told by `adopt_list`.
pub async fn finish(desk: &Desk) {
    let _turn = turn().await;
    let mut book = match Book::open(&data(desk)) {
        Ok(book) => book,
        Err(error) => return tracing::warn!(error, "what was adopted from other schedulers is not known"),
    };
    if book.adoptions.iter().all(|adoption| adoption.intent.is_none()) {
        return;
    }
    for adoption in &mut book.adoptions {
        let Some(intent) = adoption.intent else { continue };
        let done = match (&adoption.cue_id, intent) {
            // Nothing was changed but for a cue that may have been made.
            (None, _) => unnamed_gone(desk, adoption).await,
            (Some(_), _) => go_on(desk, adoption).await,
        };
        match done {
            Ok(()) => {
                tracing::info!(name = adoption.name, ?intent, "what was begun with another scheduler's job is done")
            }
            Err(error) => tracing::warn!(
                name = adoption.name,
                ?intent,
                error,
                "what was begun with another scheduler's job could not be finished"
            ),
        }
    }
    book.adoptions.retain(|adoption| adoption.cue_id.is_some() && adoption.stage != AdoptStage::Undone);
    if let Err(error) = book.save() {
        tracing::warn!(error, "what was adopted from other schedulers cannot be written down");
    }
}

/// The steps after the intent is written and the cue is known, whichever of them are done already.
async fn go_on(desk: &Desk, adoption: &mut Adoption) -> Result<(), String> {
    let id = adoption.cue_id.clone().ok_or("Its cue is not known.")?;
    let (data, now_ms) = (data(desk), desk.handle.now().0);
    let by_owner = !matches!(adoption.kind, AdoptKind::Crontab | AdoptKind::UserTimer);
    match adoption.intent {
        None => {}
        Some(Intent::Take(_)) if by_owner => adoption.stage = AdoptStage::WaitingForOwner,
        Some(Intent::Take(AdoptMode::WatchFirst)) => {
            put(adoption, Stand::Watched, &data, now_ms).await?;
            adoption.stage = AdoptStage::Watching;
        }
        Some(Intent::Flip) if by_owner => {
            if current(desk, &id).await?.status == CueStatus::Paused {
                cues::resume(desk, CueRef { cue_id: id }).await.map_err(|error| error.message)?;
            }
            adoption.stage = AdoptStage::Taken;
        }
        Some(Intent::Take(AdoptMode::TakeOver) | Intent::Flip) => {
            put(adoption, Stand::Off, &data, now_ms).await?;
            if current(desk, &id).await?.definition.transport.is_watch() {
                turned_into(desk, &id, &adoption.definition, &adoption.watch).await?;
            }
            adoption.stage = AdoptStage::Taken;
        }
        Some(Intent::Undo) => {
            let runs_it = current(desk, &id).await.is_ok_and(|cue| !cue.definition.transport.is_watch());
            if runs_it && !by_owner {
                turned_into(desk, &id, &adoption.watch, &adoption.definition).await?;
            }
            put(adoption, Stand::AsItWas, &data, now_ms).await?;
            gone(desk, Some(&id)).await?;
            adoption.stage = AdoptStage::Undone;
        }
    }
    adoption.intent = None;
    Ok(())
}

/// As it was before a step that failed. What cannot be brought back keeps its intent, for the next try.
async fn back(desk: &Desk, adoption: &mut Adoption, before: &Adoption) {
    let stand = match before.stage {
        AdoptStage::Watching => Stand::Watched,
        AdoptStage::Taken => Stand::Off,
        AdoptStage::WaitingForOwner | AdoptStage::Undone => Stand::AsItWas,
    };
    let id = before.cue_id.as_deref().unwrap_or_default();
    let brought = async {
        put(before, stand, &data(desk), desk.handle.now().0).await?;
        let runs_it = current(desk, id).await.is_ok_and(|cue| !cue.definition.transport.is_watch());
        if before.stage == AdoptStage::Taken && !runs_it && current(desk, id).await.is_ok() {
            turned_into(desk, id, &before.definition, &before.watch).await?;
        }
        Ok::<(), String>(())
    };
    match brought.await {
        Ok(()) => *adoption = before.clone(),
        Err(error) => tracing::warn!(error, name = before.name, "a job could not be brought back to where it stood"),
    }
}

async fn created(desk: &Desk, definition: &Value) -> Result<String, String> {
    let made = cues::create(desk, CueCreate { definition: definition.clone() }).await;
    made.map(|cue| cue.id).map_err(|error| error.message)
}

/// It gets its schedule once it is paused.
async fn created_paused(desk: &Desk, adoption: &Adoption) -> Result<String, String> {
    let mut still = adoption.definition.clone();
    still["schedule"] = json!({ "type": "manual" });
    let id = created(desk, &still).await?;
    let paused = desk.handle.cue(&CueId(id.clone()), Input::Pause { until: None }).await;
    let whole = match paused {
        Ok(_) => turned_into(desk, &id, &adoption.definition, &still).await,
        Err(trouble) => Err(trouble.to_string()),
    };
    match whole {
        Ok(()) => Ok(id),
        Err(why) => {
            gone(desk, Some(&id)).await?;
            Err(why)
        }
    }
}

/// The same cue with another definition. What the owner wrote into it meanwhile, its name among it, stays.
async fn turned_into(desk: &Desk, cue_id: &str, to: &Value, from: &Value) -> Result<(), String> {
    let written = definition::write(&current(desk, cue_id).await?.definition);
    let mut fields = json!(written).as_object().cloned().unwrap_or_default();
    let both = [to, from].map(|value| value.as_object().cloned().unwrap_or_default());
    for key in both.iter().flat_map(Map::keys).filter(|key| *key != "name" && *key != "description") {
        match to.get(key) {
            Some(value) => drop(fields.insert(key.clone(), value.clone())),
            None => drop(fields.remove(key)),
        }
    }
    let update = CueUpdate { cue_id: cue_id.to_owned(), revision: None, definition: Value::Object(fields) };
    cues::update(desk, update).await.map(drop).map_err(|error| error.message)
}

async fn current(desk: &Desk, cue_id: &str) -> Result<Cue, String> {
    cues::current(desk, cue_id).await.map_err(|error| error.message)
}

async fn gone(desk: &Desk, cue_id: Option<&str>) -> Result<(), String> {
    let Some(cue_id) = cue_id else { return Ok(()) };
    if current(desk, cue_id).await.is_err() {
        return Ok(());
    }
    cues::delete(desk, CueRef { cue_id: cue_id.to_owned() }).await.map(drop).map_err(|error| error.message)
}

/// A cue that was made, and whose id was not written down any more.
async fn unnamed_gone(desk: &Desk, adoption: &Adoption) -> Result<(), String> {
    let (cues, _) = read(desk.handle.reader().cues(None, None, CUES_MAX, 0).await)?;
    let described = adoption.watch["description"].as_str();
    let orphan = cues.iter().find(|cue| {
        let Cue { definition, status, created_at, .. } = cue;
        let same = definition.name == adoption.name && definition.description.as_deref() == described;
        same && *status != CueStatus::Deleted && created_at.0 >= adoption.since_ms
    });
    gone(desk, orphan.map(|cue| cue.id.as_str())).await
}

/// No run of it is under way, here or there.
async fn idle(desk: &Desk, cue_id: &str, doing: &str) -> Result<(), String> {
    let filter = RunFilter { cue_id: Some(cue_id.to_owned()), limit: RUNS_LOOKED_THROUGH, ..RunFilter::default() };
    let (runs, _) = read(desk.handle.reader().runs(filter).await)?;
    if runs.iter().any(|run| run.is_live()) {
        return Err(format!("A run of it is under way. {doing} once that has ended, or stop it first."));
    }
    Ok(())
}

fn exec_words(desk: &Desk, cue_id: &str) -> Vec<String> {
    let name = format!("cuetowerctl{}", std::env::consts::EXE_SUFFIX);
    let own = std::env::current_exe().unwrap_or_default();
    let beside = own.ancestors().skip(1).take(2).map(|folder| folder.join(&name)).find(|path| path.is_file());
    let program = beside.map_or(name, |path| path.display().to_string());
    [&program, "--data", &desk.facts.data_dir, "exec", "--cue", cue_id].map(str::to_owned).to_vec()
}

/// What the owner has to do by hand now that it is undone.
fn brought_back(adoption: &Adoption) -> Vec<String> {
    let place = cuetower_core::adopt::shell_word(&adoption.place);
    match adoption.kind {
        AdoptKind::Crontab | AdoptKind::UserTimer => Vec::new(),
        AdoptKind::SystemCrontab => {
            vec![format!("If you switched it off there, take the `#` away again: sudoedit {place}")]
        }
        AdoptKind::SystemTimer => vec![format!("If you switched it off there: sudo systemctl enable --now {place}")],
        AdoptKind::Text => vec!["If you switched it off where it ran, switch it on again.".to_owned()],
    }
}

fn last(book: &mut Book) -> Result<&mut Adoption, String> {
    book.adoptions.last_mut().ok_or_else(not_adopted)
}

fn not_adopted() -> String {
    "This cue was not adopted from another scheduler. `cuetowerctl adopt list` names those that were.".to_owned()
}

fn read<T>(read: Result<T, crate::journal::StoreError>) -> Result<T, String> {
    read.map_err(|error| error.to_string())
}
