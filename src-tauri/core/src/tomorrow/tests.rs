//! Days worked out by hand, and held against the simulation.

use chrono::DateTime;
use serde_json::json;

use super::{Bounds, Fate, Given, Tomorrow, edited, simulate};
use crate::Ms;
use crate::cue::tests::webhook;
use crate::cue::{Command, Confirm, CueDefinition, Expect, Overlap, Program, Transport};
use crate::event::Event;
use crate::id::CueId;
use crate::lane::Lane;
use crate::occurrence::{End, SkipPolicy};
use crate::schedule_spec::{AfterEnd, Blackout, Kind, Part, Rate, ScheduleSpec, Weekdays};
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};

fn at(text: &str) -> Ms {
    Ms(DateTime::parse_from_rfc3339(text).expect(text).timestamp_millis())
}

fn cue(schedule: ScheduleSpec) -> CueDefinition {
    CueDefinition { payload: json!({ "not": "carried" }), ..webhook(schedule) }
}

fn hourly() -> CueDefinition {
    cue(ScheduleSpec::recurring("0 * * * *", "UTC"))
}

fn lane(id: &str, definition: CueDefinition, now: Ms) -> Lane {
    Lane::first(now, &Lane::created(CueId(id.into()), definition)).unwrap()
}

/// One lane, from and to.
fn one(definition: CueDefinition, run_ms: u64, from: &str, to: &str) -> Tomorrow {
    let given = Given { lane: lane("cue_a", definition, at(from)), run_ms, shown: true };
    simulate(vec![given], at(from), at(to), Bounds::default())
}

/// "01:00 ran", "02:00 waited 30" (minutes), in UTC.
fn told(tomorrow: &Tomorrow) -> Vec<String> {
    let said = tomorrow.fires.iter().map(|fire| {
        let fate = match &fire.fate {
            Fate::Ran => "ran".to_owned(),
            Fate::Waited { ms } => format!("waited {}", ms / MINUTE_MS),
            Fate::Waiting => "waiting".to_owned(),
            Fate::DidNotRun(end) => end.word().to_owned(),
        };
        format!("{} {fate}", fire.due.utc().unwrap().format("%H:%M"))
    });
    said.collect()
}

#[test]
fn a_run_of_90_min_skips_every_other_hour() {
    let day = one(hourly(), 90 * MINUTE_MS, "2026-11-21T00:30:00Z", "2026-11-22T00:30:00Z");
    assert_eq!(told(&day)[..5], ["01:00 ran", "02:00 skipped", "03:00 ran", "04:00 skipped", "05:00 ran"]);
    let lane = &day.lanes[0];
    assert_eq!((lane.due(), lane.ran, lane.skipped_overlap, lane.most_at_once), (24, 12, 12, 1));
    assert_eq!(day.fires[1].fate, Fate::DidNotRun(End::Skipped { policy: SkipPolicy::Overlap }));
    assert_eq!(lane.notes, ["12 of 24 due times find the previous run still live and are skipped."]);
    let month = one(hourly(), 90 * MINUTE_MS, "2026-11-21T00:30:00Z", "2026-12-21T00:30:00Z");
    assert_eq!(
        month.lanes[0].notes,
        ["360 of 720 due times find the previous run still live and are skipped (about 12 a day)."]
    );
}

#[test]
fn a_run_that_ends_at_the_due_instant_is_in_nobodys_way() {
    let day = one(hourly(), HOUR_MS, "2026-11-21T00:30:00Z", "2026-11-22T00:30:00Z");
    assert_eq!((day.lanes[0].ran, day.lanes[0].skipped_overlap, day.lanes[0].waited), (24, 0, 0));
    assert_eq!(day.lanes[0].notes, Vec::<String>::new());
}

#[test]
fn queued_instants_wait_longer_and_longer() {
    let queue = CueDefinition { overlap: Overlap::Queue, ..hourly() };
    let morning = one(queue, 90 * MINUTE_MS, "2026-11-21T00:30:00Z", "2026-11-21T05:15:00Z");
    // 1:00 to 2:30, 2:30 to 4:00, 4:00 to 5:30.
    assert_eq!(told(&morning), ["01:00 ran", "02:00 waited 30", "03:00 waited 60", "04:00 waiting", "05:00 waiting"]);
    let lane = &morning.lanes[0];
    assert_eq!((lane.ran, lane.waited, lane.still_waiting, lane.longest_wait_ms), (3, 2, 2, HOUR_MS));
    assert_eq!(
        lane.notes,
        ["2 of 5 due times wait behind another run first, at most 1 h.", "2 due times wait still at the end."]
    );
}

