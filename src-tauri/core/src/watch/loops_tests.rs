//! Loops told as stories: each rule at its threshold, and the work that looks like one and is none.

use std::borrow::Cow;

use proptest::prelude::*;

use super::loops::*;
use crate::Ms;

const SECOND: i64 = 1_000;

fn hides(text: &str) -> Cow<'_, str> {
    if text.contains("hunter2") { Cow::Owned(text.replace("hunter2", "••••")) } else { Cow::Borrowed(text) }
}

/// Hands calls over, twenty seconds apart unless it is told otherwise.
struct Agent {
    loops: Loops,
    now: i64,
    gap: i64,
}

impl Agent {
    fn new() -> Agent {
        Agent { loops: Loops::default(), now: 1_795_262_400_000, gap: 20 * SECOND }
    }

    fn call(&mut self, tool: &str, args: &str, result: &str, tokens: u64, is_tool: bool) -> Option<Loop> {
        self.now += self.gap;
        let some = |text| (!str::is_empty(text)).then_some(text);
        let call = Call { tool, args: some(args), result: some(result), tokens, is_tool, at: Ms(self.now) };
        self.loops.call(&call, hides)
    }

    fn tool(&mut self, tool: &str, args: &str, result: &str) -> Option<LoopRule> {
        self.call(tool, args, result, 0, true).map(|found| found.rule)
    }

    fn model(&mut self, prompt: &str, answer: &str, tokens: u64) -> Option<LoopRule> {
        self.call("chat", prompt, answer, tokens, false).map(|found| found.rule)
    }
}

