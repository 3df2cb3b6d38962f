//! The report of one of the owner's days: what ran, what did not, what it cost, what needs somebody. Shaping is pure.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use chrono_tz::Tz;
use cuetower_core::alert::{Alert, Severity};
use cuetower_core::sentence::grouped;

use super::wire::{AlertView, Costs, DeskError, Report, ReportCue, ReportRequest};
use super::{Desk, alerts, costs, invalid, zone};
use crate::fleet::day_of;
use crate::handle::Handle;
use crate::journal::{PassedRow, StoreError};

pub(super) async fn report(desk: &Desk, request: ReportRequest) -> Result<Report, DeskError> {
    let (now, zone) = (desk.handle.now(), zone(desk));
    let today = day_of(now, zone);
    let day = match request.day.as_deref() {
        None => today,
        Some(text) => text.parse::<NaiveDate>().map_err(|_| invalid("day", "Give a day such as 2026-11-22."))?,
    };
    if day > today {
        return Err(invalid("day", format!("That day has not begun; today is {today}.")));
    }
    let open: Vec<Alert> = desk.handle.reader().alerts(alerts::SHOWN_MAX).await?;
    let needs_you = open.into_iter().filter(|alert| alert.needs_somebody(now)).collect();
    Ok(of_day(&desk.handle, day, zone, alerts::shown(desk, needs_you).await?).await?)
}

/// Of one day of the owner's; `needs_you` is the caller's to look up.
pub(crate) async fn of_day(
    handle: &Handle,
    day: NaiveDate,
    zone: Tz,
    needs_you: Vec<AlertView>,
) -> Result<Report, StoreError> {
    let reader = handle.reader();
    let (began, ended) = costs::span_of(day, zone);
    Ok(shaped(Known {
        day: day.to_string(),
        ends: reader.run_ends(began, ended).await?,
        passed: reader.occurrences_passed(began, ended).await?,
        costs: costs::of_day(handle, day, zone).await?,
        needs_you,
    }))
}

/// Everything that was read.
struct Known {
    day: String,
    /// Cue, verdict, how many runs.
    ends: Vec<(String, String, u32)>,
    passed: Vec<PassedRow>,
    costs: Costs,
    needs_you: Vec<AlertView>,
}

fn shaped(known: Known) -> Report {
    let Known { day, ends, passed, costs, mut needs_you } = known;
    let of = |verdicts: &[&str]| -> u32 {
        ends.iter().filter(|(_, verdict, _)| verdicts.contains(&verdict.as_str())).map(|(.., count)| count).sum()
    };
    let mut cues: BTreeMap<&str, ReportCue> = BTreeMap::new();
    for (cue, verdict, count) in &ends {
        let cue = cues.entry(cue).or_insert_with(|| blank(cue));
        cue.ran += count;
        match verdict.as_str() {
            "confirmed" | "claimed" => cue.good += count,
            "failed" | "refuted" | "silent" | "stopped" | "cancelled" => cue.bad += count,
            _ => {}
        }
    }
    for row in passed.iter().filter(|row| row.state == "missed") {
        let cue = cues.entry(&row.cue_id).or_insert_with(|| blank(&row.cue_id));
        cue.missed = cue.missed.saturating_add(u32::try_from(row.count).unwrap_or(u32::MAX));
    }
    for cost in &costs.by_cue {
        let spent = cost.today.cost_usd.is_some() || cues.contains_key(cost.cue_id.as_str());
        if spent {
            let cue = cues.entry(&cost.cue_id).or_insert_with(|| blank(&cost.cue_id));
            cue.cue.clone_from(&cost.cue);
            cue.cost_usd = cost.today.cost_usd;
        }
    }
    needs_you.sort_by_key(|alert| std::cmp::Reverse((Severity::from_word(&alert.severity), alert.last_at_ms)));
    let mut report = Report {
        day,
        words: String::new(),
        ran: ends.iter().map(|(.., count)| count).sum(),
        confirmed: of(&["confirmed"]),
        claimed: of(&["claimed"]),
        failed: of(&["failed"]),
        refuted: of(&["refuted"]),
        silent: of(&["silent"]),
        missed: cues.values().map(|cue| cue.missed).sum(),
        stopped: of(&["stopped"]),
        cost_usd: costs.today.cost_usd,
        tokens: costs.today.tokens.unwrap_or(0),
        needs_you,
        by_cue: cues.into_values().collect(),
    };
    report.by_cue.sort_by(|one, other| {
        let wrong = |cue: &ReportCue| std::cmp::Reverse(cue.bad.saturating_add(cue.missed));
        wrong(one).cmp(&wrong(other)).then_with(|| one.cue.cmp(&other.cue))
    });
    report.words = words(&report);
    report
}

