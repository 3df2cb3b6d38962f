//! What time brings.

use super::*;
use crate::occurrence::SkipPolicy;
use crate::schedule_spec::Blackout;

#[test]
fn an_occurrence_is_armed_ahead_and_runs_under_its_armed_id() {
    let mut field = Field::with(|_| ());
    field.until(56);
    let armed = field.lane.armed[0].clone();
    assert_eq!((armed.due, armed.armed_at), (Ms(NOON + MINUTE), Ms(NOON + 55_000)));
    assert!(field.sent().is_empty());
    field.until(60);
    assert_eq!(field.sent(), [(armed.run_id.clone(), 1)]);
    assert_eq!(field.last.effects, [Effect::Deliver { run_id: armed.run_id.clone(), number: 1, licensed: true }]);
    assert_eq!(field.ends(), [(60, End::Ran)]);
    assert_eq!(field.run(&armed.run_id).idempotency_key, armed.idempotency_key);
}

#[test]
fn what_was_not_armed_before_has_no_licence() {
    let mut field = Field::with(|_| ());
    field.asleep_until(61);
    assert!(matches!(field.last.effects[..], [Effect::Deliver { licensed: false, .. }]), "{:?}", field.last);
}

#[test]
fn overlap_is_the_cues_own_choice() {
    let skipped = End::Skipped { policy: SkipPolicy::Overlap };
    let table = [
        (Overlap::Skip, vec![(120, skipped)], 1, 0),
        (Overlap::Queue, vec![], 1, 1),
        (Overlap::Allow, vec![(120, End::Ran)], 2, 0),
        (Overlap::Replace, vec![(120, End::Ran)], 1, 0),
    ];
    for (overlap, ends, live, held) in table {
        let mut field = Field::with(|cue| cue.overlap = overlap);
        field.until(60);
        field.until(120);
        assert_eq!(field.ends(), ends, "{overlap:?}");
        assert_eq!((field.lane.live_runs().count(), field.lane.held.len()), (live, held), "{overlap:?}");
    }
}

#[test]
fn a_queued_occurrence_goes_when_the_run_before_it_ends() {
    let mut field = Field::with(|cue| cue.overlap = Overlap::Queue);
    field.until(60);
    let first = field.sent()[0].0.clone();
    field.until(121);
    field.report(&first, None, success());
    assert_eq!(field.lane.wakes_at(field.now), Some(field.now), "the lane asks for its tick at once");
    field.tick();
    assert_eq!(field.ends(), [(120, End::Ran)]);
    assert_eq!(field.sent().len(), 1);
    assert!(field.lane.held.is_empty());
}

#[test]
fn a_queued_occurrence_whose_turn_comes_while_nothing_may_begin_is_skipped() {
    let blackout =
        Blackout { from: Ms(NOON + 121_000), to: Ms(NOON + 150_000), from_text: String::new(), to_text: String::new() };
    for (firing, blackouts, policy) in
        [(false, vec![], SkipPolicy::TowerPaused), (true, vec![blackout], SkipPolicy::Blackout)]
    {
        let mut field = Field::with(|cue| {
            cue.overlap = Overlap::Queue;
            cue.schedule.blackout = blackouts;
        });
        field.until(60);
        let first = field.sent()[0].0.clone();
        field.until(121);
        field.report(&first, None, success());
        field.give(Input::Tick { away: Arc::new([]), firing });
        assert_eq!(field.ends(), [(120, End::Skipped { policy })]);
        assert_eq!((field.sent(), field.lane.wakes_at(field.now) > Some(field.now)), (vec![], true));
    }
}

#[test]
fn what_was_missed_before_a_blackout_does_not_begin_in_it() {
    let policies = [CatchUpPolicy::Latest, CatchUpPolicy::All];
    for policy in policies {
        let mut field = Field::with(|cue| {
            cue.catch_up.policy = policy;
            cue.schedule.blackout = vec![Blackout {
                from: Ms(NOON + 61_000),
                to: Ms(NOON + 200_000),
                from_text: String::new(),
                to_text: String::new(),
            }];
        });
        field.asleep_until(80);
        assert_eq!(field.ends(), [(60, End::Skipped { policy: SkipPolicy::Blackout })], "{policy:?}");
        assert!(field.sent().is_empty());
    }
}

