//! Budgets of the day on a real engine, with a clock that is moved by hand: midnight, restarts, a batch that could not be written,
//! and those who work outside of any cue.

use std::sync::Arc;
use std::time::Duration;

use cuetower_core::alert::{Alert, AlertState};
use cuetower_core::id::OccurrenceId;
use cuetower_core::input::{Answer, Fire, RefusalCode};
use cuetower_core::occurrence::Trigger;
use cuetower_core::outcome::Outcome;
use cuetower_core::run::{Phase, Verdict};
use cuetower_core::spend::Spend;
use cuetower_core::step::{self, Begin, Done, StepInput};
use cuetower_core::time::{HOUR_MS, SECOND_MS};
use serde_json::{Value, json};

use super::*;
use crate::briefing_note::tests::NOW;
use crate::clock::{Clock as _, ManualClock};
use crate::fleet::{Beat, CommandState, Heard, Hearer, Said, WarningKind};
use crate::handle::{Handle, TowerChange, Trouble};
use crate::journal::OccurrenceRow;
use crate::notify::Notifier;
use crate::vault::{Vault, VaultKind};
use crate::{Config, Engine, Ports, Running, definition, desk};

const EVERY_MS: u64 = 2 * HOUR_MS;
const KEY: &str = "hash of the runner's key";

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

fn usd(usd: f64) -> Option<Nanousd> {
    Nanousd::of_usd(usd)
}

fn a_day(most: f64) -> DayBudget {
    DayBudget { cost: usd(most), tokens: None }
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

    /// Only watched; `with` is laid over its definition.
    async fn cue(&self, name: &str, with: Value) -> CueId {
        let mut cue = json!({ "name": name, "agent": "leads", "transport": "watch", "overlap": "allow",
            "schedule": { "type": "manual" } });
        cue.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
        let definition = definition::read_new(&cue, self.handle.now()).unwrap().definition;
        self.handle.create_cue(definition).await.unwrap().id
    }

    async fn fire(&self, cue: &CueId) -> Result<RunId, RefusalCode> {
        let fire =
            Fire { payload: None, send_at: None, key: None, exit_criteria: Vec::new(), trigger: Trigger::ManualFire };
        match self.handle.cue(cue, Input::Fire(fire)).await {
            Ok((Answer::Fired { run_id, .. }, _)) => {
                let offered = async || match self.run(&run_id).await.map(|run| run.phase) {
                    Some(Phase::Offered { .. }) => Some(()),
                    _ => None,
                };
                found(offered).await;
                Ok(run_id)
            }
            Err(Trouble::Refused(refusal)) => Err(refusal.code),
            other => panic!("{other:?}"),
        }
    }

    async fn run(&self, run: &RunId) -> Option<Run> {
        self.handle.reader().run(run.0.clone()).await.unwrap()
    }

    async fn verdict(&self, run: &RunId) -> Option<Verdict> {
        self.run(run).await.unwrap().verdict()
    }

    async fn told(&self, run: &RunId, input: StepInput) -> Result<step::Answer, Trouble> {
        self.handle.step(None, run, None, input).await
    }

    /// Its agent beats, and says what it used since.
    async fn spends(&self, run: &RunId, cost: f64) -> Result<step::Answer, Trouble> {
        self.told(run, StepInput::Beat { tokens: None, cost: usd(cost), progress: None, message: None }).await
    }

    /// An agent beats outside of any run.
    async fn beats(&self, agent: &str, cost: f64, has_runner: bool) -> Heard {
        let mut body = json!({ "agent": agent, "cost_usd": cost });
        if has_runner {
            body["restart_type"] = json!("docker");
            body["restart_target"] = json!(agent);
        }
        let beat = Beat::read(body.as_object().unwrap(), "body").unwrap();
        let hearer = Hearer { account: AccountId::OWNER, key: KEY.to_owned(), zone: chrono_tz::UTC };
        let lives = vec![beat.life(&AccountId::OWNER)];
        self.handle.beats(lives, move |recorder| fleet::hear(recorder, &hearer, &beat)).await.unwrap().unwrap()
    }

    /// Stops that a runner fetches now, by their ids.
    async fn stops(&self) -> Vec<u32> {
        let fetched = self.handle.record(|recorder| fleet::fetch(recorder, KEY)).await.unwrap().unwrap();
        assert!(fetched.iter().all(|command| command.action.word() == "stop"), "{fetched:?}");
        fetched.into_iter().map(|command| command.id).collect()
    }

    async fn limits(&self, change: impl FnOnce(&mut Limits)) {
        let mut limits = self.handle.fuses().await.unwrap().limits;
        change(&mut limits);
        self.handle.tower(TowerChange::Fuses(Box::new(limits))).await.unwrap();
    }

    async fn fleet_usd(&self) -> f64 {
        self.handle.fuses().await.unwrap().fleet.cost as f64 / 1e9
    }

    async fn blown(&self) -> Vec<(SpentOf, String)> {
        let seen = self.handle.fuses().await.unwrap();
        seen.blown.into_iter().map(|fuse| (fuse.of, fuse.name)).collect()
    }

    async fn alert(&self, about: &About, is: impl Fn(&Alert) -> bool) -> Alert {
        let look = async || {
            let alerts = self.handle.reader().alerts(50).await.unwrap();
            let mut fuses = alerts.into_iter().filter(|alert| alert.kind == AlertKind::FuseTripped);
            fuses.find(|alert| alert.about() == *about && is(alert))
        };
        found(look).await
    }

    /// All that was due of a cue by its schedule, oldest first.
    async fn due(&self, cue: &CueId) -> Vec<OccurrenceRow> {
        let rows = self.handle.reader().occurrences_page(Some(cue.0.clone()), Ms(i64::MAX), 100).await.unwrap();
        let mut rows: Vec<OccurrenceRow> =
            rows.into_iter().filter(|row| OccurrenceId(row.id.clone()).is_scheduled()).collect();
        rows.sort_by_key(|row| row.due);
        rows
    }

    /// The clock is set, and the tower has seen it.
    async fn at(&self, now: Ms) {
        self.clock.set(now);
        found(async || self.handle.reader().alive_at().await.unwrap().filter(|alive| *alive >= now)).await;
    }
}