#[test]
fn the_same_call_three_times_in_a_row() {
    let mut agent = Agent::new();
    let mut search = || agent.call("search", r#"{"q":"tauri"}"#, "[]", 0, true);
    assert_eq!((search(), search()), (None, None));
    let found = search().expect("it is the third");
    assert_eq!(found.rule, LoopRule::SameCall);
    assert_eq!(found.words, r#"The same call 3 times in a row with no new result: search {"q":"tauri"}"#);
    assert_eq!(found.prints, [r#"search {"q":"tauri"} → []"#]);
    let later = (4..=1_037).filter_map(|_| search()).last().expect("it goes on");
    assert!(later.words.contains("1,037 times"), "{}", later.words);
    assert!(agent.loops.goes_on());
    assert_eq!(agent.tool("search", r#"{"q":"tauri"}"#, r#"["found"]"#), None, "a new result ends it");
    assert!(!agent.loops.goes_on());
}

#[test]
fn what_is_not_to_be_shown_is_not_and_tells_calls_apart_all_the_same() {
    let mut agent = Agent::new();
    let long = format!(r#"{{"password":"hunter2","rest":"{}"}}"#, "x".repeat(5_000));
    let mut login = || agent.call("login hunter2", &long, r#"{"token":"hunter2"}"#, 0, true);
    assert_eq!((login(), login()), (None, None));
    let found = login().unwrap();
    let kept = serde_json::to_string(&agent.loops).unwrap();
    assert!(!format!("{found:?} {kept}").contains("hunter"), "{found:?} {kept}");
    assert!(found.words.contains(r#"login •••• {"password":"••••""#), "{}", found.words);
    let mut each = Agent::new();
    for secret in ["hunter2", "hunter22", "hunter222"] {
        assert_eq!(each.call("login", secret, "no", 0, true), None, "another one is another call");
    }
    let mut loops = Loops::default();
    let said = (0..5).filter_map(|_| loops.beat(Some("Trying hunter2"), true, false, hides)).next_back().unwrap();
    assert_eq!(said.prints, ["Trying ••••"]);
}

#[test]
fn a_model_asked_in_between_does_not_hide_it() {
    let mut agent = Agent::new();
    for turn in 0..2 {
        assert_eq!(agent.tool("read", r#"{"path":"a.md"}"#, "text"), None);
        assert_eq!(agent.model(&format!("turn {turn}"), &format!("thinks {turn}"), 500), None);
    }
    assert_eq!(agent.tool("read", r#"{"path":"a.md"}"#, "text"), Some(LoopRule::SameCall));
    assert_eq!(agent.model("turn 3", "thinks 3", 500), None);
    assert!(agent.loops.goes_on(), "thinking alone does not end it");
    (4..12).for_each(|turn| assert_eq!(agent.model(&format!("turn {turn}"), &format!("thinks {turn}"), 500), None));
    assert!(!agent.loops.goes_on(), "it has left the tool alone for long");
}

#[test]
fn arguments_that_differ_in_the_calls_own_id_are_the_same() {
    let mut agent = Agent::new();
    let found: Vec<_> = (0..3)
        .map(|n| {
            let args = format!(
                r#"{{"q": "x", "request_id": "0000000{n}-aaaa-4bbb-8ccc-0123456789ab", "ts": {}}}"#,
                1_795_262_400 + n
            );
            agent.tool("search", &args, &format!("error 429, request id: abcdef0{n}"))
        })
        .collect();
    assert_eq!(found, [None, None, Some(LoopRule::SameCall)]);
}

#[test]
fn by_turns_three_times() {
    let mut agent = Agent::new();
    let turn = |agent: &mut Agent, n: usize| match n % 2 {
        0 => agent.call("edit", "a", "done", 0, true),
        _ => agent.call("test", "a", "1 failed", 0, true),
    };
    assert_eq!(agent.tool("plan", "a", "b"), None);
    (0..5).for_each(|n| assert_eq!(turn(&mut agent, n), None, "call {n}"));
    let found = turn(&mut agent, 5).expect("it is the third time");
    assert_eq!((found.rule, found.prints.len()), (LoopRule::Alternating, 2));
    assert_eq!(found.words, "The same two calls by turns, 3 times, with no new result: test a");
    assert_eq!(found.prints, ["test a → 1 failed", "edit a → done"]);
    assert!(turn(&mut agent, 6).is_some() && agent.loops.goes_on());
    assert_eq!(agent.tool("test", "a", "all pass"), None, "another result ends it");
    assert!(!agent.loops.goes_on());
}

#[test]
fn more_than_ten_tool_calls_a_minute_of_two_kinds() {
    // Never three alike in a row, never by turns three times.
    let pattern = ["a", "a", "b", "b"];
    let count = |gap: i64| {
        let mut agent = Agent { gap, ..Agent::new() };
        (0..40).map(|n| agent.tool("poll", pattern[n % 4], "same")).position(|found| found.is_some())
    };
    assert_eq!(count(5 * SECOND), Some(10), "the eleventh within a minute");
    assert_eq!(count(6 * SECOND), None, "ten a minute are let be");
    let mut agent = Agent { gap: SECOND, ..Agent::new() };
    let told = (0..11).filter_map(|n| agent.call("poll", pattern[n % 4], "same", 0, true)).last().unwrap();
    assert_eq!(told.words, "11 tool calls in 10 s, only two different ones: poll b");
    let mut three = Agent { gap: SECOND, ..Agent::new() };
    let kinds = ["a", "a", "b", "b", "c"];
    assert!((0..60).all(|n| three.tool("poll", kinds[n % 5], "same").is_none()), "three kinds are work");
}

#[test]
fn the_same_message_in_five_beats_that_used_something() {
    let mut loops = Loops::default();
    let stuck = "Looking for the login page";
    (0..4).for_each(|_| assert_eq!(loops.beat(Some(stuck), true, false, hides), None));
    let found = loops.beat(Some(" looking for  the login page"), true, false, hides).expect("it is the fifth");
    assert_eq!(found.rule, LoopRule::SameMessage);
    assert_eq!(found.words, "The same message in 5 beats that used something: looking for the login page");
    assert!(loops.goes_on());
    assert_eq!(loops.beat(Some("Found it"), true, false, hides), None);
    assert!(!loops.goes_on());
}

#[test]
fn calls_between_beats_are_work_and_those_that_bring_something_new_are_no_loop() {
    let beats = |results: fn(usize) -> String| {
        let mut agent = Agent::new();
        let beat = |n: usize| {
            // Two kinds, never by turns.
            let prompt = ["a", "a", "b", "b", "a"][n % 5];
            agent.model(prompt, &results(n), 0);
            agent.loops.beat(Some("Looking for the login page"), false, false, hides)
        };
        (0..20).filter_map(beat).count()
    };
    assert!(beats(|_| "nothing".to_owned()) > 0);
    assert_eq!(beats(|n| format!("page {n}")), 0);
    let mut loops = Loops::default();
    (0..20).for_each(|_| assert_eq!(loops.beat(Some("Waits for mail"), false, false, hides), None, "no call at all"));
}

#[test]
fn a_quiet_agent_may_say_the_same_for_ever() {
    for (message, used, moved) in [
        ("waits for mail", false, false),
        ("working through the list", true, true),
        ("ok", true, false),
        ("Still running...", true, false),
        ("", true, false),
    ] {
        let mut loops = Loops::default();
        assert!((0..200).all(|_| loops.beat(Some(message), used, moved, hides).is_none()), "{message}");
        assert!(!loops.goes_on());
    }
    let mut loops = Loops::default();
    (0..100).for_each(|beat| {
        assert_eq!(loops.beat(Some("scoring leads"), true, beat % 5 == 4, hides), None, "its number moves")
    });
    let mut agent = Agent::new();
    for lead in 0..100 {
        assert_eq!(agent.tool("score", &format!("{lead}"), "ok"), None);
        assert_eq!(agent.loops.beat(Some("scoring leads"), true, false, hides), None, "its calls are new ones");
    }
}

#[test]
fn tokens_that_grow_for_eight_steps_without_a_new_result() {
    let mut agent = Agent::new();
    assert_eq!(agent.model("p0", "I cannot find it", 1_000), None);
    (1..8)
        .for_each(|n| assert_eq!(agent.model(&format!("p{n}"), "I cannot find it", 1_000 + n * 300), None, "step {n}"));
    let found = agent.call("chat", "p8", "I cannot find it", 4_000, false).expect("it is the eighth without a new one");
    assert_eq!(found.rule, LoopRule::GrowingWithoutResult);
    assert_eq!(found.words, "8 steps with more tokens each time and no new result, the last with 4,000: chat p8");
    assert!(agent.loops.goes_on());
    assert_eq!(agent.model("p9", "Found it", 5_000), None);
    assert!(!agent.loops.goes_on());
}

#[test]
fn answers_of_two_kinds_to_many_questions_are_work() {
    let mut agent = Agent::new();
    for lead in 0..200_u64 {
        assert_eq!(agent.tool("fetch", &format!(r#"{{"lead":{lead}}}"#), &format!("lead number {lead}")), None);
        assert_eq!(
            agent.model(&format!("is lead {lead} good?"), if lead % 3 == 0 { "yes" } else { "no" }, 900 + lead),
            None
        );
        assert_eq!(agent.tool("update", &format!(r#"{{"lead":{lead}}}"#), "ok"), None);
    }
}

#[test]
fn what_says_nothing_is_no_sign() {
    let mut agent = Agent { gap: 100, ..Agent::new() };
    assert!((0..100).all(|_| agent.call("step", "", "", 5_000, true).is_none()));
    assert!((0..100).all(|n| agent.call("chat", "", "", 100 * n, false).is_none()), "spans without their contents");
}

#[test]
fn polling_that_differs_in_time_is_none() {
    let mut agent = Agent::new();
    for job in 0..50 {
        let args = format!(r#"{{"job":{job}}}"#);
        assert_eq!(agent.tool("status", &args, "pending"), None);
        assert_eq!(agent.tool("status", &args, "pending"), None);
        assert_eq!(agent.tool("status", &args, "done"), None);
    }
}

#[test]
fn it_survives_a_restart_and_stays_small() {
    let mut agent = Agent::new();
    let long = "x".repeat(10_000);
    (0..500).for_each(|n| assert_eq!(agent.tool(&long, &format!("{n} {long}"), &format!("{long} {n}")), None));
    assert_eq!(agent.tool("a", "1", &long), None);
    assert_eq!(agent.tool("a", "1", &long), None);
    let kept = serde_json::to_string(&agent.loops).unwrap();
    assert!(kept.len() < 8_000, "{}", kept.len());
    agent.loops = serde_json::from_str(&kept).unwrap();
    let found = agent.call("a", "1", &long, 0, true).expect("it had not forgotten");
    assert!(found.words.chars().count() <= 200 && found.prints.iter().all(|print| print.chars().count() <= 200));
    assert_eq!(serde_json::from_str::<Loops>("{}").unwrap(), Loops::default());
}

/// One record's worth of ordinary work: which tools are called, how they answer, whether a model is asked.
fn record() -> impl Strategy<Value = Vec<(u8, u8, bool)>> {
    proptest::collection::vec((0..4_u8, 0..3_u8, any::<bool>()), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every call is about another record; answers repeat, ids change, everything may come at once.
    #[test]
    fn work_on_one_record_after_the_other_never_alarms(records in proptest::collection::vec(record(), 1..60), gap in 1..30_000_i64, uuids: bool) {
        let mut agent = Agent { gap, ..Agent::new() };
        for (number, calls) in records.iter().enumerate() {
            let id = if uuids { format!("{number:08x}-1111-4222-8333-444455556666") } else { number.to_string() };
            for (place, (tool, answer, asks)) in calls.iter().enumerate() {
                let args = format!(r#"{{"id": "{id}", "part": {place}, "request_id": "req_{number}a{place}b00"}}"#);
                let answer = ["ok", r#"{"done":true}"#, ""][usize::from(*answer)];
                prop_assert_eq!(agent.tool(["fetch", "score", "update", "mail"][usize::from(*tool)], &args, answer), None);
                if *asks {
                    let tokens = 100 + (number as u64 * 7_919) % 900;
                    prop_assert_eq!(agent.model(&args, &format!("about {id}, part {place}"), tokens), None);
                }
            }
        }
        prop_assert!(!agent.loops.goes_on());
    }

    /// Whatever came before, the third of the same calls in a row is told, and not the second.
    #[test]
    fn whatever_came_before_the_third_is_told(before in proptest::collection::vec((0..6_u8, 0..4_u8), 0..80)) {
        let mut agent = Agent { gap: 60 * SECOND, ..Agent::new() };
        for (args, result) in before {
            agent.tool("work", &args.to_string(), &result.to_string());
        }
        let found: Vec<_> = (0..3).map(|_| agent.tool("stuck", "here", "nothing")).collect();
        prop_assert_eq!(found, vec![None, None, Some(LoopRule::SameCall)]);
    }

    #[test]
    fn nothing_breaks_it(calls in proptest::collection::vec(("\\PC{0,9}", "\\PC{0,30}", "\\PC{0,30}", any::<u64>(), any::<bool>()), 0..40), at: i64) {
        let mut agent = Agent { now: at / 4, ..Agent::new() };
        for (tool, args, result, tokens, is_tool) in &calls {
            if let Some(found) = agent.call(tool, args, result, *tokens, *is_tool) {
                prop_assert!(found.words.chars().count() <= 200 && !found.prints.is_empty());
            }
            agent.loops.beat(Some(args), *is_tool, false, hides);
        }
    }
}
