//! Rows and core types in the words of the owner's door. Pure.

use cuetower_core::Ms;
use cuetower_core::alert::Alert;
use cuetower_core::away::Band;
use cuetower_core::cue::{Cue, CueStatus};
use cuetower_core::id::OccurrenceId;
use cuetower_core::occurrence::{Armed, End, Trigger};
use cuetower_core::plan::Plan;
use cuetower_core::run::Run;
use cuetower_core::sentence::grouped;

use crate::definition;
use crate::desk::wire::{AlertView, BandView, ConfirmedMark, CueView, DeliveredMark, Mark, ScheduledMark, ToldView};
use crate::journal::{OccurrenceRow, RunRow, SpanRow};

/// `named`: the name of the cue with that id, for one that follows another.
#[must_use]
pub fn cue(cue: &Cue, now: Ms, named: impl Fn(&str) -> Option<String>) -> CueView {
    planned_cue(cue, Plan::of(&cue.definition.schedule, cue.id.as_str()).ok().as_ref(), now, named)
}

/// The same, for who has the cue's plan already.
pub fn planned_cue(cue: &Cue, plan: Option<&Plan>, now: Ms, named: impl Fn(&str) -> Option<String>) -> CueView {
    let definition = &cue.definition;
    let next = plan.filter(|_| cue.status == CueStatus::Active).and_then(|plan| plan.next_fire_after(now));
    CueView {
        id: cue.id.0.clone(),
        name: definition.name.clone(),
        agent: definition.agent.clone(),
        status: status_word(cue.status).to_owned(),
        transport: definition.transport.word().to_owned(),
        words: plan.map(|plan| plan.words_naming(named)).unwrap_or_default(),
        timezone: definition.schedule.timezone.clone(),
        next_run_ms: next.map(|at| at.0),
        paused_until_ms: cue.paused_until.map(|at| at.0),
        has_trigger_url: cue.trigger_url.is_some(),
        revision: cue.revision,
        run_count: u32::try_from(cue.run_count).unwrap_or(u32::MAX),
        definition: definition::write(definition),
        account: (!definition.account.is_owner()).then(|| definition.account.0.clone()),
    }
}

use crate::journal::status_word;

/// A row of the ledger as the timeline draws it.
#[must_use]
pub fn mark(row: &OccurrenceRow) -> Mark {
    let run = row.run.as_ref();
    Mark {
        occurrence_id: row.id.clone(),
        cue_id: row.cue_id.clone(),
        run_id: run.map(|run| run.id.clone()),
        due_ms: row.due.0,
        triggered_by: row.triggered_by.clone(),
        scheduled: scheduled(&row.state),
        scheduled_reason: row.reason.clone(),
        asks: row.asks,
        count: row.count,
        until_ms: row.until.map(|until| until.0),
        coalesced_into: row.into_id.clone(),
        delivered: run.map_or(DeliveredMark::None, |run| delivered(&run.delivered)),
        delivered_at_ms: run.and_then(|run| run.delivered_at).map(|at| at.0),
        confirmed: run.map_or(ConfirmedMark::None, |run| confirmed(&run.confirmed)),
        late: run.is_some_and(|run| run.late),
        started_at_ms: run.map(|run| run.started_at.0),
        ended_at_ms: run.and_then(|run| run.ended_at).map(|at| at.0),
        attempts: run.map_or(0, |run| run.attempts),
        attempts_max: run.map_or(0, |run| run.attempts_max),
        cost_usd: run.and_then(|run| run.cost_usd),
        sentence: run.map_or_else(|| unrun(row), |run| run.sentence.clone()),
    }
}

fn unrun(row: &OccurrenceRow) -> String {
    match (row.state.as_str(), &row.reason) {
        ("due", _) => "Due later.".to_owned(),
        ("held", Some(by)) if row.asks => format!("Held: {by}"),
        ("held", Some(by)) => format!("Held: {by}."),
        ("coalesced", _) if row.count > 1 => {
            format!("{} due times; a later one stands for them.", grouped(row.count))
        }
        ("coalesced", _) => "A later due time stands for it.".to_owned(),
        (state, Some(why)) if row.count > 1 => format!("{} due times {state}: {why}.", grouped(row.count)),
        ("skipped", Some(why)) => format!("Skipped: {why}."),
        ("missed", Some(why)) => format!("Missed: {why}."),
        ("ran", Some(why)) => format!("Ran: {why}."),
        (state, _) => format!("It is {state}."),
    }
}

