//! Retention: the past beyond what the owner keeps is put away, little by little, while everything else goes on.
//!
//! What may go is decided by `cuetower_core::retention`, looked up by `journal/put_away_plan.rs` and taken out by
//! `journal/put_away.rs` between the pilot's batches; one pass through all of it is `pass`.

mod pass;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;
use cuetower_core::Ms;
use cuetower_core::retention::Keep;
use serde::Serialize;
use tokio::sync::{Notify, watch};

use crate::handle::{Handle, Trouble};
use crate::journal::{Journal, StoreError, StoreSize, store_bytes};
use crate::notify::{Note, Notifier};
use crate::settings;

/// After a start: others have more to do then.
const FIRST_LOOK: Duration = Duration::from_secs(120);
const LOOKS: Duration = Duration::from_secs(3_600);
/// After a change of the settings, which may be one of several.
const SETTLING: Duration = Duration::from_secs(30);

/// What one pass did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PassDone {
    pub began_at: Ms,
    pub ended_at: Ms,
    pub runs: u64,
    /// Due times that never ran.
    pub never_ran: u64,
    /// Of runs that are gone.
    pub facts: u64,
    /// Runs beyond the rules that stay because something needs them.
    pub needed: u64,
    /// The file, before and after.
    pub bytes_before: u64,
    pub bytes_after: u64,
    /// The longest that anybody had to wait for a slice.
    pub slice_ms_most: u64,
}

/// How retention stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    pub running: bool,
    /// What the pass that is under way did until now.
    pub so_far: Option<PassDone>,
    /// Passes that ended, well or not.
    pub passes: u64,
    /// The last one that went well and found something to do, since the tower started.
    pub last: Option<PassDone>,
    /// Why the last pass could not do what it was to do.
    pub trouble: Option<String>,
}

/// Cheap to clone.
#[derive(Clone, Default)]
pub struct Retention(Arc<Shared>);

#[derive(Default)]
struct Shared {
    wanted: Notify,
    standing: watch::Sender<Standing>,
}

impl Retention {
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.0.standing.borrow().clone()
    }

    fn got_so_far(&self, done: &PassDone) {
        // Whoever waits for the end of the pass need not wake for it.
        self.0.standing.send_if_modified(|standing| {
            standing.so_far = Some(done.clone());
            false
        });
    }

    /// A pass from now on, to its end.
    pub async fn run(&self) -> Standing {
        let mut standing = self.0.standing.subscribe();
        let before = standing.borrow_and_update().clone();
        // One that is under way may have looked past what is meant.
        let wanted = before.passes + 1 + u64::from(before.running);
        self.0.wanted.notify_one();
        match standing.wait_for(|now| now.passes >= wanted).await {
            Ok(now) => now.clone(),
            Err(_) => before,
        }
    }
}

/// What would go if a pass began now. Runs that something needs are among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    pub going: u64,
    pub oldest: Option<Ms>,
    pub runs: u64,
    /// About: as much as as many runs take that are there.
    pub bytes: u64,
    pub size: StoreSize,
    /// Cues with a rule of their own: id, name, rule.
    pub own: Vec<(String, String, Keep)>,
}

/// # Errors
/// If the store cannot be read.
pub async fn outlook(handle: &Handle, rules: &settings::Retention) -> Result<Outlook, StoreError> {
    let reader = handle.reader();
    let cuts = reader.retention_cuts(rules.keep(), handle.now()).await?;
    let (mut going, mut oldest, runs) = reader.runs_counted(cuts).await?;
    let size = reader.store_size().await?;
    let each = size.used_bytes().checked_div(runs).unwrap_or(0);
    let over = rules.most_bytes().map_or(0, |most| size.used_bytes().saturating_sub(most));
    if over > going * each {
        going = over.checked_div(each).unwrap_or(0).min(runs);
        oldest = reader.oldest_run().await?;
    }
    Ok(Outlook { going, oldest, runs, bytes: going * each, size, own: reader.retention_own().await? })
}

/// Writes the store of a folder that no tower runs on anew, as small as it can be: its size before and after.
///
/// # Errors
/// If a tower runs on it, or there is too little room.
pub fn compact(data_dir: &Path) -> Result<(u64, u64), StoreError> {
    let bytes = || {
        let (store, log) = store_bytes(data_dir);
        store + log
    };
    let before = bytes();
    if before == 0 {
        return Err(StoreError::Folder(data_dir.to_owned(), std::io::ErrorKind::NotFound.into()));
    }
    Journal::open(data_dir)?.compact()?;
    Ok((before, bytes()))
}

/// Until the tower stops.
pub(crate) async fn keep(handle: Handle, notifier: Notifier, zone: Tz) {
    let retention = handle.retention.clone();
    let mut settings = handle.backups.settings.watch();
    let mut wait = FIRST_LOOK;
    loop {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = retention.0.wanted.notified() => {}
            Ok(()) = settings.changed() => {
                wait = SETTLING;
                continue;
            }
        }
        wait = LOOKS;
        let rules = settings.borrow_and_update().retention.clone();
        retention.0.standing.send_modify(|standing| standing.running = true);
        let passed = pass::pass(&handle, zone, &rules).await;
        if matches!(passed, Err(pass::Halt::Trouble(Trouble::Stopping))) {
            return;
        }
        let (done, trouble) = match passed {
            Ok((done, short)) => (Some(done), short),
            Err(halt) => (None, Some(halt.to_string())),
        };
        told(&retention, &notifier, trouble.as_deref());
        retention.0.standing.send_modify(|standing| {
            let last = done.filter(PassDone::did_something).or_else(|| standing.last.take());
            *standing = Standing { running: false, so_far: None, passes: standing.passes + 1, last, trouble };
        });
    }
}

/// Told once, until it works again.
fn told(retention: &Retention, notifier: &Notifier, trouble: Option<&str>) {
    let Some(words) = trouble else { return };
    tracing::warn!(%words, "not all that is to be put away is gone");
    if retention.standing().trouble.as_deref() != Some(words) {
        notifier.show(Note {
            key: "retention".to_owned(),
            title: "Old runs could not be put away".to_owned(),
            body: words.to_owned(),
            critical: false,
            opens: None,
            buttons: Vec::new(),
        });
    }
}
