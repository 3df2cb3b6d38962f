//! Questions to the owner on a real engine, with a clock that is moved by hand: the one answer that counts, whatever is stopped and
//! started in between, permits that are others' meanwhile, and what waits outside of runs.

use std::convert::Infallible;
use std::time::Duration;

use cuetower_core::alert::{Alert, AlertState};
use cuetower_core::gate::{Face, How, OnNoAnswer, Question, Said, ShownHash, Subject, Word};
use cuetower_core::id::AccountId;
use cuetower_core::input::{Fire, Refusal, RefusalCode};
use cuetower_core::occurrence::Trigger;
use cuetower_core::outcome::Outcome;
use cuetower_core::pool::{PoolInput, PoolLimits};
use cuetower_core::run::{Phase, Verdict};
use cuetower_core::time::HOUR_MS;
use serde_json::json;

use super::*;
use crate::briefing_note::tests::NOW;
use crate::clock::{Clock as _, ManualClock};
use crate::handle::Handle;
use crate::journal::{GateFilter, GateRow};
use crate::notify::Notifier;
use crate::vault::{Vault, VaultKind};
use crate::{Config, Engine, Ports, Running, definition};

#[path = "callbacks_tests.rs"]
mod callbacks;

/// A longer move of the clock is a gap.
const LOOK_MS: u64 = 4_000;

struct Scene {
    handle: Handle,
    running: Running,
    clock: Arc<ManualClock>,
    folder: tempfile::TempDir,
}

async fn tower(folder: &tempfile::TempDir, clock: &Arc<ManualClock>) -> (Handle, Running) {
    let vault = Vault::open(VaultKind::Memory, folder.path()).await;
    let config = Config::of(folder.path().to_owned(), "http://127.0.0.1:9".to_owned());
    let notifier = Notifier::start(false).await.0;
    Engine::start(config, Ports { clock: clock.clone(), vault, notifier }).unwrap()
}