/// The ledger row of a run, without asking the store.
#[must_use]
pub fn row_of_run(run: &Run) -> OccurrenceRow {
    let row = row_of(&run.occurrence_id, &run.cue_id.0, run.due, &run.trigger, &run.id.0);
    OccurrenceRow { state: End::Ran.word().to_owned(), run: Some(RunRow::of(run)), ..row }
}

/// The same, with what it cost as far as somebody knows better than its outcome.
#[must_use]
pub fn row_of_run_costing(run: &Run, cost_usd: Option<f64>) -> OccurrenceRow {
    let mut row = row_of_run(run);
    if let (Some(run), Some(_)) = (&mut row.run, cost_usd) {
        run.cost_usd = cost_usd;
    }
    row
}

/// The ledger row of an occurrence that has not run.
#[must_use]
pub fn row_of_armed(cue_id: &str, armed: &Armed) -> OccurrenceRow {
    row_of(&armed.id, cue_id, armed.due, &armed.trigger, &armed.run_id.0)
}

/// The ledger row of many instants that ended alike.
#[must_use]
pub fn row_of_span(span: &SpanRow) -> OccurrenceRow {
    OccurrenceRow {
        state: span.end.word().to_owned(),
        reason: span.end.reason(),
        into_id: span.end.coalesced_into().map(|into| into.0.clone()),
        count: span.count,
        until: Some(span.to),
        ..row_of(&span.id, &span.cue_id.0, span.from, &Trigger::Scheduled, &span.id.0)
    }
}

/// One instant that is due.
fn row_of(id: &OccurrenceId, cue_id: &str, due: Ms, trigger: &Trigger, run_id: &str) -> OccurrenceRow {
    OccurrenceRow {
        id: id.0.clone(),
        cue_id: cue_id.to_owned(),
        due,
        triggered_by: trigger.word().to_owned(),
        state: "due".to_owned(),
        reason: None,
        into_id: None,
        asks: false,
        count: 1,
        until: None,
        run_id: run_id.to_owned(),
        armed_at: None,
        run: None,
    }
}

#[must_use]
pub fn band(band: &Band) -> BandView {
    BandView { from_ms: band.from.0, to_ms: band.to.0, reason: band.reason.word().to_owned(), label: band.label() }
}

#[must_use]
pub fn alert(alert: &Alert, told: Vec<ToldView>) -> AlertView {
    AlertView {
        id: alert.id.0.clone(),
        kind: alert.kind.word().to_owned(),
        severity: alert.severity.word().to_owned(),
        title: alert.title.clone(),
        body: alert.body.clone(),
        cue_id: alert.cue_id.as_ref().map(|id| id.0.clone()),
        agent: alert.agent.as_ref().map(|agent| agent.name.clone()),
        account: alert.agent.as_ref().map(|agent| agent.account.0.clone()).filter(|account| !account.is_empty()),
        channel: alert.channel.clone(),
        run_id: alert.run_id.as_ref().map(|id| id.0.clone()),
        state: alert.state.word().to_owned(),
        count: alert.count,
        opened_at_ms: alert.opened_at.0,
        last_at_ms: alert.last_at.0,
        resolved_at_ms: alert.resolved_at.map(|at| at.0),
        snoozed_until_ms: alert.snoozed_until.map(|until| until.0),
        escalated_at_ms: alert.escalated_at.map(|at| at.0),
        told,
    }
}

fn scheduled(word: &str) -> ScheduledMark {
    match word {
        "ran" => ScheduledMark::Ran,
        "coalesced" => ScheduledMark::Coalesced,
        "skipped" => ScheduledMark::Skipped,
        "missed" => ScheduledMark::Missed,
        "held" => ScheduledMark::Held,
        _ => ScheduledMark::Due,
    }
}

fn delivered(word: &str) -> DeliveredMark {
    match word {
        "waiting" => DeliveredMark::Waiting,
        "delivering" => DeliveredMark::Delivering,
        "delivered" => DeliveredMark::Delivered,
        "unknown" => DeliveredMark::Unknown,
        "bounced" => DeliveredMark::Bounced,
        _ => DeliveredMark::None,
    }
}

fn confirmed(word: &str) -> ConfirmedMark {
    match word {
        "working" => ConfirmedMark::Working,
        "gate" => ConfirmedMark::Gate,
        "confirmed" => ConfirmedMark::Confirmed,
        "claimed" => ConfirmedMark::Claimed,
        "refuted" => ConfirmedMark::Refuted,
        "failed" => ConfirmedMark::Failed,
        "silent" => ConfirmedMark::Silent,
        "stopped" => ConfirmedMark::Stopped,
        "cancelled" => ConfirmedMark::Cancelled,
        _ => ConfirmedMark::None,
    }
}
