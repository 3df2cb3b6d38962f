//! The cues of a simulated world: every schedule kind, with policies thrown at random.

use cuetower_core::Ms;
use cuetower_core::check::{Check, OnFail, Preflight, What};
use cuetower_core::cue::{
    AlertRules, Budget, Callback, CatchUp, CatchUpPolicy, Command, Confirm, CueDefinition, Delivery, Evidence, Expect,
    FireRules, OnFailure, OnLoop, Overlap, Program, Restart, Retry, Transport, Unanswered, Worker,
};
use cuetower_core::id::{AccountId, CueId};
use cuetower_core::plan::Plan;
use cuetower_core::schedule_spec::{AfterEnd, Blackout, Kind, NextRunLimits, Part, Rate, ScheduleSpec, Weekdays};
use cuetower_core::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use serde_json::json;

use super::luck::Luck;
use super::{gates, permits};

const FALLBACK: &str = "cue_fallback";
const NEXT: &str = "cue_next";

const CRONS: &[&str] = &[
    "* * * * *",
    "*/5 * * * *",
    "0 * * * *",
    "30 2 * * *",
    "*/20 9-17 * * 1-5",
    "*/10 * * * 0,5",
    "15,45 0-8 L * *",
    "0 3 * * 7",
];
const ZONES: &[&str] = &["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"];
const EVERY_MS: &[u64] = &[20 * SECOND_MS, 4 * MINUTE_MS, 17 * MINUTE_MS, HOUR_MS, 7 * HOUR_MS, DAY_MS];

pub fn fleet(luck: &mut Luck, now: Ms) -> Vec<(CueId, CueDefinition)> {
    let mut all: Vec<(CueId, CueDefinition)> = Vec::new();
    let mut add = |luck: &mut Luck, name: &str, kind: Option<Kind>| {
        let kind = kind.unwrap_or_else(|| repeating(luck, now));
        let schedule = schedule(luck, kind, now);
        let id = CueId::thrown(luck);
        let definition = cue(luck, name, schedule);
        all.push((id.clone(), definition));
        id
    };
    let mut first = None;
    for number in 0..4 {
        let id = add(luck, &format!("cue-{number}"), None);
        first.get_or_insert(id);
    }
    let at = now.plus(luck.between(1, 6 * HOUR_MS));
    add(luck, "once", Some(Kind::Once { at }));
    let manual = add(luck, "manual", Some(Kind::Manual));
    let first = first.expect("four were added");
    let kind = after(luck, first);
    let follower = add(luck, "after-first", Some(kind));
    let upstream = if luck.chance(50) { follower } else { manual };
    let kind = after(luck, upstream);
    add(luck, "after-another", Some(kind));
    all.extend([last(luck, FALLBACK), last(luck, NEXT)]);
    all
}

/// The same cue after an edit.
pub fn edited(luck: &mut Luck, current: &CueDefinition, now: Ms) -> CueDefinition {
    let kind = match &current.schedule.kind {
        Kind::After { cue, .. } => after(luck, cue.clone()),
        _ => repeating(luck, now),
    };
    let spec = if luck.chance(50) { current.schedule.clone() } else { schedule(luck, kind, now) };
    match current.name.as_str() {
        FALLBACK | NEXT => last(luck, &current.name).1,
        name => cue(luck, name, spec),
    }
}

fn after(luck: &mut Luck, cue: CueId) -> Kind {
    Kind::After { cue, on: *luck.pick(&[AfterEnd::Confirmed, AfterEnd::Failed, AfterEnd::Either]) }
}

fn repeating(luck: &mut Luck, now: Ms) -> Kind {
    match luck.below(10) {
        0..3 => Kind::Interval { every_ms: *luck.pick(EVERY_MS), anchor: now.minus(luck.below(HOUR_MS)) },
        3 => Kind::Recurring { cron: None },
        _ => Kind::Recurring { cron: Some((*luck.pick(CRONS)).to_owned()) },
    }
}

