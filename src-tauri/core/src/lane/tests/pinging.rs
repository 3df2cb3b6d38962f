//! Agents that somebody else starts, and that ping.

use super::*;
use crate::input::{Ping, PingKind};
use crate::run::Phase;

const START: PingKind = PingKind::Start;
const SUCCESS: PingKind = PingKind::Success;

/// Watched every minute; the first ping may take thirty seconds.
fn watched(change: impl FnOnce(&mut CueDefinition)) -> Field {
    Field::with(|cue| {
        cue.transport = Transport::Watch;
        cue.delivery.timeout_ms = 30_000;
        cue.overlap = Overlap::Allow;
        change(cue);
    })
}

/// At the due instant: one run is there, and its first ping is expected.
fn due(change: impl FnOnce(&mut CueDefinition)) -> (Field, RunId) {
    let mut field = watched(change);
    field.until(60);
    let run = field.lane.runs.keys().next().expect("it is due").clone();
    assert!(matches!(field.run(&run).phase, Phase::Offered { .. }));
    assert!(field.last.effects.is_empty(), "the tower starts nothing");
    (field, run)
}

impl Field {
    fn pinged(&mut self, kind: PingKind) -> RunId {
        self.pinged_as(kind, None, None)
    }

    fn pinged_as(&mut self, kind: PingKind, rid: Option<&str>, words: Option<&str>) -> RunId {
        let ping = self.word(kind, rid, words);
        match self.give(Input::Ping(ping)) {
            Answer::Pinged { run_id } => run_id,
            other => panic!("{other:?}"),
        }
    }

    fn word(&self, kind: PingKind, rid: Option<&str>, words: Option<&str>) -> Ping {
        let [rid, words] = [rid, words].map(|text| text.map(str::to_owned));
        Ping { kind, at: self.now, run_id: None, rid, words, usage: Usage::default() }
    }

    fn live(&self) -> usize {
        self.lane.live_runs().count()
    }
}

#[test]
fn a_start_is_delivered_and_a_success_is_an_outcome() {
    let (mut field, run) = due(|_| ());
    assert_eq!(field.pinged(START), run);
    assert!(
        matches!(field.run(&run).phase, Phase::AwaitingOutcome { deadline: Some(_) }),
        "and its outcome is awaited"
    );
    assert_eq!(field.pinged_as(SUCCESS, None, Some("sent 3 mails\n")), run);
    assert_eq!(field.verdict(&run), Some(Verdict::Claimed));
    let now = field.run(&run);
    assert_eq!(now.outcome().unwrap().1.outcome.result.as_deref(), Some("sent 3 mails"));
}

#[test]
fn a_sign_of_life_over_the_api_is_a_start_too() {
    let (mut field, run) = due(|_| ());
    let extend = || Input::Extend { run_id: run.clone(), attempt: None, worker: None };
    assert_eq!(field.give(extend()), Answer::Extended { until: None });
    assert!(field.run(&run).latest().delivered_at.is_some());
    assert!(matches!(field.run(&run).phase, Phase::AwaitingOutcome { deadline: Some(_) }));
    assert!(
        matches!(field.give(extend()), Answer::Extended { until: Some(_) }),
        "and the next one moves its deadline on"
    );
}

#[test]
fn a_success_alone_is_enough() {
    let (mut field, run) = due(|_| ());
    assert_eq!(field.pinged(SUCCESS), run);
    assert_eq!(field.verdict(&run), Some(Verdict::Claimed));
    assert!(field.run(&run).latest().delivered_at.is_some());
}

#[test]
fn how_it_ended_is_judged_by_what_the_cue_says_confirms_it() {
    let table = [
        (PingKind::Success, Confirm::Outcome, Verdict::Claimed),
        (PingKind::Fail, Confirm::Outcome, Verdict::Failed),
        (PingKind::Exit(0), Confirm::Outcome, Verdict::Claimed),
        (PingKind::Exit(3), Confirm::Outcome, Verdict::Failed),
        (PingKind::Success, Confirm::ExitCode, Verdict::Confirmed),
        (PingKind::Fail, Confirm::ExitCode, Verdict::Failed),
        (PingKind::Exit(0), Confirm::ExitCode, Verdict::Confirmed),
        (PingKind::Exit(3), Confirm::ExitCode, Verdict::Failed),
        (PingKind::Start, Confirm::Delivery, Verdict::Confirmed),
    ];
    for (kind, confirm, verdict) in table {
        let (mut field, run) = due(|cue| cue.confirm = confirm);
        field.pinged_as(kind, None, Some("connecting\nhost not found"));
        assert_eq!(field.verdict(&run), Some(verdict), "{kind:?} {confirm:?}");
        assert_eq!(field.run(&run).attempts.len(), 1, "the tower does not start it, so it is not tried again");
    }
}