async fn found<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    loop {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn question(key: &str) -> Question {
    let shown = Shown { payload: Some(json!({ "to": 14 })), may_edit: true, ..Shown::default() };
    Question {
        subject: Subject::Asked(key.to_owned()),
        title: "Send 14 reminders?".to_owned(),
        shown,
        deadline_ms: None,
        on_no_answer: OnNoAnswer::KeepWaiting,
        blocking: true,
        callback: None,
    }
}

fn within(ms: u64, on_no_answer: OnNoAnswer) -> Question {
    Question { deadline_ms: Some(ms), on_no_answer, ..question("send") }
}

fn asker() -> Asker {
    Asker { account: AccountId::OWNER, agent: "ada".to_owned() }
}

fn refused<T: std::fmt::Debug>(result: Result<T, Trouble>) -> Refusal {
    match result {
        Err(Trouble::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

impl Scene {
    async fn new() -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(NOW));
        let (handle, running) = tower(&folder, &clock).await;
        Scene { handle, running, clock, folder }
    }

    async fn again(self) -> Scene {
        self.running.stop().await;
        let (handle, running) = tower(&self.folder, &self.clock).await;
        Scene { handle, running, ..self }
    }

    /// For workers; `with` is laid over its definition.
    async fn cue(&self, name: &str, with: Value) -> CueId {
        let mut cue = json!({ "name": name, "agent": "leads", "transport": "worker", "overlap": "allow",
            "schedule": { "type": "manual" } });
        cue.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
        let definition = definition::read_new(&cue, self.handle.now()).unwrap().definition;
        self.handle.create_cue(definition).await.unwrap().id
    }

    async fn fire(&self, cue: &CueId) -> RunId {
        let fire =
            Fire { payload: None, send_at: None, key: None, exit_criteria: Vec::new(), trigger: Trigger::ManualFire };
        match self.handle.cue(cue, Input::Fire(fire)).await.unwrap() {
            (Answer::Fired { run_id, .. }, _) => run_id,
            other => panic!("{other:?}"),
        }
    }

    /// A run that a worker has.
    async fn at_work(&self, cue: &CueId) -> RunId {
        let run = self.fire(cue).await;
        self.claims(&run).await;
        run
    }

    async fn claims(&self, run: &RunId) {
        self.until(run, |run| matches!(run.phase, Phase::Offered { .. })).await;
        let claim = Input::Claim { run_id: run.clone(), worker: "w".to_owned() };
        self.handle.run(run, claim).await.unwrap();
    }

    async fn succeeds(&self, run: &RunId) {
        let outcome = Outcome { success: true, ..Outcome::default() };
        let report = Input::Report { run_id: run.clone(), attempt: None, outcome: Box::new(outcome) };
        self.handle.run(run, report).await.unwrap();
    }

    async fn run(&self, run: &RunId) -> Run {
        self.handle.reader().run(run.0.clone()).await.unwrap().unwrap()
    }

    async fn until(&self, run: &RunId, is: impl Fn(&Run) -> bool) -> Run {
        found(async || Some(self.run(run).await).filter(|run| is(run))).await
    }

    async fn asks(&self, run: &RunId, question: Question) -> (Gate, bool) {
        self.handle.ask_owner(None, run, None, question).await.unwrap()
    }

    async fn say(&self, gate: &GateId, shown: &ShownHash, said: Said) -> Result<Gate, Trouble> {
        let word = Word { said, shown: shown.clone(), comment: None, face: Face::Window };
        self.handle.answer_gate(gate, word).await
    }

    async fn says(&self, gate: &Gate, said: Said) -> Gate {
        self.say(&gate.id, &gate.hash, said).await.unwrap()
    }

    async fn row(&self, gate: &GateId) -> GateRow {
        self.handle.reader().gate(gate.0.clone()).await.unwrap().unwrap()
    }

    async fn alert(&self, is: impl Fn(&Alert) -> bool) -> Alert {
        let look = async || {
            let alerts = self.handle.reader().alerts(50).await.unwrap();
            alerts.into_iter().find(|alert| alert.kind == AlertKind::GateWaiting && is(alert))
        };
        found(look).await
    }

    async fn lost(&self) -> Option<Alert> {
        let alerts = self.handle.reader().alerts(50).await.unwrap();
        alerts.into_iter().find(|alert| alert.kind == AlertKind::HeartbeatLost)
    }

    /// The pilot looks at the clock again and again meanwhile: nothing of it is a gap.
    async fn passes(&self, length_ms: u64) {
        let mut left = length_ms;
        while left > 0 {
            let step = left.min(LOOK_MS);
            self.clock.advance(step);
            self.handle.beats(Vec::new(), |_| Ok(Ok::<(), Infallible>(()))).await.unwrap().unwrap();
            left -= step;
        }
    }

    /// The clock is set, and the tower has seen it.
    async fn at(&self, now: Ms) {
        self.clock.set(now);
        found(async || self.handle.reader().alive_at().await.unwrap().filter(|alive| *alive >= now)).await;
    }
}

#[tokio::test]
async fn a_question_survives_a_restart_and_has_one_answer() {
    let scene = Scene::new().await;
    let cue = scene.cue("dunning", json!({})).await;
    let run = scene.at_work(&cue).await;
    let (gate, is_new) = scene.asks(&run, question("send")).await;
    assert!(is_new && gate.is_waiting());
    let told = scene.alert(|alert| alert.state == AlertState::Open).await;
    assert_eq!((told.title.as_str(), told.run_id.as_ref()), ("dunning asks: Send 14 reminders?", Some(&run)));

    let scene = scene.again().await;
    scene.clock.advance(HOUR_MS);
    let (known, is_new) = scene.asks(&run, question("send")).await;
    assert!(!is_new && known.id == gate.id, "it is the same question");
    let mut heard = scene.handle.gates_heard();
    let other = ShownHash("0".repeat(64));
    assert_eq!(refused(scene.say(&gate.id, &other, Said::Approve).await).code, RefusalCode::GateChanged);
    let edited = json!({ "to": 13 });
    assert_eq!(scene.says(&gate, Said::Edit(edited.clone())).await.state(), "edited");
    assert_eq!(heard.recv().await.unwrap(), gate.id, "whoever waits for it is woken once it is on disk");
    let row = scene.row(&gate.id).await;
    assert_eq!((row.gate.state(), row.answer, row.run_id), ("edited", Some(edited.clone()), Some(run.clone())));
    assert_eq!(row.shown.payload, Some(json!({ "to": 14 })), "what was asked stays");
    let late = refused(scene.say(&gate.id, &gate.hash, Said::Deny).await);
    assert_eq!(late.code, RefusalCode::GateSettled);
    assert!(late.message.contains("approved with changes in the window"), "{}", late.message);
    scene.alert(|alert| alert.state == AlertState::Resolved).await;

    let scene = scene.again().await;
    let (after, is_new) = scene.asks(&run, question("send")).await;
    assert_eq!((after.id.clone(), after.goes(), is_new), (gate.id.clone(), Some(true), false));
    scene.succeeds(&run).await;
    scene.running.stop().await;
}

#[tokio::test]
async fn other_contents_need_another_answer_and_what_ends_withdraws_what_it_asked() {
    let scene = Scene::new().await;
    let cue = scene.cue("dunning", json!({})).await;
    let run = scene.at_work(&cue).await;
    let (first, _) = scene.asks(&run, question("send")).await;
    let more = Question { title: "Send 15 reminders?".to_owned(), ..question("send") };
    let (second, is_new) = scene.asks(&run, more).await;
    assert!(is_new && second.id != first.id);
    let gone = refused(scene.say(&first.id, &first.hash, Said::Approve).await);
    assert_eq!(gone.code, RefusalCode::GateWithdrawn);
    scene.alert(|alert| alert.state == AlertState::Open && alert.title.contains("15")).await;
    scene.handle.run(&run, Input::Stop { run_id: run.clone() }).await.unwrap();
    let row = scene.row(&second.id).await;
    let why = row.gate.settled.clone().and_then(|settled| settled.comment);
    assert_eq!((row.gate.state(), why.as_deref()), ("withdrawn", Some("its run was stopped")));
    assert_eq!(refused(scene.say(&second.id, &second.hash, Said::Approve).await).code, RefusalCode::GateWithdrawn);
    let asked = scene.handle.ask_owner(None, &run, None, question("third")).await;
    assert_eq!(refused(asked).code, RefusalCode::RunStopped);
    scene.alert(|alert| alert.state == AlertState::Resolved).await;

    // Deleted with its cue: the store remembers what nobody else does.
    let run = scene.at_work(&cue).await;
    let (gate, _) = scene.asks(&run, question("send")).await;
    // What answers a deletion is a cue that is not there.
    assert!(matches!(scene.handle.cue(&cue, Input::Delete).await, Err(Trouble::NotFound(_))));
    assert_eq!(refused(scene.say(&gate.id, &gate.hash, Said::Approve).await).code, RefusalCode::GateWithdrawn);
    let waiting = GateFilter { waiting: true, run_id: None, limit: 10 };
    assert_eq!(scene.handle.reader().gates(waiting).await.unwrap(), []);
    scene.running.stop().await;
}

#[tokio::test]
async fn its_permits_are_others_while_it_waits_and_it_hears_the_answer_with_its_permits() {
    let scene = Scene::new().await;
    let limits = PoolLimits { concurrency: Some(1), ..PoolLimits::default() };
    scene.handle.pools(PoolInput::Set { name: "openai".to_owned(), limits }).await.unwrap();
    let cue = scene.cue("dunning", json!({ "uses": ["openai"] })).await;
    let first = scene.at_work(&cue).await;
    let second = scene.fire(&cue).await;
    scene.until(&second, |run| matches!(run.phase, Phase::Held { .. })).await;
    let (gate, _) = scene.asks(&first, question("send")).await;
    scene.claims(&second).await;

    let answered = scene.says(&gate, Said::Approve).await;
    assert_eq!((answered.state(), answered.goes()), ("waiting", None), "the other one has its permit");
    assert_eq!(refused(scene.say(&gate.id, &gate.hash, Said::Deny).await).code, RefusalCode::GateSettled);
    let scene = scene.again().await;
    assert_eq!(scene.row(&gate.id).await.gate.state(), "waiting", "nor is it after a restart");
    scene.succeeds(&second).await;
    let row = found(async || Some(scene.row(&gate.id).await).filter(|row| row.gate.handed_over)).await;
    assert_eq!((row.gate.state(), row.gate.goes()), ("approved", Some(true)));
    let pool = scene.handle.pool_view().pool("openai", scene.handle.now()).unwrap();
    assert_eq!((pool.in_use, pool.waiting), (1, 0), "it has it again");
    scene.succeeds(&first).await;
    let pool = scene.handle.pool_view().pool("openai", scene.handle.now()).unwrap();
    assert_eq!((pool.in_use, pool.waiting), (0, 0));
    scene.running.stop().await;
}

#[tokio::test]
async fn an_answer_that_its_end_handed_over_is_told_as_such() {
    let scene = Scene::new().await;
    let limits = PoolLimits { concurrency: Some(1), ..PoolLimits::default() };
    scene.handle.pools(PoolInput::Set { name: "openai".to_owned(), limits }).await.unwrap();
    let cue = scene.cue("dunning", json!({ "uses": ["openai"] })).await;
    let first = scene.at_work(&cue).await;
    let second = scene.fire(&cue).await;
    let (gate, _) = scene.asks(&first, question("send")).await;
    scene.claims(&second).await;
    scene.says(&gate, Said::Deny).await;
    // It did not wait for the answer.
    scene.succeeds(&first).await;
    assert_eq!(scene.row(&gate.id).await.gate.state(), "denied", "no fact of its own says so");
    let pool = scene.handle.pool_view().pool("openai", scene.handle.now()).unwrap();
    assert_eq!((pool.in_use, pool.waiting), (1, 0), "it stands in no line any more");
    scene.running.stop().await;
}

#[tokio::test]
async fn who_waits_for_the_owner_is_not_silent_and_is_watched_from_the_answer_on() {
    let scene = Scene::new().await;
    let beat = json!({ "interval_seconds": 10, "grace_seconds": 5, "start_grace_seconds": 60 });
    let with = json!({ "heartbeat": beat, "delivery": { "outcome_deadline_seconds": 86_400 },
        "worker": { "lease_seconds": 86_400 } });
    let cue = scene.cue("dunning", with).await;
    let run = scene.at_work(&cue).await;
    let (gate, _) = scene.asks(&run, question("send")).await;
    scene.at(NOW.plus(2 * HOUR_MS)).await;
    scene.says(&gate, Said::Approve).await;
    scene.passes(59_000).await;
    assert_eq!(scene.lost().await, None, "it has as long as after its delivery");
    scene.passes(2_000).await;
    assert_eq!(found(async || scene.lost().await).await.opened_at, NOW.plus(2 * HOUR_MS + 61_000));
    scene.running.stop().await;
}

#[tokio::test]
async fn a_cue_that_always_expects_its_agent_does_not_while_that_one_waits() {
    let scene = Scene::new().await;
    let beat = json!({ "interval_seconds": 10, "grace_seconds": 5, "start_grace_seconds": 60 });
    let with = json!({ "transport": "watch", "heartbeat": beat, "delivery": { "outcome_deadline_seconds": 86_400 } });
    let cue = scene.cue("dunning", with).await;
    let run = scene.fire(&cue).await;
    scene.until(&run, |run| matches!(run.phase, Phase::Offered { .. })).await;
    let (gate, _) = scene.asks(&run, question("send")).await;
    scene.at(NOW.plus(2 * HOUR_MS)).await;
    scene.says(&gate, Said::Approve).await;
    scene.passes(59_000).await;
    assert_eq!(scene.lost().await, None);
    scene.passes(2_000).await;
    assert_eq!(found(async || scene.lost().await).await.opened_at, NOW.plus(2 * HOUR_MS + 61_000));
    scene.running.stop().await;
}

#[tokio::test]
async fn nobody_answering_is_no_denial_and_the_policy_says_what_follows() {
    let scene = Scene::new().await;
    let cue = scene.cue("dunning", json!({})).await;
    let (goes, stops) = (scene.at_work(&cue).await, scene.at_work(&cue).await);
    let (goes_on, _) = scene.asks(&goes, within(60_000, OnNoAnswer::Proceed)).await;
    let (stopped, _) = scene.asks(&stops, within(60_000, OnNoAnswer::Stop)).await;
    let (escalates, _) = scene
        .asks(&goes, Question { subject: Subject::Asked("louder".into()), ..within(60_000, OnNoAnswer::Escalate) })
        .await;
    scene.passes(60_000).await;
    let row = found(async || Some(scene.row(&goes_on.id).await).filter(|row| !row.gate.is_waiting())).await;
    assert_eq!(
        (row.gate.settled.map(|settled| settled.how), row.gate.on_no_answer),
        (Some(How::NoAnswer), OnNoAnswer::Proceed)
    );
    let row = scene.row(&stopped.id).await;
    assert_eq!((row.gate.state(), row.gate.goes()), ("no_answer", Some(false)));
    assert_eq!(scene.run(&stops).await.verdict(), Some(Verdict::Stopped));
    let row = scene.row(&escalates.id).await;
    assert!(row.gate.is_waiting() && row.gate.overdue_at.is_some());
    scene.alert(|alert| alert.severity == cuetower_core::alert::Severity::Critical).await;
    // Nobody chose that: it needs its owner as any failed run does.
    let of_it = |alert: &Alert| alert.run_id.as_ref() == Some(&stops) && alert.kind == AlertKind::OutcomeFailed;
    let alert = found(async || scene.handle.reader().alerts(50).await.unwrap().into_iter().find(of_it)).await;
    assert_eq!(alert.state, cuetower_core::alert::AlertState::Open);
    assert_eq!(alert.title, "dunning was stopped: nobody answered");
    assert_eq!(alert.body, "Stopped: it asked you “Send 14 reminders?”, and nobody answered in time.");
    scene.running.stop().await;
}

#[tokio::test]
async fn a_cue_that_asks_first_delivers_what_was_approved() {
    let scene = Scene::new().await;
    let cue = scene.cue("dunning", json!({ "gate": { "before_delivery": true }, "payload": { "to": 14 } })).await;
    let asked = async |run: &RunId| {
        let filter = GateFilter { waiting: true, run_id: Some(run.clone()), limit: 1 };
        found(async || scene.handle.reader().gates(filter.clone()).await.unwrap().pop()).await
    };
    let (yes, no) = (scene.fire(&cue).await, scene.fire(&cue).await);
    let row = asked(&yes).await;
    assert_eq!((row.gate.subject.clone(), row.shown.payload.clone()), (Subject::Delivery, Some(json!({ "to": 14 }))));
    scene.says(&row.gate, Said::Edit(json!({ "to": 2 }))).await;
    assert_eq!(scene.until(&yes, |run| matches!(run.phase, Phase::Offered { .. })).await.payload, json!({ "to": 2 }));
    let row = asked(&no).await;
    scene.says(&row.gate, Said::Deny).await;
    let run = scene.run(&no).await;
    assert_eq!((run.verdict(), run.attempts.len()), (Some(Verdict::Stopped), 1));
    assert_eq!(cuetower_core::sentence::of_run(&run), "Not delivered: you said no.");
    scene.running.stop().await;
}

#[tokio::test]
async fn a_step_begins_with_the_owners_yes_and_with_what_he_made_of_it() {
    let scene = Scene::new().await;
    let cue = scene.cue("dunning", json!({ "gate": { "steps": ["send", "charge"] } })).await;
    let run = scene.at_work(&cue).await;
    let begin = |key: &str| {
        let input = Some(r#"{"to":14}"#.to_owned());
        StepInput::Begin(Begin { key: key.to_owned(), input, ..Begin::default() })
    };
    let begun = async |scene: &Scene, key: &str| scene.handle.begin_step(None, &run, None, begin(key)).await;
    let waits = |begun| match begun {
        Err(Trouble::Gated { gate, waits }) => (gate, waits),
        other => panic!("{other:?}"),
    };
    assert!(
        matches!(begun(&scene, "read").await.unwrap().answer, step::Answer::Started { .. }),
        "this one is not asked about"
    );
    let (gate, _) = waits(begun(&scene, "send").await);
    assert_eq!(waits(begun(&scene, "send").await), (gate.clone(), true), "asked again it is the same question");
    let row = scene.row(&gate).await;
    assert_eq!((row.gate.title.as_str(), row.shown.payload.clone()), ("Begin send?", Some(json!({ "to": 14 }))));
    scene.says(&row.gate, Said::Edit(json!({ "to": 13 }))).await;
    let scene = scene.again().await;
    for tries in [1, 2] {
        let taken = begun(&scene, "send").await.unwrap();
        assert!(matches!(taken.answer, step::Answer::Started { tries: told, .. } if told == tries), "{taken:?}");
        assert_eq!(taken.input.as_deref(), Some(r#"{"to":13}"#), "what was approved is what is done");
    }
    let stored = scene.handle.reader().steps_begun(run.0.clone(), 10).await.unwrap();
    assert_eq!(stored.len(), 2);
    scene
        .handle
        .step(None, &run, None, StepInput::Complete { key: "send".to_owned(), done: step::Done::default() })
        .await
        .unwrap();
    let again = begun(&scene, "send").await.unwrap();
    assert!(matches!(again.answer, step::Answer::Completed { .. }) && again.input.is_none());

    let (gate, _) = waits(begun(&scene, "charge").await);
    let row = scene.row(&gate).await;
    scene.says(&row.gate, Said::Deny).await;
    assert_eq!(waits(begun(&scene, "charge").await), (gate, false));
    scene.running.stop().await;
}

#[tokio::test]
async fn agents_outside_of_runs_ask_too_and_are_remembered_over_a_restart() {
    let scene = Scene::new().await;
    let ask = async |scene: &Scene, question| scene.handle.ask_outside(asker(), question).await.unwrap();
    let (gate, is_new) = ask(&scene, question("deploy")).await;
    let (timed, _) = ask(&scene, within(10 * MINUTE_MS, OnNoAnswer::Proceed)).await;
    assert!(is_new);
    scene.alert(|alert| alert.title == "ada asks: Send 14 reminders?").await;
    let row = scene.row(&gate.id).await;
    assert_eq!((row.run_id, row.agent.as_str()), (None, "ada"));
    scene.passes(9 * MINUTE_MS).await;
    let Scene { running, clock, folder, .. } = scene;
    running.stop().await;
    clock.sleep_machine(HOUR_MS);
    let (handle, running) = tower(&folder, &clock).await;
    let scene = Scene { handle, running, clock, folder };
    assert!(scene.row(&timed.id).await.gate.is_waiting(), "nobody could answer while the tower was off");
    scene.passes(MINUTE_MS + 1_000).await;
    let row = found(async || Some(scene.row(&timed.id).await).filter(|row| !row.gate.is_waiting())).await;
    assert_eq!((row.gate.state(), row.gate.goes()), ("no_answer", Some(true)));
    assert_eq!(scene.says(&gate, Said::Deny).await.state(), "denied");
    let (known, is_new) = ask(&scene, question("deploy")).await;
    assert_eq!((known.id.clone(), known.state(), is_new), (gate.id.clone(), "denied", false));
    scene.alert(|alert| alert.state == AlertState::Resolved).await;

    // It is forgotten, and its row says still what became of it.
    scene.at(scene.clock.now().plus(cuetower_core::gate::KEPT_MS + 1_000)).await;
    let (anew, is_new) = ask(&scene, question("deploy")).await;
    assert!(is_new && anew.id != gate.id);
    assert_eq!(refused(scene.say(&gate.id, &gate.hash, Said::Approve).await).code, RefusalCode::GateSettled);
    assert!(matches!(scene.say(&GateId("gate_none".into()), &gate.hash, Said::Deny).await, Err(Trouble::NotFound(_))));
    scene.running.stop().await;
}

#[tokio::test]
async fn what_is_put_off_is_told_again_when_its_time_comes() {
    let scene = Scene::new().await;
    let cue = scene.cue("dunning", json!({})).await;
    let run = scene.at_work(&cue).await;
    let (gate, _) = scene.asks(&run, question("send")).await;
    let opened = scene.alert(|alert| alert.state == AlertState::Open).await;
    let until = NOW.plus(30 * MINUTE_MS);
    let after = scene.handle.put_off_gate(&gate.id, until).await.unwrap();
    assert_eq!(after.put_off_until, Some(until));
    scene.alert(|alert| alert.snoozed_until == Some(until)).await;
    scene.clock.set(until);
    let woken = scene.alert(|alert| alert.snoozed_until.is_none() && alert.notified_at >= until).await;
    assert_eq!((woken.id, woken.state), (opened.id, AlertState::Open));
    scene.says(&gate, Said::Approve).await;
    scene.running.stop().await;
}

#[tokio::test]
async fn what_is_put_off_has_an_alert_when_its_time_comes_though_another_question_was_answered_meanwhile() {
    let scene = Scene::new().await;
    let cue = scene.cue("dunning", json!({})).await;
    let run = scene.at_work(&cue).await;
    let of_run = async |key: &str| scene.asks(&run, Question { title: format!("{key}?"), ..question(key) }).await.0;
    let outside = async |key: &str| {
        let question = Question { title: format!("{key}?"), ..question(key) };
        scene.handle.ask_outside(asker(), question).await.unwrap().0
    };
    let until = NOW.plus(30 * MINUTE_MS);
    for (later, other) in
        [(of_run("later").await, of_run("other").await), (outside("late").await, outside("now").await)]
    {
        scene.handle.put_off_gate(&later.id, until).await.unwrap();
        scene.says(&other, Said::Approve).await;
        let title = format!(": {}", later.title);
        let kept = scene.alert(|alert| alert.state == AlertState::Open && alert.title.ends_with(&title)).await;
        assert_eq!(kept.snoozed_until, Some(until), "nothing is said of it before: {kept:?}");
    }
    scene.clock.set(until);
    for title in [": later?", ": late?"] {
        let woken = scene.alert(|alert| alert.title.ends_with(title) && alert.notified_at >= until).await;
        assert_eq!((woken.state, woken.snoozed_until), (AlertState::Open, None));
    }
    scene.running.stop().await;
}

#[tokio::test]
async fn a_run_that_waits_to_be_verified_is_told_of_again_after_another_one_was_answered() {
    let scene = Scene::new().await;
    let cue = scene.cue("dunning", json!({ "gate": { "before_confirmation": true } })).await;
    let (held, asks) = (scene.at_work(&cue).await, scene.at_work(&cue).await);
    scene.succeeds(&held).await;
    assert!(scene.run(&held).await.is_held_for_verification());
    let (gate, _) = scene.asks(&asks, question("send")).await;
    scene.alert(|alert| alert.state == AlertState::Open && alert.run_id.as_ref() == Some(&asks)).await;
    scene.says(&gate, Said::Approve).await;
    let again = scene.alert(|alert| alert.state == AlertState::Open).await;
    assert_eq!((again.run_id.as_ref(), again.count), (Some(&held), 1), "{again:?}");

    scene.clock.advance(1_000);
    let (gate, _) = scene.asks(&asks, question("more")).await;
    let last = scene.at_work(&cue).await;
    scene.succeeds(&last).await;
    scene.alert(|alert| alert.state == AlertState::Open && alert.run_id.as_ref() == Some(&last)).await;
    let good = |run: &RunId| Input::Verify { run_id: run.clone(), valid: true, by: "you".to_owned(), reason: None };
    scene.handle.run(&last, good(&last)).await.unwrap();
    let oldest = scene.alert(|alert| alert.state == AlertState::Open).await;
    assert_eq!(oldest.run_id.as_ref(), Some(&held), "it has waited longer than the question");
    scene.handle.run(&held, good(&held)).await.unwrap();
    let left = scene.alert(|alert| alert.state == AlertState::Open).await;
    assert_eq!(left.run_id.as_ref(), Some(&asks), "{left:?}");
    scene.says(&gate, Said::Approve).await;
    let alerts = scene.handle.reader().alerts(50).await.unwrap();
    assert!(alerts.iter().all(|alert| alert.state == AlertState::Resolved), "{alerts:?}");
    scene.running.stop().await;
}
