//! The cues of a simulated world: every schedule kind, with policies thrown at random.

use cuetower_core::Ms;
use cuetower_core::cue::{
    Callback, CatchUp, CatchUpPolicy, Command, Confirm, CueDefinition, Delivery, Evidence, Expect, Overlap, Program,
    Retry, ScheduleSpec, Transport, Unanswered,
};
use serde_json::json;

use super::luck::Luck;

const CRONS: &[&str] =
    &["* * * * *", "*/5 * * * *", "0 * * * *", "30 2 * * *", "*/20 9-17 * * 1-5", "*/10 * * * * 0,5"];
const ZONES: &[&str] = &["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"];

pub fn fleet(luck: &mut Luck, now: Ms) -> Vec<CueDefinition> {
    let mut all: Vec<CueDefinition> = (0..4).map(|number| cue(luck, &format!("cue-{number}"), recurring)).collect();
    let at = now.plus(luck.between(1, 6 * 3_600_000));
    all.push(cue(luck, "once", |_| ScheduleSpec::Once { at, timezone: "UTC".into() }));
    all.push(cue(luck, "manual", |_| ScheduleSpec::Manual { timezone: "UTC".into() }));
    all
}

/// The same cue after an edit.
pub fn edited(luck: &mut Luck, current: &CueDefinition) -> CueDefinition {
    let mut edited = cue(luck, &current.name, recurring);
    if luck.chance(50) {
        edited.schedule = current.schedule.clone();
    }
    edited
}

fn recurring(luck: &mut Luck) -> ScheduleSpec {
    let (cron, timezone) = (luck.pick(CRONS).to_string(), luck.pick(ZONES).to_string());
    ScheduleSpec::Recurring { cron, timezone }
}

fn cue(luck: &mut Luck, name: &str, schedule: impl Fn(&mut Luck) -> ScheduleSpec) -> CueDefinition {
    let command = luck.chance(40);
    let confirm = match luck.below(4) {
        0 if command => Confirm::ExitCode,
        1 => Confirm::Delivery,
        _ => Confirm::Outcome,
    };
    let policy = *luck.pick(&[CatchUpPolicy::Latest, CatchUpPolicy::All, CatchUpPolicy::None]);
    CueDefinition {
        name: name.to_owned(),
        description: None,
        agent: "simulated".to_owned(),
        schedule: schedule(luck),
        transport: if command { program() } else { webhook() },
        payload: json!({}),
        retry: Retry {
            max_attempts: luck.between(1, 4) as u32,
            backoff_ms: vec![luck.between(100, 90_000)],
            on_failed_outcome: luck.chance(50),
        },
        delivery: Delivery {
            timeout_ms: 30_000,
            outcome_deadline_ms: luck.chance(60).then(|| luck.between(1_000, 600_000)),
            unanswered: *luck.pick(&[Unanswered::Wait, Unanswered::Retry]),
        },
        confirm,
        catch_up: CatchUp { policy, within_ms: luck.chance(30).then(|| luck.between(1_000, 3_600_000)) },
        overlap: *luck.pick(&[Overlap::Skip, Overlap::Queue, Overlap::Allow, Overlap::Replace]),
        expect: Expect {
            min_processed: luck.chance(50).then_some(100.0),
            max_error_rate: None,
            evidence: if luck.chance(20) { vec![Evidence::Summary] } else { Vec::new() },
        },
        pause_on_failure: luck.chance(5),
    }
}

fn webhook() -> Transport {
    Transport::Webhook(Callback { url: "http://127.0.0.1:9/".into(), method: "POST".into(), headers: Vec::new() })
}

fn program() -> Transport {
    let program = Program::Argv(vec!["true".into()]);
    Transport::Command(Command { program, cwd: None, env: Vec::new(), stop_grace_ms: 1_000 })
}
