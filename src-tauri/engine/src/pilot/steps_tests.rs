//! Steps on a real engine, with a clock that is moved by hand.

use std::time::Duration;

use cuetower_core::cue::DayBudget;
use cuetower_core::fuse::{Limits, RunLimits};
use cuetower_core::id::CueId;
use cuetower_core::spend::{Priced, Spend};
use cuetower_core::step::{Begin, Done, SUM_MOST, Source, SpanSeen, StepKind};
use cuetower_core::time::HOUR_MS;

use super::*;
use crate::briefing_note::tests::{NOW, tower};
use crate::clock::ManualClock;
use crate::handle::{Handle, SpanBatch, SpanGroup, TowerChange};
use crate::notify::Notifier;
use crate::{Running, definition};

struct Scene {
    handle: Handle,
    running: Running,
    clock: Arc<ManualClock>,
    cue: CueId,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn new() -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(NOW));
        let (handle, running) = tower(folder.path(), &clock, Notifier::start(false).await.0).await;
        let cue = json!({
            "name": "leads", "agent": "leads", "transport": "watch", "schedule": { "type": "manual" }, "overlap": "allow",
        });
        let made = handle.create_cue(definition::read_new(&cue, handle.now()).unwrap().definition).await.unwrap();
        Scene { handle, running, clock, cue: made.id, _folder: folder }
    }

    /// A run that waits for a sign of its agent.
    async fn run(&self) -> RunId {
        let fire =
            Fire { payload: None, send_at: None, key: None, exit_criteria: Vec::new(), trigger: Trigger::ManualFire };
        let (answer, _) = self.handle.cue(&self.cue, Input::Fire(fire)).await.unwrap();
        let Answer::Fired { run_id, .. } = answer else { panic!("{answer:?}") };
        self.until(&run_id, |phase| matches!(phase, Phase::Offered { .. })).await;
        run_id
    }

    async fn until(&self, run: &RunId, is: impl Fn(&Phase) -> bool) {
        loop {
            let found = self.handle.reader().run(run.0.clone()).await.unwrap();
            if found.is_some_and(|run| is(&run.phase)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn step(&self, run: &RunId, input: StepInput) -> step::Answer {
        self.handle.step(None, run, None, input).await.unwrap()
    }

    async fn begun(&self, run: &RunId, key: &str) -> step::Answer {
        self.step(run, StepInput::Begin(Begin { key: key.to_owned(), ..Begin::default() })).await
    }

    async fn completed(&self, run: &RunId, key: &str) {
        self.step(run, StepInput::Complete { key: key.to_owned(), done: Done::default() }).await;
    }

    async fn written(&self, run: &RunId) -> u64 {
        self.handle.reader().spend(run.0.clone()).await.unwrap().map_or(0, |spend| spend.sums.seq)
    }

    async fn told(&self, trace: &str, run: Option<&RunId>, spans: Vec<SpanSeen>) {
        let group = SpanGroup { trace: trace.to_owned(), run: run.cloned(), agent: "night-shift".to_owned(), spans };
        let batch = SpanBatch { account: AccountId::OWNER, run: None, limited_to: None, groups: vec![group] };
        let taken = self.handle.spans(batch).await.unwrap();
        assert_eq!(taken.refused, 0);
    }

    /// Tokens and billionths of all agents on a day.
    async fn spent(&self, day: &str) -> (i64, i64) {
        let all = self.handle.reader().spent_on(day.to_owned()).await.unwrap();
        let sum = |of: fn(&crate::journal::AgentSpent) -> Option<i64>| all.iter().filter_map(of).sum();
        (sum(|one| one.tokens), sum(|one| one.cost_nano))
    }

    /// By model: calls, tokens, and calls without a price.
    async fn calls(&self, day: &str) -> Vec<(String, u64, Option<u64>, u64)> {
        let models = self.handle.reader().spent_by_model(day.to_owned(), day.to_owned()).await.unwrap();
        models.into_iter().map(|one| (one.model, one.all.calls, one.all.tokens.all(), one.all.not_priced)).collect()
    }

    async fn day_apart(&self) -> String {
        let apart = self.handle.reader().spans_apart(None, 10).await.unwrap();
        apart[0].owner.rsplit('/').next().unwrap().to_owned()
    }
}

const TRACE: &str = "5b8efff798038103d269b633813fc60c";

fn span(id: u32, spend: Spend) -> SpanSeen {
    SpanSeen {
        trace: TRACE.to_owned(),
        span: format!("{id:016x}"),
        parent: None,
        name: "chat".to_owned(),
        kind: StepKind::Llm,
        began: NOW,
        ended: NOW,
        error: None,
        spend,
        retries: None,
        input: None,
        output: None,
        attributes: None,
    }
}

fn spends() -> [Spend; 4] {
    let of = |tokens, nano: Option<u64>, priced, model: Option<&str>| Spend {
        tokens,
        cost: nano.map(Nanousd),
        priced,
        model: model.map(str::to_owned),
    };
    let parts = Tokens { input: Some(1_000), output: Some(10), ..Tokens::default() };
    [
        of(parts, Some(500), Priced::Table, Some("gpt-4o")),
        of(Tokens::only_total(40), None, Priced::Not, Some("moon-1")),
        of(Tokens::only_total(7), None, Priced::Not, None),
        of(Tokens::default(), Some(9), Priced::Said, Some("gpt-4o")),
    ]
}

#[tokio::test]
async fn what_goes_to_its_run_is_paid_for_once_and_on_its_day() {
    let scene = Scene::new().await;
    let run = scene.run().await;
    let spans: Vec<SpanSeen> = (1..).zip(spends()).map(|(id, spend)| span(id, spend)).collect();
    scene.told(TRACE, None, spans).await;
    let day = scene.day_apart().await;
    let (before, calls) = (scene.spent(&day).await, scene.calls(&day).await);
    assert_eq!(before, (1_057, 509));
    scene.told(TRACE, Some(&run), vec![span(9, Spend::default())]).await;
    assert_eq!(scene.handle.reader().steps(run.0.clone(), 0, 0, 9).await.unwrap().1, 5, "they came along");
    assert_eq!((scene.spent(&day).await, scene.calls(&day).await), (before, calls));
    let sums = scene.handle.reader().spend(run.0.clone()).await.unwrap().unwrap().sums;
    assert_eq!(sums.total(), Total { tokens: Some(1_057), cost: Some(Nanousd(509)) });
    scene.running.stop().await;
}

#[tokio::test]
async fn what_is_only_read_is_not_written() {
    let scene = Scene::new().await;
    let run = scene.run().await;
    scene.begun(&run, "charge").await;
    scene.completed(&run, "charge").await;
    scene.told(TRACE, Some(&run), vec![span(1, Spend::default())]).await;
    let written = scene.written(&run).await;
    assert!(matches!(scene.begun(&run, "charge").await, step::Answer::Completed { .. }));
    scene.completed(&run, "charge").await;
    scene.told(TRACE, Some(&run), vec![span(1, Spend::default())]).await;
    assert_eq!(scene.written(&run).await, written);
    let beat = StepInput::Beat { tokens: None, cost: None, progress: None, message: None };
    scene.step(&run, beat).await;
    assert_eq!(scene.written(&run).await, written + 1, "each beat is counted");
    scene.running.stop().await;
}

#[tokio::test]
async fn a_watched_agent_lives_with_its_first_step_or_beat() {
    let scene = Scene::new().await;
    let (by_step, by_beat) = (scene.run().await, scene.run().await);
    scene.begun(&by_step, "list").await;
    let beat = StepInput::Beat { tokens: None, cost: None, progress: None, message: None };
    scene.step(&by_beat, beat).await;
    for run in [by_step, by_beat] {
        let found = scene.handle.reader().run(run.0).await.unwrap().unwrap();
        assert!(matches!(found.phase, Phase::AwaitingOutcome { .. }), "{:?}", found.phase);
    }
    scene.running.stop().await;
}

#[tokio::test]
async fn no_figure_breaks_the_sums_of_a_day() {
    let scene = Scene::new().await;
    let no_limit = RunLimits::default();
    let limits = Limits {
        run: no_limit,
        cue_day: DayBudget::default(),
        agent_day: DayBudget::default(),
        fleet_day: DayBudget::default(),
    };
    scene.handle.tower(TowerChange::Fuses(Box::new(limits))).await.unwrap();
    scene.told(TRACE, None, vec![span(1, Spend::default())]).await;
    let day = scene.day_apart().await;
    for tokens in [9e18, 1e30, 1.2e19] {
        let run = scene.run().await;
        scene.begun(&run, "a").await;
        let outcome = Box::new(Outcome { success: true, tokens: Some(tokens), ..Outcome::default() });
        scene.handle.run(&run, Input::Report { run_id: run.clone(), attempt: None, outcome }).await.unwrap();
    }
    assert_eq!(scene.spent(&day).await, (0, 0), "nobody used so many");
    // More than 64 bits hold, each of them as much as one run may sum up to.
    for _ in 0..10 {
        let run = scene.run().await;
        for _ in 0..2 {
            let (tokens, cost) = (Some(SUM_MOST), Some(Nanousd(SUM_MOST)));
            scene.step(&run, StepInput::Beat { tokens, cost, progress: None, message: None }).await;
        }
    }
    assert_eq!(scene.spent(&day).await, (i64::MAX, i64::MAX));
    scene.running.stop().await;
}

#[tokio::test]
async fn a_run_is_counted_on_the_first_of_the_days_that_are_asked_for() {
    let scene = Scene::new().await;
    let run = scene.run().await;
    let [spend, ..] = spends();
    scene.told(TRACE, Some(&run), vec![span(1, spend.clone())]).await;
    scene.clock.advance(24 * HOUR_MS);
    scene.told(TRACE, Some(&run), vec![span(2, spend)]).await;
    let [first, last] = [NOW, NOW.plus(24 * HOUR_MS)].map(|at| fleet::day_of(at, chrono_tz::UTC).to_string());
    for (asked, runs) in [(&first, [1, 0]), (&last, [0, 1])] {
        let (from, to) = (first.clone(), last.clone());
        let rows = scene.handle.reader().spent(from, to, asked.clone(), NOW, NOW.plus(48 * HOUR_MS)).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.runs).collect::<Vec<_>>(), runs, "{rows:?}");
    }
    scene.running.stop().await;
}