#[tokio::test]
async fn what_comes_due_on_a_spent_day_is_skipped_until_midnight_and_the_ledger_holds_all_of_it() {
    let scene = Scene::new().await;
    let every = json!({ "schedule": { "type": "interval", "every_seconds": EVERY_MS / 1_000 },
        "budget": { "day": { "cost_usd": 1 } } });
    let cue = scene.cue("hourly", every).await;
    let run = scene.fire(&cue).await.unwrap();
    scene.spends(&run, 0.6).await.unwrap();
    assert_eq!(scene.verdict(&run).await, None);
    scene.spends(&run, 0.6).await.unwrap();
    assert_eq!(scene.verdict(&run).await, Some(Verdict::Stopped));
    assert_eq!(scene.fire(&cue).await, Err(RefusalCode::BudgetSpent));
    let midnight = scene.handle.fuses().await.unwrap().blown[0].until;
    assert_eq!(midnight.0 % 86_400_000, 0, "of the owner, who is at UTC here");
    scene.at(scene.clock.now().plus(EVERY_MS + 1)).await;

    let scene = scene.again().await;
    assert_eq!((scene.fleet_usd().await, scene.blown().await), (1.2, vec![(SpentOf::Cue, "hourly".to_owned())]));
    assert_eq!(scene.fire(&cue).await, Err(RefusalCode::BudgetSpent), "a restart forgives nothing");
    scene.at(midnight.minus(HOUR_MS)).await;
    scene.at(midnight.plus(1)).await;
    assert_eq!((scene.fleet_usd().await, scene.blown().await), (0.0, Vec::new()));
    scene.alert(&About::Cue(cue.clone()), |alert| alert.state == AlertState::Resolved).await;
    scene.fire(&cue).await.expect("it is another day");

    let last = |row: &OccurrenceRow| row.until.unwrap_or(row.due);
    let next = scene.due(&cue).await.iter().map(last).max().unwrap().plus(EVERY_MS);
    assert!(next > midnight);
    scene.at(next.minus(SECOND_MS)).await;
    scene.at(next.plus(1)).await;
    let ran = async || scene.due(&cue).await.into_iter().find(|row| row.due == next && row.run.is_some());
    found(ran).await;
    let rows = scene.due(&cue).await;
    let of_the_day: Vec<&OccurrenceRow> = rows.iter().filter(|row| row.due < midnight).collect();
    let (from, to) = (of_the_day[0].due, last(of_the_day[of_the_day.len() - 1]));
    let count: u64 = of_the_day.iter().map(|row| row.count.max(1)).sum();
    assert_eq!(count, to.since(from) / EVERY_MS + 1, "{rows:#?}");
    assert!(count >= 5 && to.plus(EVERY_MS) >= midnight, "{rows:#?}");
    for row in of_the_day {
        let words = "its budget for the day was spent";
        assert_eq!((row.state.as_str(), row.reason.as_deref()), ("skipped", Some(words)), "{row:#?}");
    }
    scene.running.stop().await;
    let audit = desk::audit::of_stopped_tower(scene.folder.path(), None).await.unwrap();
    assert_eq!(audit.unexplained, 0, "{:?}", audit.findings);
    assert!(audit.instants >= 5, "{}", audit.instants);
}