/// One that names an instant, if it is of a kind that does: others are refused when they are written.
fn schedule(luck: &mut Luck, kind: Kind, now: Ms) -> ScheduleSpec {
    loop {
        let spec = some_schedule(luck, kind.clone(), now);
        let names = |plan: Plan| plan.next_after(now).is_some();
        if spec.parts.is_empty() || Plan::of(&spec, "").is_ok_and(names) {
            return spec;
        }
    }
}

fn some_schedule(luck: &mut Luck, kind: Kind, now: Ms) -> ScheduleSpec {
    let needs_parts = matches!(kind, Kind::Recurring { cron: None });
    let repeats = matches!(kind, Kind::Recurring { .. } | Kind::Interval { .. });
    let mut spec = ScheduleSpec::of(kind, *luck.pick(ZONES));
    if needs_parts || (repeats && luck.chance(35)) {
        spec.parts = (0..luck.between(1, 2)).map(|_| part(luck)).collect();
    }
    if luck.chance(40) {
        spec.blackout = (0..luck.between(1, 2)).map(|_| blackout(luck, now)).collect();
    }
    if repeats && luck.chance(20) {
        spec.jitter_ms = *luck.pick(&[20 * SECOND_MS, 3 * MINUTE_MS]);
    }
    if luck.chance(20) {
        spec.paths = vec!["inbox/*".to_owned()];
    }
    spec.next_run = NextRunLimits { min_ms: luck.between(1, 60) * SECOND_MS, max_ms: luck.between(1, 90) * MINUTE_MS };
    spec
}

fn part(luck: &mut Luck) -> Part {
    let quarter = |luck: &mut Luck| luck.below(96) as u32 * 900;
    let from_s = quarter(luck);
    Part {
        days: *luck.pick(&[Weekdays::ALL, Weekdays(0x1f), Weekdays(0x60)]),
        from_s,
        to_s: if luck.chance(20) { 86_400 } else { (from_s + 900 + quarter(luck) / 2) % 86_400 + 1 },
        timezone: luck.chance(30).then(|| (*luck.pick(ZONES)).to_owned()),
        rate: match luck.below(3) {
            0 => Rate::Every { every_ms: luck.between(1, 30) * MINUTE_MS },
            1 => Rate::Cron { cron: (*luck.pick(CRONS)).to_owned() },
            _ => Rate::Otherwise,
        },
        at_once: luck.chance(50).then(|| luck.between(1, 4) as u32),
    }
}

fn blackout(luck: &mut Luck, now: Ms) -> Blackout {
    let from = now.plus(luck.below(3 * DAY_MS)).minus(luck.below(HOUR_MS));
    let to = from.plus(luck.between(1, 12 * HOUR_MS));
    Blackout { from, to, from_text: "then".to_owned(), to_text: "later".to_owned() }
}