#[tokio::test]
async fn agents_that_telemetry_names_have_a_bound() {
    let scene = Scene::new().await;
    for name in 0..510 {
        let group = |agent: String, id| SpanGroup {
            trace: format!("{name:032x}"),
            run: None,
            agent,
            spans: vec![span(id, Spend::default())],
        };
        let groups = vec![group(format!("agent {name}"), name), group("agent 3".to_owned(), 10_000 + name)];
        let batch = SpanBatch { account: AccountId::OWNER, run: None, limited_to: None, groups };
        assert_eq!(scene.handle.spans(batch).await.unwrap().taken, 2);
    }
    let apart = scene.handle.reader().agents_apart(NOW).await.unwrap();
    assert_eq!(apart.len(), 501);
    assert!(apart.iter().any(|(_, agent)| agent == "other agents"));
    assert_eq!(scene.handle.reader().agents_apart(NOW.plus(1)).await.unwrap(), [], "it is long ago");
    scene.running.stop().await;
}

#[tokio::test]
async fn a_key_of_one_agent_sends_spans_of_no_other() {
    let scene = Scene::new().await;
    let others = scene.run().await;
    let group = |trace: u128, run: Option<&RunId>, agent: &str, id| SpanGroup {
        trace: format!("{trace:032x}"),
        run: run.cloned(),
        agent: agent.to_owned(),
        spans: vec![span(id, Spend::default())],
    };
    let groups = vec![group(1, None, "ada", 1), group(2, None, "bob", 2), group(3, Some(&others), "ada", 3)];
    let limited_to = Some("ada".to_owned());
    let batch = SpanBatch { account: AccountId::OWNER, run: None, limited_to, groups };
    let taken = scene.handle.spans(batch).await.unwrap();
    assert_eq!((taken.taken, taken.refused), (1, 2));
    assert!(taken.words.unwrap().contains("its agent, ada, alone"));
    scene.running.stop().await;
}