#[test]
fn a_failure_is_told_with_its_exit_code_and_the_last_line() {
    let (mut field, run) = due(|_| ());
    field.pinged_as(PingKind::Exit(3), None, Some("connecting\nhost not found\n"));
    assert_eq!(field.run(&run).latest().exit_code, Some(3));
    let said = crate::sentence::of_run(&field.run(&run));
    assert_eq!(said, "Reported failure: exit code 3: host not found. Attempt 1 of 3.");
}

#[test]
fn what_never_pings_is_silent() {
    let (mut field, run) = due(|_| ());
    field.until(89);
    assert!(field.run(&run).is_live());
    field.until(91);
    assert_eq!(field.verdict(&run), Some(Verdict::Silent));
    assert_eq!(crate::sentence::of_run(&field.run(&run)), "No ping within 30 s.");
}

#[test]
fn what_began_and_never_ends_is_silent_by_the_outcome_deadline() {
    let (mut field, run) = due(|cue| cue.delivery.outcome_deadline_ms = Some(45_000));
    field.pinged(START);
    field.until(104);
    assert!(field.run(&run).is_live());
    field.until(106);
    assert_eq!(field.verdict(&run), Some(Verdict::Silent));
}

#[test]
fn a_late_word_revises_the_silence() {
    for (confirm, verdict) in [(Confirm::Outcome, Verdict::Claimed), (Confirm::ExitCode, Verdict::Confirmed)] {
        let (mut field, run) = due(|cue| cue.confirm = confirm);
        field.until(100);
        let ping = Ping { run_id: Some(run.clone()), ..field.word(PingKind::Exit(0), None, None) };
        assert_eq!(field.give(Input::Ping(ping)), Answer::Pinged { run_id: run.clone() });
        let Phase::Ended { verdict: found, late, .. } = field.run(&run).phase else { panic!("it has ended") };
        assert_eq!((found, late), (verdict, true));
    }
}

#[test]
fn an_early_start_takes_the_occurrence_that_is_about_to_come_due() {
    let mut field = watched(|_| ());
    field.until(57);
    let armed = field.lane.armed[0].clone();
    assert_eq!(field.pinged(START), armed.run_id);
    assert_eq!(field.ends(), [(60, End::Ran)]);
    field.until(65);
    assert_eq!(field.lane.runs.len(), 1, "the instant does not begin a second one");
}

#[test]
fn a_word_that_nobody_expected_makes_a_run() {
    let mut field = watched(|_| ());
    field.until(30);
    let run = field.pinged(START);
    assert_eq!(field.run(&run).trigger, Trigger::Ping);
    assert_eq!(field.ends(), [(30, End::Ran)], "in the ledger like any other");
    field.pinged(SUCCESS);
    assert_eq!(field.verdict(&run), Some(Verdict::Claimed));
    assert_eq!(field.lane.armed.len(), 0, "and the next instant is still to come");
    field.until(60);
    assert_eq!(field.live(), 1);
}

#[test]
fn words_about_nothing_are_refused_and_words_about_a_run_are_kept() {
    let mut field = watched(|_| ());
    field.until(30);
    let log = field.word(PingKind::Log, None, Some("half way"));
    assert_eq!(Field::refused(&field.give(Input::Ping(log.clone()))), RefusalCode::NotFound);
    let run = field.pinged(START);
    assert_eq!(field.give(Input::Ping(log)), Answer::Pinged { run_id: run.clone() });
    let now = field.run(&run);
    assert_eq!((now.notes[0].words.as_str(), now.is_live()), ("half way", true));
}

#[test]
fn jobs_that_overlap_are_told_apart_by_their_own_names() {
    let mut field = watched(|_| ());
    field.until(60);
    let first = field.pinged_as(START, Some("a"), None);
    field.until(120);
    let second = field.pinged_as(START, Some("b"), None);
    assert_ne!(first, second);
    assert_eq!(field.pinged_as(START, Some("a"), None), first, "told twice");
    assert_eq!(field.pinged_as(PingKind::Fail, Some("b"), None), second);
    assert_eq!(field.pinged_as(SUCCESS, Some("a"), None), first);
    assert_eq!((field.verdict(&first), field.verdict(&second)), (Some(Verdict::Claimed), Some(Verdict::Failed)));
}

