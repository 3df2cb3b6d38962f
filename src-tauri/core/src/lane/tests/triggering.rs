//! What fires a cue from outside.

use super::*;
use crate::event::FileSeen;
use crate::input::Triggered;
use crate::occurrence::SkipPolicy;
use crate::outcome::NextRun;

fn url(key: Option<&str>, firing: bool) -> Input {
    let (payload, key) = (Some(json!({ "lead": 7 })), key.map(str::to_owned));
    Input::Triggered(Triggered { trigger: Trigger::Url, payload, key, firing })
}

#[test]
fn a_trigger_brings_its_payload_and_respects_overlap() {
    let mut field = Field::manual(|_| ());
    let Answer::Fired { run_id, .. } = field.give(url(None, true)) else { panic!("it fires") };
    assert_eq!(field.run(&run_id).payload, json!({ "lead": 7 }));
    field.give(url(None, true));
    assert_eq!(field.ends()[0].1, End::Skipped { policy: SkipPolicy::Overlap });
}

#[test]
fn a_trigger_with_the_same_key_fires_once() {
    let mut field = Field::manual(|cue| cue.overlap = Overlap::Allow);
    let first = field.give(url(Some("k"), true));
    assert_eq!(field.give(url(Some("k"), true)), first);
    assert_eq!(field.lane.runs.len(), 1);
}

#[test]
fn what_comes_while_paused_is_recorded_as_skipped() {
    let mut field = Field::manual(|_| ());
    field.give(url(None, false));
    assert_eq!(field.ends()[0].1, End::Skipped { policy: SkipPolicy::TowerPaused });
    field.give(Input::Pause { until: None });
    field.give(url(Some("k"), true));
    assert_eq!(field.ends()[0].1, End::Skipped { policy: SkipPolicy::Paused });
    field.give(Input::Resume);
    field.give(url(Some("k"), true));
    assert_eq!(field.sent().len(), 1, "a key that was turned away is not spent");
}

#[test]
fn a_renewed_url_ends_the_older_one_for_good() {
    let mut field = Field::manual(|_| ());
    field.give(Input::TriggerUrl { wanted: true });
    let first = field.lane.cue.trigger_url;
    field.give(Input::TriggerUrl { wanted: true });
    let second = field.lane.cue.trigger_url;
    field.give(Input::TriggerUrl { wanted: false });
    assert_eq!(field.lane.cue.trigger_url, None);
    field.give(Input::TriggerUrl { wanted: true });
    let third = field.lane.cue.trigger_url;
    assert!(first < second && second < third && first.is_some());
}

#[test]
fn files_that_were_there_are_no_news_and_each_change_fires_once() {
    let file = |modified_ms: i64| FileSeen { modified_ms, bytes: 1 };
    let look = |files: &[(&str, i64)]| {
        let seen = files.iter().map(|(path, at)| ((*path).to_owned(), file(*at))).collect();
        Input::Files { seen, firing: true }
    };
    let mut field = Field::manual(|cue| cue.overlap = Overlap::Allow);
    field.give(look(&[("a", 1)]));
    assert!(field.sent().is_empty());
    field.give(look(&[("a", 1)]));
    assert!(field.last.events.is_empty(), "nothing happened, nothing is written");
    field.give(look(&[("a", 2), ("b", 1)]));
    let payloads: Vec<_> = field.lane.runs.values().map(|run| run.payload.clone()).collect();
    assert_eq!(payloads.len(), 2);
    assert!(payloads.contains(&json!({ "path": "a", "change": "changed" })));
    assert!(payloads.contains(&json!({ "path": "b", "change": "appeared" })));
    field.give(look(&[("b", 1)]));
    field.give(look(&[("a", 2), ("b", 1)]));
    assert_eq!(field.sent().len(), 1, "gone and back is an appearance");
}

#[test]
fn an_agent_may_ask_for_its_next_run_within_the_limits_of_its_cue() {
    let asks = |seconds: u64| Outcome { next_run: Some(NextRun::InMs(seconds * 1_000)), ..success() };
    let mut field = Field::manual(|_| ());
    let run = field.fire();
    field.report(&run, None, asks(600));
    assert_eq!(field.lane.armed[0].due, field.now.plus(600_000));
    assert_eq!(field.lane.armed[0].trigger, Trigger::Dynamic { of: run });
    let run = field.fire();
    field.report(&run, None, asks(1));
    assert_eq!(field.ends(), [(600, End::Skipped { policy: SkipPolicy::Superseded })], "the last word counts");
    assert_eq!(field.lane.armed[0].due, field.now.plus(60_000), "a minute is the least by default");
    field.until(61);
    assert_eq!(field.ends(), [(60, End::Ran)]);
}