#[tokio::test]
async fn a_raised_budget_lets_everything_begin_again_and_a_lower_one_stops_it() {
    let scene = Scene::new().await;
    let (one, two) = (scene.cue("one", json!({})).await, scene.cue("two", json!({})).await);
    let other = scene.cue("other", json!({ "agent": "scout" })).await;
    let (first, second) = (scene.fire(&one).await.unwrap(), scene.fire(&two).await.unwrap());
    let free = scene.fire(&other).await.unwrap();
    scene.spends(&first, 3.0).await.unwrap();
    scene.spends(&second, 3.0).await.unwrap();
    scene.limits(|limits| limits.agent_day = a_day(5.0)).await;
    for run in [&first, &second] {
        assert_eq!(scene.verdict(run).await, Some(Verdict::Stopped), "its cues share it");
    }
    assert_eq!(scene.verdict(&free).await, None);
    let about = About::agent(AccountId::OWNER, "leads");
    let alert = scene.alert(&about, |alert| alert.state == AlertState::Open).await;
    assert!(alert.body.starts_with("$6.00 of the $5.00 that the agent leads may cost a day"), "{}", alert.body);
    assert_eq!(scene.fire(&two).await, Err(RefusalCode::BudgetSpent));
    scene.limits(|limits| limits.agent_day = a_day(7.0)).await;
    scene.alert(&about, |alert| alert.state == AlertState::Resolved).await;
    let third = scene.fire(&two).await.unwrap();
    scene.spends(&third, 0.5).await.unwrap();
    assert_eq!(scene.verdict(&third).await, None);
    // Of all agents together.
    scene.limits(|limits| limits.fleet_day = a_day(6.0)).await;
    for run in [&third, &free] {
        assert_eq!(scene.verdict(run).await, Some(Verdict::Stopped));
    }
    assert_eq!(scene.blown().await, [(SpentOf::Fleet, "all agents".to_owned())]);
    scene.running.stop().await;
}