#[test]
fn jobs_that_overlap_without_names_end_in_the_order_they_began() {
    let mut field = watched(|_| ());
    field.until(60);
    let first = field.pinged(START);
    field.until(120);
    let second = field.pinged(START);
    assert_ne!(first, second, "a second start is a second run");
    assert_eq!(field.pinged(SUCCESS), first);
    assert_eq!(field.pinged(SUCCESS), second);
}

#[test]
fn a_name_that_began_elsewhere_does_not_end_another_ones_run() {
    let mut field = watched(|_| ());
    field.until(30);
    let mine = field.pinged_as(START, Some("a"), None);
    let other = field.pinged_as(SUCCESS, Some("b"), None);
    assert_ne!(mine, other, "nobody with that name had begun");
    assert!(field.run(&mine).is_live());
}

#[test]
fn a_word_told_late_is_not_about_what_came_due_after_it() {
    let (mut field, run) = due(|_| ());
    let spooled = Ping { at: Ms(NOON + 20_000), ..field.word(SUCCESS, None, None) };
    let Answer::Pinged { run_id } = field.give(Input::Ping(spooled.clone())) else { panic!("it is taken") };
    assert_ne!(run_id, run, "the job of 12:01 has not been heard of");
    assert!(field.run(&run).is_live());
    field.until(116);
    let armed = field.lane.armed[0].run_id.clone();
    let Answer::Pinged { run_id } = field.give(Input::Ping(spooled)) else { panic!("it is taken") };
    assert_ne!(run_id, armed, "nor is the job of 12:02");
}

#[test]
fn what_somebody_else_starts_is_held_up_by_nothing() {
    let (field, run) = due(|cue| {
        cue.uses = vec![crate::pool::Need { pool: "openai".into(), weight: 1, tokens: None }];
        cue.preflight = vec![super::waiting::memory()];
    });
    assert!(field.last.effects.is_empty(), "no pool and no check is asked");
    assert!(matches!(field.run(&run).phase, Phase::Offered { .. }));
}

#[test]
fn a_run_that_the_tower_started_before_an_edit_is_not_pinged() {
    let mut field = Field::manual(command);
    let run = field.fire();
    field.told(&run, 1, DeliveryResult::Started { pid: 7 });
    let watched = CueDefinition { transport: Transport::Watch, ..(*field.lane.cue.definition).clone() };
    field.give(Input::Edit { definition: Box::new(watched), revision: None });
    let other = field.pinged(PingKind::Fail);
    assert_ne!(other, run);
    assert!(field.run(&run).is_live(), "its process lives");
}

#[test]
fn a_silent_run_that_the_tower_started_before_an_edit_is_not_ended_by_a_ping() {
    let mut field = Field::manual(|cue| {
        command(cue);
        cue.confirm = Confirm::ExitCode;
        cue.delivery.outcome_deadline_ms = Some(60_000);
    });
    let run = field.fire();
    field.told(&run, 1, DeliveryResult::Started { pid: 7 });
    field.until(120);
    assert_eq!(field.run(&run).verdict(), Some(Verdict::Silent));
    let watched = CueDefinition { transport: Transport::Watch, ..(*field.lane.cue.definition).clone() };
    field.give(Input::Edit { definition: Box::new(watched), revision: None });
    let ping = Ping { run_id: Some(run.clone()), ..field.word(PingKind::Fail, None, None) };
    let Answer::Pinged { run_id } = field.give(Input::Ping(ping)) else { panic!("it is taken") };
    assert_ne!(run_id, run, "it is about a run of its own");
    assert!(field.run(&run).may_have_a_process(), "its process lives, and keeps what it uses");
    assert_eq!(field.run(&run).verdict(), Some(Verdict::Silent));
}

#[test]
fn a_wild_agent_is_bounded() {
    let mut field = watched(|_| ());
    for _ in 0..crate::lane::LIVE_RUNS_MAX {
        field.pinged(START);
    }
    let one_more = field.word(START, None, None);
    assert_eq!(Field::refused(&field.give(Input::Ping(one_more))), RefusalCode::TooMany);
}

#[test]
fn the_wait_for_the_first_ping_stands_still_in_gaps() {
    let (mut field, run) = due(|_| ());
    field.now = field.now.plus(3_600_000);
    field.give(Input::Shifted { slept_ms: 3_600_000, stepped_ms: 0 });
    assert_eq!(field.run(&run).phase, Phase::Offered { until: field.now.plus(30_000) });
}

#[test]
fn a_cue_that_the_tower_delivers_takes_no_pings() {
    let mut field = Field::manual(command);
    let ping = field.word(SUCCESS, None, None);
    assert_eq!(Field::refused(&field.give(Input::Ping(ping))), RefusalCode::Invalid);
    assert!(field.lane.runs.is_empty(), "and nothing of it is started");
}
