//! What beats say, over their time.

use cuetower_core::away::{Band, Reason};
use cuetower_core::id::AccountId;
use serde_json::{Value, json};

use super::super::expected::AgentWatch;
use super::*;

fn at(second: i64) -> Ms {
    Ms(second * 1_000)
}

fn bot() -> Agent {
    Agent::named(AccountId::OWNER, "bot")
}

fn said(agent: &mut Agent, second: i64, body: &Value) -> Vec<News> {
    let mut body = body.clone();
    body["agent"] = json!("bot");
    let beat = Beat::read(body.as_object().unwrap(), "body").unwrap();
    agent.hear(&beat, "", at(second), &[])
}

/// The words of its facts, and of its signals: what, how bad, title.
fn facts(news: &[News]) -> Vec<&'static str> {
    news.iter().map(|news| news.fact).collect()
}

fn told(news: &News) -> (AlertKind, Severity, String, String) {
    match news.signal.clone() {
        Some(Signal::Trouble(Problem { kind, severity, title, body, .. })) => (kind, severity, title, body),
        other => panic!("no trouble is told: {other:?}"),
    }
}

fn ends(news: &News) -> AlertKind {
    match &news.signal {
        Some(Signal::Over { kind, about, run_id: None }) if *about == bot().about() => *kind,
        other => panic!("nothing ends: {other:?}"),
    }
}

fn watched(change: impl FnOnce(&mut AgentWatch)) -> Agent {
    let mut watch = AgentWatch { interval_ms: Some(60_000), ..AgentWatch::learnt() };
    change(&mut watch);
    let mut agent = bot();
    agent.watch = Some(watch);
    agent
}

#[test]
fn silence_is_told_as_its_owner_said_or_once_its_habit_is_known() {
    let mut agent = bot();
    said(&mut agent, 0, &json!({}));
    assert!(!agent.wants_alert_of_silence(false), "one beat is no habit");
    for second in [60, 120, 180] {
        said(&mut agent, second, &json!({ "message": "Processed 42." }));
    }
    assert!(agent.wants_alert_of_silence(false));
    assert!(!agent.wants_alert_of_silence(true), "its runs are watched");
    let mut of_run = agent.clone();
    of_run.of_run = true;
    assert!(!of_run.wants_alert_of_silence(false));
    of_run.watch = Some(AgentWatch { interval_ms: Some(1), ..AgentWatch::learnt() });
    assert!(of_run.wants_alert_of_silence(true), "its owner said so");

    let news = agent.falls_silent(true, at(360));
    let (kind, severity, title, body) = told(&news[0]);
    assert_eq!((kind, severity, title.as_str()), (AlertKind::HeartbeatLost, Severity::Warning, "bot has gone quiet"));
    let expected = "No beat for 3 min; it usually beats every 1 min. Its last beat said: Processed 42. No runner watches it, so nobody here can restart it.";
    assert_eq!(body, expected);
    assert_eq!((Armed::of(&agent), agent.state(at(361)).word()), (None, "late"));
    let back = said(&mut agent, 400, &json!({}));
    assert_eq!(
        (ends(&back[0]), back[0].words.as_str()),
        (AlertKind::HeartbeatLost, "It beats again, after 3 min 40 s.")
    );
    assert!(Armed::of(&agent).is_some());

    let mut strict = watched(|_| {});
    said(&mut strict, 0, &json!({ "restart_type": "docker", "restart_target": "bot" }));
    assert_eq!(Armed::of(&strict).unwrap().lost_due(at(0), &[]), at(90));
    let (_, severity, _, body) = told(&strict.falls_silent(true, at(90))[0]);
    assert_eq!(severity, Severity::Critical);
    assert!(body.starts_with("No beat for 1 min 30 s; one is expected every 1 min."), "{body}");
    assert!(body.ends_with("Its runner can restart it (docker:bot): cuetowerctl agents restart bot"), "{body}");
}

#[test]
fn who_said_goodbye_owes_nothing_and_nothing_is_wrong_with_it() {
    let mut agent = watched(|watch| watch.progress_within_ms = Some(600_000));
    said(&mut agent, 0, &json!({}));
    agent.falls_silent(true, at(90));
    let news = said(&mut agent, 100, &json!({ "status": "shutdown" }));
    assert_eq!((facts(&news), ends(&news[0])), (vec!["agent_back"], AlertKind::HeartbeatLost));
    assert_eq!((Armed::of(&agent), agent.troubles()), (None, Vec::new()));
    let crashed = &mut watched(|_| {});
    said(crashed, 0, &json!({ "status": "error", "message": "CRASH: boom" }));
    assert!(Armed::of(crashed).is_some(), "a crash is no goodbye");
}

#[test]
fn a_number_that_stands_still_is_no_work_whatever_it_costs() {
    let mut agent = watched(|watch| watch.progress_within_ms = Some(300_000));
    for minute in 0..5 {
        said(&mut agent, minute * 60, &json!({ "progress": minute, "tokens_used": 100 }));
    }
    for minute in 5..9 {
        assert!(said(&mut agent, minute * 60, &json!({ "progress": 4, "tokens_used": 100 })).is_empty());
    }
    assert_eq!(Armed::of(&agent).unwrap().stuck_due(at(480), &[]), Some(at(540)));
    let (kind, severity, title, body) = told(&agent.stands_still(at(540)));
    assert_eq!((kind, severity), (AlertKind::Zombie, Severity::Critical));
    assert_eq!(
        (title.as_str(), body.as_str()),
        ("bot is alive and does not get on", "It beats, and has not got on for 5 min.")
    );
    assert_eq!(Armed::of(&agent).unwrap().progress, None, "told once");
    assert!(said(&mut agent, 550, &json!({ "progress": 4 })).is_empty());
    assert_eq!(ends(&said(&mut agent, 600, &json!({ "progress": 5 }))[0]), AlertKind::Zombie);
    agent.stands_still(at(2_000));
    let news = agent.falls_silent(true, at(2_000));
    assert_eq!(
        (ends(&news[0]), facts(&news)),
        (AlertKind::Zombie, vec!["agent_over", "agent_lost"]),
        "silence is another thing"
    );
    said(&mut agent, 5_000, &json!({ "progress": 5 }));
    assert_eq!(Armed::of(&agent).unwrap().stuck_due(at(5_000), &[]), Some(at(5_300)), "whoever came back has its time");
}

