//! The audit must find what is wrong: a true ledger is made by the lane itself, and then spoilt.

use super::*;
use crate::away::{Band, Reason};
use crate::cue::tests::webhook;
use crate::cue::{CatchUp, CatchUpPolicy, Overlap};
use crate::id::tests::Counting;
use crate::input::Input;
use crate::lane::{Lane, decide};
use crate::occurrence::End;
use crate::schedule_spec::ScheduleSpec;
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS};

/// 2026-11-20 12:00:00 UTC.
const NOON: Ms = Ms(1_795_176_000_000);

type Facts = Vec<(Ms, Event)>;

/// A lane that writes its ledger.
struct Writer {
    lane: Lane,
    dice: Counting,
    now: Ms,
    facts: Facts,
}

impl Writer {
    fn new(policy: CatchUpPolicy) -> Writer {
        let first = Lane::created(cue(), definition("* * * * *", policy));
        let now = NOON.plus(1);
        let lane = Lane::first(now, &first).unwrap();
        Writer { lane, dice: Counting(0), now, facts: vec![(now, first)] }
    }

    fn give(&mut self, input: &Input) {
        let decision = decide(&mut self.lane, input, self.now, &mut self.dice);
        self.facts.extend(decision.events.into_iter().map(|event| (self.now, event)));
    }

    fn tick(&mut self, away: &[Band]) {
        self.give(&Input::Tick { away: away.into(), firing: true });
    }

    fn live(&mut self, length_ms: u64) {
        let end = self.now.plus(length_ms);
        while let Some(at) = self.lane.wakes_at(self.now).filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.tick(&[]);
        }
        self.now = end;
    }

    fn off(&mut self, length_ms: u64) {
        let band = Band { from: self.now, to: self.now.plus(length_ms), reason: Reason::Off };
        self.now = band.to;
        self.tick(&[band]);
    }

    fn audited(&self) -> Audited {
        audited(&self.facts, self.now)
    }
}

fn cue() -> CueId {
    CueId("cue_a".into())
}

fn definition(cron: &str, policy: CatchUpPolicy) -> CueDefinition {
    CueDefinition {
        name: "audited".into(),
        catch_up: CatchUp { policy, within_ms: None },
        overlap: Overlap::Allow,
        ..webhook(ScheduleSpec::recurring(cron, "UTC"))
    }
}

fn audited(facts: &Facts, until: Ms) -> Audited {
    let mut audit = Audit::new(cue());
    for (at, event) in facts {
        audit.take(*at, event);
    }
    audit.finish(until)
}

fn problems(audited: &Audited) -> Vec<(u64, Problem)> {
    audited.findings.iter().map(|finding| (finding.due.since(NOON) / MINUTE_MS, finding.problem)).collect()
}

fn due_of_end(event: &Event) -> Option<Ms> {
    match event {
        Event::OccurrenceEnded { due, .. } => Some(*due),
        _ => None,
    }
}

fn is_about(event: &Event, instant: Ms) -> bool {
    match event {
        Event::OccurrenceArmed { armed, .. } => armed.due == instant,
        event => due_of_end(event) == Some(instant),
    }
}

/// Ten minutes, an hour off, ten minutes.
fn an_afternoon() -> Writer {
    let mut writer = Writer::new(CatchUpPolicy::None);
    writer.live(10 * MINUTE_MS);
    writer.off(HOUR_MS);
    writer.live(10 * MINUTE_MS);
    writer
}

#[test]
fn a_true_ledger_is_explained_to_the_last_instant() {
    let writer = an_afternoon();
    assert_eq!(writer.audited(), Audited { instants: 80, unexplained: 0, findings: vec![] });
}

#[test]
fn each_end_that_is_taken_away_is_missed() {
    let writer = an_afternoon();
    for (place, (_, event)) in writer.facts.iter().enumerate() {
        let Some(due) = due_of_end(event) else { continue };
        let mut facts = writer.facts.clone();
        facts.remove(place);
        let minute = due.since(NOON) / MINUTE_MS;
        assert_eq!(problems(&audited(&facts, writer.now)), [(minute, Problem::NoEnd)]);
        facts.retain(|(_, event)| !is_about(event, due));
        assert_eq!(problems(&audited(&facts, writer.now)), [(minute, Problem::NoRecord)], "not even armed");
    }
}

#[test]
fn each_end_that_is_doubled_is_found() {
    let writer = an_afternoon();
    for (place, fact) in writer.facts.iter().enumerate() {
        let Some(due) = due_of_end(&fact.1) else { continue };
        let mut facts = writer.facts.clone();
        facts.insert(place, fact.clone());
        let minute = due.since(NOON) / MINUTE_MS;
        assert_eq!(problems(&audited(&facts, writer.now)), [(minute, Problem::TwoRecords)]);
    }
}

#[test]
fn an_instant_that_no_schedule_names_is_found() {
    let writer = an_afternoon();
    let mut facts = writer.facts.clone();
    let due = NOON.plus(90_000);
    let invented = Event::OccurrenceEnded { id: OccurrenceId::scheduled(&cue(), due, 1), due, end: End::Ran };
    facts.push((writer.now, invented));
    assert_eq!(problems(&audited(&facts, writer.now)), [(1, Problem::Unasked)]);
}

