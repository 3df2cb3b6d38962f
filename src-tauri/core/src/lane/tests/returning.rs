//! What is made of instants that passed while nobody was there, and of clocks that moved.

use super::*;
use crate::lane::CATCH_UP_MAX;
use crate::occurrence::SkipPolicy;
use crate::run::Phase;
use crate::schedule_spec::Blackout;

fn asking() -> Field {
    Field::with(|cue| cue.catch_up.policy = CatchUpPolicy::Ask)
}

#[test]
fn a_miss_names_the_band_it_fell_into() {
    let mut field = Field::with(|cue| cue.catch_up.policy = CatchUpPolicy::None);
    field.off_until(100);
    let missed = End::Missed { reason: "the tower was off; this cue does not catch up".into() };
    assert_eq!(field.ends(), [(60, missed)]);
    field.now = Ms(NOON + 190_000);
    field.tick();
    let missed = End::Missed { reason: "the machine was too busy; this cue does not catch up".into() };
    assert_eq!(field.ends(), [(120, missed.clone()), (180, missed)], "no band is known for these");
}

#[test]
fn ask_holds_the_newest_until_the_owner_says_run_or_skip() {
    for run in [true, false] {
        let mut field = asking();
        field.off_until(190);
        let asked = field.lane.asked[0].clone();
        assert_eq!(asked.due, Ms(NOON + 3 * MINUTE));
        let into = End::Coalesced { into: asked.id.clone() };
        assert_eq!(field.ends(), [(60, into.clone()), (120, into)]);
        field.until(250);
        assert_eq!(field.ends(), [(240, End::Ran)], "what is due meanwhile is not held up");
        let answer = Input::Answer { occurrence_id: asked.id.clone(), run };
        field.give(answer.clone());
        let end = if run { End::Ran } else { End::Skipped { policy: SkipPolicy::Owner } };
        assert_eq!(field.ends(), [(180, end)]);
        assert_eq!(field.sent().len(), usize::from(run));
        assert_eq!(Field::refused(&field.give(answer)), RefusalCode::NotFound, "it was answered");
    }
}

#[test]
fn a_second_absence_asks_once() {
    let mut field = asking();
    field.off_until(100);
    let first = field.lane.asked[0].id.clone();
    field.off_until(400);
    let asked: Vec<Ms> = field.lane.asked.iter().map(|asked| asked.due).collect();
    assert_eq!(asked, [Ms(NOON + 6 * MINUTE)]);
    let into = |field: &Field| End::Coalesced { into: field.lane.asked[0].id.clone() };
    assert!(field.ends().contains(&(60, into(&field))), "{first} is coalesced into the newer");
}

#[test]
fn an_ask_outlives_an_edit_and_a_restart() {
    let mut field = asking();
    field.off_until(100);
    let mut definition = CueDefinition::clone(&field.lane.cue.definition);
    definition.payload = json!({ "new": true });
    field.give(Input::Edit { definition: Box::new(definition), revision: None });
    field.give(Input::Recovered { alive_at: field.now, orderly: false, firing: true, found: vec![] });
    let asked = field.lane.asked[0].clone();
    field.give(Input::Answer { occurrence_id: asked.id, run: true });
    assert_eq!(field.run(&asked.run_id).payload, json!({ "new": true }));
}

#[test]
fn a_long_absence_is_recorded_in_spans_and_its_newest_instants_one_by_one() {
    let month = 30 * 86_400;
    let mut field = Field::with(|_| ());
    field.off_until(month + 10);
    let spans: Vec<(i64, u64)> = field
        .last
        .events
        .iter()
        .filter_map(|event| match event {
            Event::SpanEnded { to, count, end: End::Coalesced { .. }, .. } => Some(((to.0 - NOON) / 1_000, *count)),
            _ => None,
        })
        .collect();
    let one_by_one = field.ends();
    let instants = u64::try_from(month / 60).unwrap();
    assert_eq!(spans.len(), 1);
    assert_eq!(spans[0].1 + one_by_one.len() as u64, instants);
    assert_eq!(one_by_one.last(), Some(&(month, End::Ran)));
    assert_eq!(one_by_one[0].0, spans[0].0 + 60, "the records meet");
    assert!(field.last.events.len() < 2_000);
}

