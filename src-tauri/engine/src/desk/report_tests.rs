//! What a day's report says.

use cuetower_core::Ms;
use serde_json::{Value, json};

use super::*;

fn known(ends: &[(&str, &str, u32)], missed: &[(&str, u64)], spent: &[(&str, f64)], tokens: u64) -> Known {
    let total = |usd: Option<f64>| json!({ "tokens": tokens, "cost_usd": usd });
    let names = |id: &str| format!("name of {id}");
    let by_cue: Vec<Value> = ["a", "b", "c", "d"]
        .iter()
        .map(|id| {
            let usd = spent.iter().find(|(cue, _)| cue == id).map(|(_, usd)| *usd);
            json!({
                "cue_id": id, "cue": names(id), "agent": "", "deleted": false, "today": total(usd), "total": total(usd),
                "runs": 0, "runs_untold": 0, "per_confirmed_usd": null, "unproven_usd": null, "not_priced": 0,
            })
        })
        .collect();
    let all = (!spent.is_empty()).then(|| spent.iter().map(|(_, usd)| usd).sum::<f64>());
    let costs = json!({
        "days": ["2026-11-21"], "today": total(all), "last_7_days": total(all), "last_30_days": total(all), "total": total(all),
        "by_day": [], "by_agent": [], "by_cue": by_cue, "by_model": [], "unproven": [], "not_priced": 0, "runs": 0,
        "runs_untold": 0, "disagreements": [], "disagreements_total": 0,
    });
    let passed = |(cue, count): &(&str, u64)| PassedRow {
        cue_id: (*cue).to_owned(),
        state: "missed".to_owned(),
        count: *count,
        oldest: Ms(0),
        newest: Ms(0),
        reason: None,
        newest_id: String::new(),
        run_id: String::new(),
        asks: false,
    };
    Known {
        day: "2026-11-21".to_owned(),
        ends: ends.iter().map(|(cue, verdict, count)| ((*cue).to_owned(), (*verdict).to_owned(), *count)).collect(),
        passed: missed.iter().map(passed).collect(),
        costs: serde_json::from_value(costs).unwrap(),
        needs_you: Vec::new(),
    }
}

#[test]
fn a_day_is_counted_and_what_went_wrong_comes_first() {
    let ends =
        [("a", "confirmed", 40), ("a", "working", 1), ("b", "silent", 2), ("b", "claimed", 1), ("c", "refuted", 1)];
    let report = shaped(known(&ends, &[("d", 1_200)], &[("a", 1.5), ("b", 0.25)], 12_000));
    assert_eq!((report.ran, report.confirmed, report.claimed), (45, 40, 1));
    assert_eq!((report.refuted, report.failed), (1, 0));
    assert_eq!((report.silent, report.missed, report.stopped, report.cost_usd), (2, 1_200, 0, Some(1.75)));
    let cues: Vec<_> =
        report.by_cue.iter().map(|cue| (cue.cue.as_str(), cue.ran, cue.good, cue.bad, cue.missed)).collect();
    let expected = [
        ("name of d", 0, 0, 0, 1_200),
        ("name of b", 3, 1, 2, 0),
        ("name of c", 1, 0, 1, 0),
        ("name of a", 41, 40, 0, 0),
    ];
    assert_eq!(cues, expected);
    assert_eq!(
        report.words,
        "45 runs: 40 confirmed, 1 claimed, 1 refuted, 2 silent. 1,200 due times did not run. \
         Look at name of d, name of b and 1 more. $1.75 and 12,000 tokens spent."
    );
    assert_eq!(title(&report), "Sat 21 Nov: 45 runs, 3 did not end well");
}

#[test]
fn a_quiet_day_says_so() {
    let nothing = shaped(known(&[], &[], &[], 0));
    assert_eq!((nothing.words.as_str(), nothing.by_cue.len()), ("No run was due. Nobody said what it cost.", 0));
    assert_eq!(title(&nothing), "Sat 21 Nov: nothing was due");
    let good = shaped(known(&[("a", "confirmed", 1)], &[], &[("a", 0.0)], 0));
    assert_eq!(good.words, "1 run: 1 confirmed. $0.00 spent.");
    assert_eq!(title(&good), "Sat 21 Nov: 1 run, none went wrong");
    let spent_only = shaped(known(&[], &[], &[("c", 0.5)], 0));
    assert_eq!(spent_only.by_cue.len(), 1, "a run of the day before may spend in this one");
}

#[test]
fn what_needs_somebody_is_there_the_worst_first() {
    let alert = |id: &str, severity: &str, at: i64| -> AlertView {
        serde_json::from_value(json!({
            "id": id, "kind": "zombie", "severity": severity, "title": "t", "body": "b", "cue_id": null, "agent": null,
            "account": null, "channel": null, "run_id": null, "state": "open", "count": 1, "opened_at_ms": 0, "last_at_ms": at,
            "resolved_at_ms": null, "snoozed_until_ms": null, "escalated_at_ms": null, "told": [],
        }))
        .unwrap()
    };
    let mut day = known(&[], &[], &[], 0);
    day.needs_you = vec![alert("1", "warning", 9), alert("2", "critical", 1), alert("3", "critical", 2)];
    let report = shaped(day);
    let order: Vec<_> = report.needs_you.iter().map(|alert| alert.id.as_str()).collect();
    assert_eq!(order, ["3", "2", "1"]);
    assert!(report.words.ends_with("3 alerts need you."), "{}", report.words);
}
