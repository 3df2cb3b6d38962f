//! Jobs of other schedulers as cues: what there is (`look`), one after the other taken over or watched, flipped and brought back
//! (`steps`). Where they stand and how that is changed: `crate::adopt`.

mod look;
mod steps;

use std::path::PathBuf;

use cuetower_core::cue::CueStatus;

pub use self::steps::finish;
use super::wire::{
    Adopt, AdoptDone, AdoptFailed, AdoptKind, AdoptLook, AdoptPreview, AdoptStage, Adopted, AdoptedView, CueRef,
    DeskError, Nothing,
};
use super::{Desk, invalid};
use crate::adopt::kept::{Adoption, Book, Intent};

pub(super) async fn preview(desk: &Desk, request: AdoptLook) -> Result<AdoptPreview, DeskError> {
    look::preview(desk, &request).await
}

pub(super) async fn adopt(desk: &Desk, request: Adopt) -> Result<AdoptDone, DeskError> {
    if request.keys.is_empty() {
        return Err(invalid("keys", "Name at least one job; `adopt_look` lists them."));
    }
    let _turn = steps::turn().await;
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for key in request.keys {
        // Read anew for each: the one before may have changed the line numbers' meaning, or taken its name.
        let jobs = look::jobs(desk, &request.look.clone().unwrap_or_default()).await?;
        let taken = match jobs.into_iter().find(|job| job.key == key) {
            Some(job) => steps::take(desk, job, request.mode).await,
            None => Err("There is no such job now, or its text is another by now. Look again.".to_owned()),
        };
        match taken {
            Ok(adoption) => done.push(view(desk, &adoption).await?),
            Err(message) => failed.push(AdoptFailed { key, message }),
        }
    }
    Ok(AdoptDone { done, failed })
}

pub(super) async fn flip(desk: &Desk, request: CueRef) -> Result<AdoptDone, DeskError> {
    let _turn = steps::turn().await;
    let adoption = steps::flip(desk, &request.cue_id).await.map_err(refused)?;
    Ok(AdoptDone { done: vec![view(desk, &adoption).await?], failed: Vec::new() })
}

pub(super) async fn undo(desk: &Desk, request: CueRef) -> Result<AdoptDone, DeskError> {
    let _turn = steps::turn().await;
    let adoption = steps::undo(desk, &request.cue_id).await.map_err(refused)?;
    Ok(AdoptDone { done: vec![view(desk, &adoption).await?], failed: Vec::new() })
}

pub(super) async fn list(desk: &Desk, _: Nothing) -> Result<Adopted, DeskError> {
    let book = Book::open(&data(desk)).map_err(refused)?;
    let mut adopted = Vec::new();
    for adoption in &book.adoptions {
        adopted.push(view(desk, adoption).await?);
    }
    Ok(Adopted { adopted })
}

async fn view(desk: &Desk, adoption: &Adoption) -> Result<AdoptedView, DeskError> {
    let cue_id = adoption.cue_id.clone().unwrap_or_default();
    let cue = desk.handle.reader().cue(cue_id.clone()).await?;
    let gone = cue.as_ref().is_none_or(|cue| cue.status == CueStatus::Deleted);
    let cue_name = cue.map_or_else(|| adoption.name.clone(), |cue| cue.definition.name.clone());
    let source = source(adoption);
    let trouble = match adoption.intent {
        Some(Intent::Take(_)) => Some("It was not adopted to its end.".to_owned()),
        Some(Intent::Flip) => Some("It was not taken over to its end.".to_owned()),
        Some(Intent::Undo) => Some("It was not undone to its end.".to_owned()),
        None if gone && adoption.stage == AdoptStage::Taken => {
            Some(format!("Its cue is gone, and it is off in {source}: nothing runs it. Undo it to have it back there."))
        }
        None if gone && adoption.stage == AdoptStage::Watching => Some(format!(
            "Its cue is gone, and nobody watches it; {source} runs it still. Undo it to have its line as it was."
        )),
        None => None,
    };
    Ok(AdoptedView {
        words: words(adoption, &source),
        text: cuetower_core::secret::text(&adoption.text).into_owned(),
        kind: adoption.kind,
        stage: adoption.stage,
        owner_steps: if adoption.stage == AdoptStage::Taken { Vec::new() } else { adoption.owner_steps.clone() },
        since_ms: adoption.since_ms,
        cue_id,
        cue_name,
        source,
        trouble,
    })
}

fn words(adoption: &Adoption, source: &str) -> String {
    match (adoption.stage, adoption.kind) {
        (AdoptStage::Watching, _) => format!("It runs in {source} as before, under `exec`, and the tower watches."),
        (AdoptStage::Taken, AdoptKind::Text) => "The tower runs it.".to_owned(),
        (AdoptStage::Taken, _) => format!("The tower runs it; it is off in {source}."),
        (AdoptStage::WaitingForOwner, _) => {
            "Its cue is paused until it is off where it was, so that it is not run twice.".to_owned()
        }
        (AdoptStage::Undone, AdoptKind::Crontab | AdoptKind::UserTimer) => {
            format!("It is in {source} as it was, and its cue is gone.")
        }
        (AdoptStage::Undone, _) => "Its cue is gone.".to_owned(),
    }
}

/// Where it stood.
fn source(adoption: &Adoption) -> String {
    match adoption.kind {
        AdoptKind::Crontab => "your crontab".to_owned(),
        AdoptKind::Text => "the file".to_owned(),
        AdoptKind::SystemCrontab | AdoptKind::UserTimer | AdoptKind::SystemTimer => adoption.place.clone(),
    }
}

fn data(desk: &Desk) -> PathBuf {
    PathBuf::from(&desk.facts.data_dir)
}

fn refused(message: String) -> DeskError {
    DeskError { code: "refused".to_owned(), message, field: None }
}