#[tokio::test]
async fn steps_alone_need_a_sign_of_life_once_a_second() {
    let scene = Scene::new().await;
    let run = scene.run().await;
    scene.begun(&run, "a").await;
    let stamp = async || scene.handle.reader().alive_at().await.unwrap().unwrap();
    let first = stamp().await;
    scene.clock.advance(500);
    scene.completed(&run, "a").await;
    assert_eq!(stamp().await, first);
    scene.clock.advance(600);
    scene.begun(&run, "b").await;
    assert_eq!(stamp().await, scene.handle.now());
    scene.running.stop().await;
}

#[tokio::test]
async fn what_a_resumed_run_keeps_is_of_its_own_first_attempt() {
    let scene = Scene::new().await;
    let run = scene.run().await;
    scene.begun(&run, "list").await;
    scene.completed(&run, "list").await;
    scene.begun(&run, "score").await;
    let outcome = Box::new(Outcome { success: false, ..Outcome::default() });
    scene.handle.run(&run, Input::Report { run_id: run.clone(), attempt: None, outcome }).await.unwrap();
    let answer = scene.handle.resume(&run, 2, "step 2 (score)".to_owned()).await.unwrap();
    let Answer::Fired { run_id: new, .. } = answer else { panic!("{answer:?}") };
    let (kept, _) = scene.handle.reader().steps(new.0, 0, 0, 9).await.unwrap();
    let seen: Vec<_> = kept.iter().map(|row| (row.step.key.as_str(), row.step.source, row.step.attempt)).collect();
    assert_eq!(seen, [("list", Source::Kept, 1), ("score", Source::Kept, 1)]);
    scene.running.stop().await;
}