#[test]
fn replacing_and_allowing_are_told_apart() {
    let of = |overlap| {
        let definition = CueDefinition { overlap, ..hourly() };
        one(definition, 150 * MINUTE_MS, "2026-11-21T00:30:00Z", "2026-11-21T06:15:00Z").lanes.remove(0)
    };
    let replace = of(Overlap::Replace);
    assert_eq!((replace.ran, replace.replaced, replace.most_at_once), (6, 5, 1));
    let allow = of(Overlap::Allow);
    assert_eq!((allow.ran, allow.replaced, allow.most_at_once), (6, 0, 3));
}

#[test]
fn a_window_lets_three_go_at_once() {
    let window = Part {
        days: Weekdays::ALL,
        from_s: 9 * 3_600,
        to_s: 10 * 3_600,
        timezone: None,
        rate: Rate::Otherwise,
        at_once: Some(3),
    };
    let spec = ScheduleSpec { parts: vec![window], ..ScheduleSpec::recurring("*/10 * * * *", "UTC") };
    let hour = one(cue(spec), 25 * MINUTE_MS, "2026-11-21T08:55:00Z", "2026-11-21T10:25:00Z");
    // At 10:00 the runs of 9:40 and 9:50 are live, at 10:10 that of 9:50; one may be.
    let ends = ["09:00 ran", "09:10 ran", "09:20 ran", "09:30 ran", "09:40 ran", "09:50 ran"];
    assert_eq!(told(&hour)[..6], ends);
    assert_eq!(told(&hour)[6..], ["10:00 skipped", "10:10 skipped", "10:20 ran"]);
    assert_eq!(hour.lanes[0].most_at_once, 3);
}

#[test]
fn a_blackout_is_named_with_what_falls_into_it() {
    let blackout = Blackout {
        from: at("2026-12-23T23:00:00Z"),
        to: at("2026-12-27T23:00:00Z"),
        from_text: "2026-12-24".into(),
        to_text: "2026-12-27".into(),
    };
    let spec = ScheduleSpec { blackout: vec![blackout], ..ScheduleSpec::recurring("0 9 * * *", "Europe/Berlin") };
    let week = one(cue(spec), MINUTE_MS, "2026-12-23T00:00:00Z", "2026-12-30T00:00:00Z");
    let lane = &week.lanes[0];
    assert_eq!((lane.due(), lane.ran, lane.skipped_blackout), (7, 3, 4));
    assert_eq!(lane.notes, ["4 due times fall into the blackout 2026-12-24 to 2026-12-27."]);
    assert_eq!(week.fires[1].fate, Fate::DidNotRun(End::Skipped { policy: SkipPolicy::Blackout }));
}

#[test]
fn the_days_of_clock_changes_are_as_the_core_decides_them() {
    let definition = cue(ScheduleSpec::recurring("30 2 * * *", "Europe/Berlin"));
    let spring = one(definition.clone(), MINUTE_MS, "2027-03-27T00:00:00Z", "2027-03-30T00:00:00Z");
    let fires: Vec<(Ms, i32)> = spring.fires.iter().map(|fire| (fire.due, fire.offset_minutes)).collect();
    // 02:30, then 03:00 in place of the 02:30 that is not there, then 02:30 again.
    let expected = [("2027-03-27T01:30:00Z", 60), ("2027-03-28T01:00:00Z", 120), ("2027-03-29T00:30:00Z", 120)];
    assert_eq!(fires, expected.map(|(due, offset)| (at(due), offset)));
    assert_eq!(spring.lanes[0].notes, ["Sun 28 Mar 2027 has no 02:30: fires at 03:00."]);
    let before = one(definition, MINUTE_MS, "2027-03-20T00:00:00Z", "2027-03-27T12:00:00Z");
    assert_eq!(before.lanes[0].notes, Vec::<String>::new(), "the change is not in that week");

    let often = cue(ScheduleSpec::recurring("*/30 2 * * *", "Europe/Berlin"));
    let autumn = one(often, MINUTE_MS, "2027-10-30T12:00:00Z", "2027-10-31T12:00:00Z");
    let fires: Vec<(Ms, i32)> = autumn.fires.iter().map(|fire| (fire.due, fire.offset_minutes)).collect();
    let expected = [
        ("2027-10-31T00:00:00Z", 120),
        ("2027-10-31T00:30:00Z", 120),
        ("2027-10-31T01:00:00Z", 60),
        ("2027-10-31T01:30:00Z", 60),
    ];
    assert_eq!(fires, expected.map(|(due, offset)| (at(due), offset)));
    assert_eq!(autumn.lanes[0].notes, ["Sun 31 Oct 2027 has 02:00 to 02:30 twice: fires both times."]);
}