#[test]
fn the_last_instant_is_asked_for_too() {
    let writer = an_afternoon();
    assert_eq!(problems(&audited(&writer.facts, writer.now.plus(MINUTE_MS))), [(81, Problem::NoRecord)]);
}

#[test]
fn a_span_must_name_what_the_schedule_names() {
    let mut writer = Writer::new(CatchUpPolicy::None);
    writer.live(MINUTE_MS);
    writer.off(30 * DAY_MS);
    assert_eq!(writer.audited().unexplained, 0);
    let spans: Vec<usize> =
        (0..writer.facts.len()).filter(|at| matches!(writer.facts[*at].1, Event::SpanEnded { .. })).collect();
    assert!(!spans.is_empty(), "thirty days of minutes share a record");
    for place in spans {
        let spoilt = |spoil: &dyn Fn(&mut Facts)| {
            let mut facts = writer.facts.clone();
            spoil(&mut facts);
            audited(&facts, writer.now)
        };
        let change = |facts: &mut Facts, change: &dyn Fn(&mut Ms, &mut Ms, &mut u64)| {
            let Event::SpanEnded { from, to, count, .. } = &mut facts[place].1 else { panic!() };
            change(from, to, count);
        };
        let named = match writer.facts[place].1 {
            Event::SpanEnded { count, .. } => count,
            _ => panic!(),
        };
        let more = spoilt(&|facts| change(facts, &|_, _, count| *count += 7));
        assert_eq!((more.unexplained, more.findings[0].problem), (7, Problem::WrongSpan));
        let fewer = spoilt(&|facts| change(facts, &|_, _, count| *count -= 1));
        assert_eq!((fewer.unexplained, fewer.findings[0].problem), (1, Problem::WrongSpan));
        let shorter = spoilt(&|facts| change(facts, &|_, to, _| *to = to.minus(MINUTE_MS)));
        assert_eq!(shorter.findings[0].problem, Problem::WrongSpan);
        assert!(shorter.findings.iter().any(|finding| finding.problem == Problem::NoRecord), "{shorter:?}");
        let gone = spoilt(&|facts| drop(facts.remove(place)));
        assert_eq!((gone.unexplained, gone.findings[0].problem), (named, Problem::NoRecord));
        let moved = spoilt(&|facts| change(facts, &|from, _, _| *from = from.plus(30_000)));
        assert_eq!(moved.unexplained, 2 * named, "all are without a record, and as many records without an instant");
        let within = spoilt(&|facts| {
            let Event::SpanEnded { from, .. } = facts[place].1 else { panic!() };
            let due = from.plus(5 * MINUTE_MS);
            let id = OccurrenceId::scheduled(&cue(), due, 1);
            facts.insert(place, (writer.now, Event::OccurrenceEnded { id, due, end: End::Ran }));
        });
        assert_eq!((within.unexplained, within.findings[0].problem), (1, Problem::TwoRecords));
        let twice = spoilt(&|facts| facts.insert(place, facts[place].clone()));
        assert!(twice.unexplained > 0 && twice.findings[0].problem == Problem::TwoRecords, "{:?}", twice.findings[0]);
    }
}

#[test]
fn what_passes_while_paused_is_not_asked_for_and_may_not_be_recorded() {
    let mut writer = Writer::new(CatchUpPolicy::None);
    writer.live(10 * MINUTE_MS);
    writer.give(&Input::Pause { until: None });
    writer.live(10 * MINUTE_MS);
    writer.give(&Input::Resume);
    writer.live(10 * MINUTE_MS);
    assert_eq!(writer.audited(), Audited { instants: 20, unexplained: 0, findings: vec![] });
    let due = NOON.plus(15 * MINUTE_MS);
    let id = OccurrenceId::scheduled(&cue(), due, 1);
    writer.facts.push((writer.now, Event::OccurrenceEnded { id, due, end: End::Ran }));
    assert_eq!(problems(&writer.audited()), [(15, Problem::Unasked)]);
}

#[test]
fn an_edit_is_asked_by_each_definition_in_its_time() {
    let mut writer = Writer::new(CatchUpPolicy::None);
    writer.live(10 * MINUTE_MS);
    let definition = Box::new(definition("*/5 * * * *", CatchUpPolicy::None));
    writer.give(&Input::Edit { definition, revision: None });
    writer.live(30 * MINUTE_MS);
    assert_eq!(writer.audited(), Audited { instants: 16, unexplained: 0, findings: vec![] });
    let edit = writer.facts.iter().rposition(|(_, event)| matches!(event, Event::CueDefined { .. })).unwrap();
    writer.facts.remove(edit);
    assert_eq!(writer.audited().unexplained, 24, "without the edit, minutes are missing");
}

#[test]
fn what_waits_for_the_owner_has_its_record() {
    let mut writer = Writer::new(CatchUpPolicy::Ask);
    writer.off(HOUR_MS);
    assert_eq!(writer.lane.asked.len(), 1);
    assert_eq!(writer.audited().unexplained, 0);
    let held = writer.facts.iter().position(|(_, event)| matches!(event, Event::OccurrenceHeld { .. })).unwrap();
    writer.facts.remove(held);
    assert_eq!(problems(&writer.audited()), [(59, Problem::NoEnd)]);
}
