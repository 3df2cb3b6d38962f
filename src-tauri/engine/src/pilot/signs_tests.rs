//! Signs of life, of work and of spending, on a real engine with a clock that is moved by hand.

use std::convert::Infallible;
use std::sync::Arc;

use cuetower_core::alert::{Alert, AlertKind, AlertState, Severity};
use cuetower_core::id::{AccountId, RunId};
use cuetower_core::input::{Answer, Fire, Input};
use cuetower_core::occurrence::Trigger;
use cuetower_core::outcome::Outcome;
use cuetower_core::spend::{Spend, Tokens};
use cuetower_core::step::{Begin, Done, Fail, SpanSeen};
use cuetower_core::watch::Watch;
use serde_json::{Value, json};

use super::*;
use crate::briefing_note::tests::{NOW, tower};
use crate::clock::ManualClock;
use crate::handle::{Handle, SpanBatch, SpanGroup};
use crate::notify::Notifier;
use crate::{Running, definition};

const TRACE: &str = "5b8efff798038103d269b633813fc60c";
/// A longer move of the clock is a gap.
const LOOK_MS: u64 = 4_000;

struct Scene {
    handle: Handle,
    running: Option<Running>,
    clock: Arc<ManualClock>,
    cue: CueId,
    folder: tempfile::TempDir,
}

impl Scene {
    /// `with` is laid over the definition of its one cue, which an agent works for that somebody else starts.
    async fn new(with: Value) -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(NOW));
        let (handle, running) = tower(folder.path(), &clock, Notifier::start(false).await.0).await;
        let mut cue = json!({ "name": "leads", "agent": "leads", "transport": "watch", "schedule": { "type": "manual" },
            "overlap": "allow", "delivery": { "outcome_deadline_seconds": 7_200 } });
        cue.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
        let made = handle.create_cue(definition::read_new(&cue, handle.now()).unwrap().definition).await.unwrap();
        Scene { handle, running: Some(running), clock, cue: made.id, folder }
    }

    async fn run(&self) -> RunId {
        let fire =
            Fire { payload: None, send_at: None, key: None, exit_criteria: Vec::new(), trigger: Trigger::ManualFire };
        let (answer, _) = self.handle.cue(&self.cue, Input::Fire(fire)).await.unwrap();
        let Answer::Fired { run_id, .. } = answer else { panic!("{answer:?}") };
        run_id
    }

    /// The pilot looks at the clock again and again meanwhile.
    async fn passes(&self, length_ms: u64) {
        let mut left = length_ms;
        while left > 0 {
            let step = left.min(LOOK_MS);
            self.clock.advance(step);
            self.hears(Vec::new()).await;
            left -= step;
        }
    }

    async fn off_for(&mut self, length_ms: u64) {
        self.running.take().unwrap().stop().await;
        self.clock.advance(length_ms);
        let (handle, running) = tower(self.folder.path(), &self.clock, Notifier::start(false).await.0).await;
        (self.handle, self.running) = (handle, Some(running));
    }

    async fn hears(&self, lives: Vec<Life>) {
        self.handle.beats(lives, |_| Ok(Ok::<(), Infallible>(()))).await.unwrap().unwrap();
    }

    /// Its agent beats by its name.
    async fn beats(&self, progress: Option<f64>) {
        let agent = "leads".to_owned();
        self.hears(vec![Life { account: AccountId::OWNER, agent, progress, worked: false }]).await;
    }

    async fn step(&self, run: &RunId, input: StepInput) {
        self.handle.step(None, run, None, input).await.unwrap();
    }

    async fn used(&self, run: &RunId, tokens: Option<u64>) {
        self.step(run, StepInput::Beat { tokens, cost: None, progress: None, message: None }).await;
    }

    async fn told(&self, run: &RunId, spans: Vec<SpanSeen>) {
        let group = SpanGroup { trace: TRACE.to_owned(), run: Some(run.clone()), agent: "leads".to_owned(), spans };
        let batch = SpanBatch { account: AccountId::OWNER, run: None, limited_to: None, groups: vec![group] };
        self.handle.spans(batch).await.unwrap();
    }

    async fn alert(&self, kind: AlertKind) -> Option<Alert> {
        let alerts = self.handle.reader().alerts(50).await.unwrap();
        alerts.into_iter().find(|alert| alert.kind == kind)
    }

    async fn is_open(&self, kind: AlertKind) -> bool {
        self.alert(kind).await.is_some_and(|alert| alert.state == AlertState::Open)
    }

    async fn stop(mut self) {
        self.running.take().unwrap().stop().await;
    }
}

