//! The life of alerts, on virtual time.

use std::sync::Arc;

use chrono_tz::Tz;
use serde_json::json;

use super::*;
use crate::id::tests::Counting;
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS};

/// 2026-11-20 12:00:00 UTC.
const NOON: Ms = Ms(1_795_176_000_000);

struct Desk {
    book: AlertBook,
    now: Ms,
    dice: Counting,
    /// As it is read again after the tower was killed.
    journal: Vec<String>,
}

impl Desk {
    fn under(rules: Rules) -> Desk {
        let mut book = AlertBook::default();
        book.set_rules(Arc::new(rules));
        Desk { book, now: NOON, dice: Counting(0), journal: vec![] }
    }

    fn give(&mut self, signal: &Signal) -> Vec<AlertEvent> {
        let events = self.book.decide(signal, self.now, &mut self.dice);
        self.journal.extend(events.iter().map(|event| serde_json::to_string(event).unwrap()));
        events
    }

    /// Gives a signal; the words of what is told of it.
    fn told(&mut self, signal: &Signal) -> Vec<String> {
        let rules = Arc::clone(self.book.rules());
        let events = self.give(signal);
        let heard = |event: &&AlertEvent| event.wants_notification() && rules.tell(event.alert().kind);
        events.iter().filter(heard).map(|event| event.word().trim_start_matches("alert_").to_owned()).collect()
    }

    /// Lets time pass, tick by tick as the book asks for them: what is told, and how many minutes in.
    fn minutes(&mut self, minutes: u64) -> Vec<(u64, String)> {
        let (from, end) = (self.now, self.now.plus(minutes * MINUTE_MS));
        let mut heard = vec![];
        while let Some(at) = self.book.wakes_at().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            let told = self.told(&Signal::Tick);
            let (now, next) = (self.now, self.book.wakes_at());
            assert!(next.is_none_or(|next| next > now), "a tick leaves nothing to do at once");
            heard.extend(told.into_iter().map(|word| (now.since(from) / MINUTE_MS, word)));
        }
        self.now = end;
        heard
    }

    fn the_one(&self) -> &Alert {
        let open: Vec<_> = self.book.unresolved().collect();
        assert_eq!(open.len(), 1, "{open:?}");
        open[0]
    }

    fn acknowledge(&mut self) {
        let alert_id = self.the_one().id.clone();
        assert_eq!(self.told(&Signal::Acknowledged { alert_id }), NOBODY);
    }

    fn snooze(&mut self, minutes: u64) {
        let (alert_id, until) = (self.the_one().id.clone(), self.now.plus(minutes * MINUTE_MS));
        assert_eq!(self.told(&Signal::Snoozed { alert_id, until }), NOBODY);
    }
}

const NOBODY: [&str; 0] = [];

fn cue(name: &str) -> About {
    About::Cue(CueId(name.to_owned()))
}

fn spike(severity: Severity) -> Signal {
    let run_id = Some(RunId("run".into()));
    let (title, body) = (format!("scribe spends {}", severity.word()), "9,400 tokens per min.".to_owned());
    Signal::Trouble(Problem { about: cue("scribe"), kind: AlertKind::CostSpike, severity, run_id, title, body })
}

fn over() -> Signal {
    Signal::Over { about: cue("scribe"), kind: AlertKind::CostSpike, run_id: None }
}

#[test]
fn the_same_problem_is_told_once_within_its_cool_down_and_counted() {
    let mut desk = Desk::under(Rules::default());
    assert_eq!(desk.told(&spike(Severity::Warning)), ["opened"]);
    for _ in 0..59 {
        desk.minutes(1);
        assert_eq!(desk.told(&spike(Severity::Warning)), NOBODY);
    }
    desk.minutes(1);
    assert_eq!(desk.told(&spike(Severity::Warning)), ["repeated"]);
    assert_eq!(desk.told(&spike(Severity::Warning)), NOBODY, "not twice in one instant");
    let alert = desk.the_one();
    assert_eq!((alert.count, alert.opened_at, alert.last_at), (62, NOON, NOON.plus(HOUR_MS)));
}

#[test]
fn what_gets_worse_is_told_at_once_and_stays_as_bad_as_it_was() {
    let mut desk = Desk::under(Rules::default());
    desk.told(&spike(Severity::Warning));
    assert_eq!(desk.told(&spike(Severity::Critical)), ["repeated"]);
    assert_eq!(desk.told(&spike(Severity::Warning)), NOBODY);
    let alert = desk.the_one();
    assert_eq!((alert.severity, alert.title.as_str()), (Severity::Critical, "scribe spends critical"));
    assert_eq!(desk.told(&spike(Severity::Critical)), NOBODY);
}