#[tokio::test]
async fn what_could_not_be_written_was_not_spent() {
    let scene = Scene::new().await;
    let cue = scene.cue("work", json!({ "budget": { "day": { "cost_usd": 1 } } })).await;
    let run = scene.fire(&cue).await.unwrap();
    scene.spends(&run, 0.6).await.unwrap();
    let busy = crate::journal::held_by_another(scene.folder.path());
    assert!(matches!(scene.spends(&run, 0.6).await, Err(Trouble::Store(_))));
    drop(busy);
    assert_eq!((scene.fleet_usd().await, scene.blown().await), (0.6, Vec::new()));
    assert_eq!((scene.verdict(&run).await, scene.fire(&cue).await.is_ok()), (None, true));
    scene.spends(&run, 0.5).await.unwrap();
    assert_eq!(scene.verdict(&run).await, Some(Verdict::Stopped));
    assert_eq!(scene.fleet_usd().await, 1.1);
    // A limit that could not be written does not hold.
    let busy = crate::journal::held_by_another(scene.folder.path());
    let limits = Limits { fleet_day: a_day(0.5), ..Limits::default() };
    let refused = scene.handle.tower(TowerChange::Fuses(Box::new(limits))).await;
    assert!(matches!(refused, Err(Trouble::Store(_))), "{refused:?}");
    drop(busy);
    assert_eq!(scene.handle.fuses().await.unwrap().limits, Limits::default());
    let scene = scene.again().await;
    assert_eq!((scene.fleet_usd().await, scene.blown().await), (1.1, vec![(SpentOf::Cue, "work".to_owned())]));
    scene.running.stop().await;
}

#[tokio::test]
async fn whoever_works_outside_of_cues_is_told_with_each_beat_and_its_runner_is_asked_to_stop_it() {
    let scene = Scene::new().await;
    scene.limits(|limits| (limits.agent_day, limits.fleet_day) = (DayBudget::default(), a_day(1.0))).await;
    assert_eq!(scene.beats("wild", 0.2, false).await.warning, None);
    assert_eq!(scene.beats("far", 0.6, true).await.warning, None);
    scene.beats("far", 0.6, true).await;
    let alert = scene.alert(&About::Tower, |alert| alert.state == AlertState::Open).await;
    assert!(alert.body.starts_with("$1.40 of the $1.00 that all agents together may cost a day."), "{}", alert.body);
    assert!(alert.body.contains("far") && alert.body.contains("wild"), "{}", alert.body);
    for agent in ["far", "wild"] {
        let warning = scene.beats(agent, 0.0, agent == "far").await.warning.unwrap();
        assert_eq!(warning.kind, WarningKind::CostExceeded);
        assert!(warning.reason.contains("$1.40 of the $1.00 that all agents together"), "{}", warning.reason);
    }
    let stops = scene.stops().await;
    let [id] = stops[..] else { panic!("one, of the one that has a runner: {stops:?}") };
    let said = Said { state: CommandState::Completed, message: None };
    scene.handle.record(move |recorder| fleet::answered(recorder, KEY, id, &said)).await.unwrap().unwrap();
    scene.beats("far", 0.0, true).await;
    assert!(scene.stops().await.is_empty(), "a last word of one that ends");
    scene.at(scene.clock.now().plus(60 * SECOND_MS)).await;
    scene.beats("far", 0.1, true).await;
    assert_eq!(scene.stops().await.len(), 1, "somebody started it again");

    scene.limits(|limits| limits.fleet_day = a_day(100.0)).await;
    assert_eq!(scene.beats("far", 0.0, true).await.warning, None);
    scene.alert(&About::Tower, |alert| alert.state == AlertState::Resolved).await;
    // Its runs and its beats have one budget.
    scene.limits(|limits| limits.agent_day = a_day(3.0)).await;
    let run = scene.fire(&scene.cue("near", json!({ "agent": "far" })).await).await.unwrap();
    scene.spends(&run, 4.0).await.unwrap();
    assert_eq!(scene.verdict(&run).await, Some(Verdict::Stopped));
    let warning = scene.beats("far", 0.0, true).await.warning.unwrap();
    assert!(warning.reason.contains("$4.00 of the $3.00 that the agent far may cost a day"), "{}", warning.reason);
    scene.running.stop().await;
}