#[test]
fn a_chain_follows_the_ends_of_the_runs_before_it() {
    let now = at("2026-11-21T00:30:00Z");
    let after = |cue_id: &str, on| {
        let kind = Kind::After { cue: CueId(cue_id.into()), on };
        CueDefinition { name: format!("after {cue_id}"), ..cue(ScheduleSpec::of(kind, "UTC")) }
    };
    let given = |id: &str, definition, minutes: u64| Given {
        lane: lane(id, definition, now),
        run_ms: minutes * MINUTE_MS,
        shown: true,
    };
    let lanes = vec![
        given("cue_a", hourly(), 10),
        given("cue_b", after("cue_a", AfterEnd::Confirmed), 65),
        given("cue_c", after("cue_a", AfterEnd::Failed), 1),
        given("cue_d", after("cue_b", AfterEnd::Either), 1),
    ];
    let morning = simulate(lanes, now, at("2026-11-21T03:30:00Z"), Bounds::default());
    let said: Vec<_> = morning.fires.iter().map(|fire| (fire.lane, fire.triggered_by)).zip(told(&morning)).collect();
    let expected = [
        ((0, "scheduled"), "01:00 ran"),
        ((1, "chain"), "01:10 ran"),
        ((0, "scheduled"), "02:00 ran"),
        // Its run of 01:10 is live until 02:15.
        ((1, "chain"), "02:10 skipped"),
        ((3, "chain"), "02:15 ran"),
        ((0, "scheduled"), "03:00 ran"),
        ((1, "chain"), "03:10 ran"),
    ];
    assert_eq!(said, expected.map(|(by, told)| (by, told.to_owned())));
    assert_eq!(morning.lanes[2].notes, ["No run of leads fires it."]);
}

#[test]
fn every_transport_and_confirmation_ends_well_after_its_length() {
    let command = Transport::Command(Command {
        program: Program::Argv(vec!["true".into()]),
        cwd: None,
        env: vec![],
        stop_grace_ms: 1_000,
        restart: crate::cue::Restart::Never,
    });
    let proof = Expect {
        min_processed: Some(150.0),
        max_error_rate: Some(0.1),
        evidence: crate::cue::Evidence::ALL.into(),
        assertions: vec!["sent".into()],
        manual: false,
        manual_check: false,
        mode_said: false,
        max_duration_ms: Some(1),
        assert: vec!["processed == 7".to_owned()],
    };
    for transport in [command, hourly().transport] {
        for (confirm, expect) in [
            (Confirm::Outcome, Expect::default()),
            (Confirm::Outcome, proof.clone()),
            (Confirm::ExitCode, proof.clone()),
            (Confirm::Delivery, Expect::default()),
        ] {
            let now = at("2026-11-21T00:30:00Z");
            let definition = CueDefinition { transport: transport.clone(), confirm, expect, ..hourly() };
            let follower =
                cue(ScheduleSpec::of(Kind::After { cue: CueId("cue_a".into()), on: AfterEnd::Confirmed }, "UTC"));
            let given = [("cue_a", definition), ("cue_b", follower)];
            // Longer than the outcome deadline of 5 min.
            let given = given.map(|(id, cue)| Given { lane: lane(id, cue, now), run_ms: 20 * MINUTE_MS, shown: true });
            let hour = simulate(given.into(), now, at("2026-11-21T01:30:00Z"), Bounds::default());
            assert_eq!(told(&hour), ["01:00 ran", "01:20 ran"], "{} {confirm:?}", transport.word());
        }
    }
}

#[test]
fn jitter_moves_fires_as_the_plan_moves_them() {
    let spec = ScheduleSpec { jitter_ms: 10 * MINUTE_MS, ..ScheduleSpec::recurring("*/15 * * * *", "UTC") };
    let (from, to) = ("2026-11-21T00:30:00Z", "2026-11-23T00:30:00Z");
    let plan = crate::plan::Plan::of(&spec, "cue_a").unwrap();
    let named = std::iter::successors(plan.next_after(at(from)), |due| plan.next_after(*due));
    let named: Vec<Ms> = named.take_while(|due| *due <= at(to)).collect();
    let fires: Vec<Ms> = one(cue(spec), MINUTE_MS, from, to).fires.iter().map(|fire| fire.due).collect();
    assert_eq!(fires, named);
    assert!((190..=194).contains(&fires.len()), "{}", fires.len());
}