fn cue(luck: &mut Luck, name: &str, schedule: ScheduleSpec) -> CueDefinition {
    let transport = transport(luck);
    let by_exit = matches!(transport, Transport::Command(_) | Transport::Watch);
    let lives_long = matches!(&transport, Transport::Command(command) if command.restart != Restart::Never);
    let memory = Check { what: What::Memory { free_bytes: 1 }, timeout_ms: 1_000 };
    let checks = if luck.chance(35) { vec![memory.clone(); luck.between(1, 3) as usize] } else { Vec::new() };
    let confirm = match luck.below(5) {
        0 if by_exit => Confirm::ExitCode,
        1 if !lives_long && transport != Transport::Watch => Confirm::Delivery,
        2 | 3 if !lives_long && !checks.is_empty() => Confirm::Checks,
        _ => Confirm::Outcome,
    };
    let timeout_ms = if matches!(transport, Transport::Worker(_) | Transport::Watch) {
        luck.between(1_000, 300_000)
    } else {
        30_000
    };
    let preflight = Preflight { check: memory, on_fail: OnFail::Hold };
    let policy = *luck.pick(&[CatchUpPolicy::Latest, CatchUpPolicy::All, CatchUpPolicy::None, CatchUpPolicy::Ask]);
    CueDefinition {
        account: AccountId::OWNER,
        name: name.to_owned(),
        description: None,
        agent: "simulated".to_owned(),
        schedule,
        uses: if transport == Transport::Watch { Vec::new() } else { permits::needs(luck) },
        transport,
        payload: json!({}),
        retry: Retry {
            max_attempts: luck.between(1, 4) as u32,
            backoff_ms: vec![luck.between(100, 90_000)],
            on_failed_outcome: luck.chance(50),
        },
        delivery: Delivery {
            timeout_ms,
            outcome_deadline_ms: luck.chance(60).then(|| luck.between(1_000, 600_000)),
            unanswered: *luck.pick(&[Unanswered::Wait, Unanswered::Retry]),
            ..Delivery::default()
        },
        confirm,
        catch_up: CatchUp { policy, within_ms: luck.chance(30).then(|| luck.between(1_000, 12 * HOUR_MS)) },
        overlap: *luck.pick(&[Overlap::Skip, Overlap::Queue, Overlap::Allow, Overlap::Replace]),
        expect: Expect {
            min_processed: luck.chance(50).then_some(100.0),
            max_error_rate: None,
            evidence: if luck.chance(20) { vec![Evidence::Summary] } else { Vec::new() },
            assertions: if luck.chance(10) { vec!["met".to_owned()] } else { Vec::new() },
            max_duration_ms: luck.chance(10).then(|| luck.between(1_000, 600_000)),
            assert: if luck.chance(10) { vec!["processed != 150".to_owned()] } else { Vec::new() },
            manual: luck.chance(15),
            manual_check: false,
            mode_said: false,
        },
        alerts: AlertRules::default(),
        retention: cuetower_core::retention::Keep::default(),
        fires: FireRules::default(),
        pause_on_failure: luck.chance(5),
        on_failure: OnFailure {
            email: true,
            webhook: luck.chance(20).then(|| "http://127.0.0.1:9/failed".to_owned()),
            fallback: luck.chance(15).then(|| CueId(FALLBACK.to_owned())),
        },
        on_success_fire: luck.chance(10).then(|| CueId(NEXT.to_owned())),
        budget: Budget { duration_ms: luck.chance(20).then(|| luck.between(2_000, 600_000)), ..Budget::default() },
        heartbeat: None,
        loops: OnLoop::default(),
        preflight: if luck.chance(20) { vec![preflight] } else { Vec::new() },
        checks,
        lends: Vec::new(),
        gate: gates::rules(luck),
        priority: luck.below(2) as i32,
    }
}

fn transport(luck: &mut Luck) -> Transport {
    match luck.below(10) {
        0..3 => webhook(),
        3..6 => program(*luck.pick(&[Restart::Never, Restart::Never, Restart::OnFailure, Restart::Always])),
        6..8 => Transport::Worker(Worker { lease_ms: luck.between(1_000, 120_000) }),
        _ => Transport::Watch,
    }
}

pub fn webhook() -> Transport {
    Transport::Webhook(Callback {
        url: "http://127.0.0.1:9/".into(),
        method: "POST".into(),
        headers: Vec::new(),
        allow_private: false,
    })
}

fn program(restart: Restart) -> Transport {
    let program = Program::Argv(vec!["true".into()]);
    Transport::Command(Command { program, cwd: None, env: Vec::new(), stop_grace_ms: 1_000, restart })
}

/// One that nothing follows and nothing stands in for: no circle.
fn last(luck: &mut Luck, id: &str) -> (CueId, CueDefinition) {
    let definition = cue(luck, id, ScheduleSpec::of(Kind::Manual, "UTC"));
    let (on_failure, on_success_fire) = (OnFailure { fallback: None, ..definition.on_failure }, None);
    (CueId(id.to_owned()), CueDefinition { on_failure, on_success_fire, ..definition })
}