#[test]
fn an_acknowledged_alert_is_told_no_more_unless_it_gets_worse() {
    let mut desk = Desk::under(Rules { escalate_minutes: Some(5), nag_minutes: Some(10), ..Rules::default() });
    desk.told(&spike(Severity::Warning));
    desk.acknowledge();
    assert_eq!(desk.minutes(600), []);
    assert_eq!(desk.told(&spike(Severity::Warning)), NOBODY);
    assert_eq!((desk.the_one().state, desk.the_one().count), (AlertState::Acknowledged, 2));
    assert_eq!(desk.told(&spike(Severity::Critical)), ["repeated"]);
    assert_eq!(desk.the_one().state, AlertState::Open);
}

#[test]
fn a_snoozed_alert_wakes_once_if_it_still_holds() {
    let mut desk = Desk::under(Rules::default());
    desk.told(&spike(Severity::Warning));
    desk.snooze(90);
    desk.minutes(70);
    assert_eq!(desk.told(&spike(Severity::Warning)), NOBODY, "past its cool-down, within its snooze");
    assert_eq!(desk.minutes(600), [(20, "woke".to_owned())]);
    assert_eq!(desk.the_one().snoozed_until, None);

    desk.snooze(60);
    assert_eq!(desk.told(&spike(Severity::Critical)), ["repeated"], "worse breaks through");
    assert_eq!((desk.the_one().snoozed_until, desk.minutes(600)), (None, vec![]));

    desk.snooze(60);
    desk.give(&over());
    assert_eq!((desk.minutes(600), desk.book.is_empty()), (vec![], true));
}

#[test]
fn a_snooze_outlives_the_flapping_of_its_problem() {
    let mut desk = Desk::under(Rules { cool_down_minutes: 1, ..Rules::default() });
    desk.told(&spike(Severity::Warning));
    desk.snooze(180);
    desk.give(&over());
    assert_eq!(desk.told(&spike(Severity::Warning)), NOBODY);
    assert_eq!(desk.minutes(600), [(180, "woke".to_owned())]);
}

#[test]
fn a_problem_that_comes_and_goes_is_told_once_in_its_cool_down_and_told_later_if_it_stays() {
    let mut desk = Desk::under(Rules::default());
    assert_eq!(desk.told(&spike(Severity::Warning)), ["opened"]);
    for _ in 0..10 {
        desk.give(&over());
        assert!(desk.book.is_empty());
        assert_eq!(desk.minutes(1), []);
        assert_eq!(desk.told(&spike(Severity::Warning)), NOBODY);
    }
    assert_eq!(desk.minutes(600), [(50, "cooled".to_owned())], "an hour after it was told");
    desk.give(&over());
    assert_eq!(desk.told(&spike(Severity::Critical)), ["opened"], "worse than what was told");
    desk.give(&over());
    desk.minutes(60);
    assert_eq!(desk.told(&spike(Severity::Critical)), ["opened"], "the cool-down is over");
}

#[test]
fn a_question_is_told_each_time() {
    let mut desk = Desk::under(Rules::default());
    let (about, kind) = (cue("dunning"), AlertKind::GateWaiting);
    for run in ["1", "2"] {
        let (title, body) = ("dunning asks".to_owned(), String::new());
        let (run_id, severity) = (Some(RunId(run.into())), kind.severity());
        let asked = Signal::Trouble(Problem { about: about.clone(), kind, severity, run_id, title, body });
        assert_eq!(desk.told(&asked), ["opened"]);
        desk.give(&Signal::Over { about: about.clone(), kind, run_id: Some(RunId("another".into())) });
        assert_eq!(desk.book.len(), 1, "about another run");
        desk.give(&Signal::Over { about: about.clone(), kind, run_id: Some(RunId(run.into())) });
    }
}

#[test]
fn questions_that_are_called_alike_are_told_apart() {
    let mut desk = Desk::under(Rules::default());
    let mut told = |run: &str, body: &str| {
        let (about, kind) = (cue("dunning"), AlertKind::GateWaiting);
        let (title, body, severity) = ("dunning asks: Send it?".to_owned(), body.to_owned(), kind.severity());
        desk.told(&Signal::Trouble(Problem { about, kind, severity, run_id: Some(RunId(run.into())), title, body }))
    };
    assert_eq!(told("1", "14 mails."), ["opened"]);
    assert_eq!(told("1", "14 mails."), NOBODY, "the same is no news");
    assert_eq!(told("1", "15 mails."), ["repeated"]);
    assert_eq!(told("2", "15 mails."), ["repeated"], "another run asks");
}