#[test]
fn all_takes_the_oldest_hundred_after_a_month_and_the_rest_is_decided_at_once() {
    let month = 30 * 86_400;
    let mut field = Field::with(|cue| cue.catch_up.policy = CatchUpPolicy::All);
    field.off_until(month + 10);
    assert_eq!((field.lane.live_runs().count(), field.lane.held.len()), (1, CATCH_UP_MAX - 1));
    let oldest = field.lane.held.iter().map(|held| (held.due.0 - NOON) / 1_000);
    assert!(oldest.eq((2..).map(|minute| minute * 60).take(CATCH_UP_MAX - 1)), "the first of them runs");
    let left = field.lane.next_instant().map(|due| (due.0 - NOON) / 1_000);
    assert_eq!(left, Some(month + 60), "nothing is left for a later tick");
    assert!(field.last.events.len() < 2_000, "by records of many: {}", field.last.events.len());
}

#[test]
fn all_queues_what_came_due_in_the_last_seconds_of_the_absence_too() {
    let mut field = Field::with(|cue| cue.catch_up.policy = CatchUpPolicy::All);
    // 12:03:00 is two seconds ago: not too late to run, but overlap would skip it behind 12:01:00.
    field.off_until(182);
    let waits: Vec<i64> = field.lane.held.iter().map(|held| (held.due.0 - NOON) / 1_000).collect();
    assert_eq!((field.ends(), waits), (vec![(60, End::Ran)], vec![120, 180]));
}

#[test]
fn a_blackout_skips_what_is_due_in_it_and_nothing_is_caught_up_from_it() {
    let blackout = |from: i64, to: i64| {
        let text = String::new;
        Blackout { from: Ms(NOON + from * 1_000), to: Ms(NOON + to * 1_000), from_text: text(), to_text: text() }
    };
    let skipped = End::Skipped { policy: SkipPolicy::Blackout };
    let mut field = Field::with(|cue| cue.schedule.blackout = vec![blackout(100, 300)]);
    field.until(61);
    assert_eq!(field.lane.runs.len(), 1);
    field.until(125);
    assert_eq!(field.ends(), [(120, skipped.clone())]);
    let by_hand = field.fire();
    assert!(field.run(&by_hand).is_live(), "a fire by hand goes all the same");
    let mut field = Field::with(|cue| {
        cue.schedule.blackout = vec![blackout(100, 190)];
        cue.catch_up.within_ms = Some(600_000);
    });
    field.off_until(200);
    let ends = [(60, End::Ran), (120, skipped.clone()), (180, skipped)];
    assert_eq!(field.ends(), ends, "the newest that may run is the one before it");
}

#[test]
fn waiting_is_as_long_as_it_was_when_the_machine_slept_or_its_clock_was_set() {
    let deadline = |field: &Field, run: &RunId| match field.run(run).phase {
        Phase::AwaitingOutcome { deadline: Some(deadline) } => deadline.since(field.now) / 1_000,
        _ => panic!("it awaits its outcome"),
    };
    let mut field = Field::manual(|_| ());
    let run = field.fire();
    field.told(&run, 1, ok());
    // An hour forward, of which half was slept and half was the clock being set.
    field.now = field.now.plus(3_600_000);
    field.give(Input::Shifted { slept_ms: 1_800_000, stepped_ms: 1_800_000 });
    assert_eq!(deadline(&field, &run), 300);
    field.now = Ms(1_000);
    field.give(Input::Shifted { slept_ms: 0, stepped_ms: 1_000 - NOON - 3_600_001 });
    assert_eq!(deadline(&field, &run), 300, "back to 1970");

    let mut field = Field::manual(|_| ());
    let run = field.fire();
    field.told(&run, 1, unavailable());
    let Phase::WaitingRetry { at } = field.run(&run).phase else { panic!("it waits for its retry") };
    field.give(Input::Shifted { slept_ms: 3_600_000, stepped_ms: 0 });
    assert_eq!(field.run(&run).phase, Phase::WaitingRetry { at }, "sleep counts for a backoff");
    field.give(Input::Shifted { slept_ms: 0, stepped_ms: -3_600_000 });
    assert_eq!(field.run(&run).phase, Phase::WaitingRetry { at: at.minus(3_600_000) });
}