#[test]
fn what_is_paused_or_fires_by_hand_says_so() {
    let now = at("2026-11-21T00:30:00Z");
    let notes = |lane| {
        let mut day = simulate(vec![Given { lane, run_ms: 1, shown: true }], now, now.plus(DAY_MS), Bounds::default());
        (day.lanes[0].ran, day.lanes.remove(0).notes)
    };
    let status = |until| Event::CueStatusChanged { status: crate::cue::CueStatus::Paused, until, since: None };
    let mut paused = lane("cue_a", hourly(), now);
    paused.apply(now, &status(None));
    assert_eq!(notes(paused), (0, vec!["It is paused, so nothing fires.".to_owned()]));
    let mut until = lane("cue_a", hourly(), now);
    until.apply(now, &status(Some(at("2026-11-21T20:10:00Z"))));
    assert_eq!(notes(until).0, 4, "21:00, 22:00, 23:00 and midnight");
    let manual = lane("cue_a", cue(ScheduleSpec::manual("UTC")), now);
    assert_eq!(notes(manual), (0, vec!["It fires by hand only.".to_owned()]));
    let orphan = Kind::After { cue: CueId("cue_x".into()), on: AfterEnd::Either };
    let orphan = lane("cue_a", cue(ScheduleSpec::of(orphan, "UTC")), now);
    assert_eq!(notes(orphan).1, ["The cue it follows is not there, so nothing fires it."]);
}

#[test]
fn a_live_run_at_the_beginning_ends_after_its_length() {
    let began = at("2026-11-21T00:00:00Z");
    let mut dice = crate::id::tests::Counting(0);
    let mut running = lane("cue_a", hourly(), began.minus(1));
    for time in [began.minus(1), began] {
        let tick = crate::input::Input::Tick { away: std::sync::Arc::from([]), firing: true };
        crate::lane::decide(&mut running, &tick, time, &mut dice);
    }
    assert_eq!(running.live_runs().count(), 1);
    let given = Given { lane: running, run_ms: 90 * MINUTE_MS, shown: true };
    let morning = simulate(vec![given], at("2026-11-21T00:30:00Z"), at("2026-11-21T03:30:00Z"), Bounds::default());
    assert_eq!(told(&morning), ["01:00 skipped", "02:00 ran", "03:00 skipped"]);
}

/// However it is performed, and whatever holds it up at that moment.
#[test]
fn a_live_run_of_every_kind_is_in_nobodys_way_for_good() {
    let command = Transport::Command(Command {
        program: Program::Argv(vec!["true".into()]),
        cwd: None,
        env: vec![],
        stop_grace_ms: 1_000,
        restart: crate::cue::Restart::Never,
    });
    let uses = vec![crate::pool::Need { pool: "gpu".to_owned(), weight: 1, tokens: None }];
    let asks = crate::cue::GateRules { before_delivery: true, ..Default::default() };
    let plain = |transport: &Transport, confirm| CueDefinition { transport: transport.clone(), confirm, ..hourly() };
    let all = [
        plain(&command, Confirm::Outcome),
        plain(&command, Confirm::ExitCode),
        plain(&command, Confirm::Delivery),
        plain(&Transport::Watch, Confirm::Outcome),
        plain(&Transport::Watch, Confirm::ExitCode),
        CueDefinition { uses, ..plain(&command, Confirm::Outcome) },
        CueDefinition { gate: asks, ..plain(&command, Confirm::Outcome) },
    ];
    let began = at("2026-11-21T00:00:00Z");
    for definition in all {
        let said = format!("{} {:?}", definition.transport.word(), definition.confirm);
        let mut dice = crate::id::tests::Counting(0);
        let mut running = lane("cue_a", definition, began.minus(1));
        for time in [began.minus(1), began] {
            let tick = crate::input::Input::Tick { away: std::sync::Arc::from([]), firing: true };
            crate::lane::decide(&mut running, &tick, time, &mut dice);
        }
        let run_id = running.live_runs().next().expect(&said).id.clone();
        let result = crate::input::DeliveryResult::Started { pid: 4711 };
        let started = crate::input::Input::Delivery { run_id, number: 1, result };
        crate::lane::decide(&mut running, &started, began.plus(1), &mut dice);
        let given = Given { lane: running, run_ms: 90 * MINUTE_MS, shown: true };
        let morning = simulate(vec![given], at("2026-11-21T00:59:00Z"), at("2026-11-21T04:30:00Z"), Bounds::default());
        let lane = &morning.lanes[0];
        // Live until 1:30, or 2:29 if nothing of it had left: then 2:00 or 3:00 goes, and every other hour after it.
        assert!((1..=2).contains(&lane.ran) && lane.due() == 4, "{said}: {:?}", told(&morning));
    }
}