#[test]
fn what_nobody_acknowledges_is_told_louder_once_and_again_if_asked() {
    let rules = Rules { escalate_minutes: Some(15), nag_minutes: Some(30), ..Rules::default() };
    let mut desk = Desk::under(rules.clone());
    desk.told(&spike(Severity::Warning));
    let heard = desk.minutes(110);
    let at = |minute, word: &str| (minute, word.to_owned());
    assert_eq!(heard, [at(15, "escalated"), at(45, "reminded"), at(75, "reminded"), at(105, "reminded")]);
    assert_eq!(desk.the_one().escalated_at, Some(NOON.plus(15 * MINUTE_MS)));

    // Rules that change hold for what is open already.
    desk.book.set_rules(Arc::new(Rules { nag_minutes: None, ..rules.clone() }));
    assert_eq!(desk.minutes(600), []);
    desk.book.set_rules(Arc::new(Rules { off: vec![AlertKind::CostSpike], ..rules }));
    assert_eq!(desk.minutes(600), []);
}

#[test]
fn what_asks_nothing_of_anybody_is_not_told_louder() {
    let mut desk = Desk::under(Rules { escalate_minutes: Some(1), nag_minutes: Some(1), ..Rules::default() });
    desk.told(&spike(Severity::Info));
    assert_eq!(desk.minutes(600), []);
}

#[test]
fn kinds_that_are_off_are_recorded_and_told_to_nobody() {
    let mut desk = Desk::under(Rules { off: vec![AlertKind::CostSpike], ..Rules::default() });
    assert_eq!(desk.told(&spike(Severity::Critical)), NOBODY);
    assert_eq!((desk.the_one().state, desk.the_one().count), (AlertState::Open, 1));
}

#[test]
fn a_book_read_again_after_a_kill_is_the_book_that_was() {
    let mut desk = Desk::under(Rules { escalate_minutes: Some(15), ..Rules::default() });
    desk.told(&spike(Severity::Warning));
    desk.minutes(20);
    desk.give(&over());
    let snapshot = serde_json::to_string(&desk.book).unwrap();
    let since = desk.journal.len();
    desk.told(&spike(Severity::Warning));
    desk.snooze(30);
    for (from, first) in [(None, 0), (Some(&snapshot), since)] {
        let mut book: AlertBook = from.map_or_else(AlertBook::default, |text| serde_json::from_str(text).unwrap());
        for event in &desk.journal[first..] {
            book.apply(&serde_json::from_str(event).unwrap());
        }
        book.set_rules(Arc::clone(desk.book.rules()));
        assert_eq!(serde_json::to_value(&book).unwrap(), serde_json::to_value(&desk.book).unwrap());
        assert_eq!((book.wakes_at(), book.seq), (desk.book.wakes_at(), desk.book.seq));
    }
    assert_eq!(desk.minutes(600), [(30, "woke".to_owned()), (45, "escalated".to_owned())], "it waits since it woke");
}

#[test]
fn a_book_whose_events_did_not_happen_is_the_book_that_was() {
    let mut desk = Desk::under(Rules { escalate_minutes: Some(15), ..Rules::default() });
    desk.told(&spike(Severity::Warning));
    desk.minutes(20);
    desk.give(&over());
    let lost = |number: usize| {
        let about = About::agent(AccountId::OWNER, format!("agent-{number}"));
        let (title, kind) = (format!("agent-{number} has gone quiet"), AlertKind::HeartbeatLost);
        Signal::Trouble(Problem { about, kind, severity: kind.severity(), run_id: None, title, body: String::new() })
    };
    let back = |number: usize| {
        let about = About::agent(AccountId::OWNER, format!("agent-{number}"));
        Signal::Over { about, kind: AlertKind::HeartbeatLost, run_id: None }
    };
    // More than are remembered, so that some are forgotten for others.
    for number in 0..5_000 {
        desk.give(&lost(number));
        desk.give(&back(number));
    }
    desk.give(&lost(0));
    desk.give(&lost(1));
    let look = |book: &AlertBook| {
        let of_kind: Vec<String> = book.of_kind(AlertKind::HeartbeatLost).map(|alert| alert.id.0.clone()).collect();
        (serde_json::to_value(book).unwrap(), book.wakes_at(), of_kind, book.oldest().map(|alert| alert.id.clone()))
    };
    let before = look(&desk.book);
    let mut undo = Vec::new();
    let opened_again = spike(Severity::Critical);
    let acknowledged =
        Signal::Acknowledged { alert_id: desk.book.of_kind(AlertKind::HeartbeatLost).next().unwrap().id.clone() };
    for signal in [lost(0), lost(7_000), acknowledged, back(1), opened_again, over(), spike(Severity::Warning)] {
        let events = desk.book.consider(&signal, desk.now.plus(DAY_MS), &mut desk.dice);
        assert_eq!(events.len(), 1, "{signal:?}");
        undo.extend(events.iter().map(|event| desk.book.apply(event)));
    }
    assert_ne!(look(&desk.book), before);
    undo.into_iter().rev().for_each(|undo| desk.book.undo(undo));
    assert_eq!(look(&desk.book), before);
}