#[tokio::test]
async fn what_a_stopped_run_goes_on_to_spend_is_counted_and_told() {
    let scene = Scene::new().await;
    let cue = scene.cue("work", json!({ "budget": { "run": { "cost_usd": 1 } } })).await;
    let run = scene.fire(&cue).await.unwrap();
    scene.told(&run, StepInput::Begin(Begin { key: "open".to_owned(), ..Begin::default() })).await.unwrap();
    scene.spends(&run, 2.0).await.unwrap();
    assert_eq!(scene.verdict(&run).await, Some(Verdict::Stopped));
    let about = About::Cue(cue.clone());
    let stopped = scene.alert(&about, |_| true).await;
    assert_eq!(stopped.title, "work stopped at $1.00");
    assert_eq!(stopped.body, "$2.00 of the $1.00 that a run may cost. Nothing more is taken from it.");
    let is_closed = |answer: Result<step::Answer, Trouble>| match answer {
        Err(Trouble::Refused(refusal)) => assert_eq!(refusal.code, RefusalCode::RunStopped),
        other => panic!("{other:?}"),
    };
    // What was under way tells of itself once more.
    is_closed(scene.spends(&run, 3.0).await);
    assert_eq!(scene.fleet_usd().await, 5.0);
    assert_eq!(scene.alert(&about, |_| true).await.count, 1);
    scene.at(scene.clock.now().plus(11 * SECOND_MS)).await;
    is_closed(scene.spends(&run, 4.0).await);
    assert_eq!(scene.fleet_usd().await, 9.0);
    let told = scene.alert(&about, |alert| alert.count == 2).await;
    assert_eq!((told.title.as_str(), told.id), ("work goes on after it was stopped", stopped.id));
    assert!(told.body.contains("it has used $9.00 by now"), "{}", told.body);
    let noted = async || scene.run(&run).await.unwrap().notes.len();
    assert_eq!(noted().await, 1);
    is_closed(scene.spends(&run, 1.0).await);
    assert_eq!((noted().await, scene.alert(&about, |_| true).await.count), (1, 2), "once a minute is enough");

    // Its steps say so too, also those that were refused when they began; and its outcome.
    let spends = |key: &str, cost| {
        let done = Done { spend: Spend { cost: usd(cost), ..Spend::default() }, ..Done::default() };
        StepInput::Complete { key: key.to_owned(), done }
    };
    is_closed(scene.told(&run, spends("open", 6.0)).await);
    is_closed(scene.told(&run, spends("never begun", 7.0)).await);
    assert_eq!(scene.fleet_usd().await, 13.0, "of steps and beats the larger");
    let outcome = Box::new(Outcome { success: true, cost_usd: Some(20.0), ..Outcome::default() });
    let report = Input::Report { run_id: run.clone(), attempt: None, outcome };
    let answer = scene.handle.run(&run, report).await;
    assert!(matches!(&answer, Err(Trouble::Refused(refusal)) if refusal.code == RefusalCode::RunStopped), "{answer:?}");
    assert_eq!((scene.fleet_usd().await, scene.verdict(&run).await), (20.0, Some(Verdict::Stopped)));
    scene.running.stop().await;
}

#[tokio::test]
async fn a_runs_own_fuse_and_the_days_are_one_alert_that_midnight_ends() {
    let scene = Scene::new().await;
    let budget = json!({ "budget": { "run": { "cost_usd": 1 }, "day": { "cost_usd": 3 } } });
    let cue = scene.cue("work", budget).await;
    let about = About::Cue(cue.clone());
    let first = scene.fire(&cue).await.unwrap();
    scene.spends(&first, 2.0).await.unwrap();
    let own = scene.alert(&about, |_| true).await;
    assert_eq!(own.run_id, Some(first));
    // Beyond both at once.
    let second = scene.fire(&cue).await.unwrap();
    scene.spends(&second, 2.0).await.unwrap();
    let both = scene.alert(&about, |alert| alert.count > 1).await;
    assert_eq!((both.id, both.run_id), (own.id, None), "it is the day's now, whichever came last");
    let midnight = scene.handle.fuses().await.unwrap().blown[0].until;
    scene.at(midnight.plus(1)).await;
    scene.alert(&about, |alert| alert.state == AlertState::Resolved).await;
    scene.running.stop().await;
}