#[test]
fn bounds_end_the_deciding_and_not_the_counting() {
    let (now, day) = (at("2026-11-21T00:00:00Z"), 86_400);
    let every =
        |seconds: u64| cue(ScheduleSpec::of(Kind::Interval { every_ms: seconds * SECOND_MS, anchor: now }, "UTC"));
    let given = |run_ms| {
        vec![
            Given { lane: lane("cue_a", every(1), now), run_ms, shown: true },
            Given { lane: lane("cue_b", every(3_600), now), run_ms: SECOND_MS, shown: true },
        ]
    };
    let bounds = Bounds { fires_kept: 100, lane_work: 9_000, ..Bounds::default() };
    let swift = simulate(given(500), now, now.plus(DAY_MS), bounds);
    let lane = &swift.lanes[0];
    assert_eq!((lane.due(), lane.ran, lane.skipped_overlap), (day, day, 0));
    let rest = lane.rest.unwrap();
    assert!(rest.whole && rest.due > 0 && rest.due < day && rest.from < now.plus(DAY_MS), "{rest:?}");
    assert!(lane.notes[0].contains("counted by the schedule alone"), "{:?}", lane.notes);
    assert_eq!((swift.lanes[1].ran, swift.lanes[1].rest), (24, None), "the other lane is decided to its end");
    assert_eq!((swift.fires.len(), swift.truncated), (100, true));
    // One of four runs: at :00, :04, … with a run of 3.5 s.
    let slow = &simulate(given(3_500), now, now.plus(DAY_MS), bounds).lanes[0];
    assert_eq!(slow.due(), day);
    assert!(slow.ran.abs_diff(day / 4) < 10, "{slow:?}");
    let counted = Bounds { counted: 1_000, ..bounds };
    let rest = simulate(given(500), now, now.plus(DAY_MS), counted).lanes[0].rest.unwrap();
    assert_eq!((rest.due, rest.whole), (1_000, false));
    let all = Bounds { work: 600, ..bounds };
    let cut = simulate(given(500), now, now.plus(DAY_MS), all);
    assert_eq!((cut.lanes[0].due(), cut.lanes[1].due()), (day, 24));
}

#[test]
fn the_same_lanes_give_the_same_tomorrow() {
    let of = || {
        let spec = ScheduleSpec { jitter_ms: 30_000, ..ScheduleSpec::recurring("*/5 * * * *", "Europe/Berlin") };
        let definition = CueDefinition { overlap: Overlap::Queue, ..cue(spec) };
        one(definition, 6 * MINUTE_MS, "2026-11-21T00:30:00Z", "2026-11-23T00:30:00Z")
    };
    assert_eq!(of(), of());
    assert!(of().lanes[0].queue_full > 0 || of().lanes[0].still_waiting > 0);
}

#[test]
fn an_edit_that_is_not_saved_is_simulated_as_the_core_would_take_it() {
    let now = at("2026-11-21T00:59:58Z");
    let mut dice = crate::id::tests::Counting(0);
    let mut armed = lane("cue_a", hourly(), now.minus(MINUTE_MS));
    let tick = crate::input::Input::Tick { away: std::sync::Arc::from([]), firing: true };
    crate::lane::decide(&mut armed, &tick, now, &mut dice);
    assert_eq!(armed.armed.len(), 1, "the instant of 01:00");
    let half_past = cue(ScheduleSpec::recurring("30 * * * *", "UTC"));
    let followed = Given { lane: edited(armed, half_past, now), run_ms: MINUTE_MS, shown: false };
    let follower = cue(ScheduleSpec::of(Kind::After { cue: CueId("cue_a".into()), on: AfterEnd::Either }, "UTC"));
    let follower = Given { lane: lane("cue_b", follower, now), run_ms: MINUTE_MS, shown: true };
    let morning = simulate(vec![followed, follower], now, at("2026-11-21T03:00:00Z"), Bounds::default());
    assert_eq!(told(&morning), ["01:31 ran", "02:31 ran"]);
    assert_eq!((morning.lanes[0].ran, morning.truncated), (2, false));
}