#[test]
fn the_first_beat_that_spends_two_hundred_times_as_much_is_critical_and_three_calm_ones_end_it() {
    let mut agent = bot();
    for minute in 0..12 {
        assert!(said(&mut agent, minute * 60, &json!({ "tokens_used": 200 })).is_empty());
    }
    let news = said(&mut agent, 720, &json!({ "tokens_used": 40_000, "message": "thinking" }));
    let (kind, severity, title, body) = told(&news[0]);
    assert_eq!(
        (kind, severity, title.as_str()),
        (AlertKind::CostSpike, Severity::Critical, "bot spends far more than usual")
    );
    assert_eq!(body, "40,000 tokens per min, usually 200: 200 times. Its last beat said: thinking.");
    assert!(said(&mut agent, 750, &json!({ "tokens_used": 40_000 })).is_empty(), "it goes on, and was told");
    assert_eq!(
        facts(&said(&mut agent, 800, &json!({ "tokens_used": 40_000 }))),
        ["agent_spiked"],
        "a minute later it is told again"
    );
    assert_eq!(agent.troubles().len(), 1);
    for second in [810, 820, 830, 840] {
        assert!(said(&mut agent, second, &json!({ "tokens_used": 0 })).is_empty(), "a pause says nothing");
    }
    for second in [860, 920] {
        assert!(said(&mut agent, second, &json!({ "tokens_used": 200 })).is_empty());
    }
    assert_eq!(ends(&said(&mut agent, 980, &json!({ "tokens_used": 200 }))[0]), AlertKind::CostSpike);
    assert!(agent.troubles().is_empty());
}

#[test]
fn a_day_that_nobody_listened_to_is_no_gap() {
    let mut agent = bot();
    for minute in 0..12 {
        said(&mut agent, minute * 60, &json!({ "tokens_used": 200 }));
    }
    let day = 86_400;
    let away = [Band { from: at(690), to: at(690 + day), reason: Reason::Off }];
    let body = json!({ "agent": "bot", "tokens_used": 40_000 });
    let beat = Beat::read(body.as_object().unwrap(), "body").unwrap();
    let news = agent.hear(&beat, "", at(720 + day), &away);
    assert_eq!(facts(&news), ["agent_spiked"], "40,000 tokens in the minute that counts");
    assert_eq!(agent.usual_gap_ms(), 60_000);
}

#[test]
fn the_same_call_again_and_again_goes_round_in_circles_until_it_does_something_else() {
    let mut agent = bot();
    let call = |args: &str| json!({ "tool_calls": 1, "tool_call_log": [{ "name": "old", "args": "x" }, { "name": "search", "args": args }] });
    assert!(said(&mut agent, 0, &call("tauri")).is_empty());
    assert!(said(&mut agent, 30, &call("tauri")).is_empty());
    let news = said(&mut agent, 60, &call("tauri"));
    let (kind, severity, title, body) = told(&news[0]);
    assert_eq!(
        (kind, severity, title.as_str()),
        (AlertKind::LoopDetected, Severity::Warning, "bot goes round in circles")
    );
    assert_eq!(body, "The same call 3 times in a row with no new result: search tauri.");
    assert!(agent.looping.is_some() && said(&mut agent, 90, &json!({})).is_empty(), "it is not over because it rests");
    assert_eq!(ends(&said(&mut agent, 120, &call("svelte"))[0]), AlertKind::LoopDetected);
    assert!(agent.looping.is_none());
}

#[test]
fn nobody_hears_of_an_agent_whose_owner_wants_no_alerts() {
    let mut agent = watched(|watch| watch.alert = false);
    for minute in 0..12 {
        said(&mut agent, minute * 60, &json!({ "tokens_used": 200 }));
    }
    let news = said(&mut agent, 720, &json!({ "tokens_used": 40_000 }));
    assert_eq!((facts(&news), &news[0].signal), (vec!["agent_spiked"], &None), "it is written down all the same");
    let silent = agent.falls_silent(agent.wants_alert_of_silence(false), at(900));
    assert_eq!(silent[0].signal, None);
    assert!(agent.troubles().is_empty());
}

#[test]
fn its_runner_is_asked_three_times_an_hour_at_most() {
    let mut agent = watched(|watch| watch.restart = true);
    said(&mut agent, 0, &json!({}));
    assert!(!agent.wants_restart(at(90)), "nobody watches it");
    said(&mut agent, 1, &json!({ "restart_type": "docker", "restart_target": "bot" }));
    for minute in [10, 20, 30] {
        assert!(agent.wants_restart(at(minute * 60)));
        assert!(agent.remedy(at(minute * 60)).contains("is asked to restart it (docker:bot)"));
        agent.restarts(at(minute * 60));
    }
    assert!(!agent.wants_restart(at(69 * 60)));
    assert!(agent.remedy(at(69 * 60)).ends_with("3 times within the hour; that is enough."));
    assert!(agent.wants_restart(at(71 * 60)), "the hour rolls");
}