/// Its name is filled in from the cues there have been.
fn blank(cue_id: &str) -> ReportCue {
    let (cue, cue_id) = (cue_id.to_owned(), cue_id.to_owned());
    ReportCue { cue, cue_id, ran: 0, good: 0, bad: 0, missed: 0, cost_usd: None }
}

/// "Sat 21 Nov: 41 runs, 3 did not end well"
pub(crate) fn title(report: &Report) -> String {
    let day =
        report.day.parse::<NaiveDate>().map_or_else(|_| report.day.clone(), |day| day.format("%a %-d %b").to_string());
    let bad = report.failed + report.refuted + report.silent + report.stopped;
    let what = match (report.ran, bad, report.missed) {
        (0, _, 0) => "nothing was due".to_owned(),
        (ran, 0, 0) => format!("{}, none went wrong", counted(ran, "run", "runs")),
        (ran, 0, missed) => format!("{}, {} missed", counted(ran, "run", "runs"), grouped(missed.into())),
        (ran, bad, _) => format!("{}, {} did not end well", counted(ran, "run", "runs"), grouped(bad.into())),
    };
    format!("{day}: {what}")
}

fn words(report: &Report) -> String {
    let mut sentences = Vec::new();
    if report.ran == 0 {
        sentences.push("No run was due.".to_owned());
    } else {
        let named = [
            (report.confirmed, "confirmed"),
            (report.claimed, "claimed"),
            (report.refuted, "refuted"),
            (report.failed, "failed"),
            (report.silent, "silent"),
            (report.stopped, "stopped"),
        ];
        let parts: Vec<String> = named
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{} {what}", grouped((*count).into())))
            .collect();
        let parts = if parts.is_empty() { "none has ended".to_owned() } else { parts.join(", ") };
        sentences.push(format!("{}: {parts}.", counted(report.ran, "run", "runs")));
    }
    if report.missed > 0 {
        sentences.push(format!("{} did not run.", counted(report.missed, "due time", "due times")));
    }
    let wrong: Vec<&str> =
        report.by_cue.iter().filter(|cue| cue.bad + cue.missed > 0).map(|cue| cue.cue.as_str()).collect();
    match wrong.as_slice() {
        [] => {}
        [one] => sentences.push(format!("Look at {one}.")),
        [first, second] => sentences.push(format!("Look at {first} and {second}.")),
        [first, second, rest @ ..] => sentences.push(format!("Look at {first}, {second} and {} more.", rest.len())),
    }
    sentences.push(match (report.cost_usd, report.tokens) {
        (Some(usd), 0) => format!("${usd:.2} spent."),
        (Some(usd), tokens) => format!("${usd:.2} and {} tokens spent.", grouped(tokens)),
        (None, 0) => "Nobody said what it cost.".to_owned(),
        (None, tokens) => format!("{} tokens used.", grouped(tokens)),
    });
    sentences.push(match report.needs_you.len() {
        0 => return sentences.join(" "),
        1 => "1 alert needs you.".to_owned(),
        many => format!("{many} alerts need you."),
    });
    sentences.join(" ")
}

fn counted(count: u32, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count.into()), if count == 1 { one } else { many })
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