#[test]
fn alerts_of_older_stores_are_read() {
    let alert = json!({
        "id": "a", "kind": "silent_run", "cue_id": "cue_1", "run_id": null, "title": "t", "body": "b", "state": "open",
        "count": 3, "opened_at": 5, "last_at": 7, "notified_at": 5, "resolved_at": null
    });
    let book: AlertBook = serde_json::from_value(json!({ "seq": 9, "open": { "a": alert } })).unwrap();
    let read = book.of(&cue("cue_1"), AlertKind::SilentRun).unwrap();
    assert_eq!((read.severity, read.about(), read.count, book.seq), (Severity::Critical, cue("cue_1"), 3, 9));
    let opened = json!({ "kind": "alert_opened", "alert": alert });
    assert!(serde_json::from_value::<AlertEvent>(opened).unwrap().wants_notification());
}

#[test]
fn a_thousand_problems_are_a_thousand_alerts_and_the_book_has_an_end() {
    let mut desk = Desk::under(Rules { escalate_minutes: Some(10), ..Rules::default() });
    let lost = |number: usize| {
        let about = About::agent(AccountId::OWNER, format!("agent-{number:05}"));
        let (title, kind) = (format!("agent-{number:05} has gone quiet"), AlertKind::HeartbeatLost);
        Signal::Trouble(Problem { about, kind, severity: kind.severity(), run_id: None, title, body: String::new() })
    };
    for number in 0..1_000 {
        assert_eq!(desk.told(&lost(number)), ["opened"]);
        assert_eq!(desk.told(&lost(number)), NOBODY);
    }
    assert_eq!(desk.book.len(), 1_000);
    assert_eq!(desk.minutes(20).len(), 1_000, "each escalates once");
    for number in 1_000..OPEN_MAX + 5 {
        desk.now = desk.now.plus(1);
        desk.told(&lost(number));
    }
    assert_eq!(desk.book.len(), OPEN_MAX);
    let is_there = |number: &usize| {
        let about = About::agent(AccountId::OWNER, format!("agent-{number:05}"));
        desk.book.of(&about, AlertKind::HeartbeatLost).is_some()
    };
    assert_eq!((0..1_000).filter(is_there).count(), 995, "the oldest made room");
    let closed: AlertEvent = serde_json::from_str(&desk.journal[desk.journal.len() - 2]).unwrap();
    assert_eq!(closed.alert().body, " Closed: more than 20,000 alerts are open.");
}

#[test]
fn what_was_told_may_go_once_it_is_seen_or_over_unless_something_was_spent() {
    let mut desk = Desk::under(Rules::default());
    desk.told(&spike(Severity::Warning));
    let settled = |events: Vec<AlertEvent>| events.iter().map(AlertEvent::settles).collect::<Vec<_>>();
    assert_eq!(settled(desk.give(&over())), [false], "the money is gone");
    let lost = |about: About| {
        Signal::Trouble(Problem {
            about,
            kind: AlertKind::HeartbeatLost,
            severity: Severity::Critical,
            run_id: None,
            title: "scout has gone quiet".into(),
            body: String::new(),
        })
    };
    let scout = About::agent(AccountId::OWNER, "scout");
    assert_eq!(settled(desk.give(&lost(scout.clone()))), [false]);
    let back = Signal::Over { about: scout, kind: AlertKind::HeartbeatLost, run_id: None };
    assert_eq!(settled(desk.give(&back)), [true]);
    desk.give(&lost(cue("scribe")));
    let alert_id = desk.the_one().id.clone();
    assert_eq!(settled(desk.give(&Signal::Acknowledged { alert_id })), [true]);
}