#[test]
fn replacing_stops_the_run_before() {
    let mut field = Field::with(|cue| cue.overlap = Overlap::Replace);
    field.until(60);
    let first = field.sent()[0].0.clone();
    field.until(120);
    assert_eq!(field.verdict(&first), Some(Verdict::Stopped));
    assert!(field.last.effects.contains(&Effect::Stop { run_id: first, number: 1, hard: false }));
}

#[test]
fn the_catch_up_policy_decides_what_was_missed() {
    let into = |at: i64| OccurrenceEnd::Into(at);
    let table = [
        (CatchUpPolicy::Latest, vec![(60, into(180)), (120, into(180)), (180, OccurrenceEnd::Ran)], 1, 0),
        (CatchUpPolicy::All, vec![(60, OccurrenceEnd::Ran)], 1, 2),
        (
            CatchUpPolicy::None,
            vec![(60, OccurrenceEnd::Missed), (120, OccurrenceEnd::Missed), (180, OccurrenceEnd::Missed)],
            0,
            0,
        ),
    ];
    for (policy, ends, sent, held) in table {
        let mut field = Field::with(|cue| cue.catch_up = CatchUp { policy, within_ms: None });
        field.asleep_until(195);
        let seen: Vec<_> = field.ends().iter().map(|(due, end)| (*due, OccurrenceEnd::of(end))).collect();
        assert_eq!(seen, ends, "{policy:?}");
        assert_eq!((field.sent().len(), field.lane.held.len()), (sent, held), "{policy:?}");
    }
}

#[test]
fn what_is_no_longer_useful_is_missed_with_the_reason() {
    // Half the gap of a minute: after 30 s nobody wants it.
    let mut field = Field::with(|_| ());
    field.asleep_until(95);
    let ends = field.ends();
    assert!(
        matches!(&ends[..], [(60, End::Missed { reason })] if reason.contains("asleep") && reason.contains("30 s")),
        "{ends:?}"
    );
    let mut field = Field::with(|cue| cue.catch_up.within_ms = Some(300_000));
    field.asleep_until(95);
    assert_eq!(field.ends(), [(60, End::Ran)]);
}

#[test]
fn a_clock_that_goes_back_runs_nothing_twice() {
    let mut field = Field::with(|cue| cue.overlap = Overlap::Allow);
    field.until(61);
    field.now = Ms(NOON + 30_000);
    field.tick();
    field.until(62);
    assert_eq!(field.lane.runs.len(), 1);
    assert!(field.lane.armed.is_empty());
}

#[test]
fn while_all_firing_is_paused_instants_are_skipped_and_fires_by_hand_go() {
    let mut field = Field::with(|_| ());
    field.until(58);
    field.now = Ms(NOON + MINUTE);
    field.give(Input::Tick { away: Arc::new([]), firing: false });
    assert_eq!(field.ends(), [(60, End::Skipped { policy: SkipPolicy::TowerPaused })]);
    let run = field.fire();
    assert_eq!(field.sent(), [(run, 1)]);
}

#[test]
fn an_armed_delivery_that_went_out_unwritten_has_begun() {
    let mut field = Field::with(|_| ());
    field.until(58);
    let run_id = field.lane.armed[0].run_id.clone();
    // The batch at 12:01:00 sent it and was not written; by now the catch-up policy would call it missed.
    field.now = Ms(NOON + 100_000);
    field.give(Input::WentOut { run_id: run_id.clone() });
    assert_eq!((field.ends(), field.sent()), (vec![(60, End::Ran)], vec![]));
    field.told(&run_id, 1, ok());
    assert!(field.run(&run_id).is_live());
}

/// An end without its texts.
#[derive(Debug, PartialEq)]
enum OccurrenceEnd {
    Ran,
    Into(i64),
    Missed,
    Skipped,
}

impl OccurrenceEnd {
    fn of(end: &End) -> OccurrenceEnd {
        match end {
            End::Ran => OccurrenceEnd::Ran,
            End::Missed { .. } => OccurrenceEnd::Missed,
            End::Skipped { .. } => OccurrenceEnd::Skipped,
            End::Coalesced { into } => {
                let due: i64 = into.0.split(['@', '.']).nth(1).unwrap().parse().unwrap();
                OccurrenceEnd::Into((due - NOON) / 1_000)
            }
        }
    }
}