fn span(id: u32, name: &str, tokens: u64) -> SpanSeen {
    SpanSeen {
        trace: TRACE.to_owned(),
        span: format!("{id:016x}"),
        parent: None,
        name: name.to_owned(),
        kind: StepKind::Tool,
        began: NOW,
        ended: NOW,
        error: None,
        spend: Spend { tokens: Tokens::only_total(tokens), ..Spend::default() },
        retries: None,
        input: Some(r#"{"q":"tauri"}"#.to_owned()),
        output: Some("[]".to_owned()),
        attributes: None,
    }
}

fn done(tokens: u64) -> Done {
    let spend = Spend { tokens: Tokens::only_total(tokens), ..Spend::default() };
    Done { output: Some("[]".to_owned()), digest: 7, spend, ..Done::default() }
}

#[tokio::test]
async fn what_is_told_twice_happened_once() {
    let scene = Scene::new(json!({})).await;
    let run = scene.run().await;
    for _ in 0..5 {
        scene.told(&run, vec![span(1, "search", 400)]).await;
        scene.passes(2_000).await;
    }
    let input = Some(r#"{"q":"tauri"}"#.to_owned());
    let (key, kind) = ("list".to_owned(), Some(StepKind::Tool));
    scene.step(&run, StepInput::Begin(Begin { key: key.clone(), kind, input, ..Begin::default() })).await;
    for _ in 0..5 {
        scene.step(&run, StepInput::Complete { key: key.clone(), done: done(400) }).await;
    }
    scene.step(&run, StepInput::Begin(Begin { key: "broken".to_owned(), ..Begin::default() })).await;
    for _ in 0..5 {
        let fail = Fail { error: "no".to_owned(), done: done(400) };
        scene.step(&run, StepInput::Fail { key: "broken".to_owned(), fail }).await;
    }
    assert_eq!(scene.alert(AlertKind::LoopDetected).await, None);
    scene.told(&run, vec![span(2, "search", 400), span(3, "search", 400)]).await;
    scene.told(&run, vec![span(2, "search", 400), span(4, "search", 400)]).await;
    let found = scene.alert(AlertKind::LoopDetected).await.expect("those are three");
    assert!(found.body.starts_with("The same call 3 times in a row"), "{found:?}");
    scene.stop().await;
}

fn held() -> Held {
    Held::of(&CueId("c".to_owned()), Watch::began(None, 1, NOW, &[]))
}

/// What of it is held against what is usual: tokens and milliseconds. Then it is measured anew, as in the pilot.
fn spends(held: &mut Held, input: &StepInput, seconds: u64) -> Vec<(u64, u64)> {
    let now = NOW.plus(seconds * 1_000);
    let shows = held.take(Sign::of(input).unwrap(), false, now, &[]);
    let spent = shows.into_iter().filter_map(|one| match one {
        Shows::Spent { tokens, since_ms } => Some((tokens, since_ms / 1_000)),
        Shows::News(_) | Shows::Loop(_) | Shows::LoopOver => None,
    });
    let spent: Vec<(u64, u64)> = spent.collect();
    if !spent.is_empty() {
        (held.meter.tokens, held.meter.since) = (0, Some(now));
    }
    spent
}

#[test]
fn however_many_spans_come_at_once_they_are_spent_at_one_rate() {
    let mut held = held();
    let export = StepInput::Spans((0..12).map(|id| span(id, "chat", 1_000)).collect());
    assert_eq!(spends(&mut held, &export, 60), [(12_000, 60)]);
    let export = StepInput::Spans(vec![span(20, "chat", 0), span(21, "chat", 30)]);
    assert_eq!(spends(&mut held, &export, 90), [(30, 30)]);
    assert_eq!(spends(&mut held, &StepInput::Spans(vec![span(22, "chat", 0)]), 95), []);
}

#[test]
fn a_beat_that_says_nothing_of_tokens_is_none_of_those_that_do() {
    let mut held = held();
    let beat = |tokens| StepInput::Beat { tokens, cost: None, progress: None, message: None };
    let step = StepInput::Complete { key: "a".to_owned(), done: done(5_000) };
    assert_eq!(spends(&mut held, &beat(Some(200)), 60), [(200, 60)]);
    assert_eq!(spends(&mut held, &beat(None), 100), []);
    assert_eq!(spends(&mut held, &step, 119), [], "its beats tell what it spends");
    assert_eq!(spends(&mut held, &beat(Some(200)), 120), [(200, 60)]);
    assert_eq!(spends(&mut held, &beat(Some(0)), 180), [(0, 60)]);
}

#[test]
fn long_inputs_that_begin_alike_are_told_apart() {
    let upload = |last: &str| looked_at(Some(&format!("{}{last}", "header ".repeat(1_000)))).unwrap();
    assert_eq!(upload("a"), upload("a"));
    assert_ne!(upload("a"), upload("b"));
    assert!(upload("a").len() < LOOKED_AT + 60);
    assert_eq!(looked_at(Some("short")).as_deref(), Some("short"));
}

#[tokio::test]
async fn one_that_runs_away_by_turns_stays_critical_also_over_a_restart() {
    let mut scene = Scene::new(json!({ "budget": { "run": { "tokens": 100_000_000 } } })).await;
    let run = scene.run().await;
    for _ in 0..12 {
        scene.passes(60_000).await;
        scene.used(&run, Some(200)).await;
    }
    for turn in 0..30 {
        for tokens in [40_000, 0] {
            scene.passes(60_000).await;
            scene.used(&run, Some(tokens)).await;
            let alert = scene.alert(AlertKind::CostSpike).await.expect("it is 200 times its usual");
            assert_eq!((alert.severity, alert.state), (Severity::Critical, AlertState::Open), "turn {turn}");
        }
    }
    scene.off_for(30_000).await;
    for calm in 0..3 {
        assert!(scene.is_open(AlertKind::CostSpike).await, "{calm}");
        scene.passes(60_000).await;
        scene.used(&run, Some(200)).await;
    }
    assert!(!scene.is_open(AlertKind::CostSpike).await);
    scene.stop().await;
}

#[tokio::test]
async fn one_that_lasts_longer_than_is_usual_is_told_whatever_it_began_with() {
    let scene = Scene::new(json!({})).await;
    for _ in 0..12 {
        let run = scene.run().await;
        scene.used(&run, None).await;
        scene.passes(2_000).await;
        let outcome = Box::new(Outcome { success: true, ..Outcome::default() });
        scene.handle.run(&run, Input::Report { run_id: run.clone(), attempt: None, outcome }).await.unwrap();
    }
    let run = scene.run().await;
    scene.used(&run, None).await;
    scene.passes(8_000).await;
    assert_eq!(scene.alert(AlertKind::OutOfEnvelope).await, None);
    scene.passes(12_000).await;
    let told = scene.alert(AlertKind::OutOfEnvelope).await.expect("its runs took 2 s");
    assert!(told.body.starts_with("It has been at work for ") && told.run_id == Some(run), "{told:?}");
    scene.stop().await;
}

#[tokio::test]
async fn a_tower_that_comes_and_goes_tells_of_a_silence_all_the_same() {
    let heartbeat = json!({ "interval_seconds": 60, "grace_seconds": 30, "start_grace_seconds": 90 });
    let mut scene = Scene::new(json!({ "heartbeat": heartbeat })).await;
    scene.beats(None).await;
    for _ in 0..4 {
        scene.passes(61_000).await;
        assert_eq!(scene.alert(AlertKind::HeartbeatLost).await, None);
        scene.off_for(10_000).await;
    }
    scene.passes(61_000).await;
    assert!(scene.is_open(AlertKind::HeartbeatLost).await);
    scene.stop().await;
}

#[tokio::test]
async fn an_agent_that_is_expected_always_is_seen_to_stand_still() {
    let heartbeat = json!({ "interval_seconds": 60, "progress_within_seconds": 600 });
    let scene = Scene::new(json!({ "heartbeat": heartbeat })).await;
    let run = scene.run().await;
    let beat = |progress| StepInput::Beat { tokens: None, cost: None, progress: Some(progress), message: None };
    for minute in 0..10 {
        scene.step(&run, beat(7.0)).await;
        scene.beats(Some(7.0)).await;
        assert_eq!(scene.alert(AlertKind::Zombie).await, None, "minute {minute}");
        scene.passes(60_000).await;
    }
    assert!(scene.is_open(AlertKind::Zombie).await);
    scene.step(&run, beat(8.0)).await;
    assert!(!scene.is_open(AlertKind::Zombie).await, "it got on");
    scene.stop().await;
}