#[test]
fn long_words_are_cut() {
    let mut desk = Desk::under(Rules::default());
    let (about, kind) = (About::Channel("ops".into()), AlertKind::ChannelFailed);
    let (title, body) = ("é".repeat(500), "b".repeat(5_000));
    desk.give(&Signal::Trouble(Problem {
        about: about.clone(),
        kind,
        severity: kind.severity(),
        run_id: None,
        title,
        body,
    }));
    let alert = desk.the_one();
    assert_eq!((alert.title.chars().count(), alert.body.chars().count(), alert.about()), (120, 1_000, about));
}

fn instant(text: &str) -> Ms {
    Ms(chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis())
}

#[test]
fn quiet_hours_are_those_of_the_owners_clock() {
    let zone = Tz::Europe__Berlin;
    let quiet = Quiet { on: true, ..Quiet::default() };
    let until = |at: &str| quiet.until(instant(at), zone);
    let morning = Some(instant("2026-11-21T07:00:00+01:00"));
    assert_eq!(until("2026-11-20T21:59:59+01:00"), None);
    assert_eq!(until("2026-11-20T22:00:00+01:00"), morning);
    assert_eq!(until("2026-11-21T06:59:59+01:00"), morning);
    assert_eq!(until("2026-11-21T07:00:00+01:00"), None);
    // An hour is lost in this night.
    assert_eq!(until("2027-03-28T01:30:00+01:00"), Some(instant("2027-03-28T07:00:00+02:00")));
    let noon = Quiet { from: TimeOfDay::read("12:00").unwrap(), to: TimeOfDay::read("13:30").unwrap(), ..quiet };
    assert_eq!(noon.until(instant("2026-11-20T13:00:00+01:00"), zone), Some(instant("2026-11-20T13:30:00+01:00")));
    assert_eq!(noon.until(instant("2026-11-20T11:00:00+01:00"), zone), None);
    let never = Quiet { to: quiet.from, ..quiet };
    assert_eq!(never.until(instant("2026-11-20T22:00:00+01:00"), zone), None);
    assert_eq!(Quiet { on: false, ..quiet }.until(instant("2026-11-20T23:00:00+01:00"), zone), None);

    let rules = Rules { quiet, ..Rules::default() };
    let night = instant("2026-11-20T23:00:00+01:00");
    assert_eq!(rules.held_until(Severity::Critical, night, zone), None);
    assert_eq!(rules.held_until(Severity::Warning, night, zone), morning);
}

#[test]
fn a_daily_report_is_due_once_a_day_by_the_owners_clock() {
    let zone = Tz::America__New_York;
    let rules = Rules { report_at: TimeOfDay::read("9:00"), ..Rules::default() };
    let due = |at: &str| rules.report_due(instant(at), zone).map(|(day, due)| (day.to_string(), due));
    let nine = instant("2026-11-20T09:00:00-05:00");
    assert_eq!(due("2026-11-20T09:00:00-05:00"), Some(("2026-11-19".to_owned(), nine)));
    assert_eq!(due("2026-11-20T23:59:00-05:00"), Some(("2026-11-19".to_owned(), nine)));
    assert_eq!(due("2026-11-21T08:59:00-05:00"), Some(("2026-11-19".to_owned(), nine)));
    assert_eq!(Rules::default().report_due(nine, zone), None);
}

#[test]
fn times_of_day_are_read_and_written() {
    let read = |text: &str| TimeOfDay::read(text).map(|time| time.to_string());
    assert_eq!(
        (read("9:05"), read("23:59"), read("00:00")),
        (Some("09:05".into()), Some("23:59".into()), Some("00:00".into()))
    );
    for wrong in ["", "9", "24:00", "12:60", "1:5", "+1:00", "001:00", "12:000", "noon"] {
        assert_eq!(read(wrong), None, "{wrong}");
    }
    let rules: Rules = serde_json::from_value(json!({ "quiet": { "on": true, "from": "23:00" } })).unwrap();
    assert_eq!(
        (rules.quiet.on, rules.quiet.from.to_string(), rules.quiet.to.to_string()),
        (true, "23:00".into(), "07:00".into())
    );
    assert_eq!(serde_json::from_value::<Rules>(serde_json::to_value(&rules).unwrap()).unwrap(), rules);
    assert!(serde_json::from_value::<Rules>(json!({ "report_at": "25:00" })).is_err());
}
