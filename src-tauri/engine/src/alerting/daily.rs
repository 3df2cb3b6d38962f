//! The daily report: once for each of the owner's days, at the time that the owner chose, over restarts too.

use std::convert::Infallible;
use std::sync::Arc;

use chrono::NaiveDate;
use chrono_tz::Tz;
use tokio::sync::watch;

use crate::channels;
use crate::desk::report;
use crate::desk::wire::AlertView;
use crate::handle::Handle;
use crate::journal::StoreError;
use crate::notify::{Note, Notifier, Opens};
use crate::view;

const KEY: &str = "report";
/// Unresolved alerts come first.
const ALERTS_MAX: u32 = 500;

/// Until it is aborted, or the tower stops. `minute`: changes with each.
pub(crate) async fn tell(handle: Handle, notifier: Notifier, zone: Tz, mut minute: watch::Receiver<i64>) {
    let mut set = handle.alert_rules();
    loop {
        if let Err(error) = tell_due(&handle, &notifier, zone).await {
            tracing::warn!(%error, "the daily report could not be told; it is tried again in a minute");
        }
        let changed = tokio::select! {
            changed = minute.changed() => changed,
            changed = set.changed() => changed,
        };
        if changed.is_err() {
            return;
        }
    }
}

/// Tells the report that is due, unless it was told.
async fn tell_due(handle: &Handle, notifier: &Notifier, zone: Tz) -> Result<(), StoreError> {
    let rules = Arc::clone(&handle.alert_rules().borrow());
    if let Some((day, due)) = rules.report_due(handle.now(), zone) {
        let told = handle.reader().report_told().await?;
        if due >= told.since && told.day < day.to_string() {
            tell_one(handle, notifier, day, zone).await?;
        }
    }
    Ok(())
}

/// What needs somebody as the report is told.
async fn needing(handle: &Handle) -> Result<Vec<AlertView>, StoreError> {
    let (now, open) = (handle.now(), handle.reader().alerts(ALERTS_MAX).await?);
    let needing = open.iter().filter(|alert| alert.needs_somebody(now));
    Ok(needing.map(|alert| view::alert(alert, Vec::new())).collect())
}

async fn tell_one(handle: &Handle, notifier: &Notifier, day: NaiveDate, zone: Tz) -> Result<(), StoreError> {
    let needs_you = needing(handle).await?;
    let report = report::of_day(handle, day, zone, needs_you).await?;
    let (day, title) = (report.day.clone(), report::title(&report));
    // First those who know a repetition: a crash right after this tells nobody twice.
    let told = channels::tell_report(handle, &day, title.clone(), report.words.clone()).await;
    told.map_err(|trouble| StoreError::Row(trouble.to_string()))?;
    let taken = handle.record(move |recorder| recorder.take_report(&day).map(Ok::<bool, Infallible>)).await;
    match taken {
        Ok(Ok(true)) => notifier.show(Note {
            key: KEY.to_owned(),
            title,
            body: report.words,
            critical: false,
            opens: Some(Opens::Alerts),
            buttons: Vec::new(),
        }),
        Ok(Ok(false)) => {}
        Err(trouble) => return Err(StoreError::Row(trouble.to_string())),
    }
    Ok(())
}
