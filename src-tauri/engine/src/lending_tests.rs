//! On a real engine: values that are replaced, called otherwise and forgotten while runs are under way, and a vault that goes away.

use std::path::Path;
use std::sync::Arc;

use cuetower_core::Ms;
use cuetower_core::cue::Cue;
use cuetower_core::id::RunId;
use cuetower_core::input::{Answer, Fire};
use cuetower_core::occurrence::Trigger;
use serde_json::{Value, json};

use super::*;
use crate::clock::ManualClock;
use crate::notify::Notifier;
use crate::vault::tests::{Switch, flaky};
use crate::vault::{How, Used, Vault};
use crate::{Config, Engine, Ports, Running};

/// 21 November 2026, 12:00 UTC.
const NOON: Ms = Ms(1_795_262_400_000);
const PATIENCE: Duration = Duration::from_secs(60);

struct Tower {
    handle: Handle,
    vault: Vault,
    switch: Switch,
    clock: Arc<ManualClock>,
    running: Running,
}

impl Tower {
    async fn on(folder: &Path) -> Tower {
        let (vault, switch) = flaky().await;
        let clock = Arc::new(ManualClock::at(NOON));
        let notifier = Notifier::start(false).await.0;
        let config = Config::of(folder.to_owned(), "http://127.0.0.1:9".to_owned());
        let ports = Ports { clock: clock.clone(), vault: vault.clone(), notifier };
        let (handle, running) = Engine::start(config, ports).unwrap();
        Tower { handle, vault, switch, clock, running }
    }

    /// A cue that waits for a worker, with this laid over it.
    async fn cue(&self, name: &str, more: Value) -> Cue {
        let mut body = json!({ "name": name, "transport": "worker", "schedule": { "type": "manual" } });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let read = definition::read_new(&body, NOON).unwrap();
        self.handle.create_cue(read.definition).await.unwrap()
    }

    async fn fired(&self, cue: &Cue) -> RunId {
        let fire =
            Fire { payload: None, send_at: None, key: None, exit_criteria: Vec::new(), trigger: Trigger::ManualFire };
        let (answer, _) = self.handle.cue(&cue.id, Input::Fire(fire)).await.unwrap();
        let Answer::Fired { run_id, .. } = answer else { panic!("{answer:?}") };
        // It is due at once, and begins with the next look at the clock.
        let begins = async {
            while self.handle.reader().run(run_id.0.clone()).await.unwrap().is_none() {
                self.clock.advance(1_000);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, begins).await.expect("it begins");
        run_id
    }

    async fn value(&self, name: &str) -> Option<String> {
        self.vault.get(name).await.unwrap()
    }
}

#[tokio::test]
async fn a_value_of_before_stays_for_the_runs_under_way_and_goes_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let tower = Tower::on(folder.path()).await;
    let handle = &tower.handle;
    set(handle, "OPENAI", "sk-first-one", false).await.unwrap();
    set(handle, "OPENAI", "sk-second-one", true).await.unwrap();
    assert!(handle.reader().secret_olds().await.unwrap().is_empty(), "nobody is at work, so nobody has it");
    let missing = set(handle, "STRIPE", "sk-third-one", true).await;
    assert!(matches!(missing, Err(Unlent::NoSuchSecret(name)) if name == "STRIPE"));
    assert_eq!(tower.value("STRIPE").await, None);

    let cue = tower.cue("leads", json!({ "secrets": ["OPENAI"] })).await;
    let run = tower.fired(&cue).await;
    tower.clock.advance(1_000);
    set(handle, "OPENAI", "sk-third-one", true).await.unwrap();
    assert_eq!(tower.value("old.OPENAI.2").await.as_deref(), Some("sk-second-one"));
    let row = handle.reader().secret("OPENAI".to_owned()).await.unwrap().unwrap();
    assert_eq!((row.version, row.rotated_at), (3, Some(handle.now())));
    forget(handle).await.unwrap();
    assert!(tower.value("old.OPENAI.2").await.is_some(), "its run goes on");

    handle.run(&run, Input::Stop { run_id: run.clone() }).await.unwrap();
    forget(handle).await.unwrap();
    assert_eq!((tower.value("old.OPENAI.2").await, handle.reader().secret_olds().await.unwrap().len()), (None, 0));
    assert_eq!(tower.value("OPENAI").await.as_deref(), Some("sk-third-one"));
    tower.running.stop().await;
}

#[tokio::test]
async fn a_secret_that_is_renamed_is_renamed_wherever_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let tower = Tower::on(folder.path()).await;
    let handle = &tower.handle;
    set(handle, "OPENAI", "sk-first-one", false).await.unwrap();
    set(handle, "OTHER", "sk-other-one", false).await.unwrap();
    let leases = tower.cue("leases", json!({ "secrets": [{ "name": "OPENAI", "tools": ["chat"] }, "OTHER"] })).await;
    let looks = json!({ "preflight": [{ "check": "secret", "name": "OPENAI" }] });
    let looks = tower.cue("looks", looks).await;
    let apart = tower.cue("apart", json!({ "secrets": ["OTHER"] })).await;

    let taken = rename(handle, "OPENAI", "OTHER").await;
    assert!(matches!(taken, Err(Unlent::NameTaken(name)) if name == "OTHER"));
    let missing = rename(handle, "NOBODYS", "MINE").await;
    assert!(matches!(missing, Err(Unlent::NoSuchSecret(_))));
    tower.switch.there(false);
    assert!(matches!(rename(handle, "OPENAI", "LLM").await, Err(Unlent::Vault(_))));
    tower.switch.there(true);
    let names = async || {
        let rows = handle.reader().secrets().await.unwrap();
        rows.into_iter().map(|row| row.name).collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["OPENAI", "OTHER"], "what was refused changed nothing");

    rename(handle, "OPENAI", "LLM").await.unwrap();
    assert_eq!(names().await, ["LLM", "OTHER"]);
    let now = async |cue: &Cue| handle.reader().cue(cue.id.0.clone()).await.unwrap().unwrap();
    let changed = now(&leases).await;
    assert_eq!(definition::secret_names(&changed.definition), ["LLM", "OTHER"]);
    assert_eq!(changed.definition.lends[0].tools, ["chat"]);
    assert_eq!(definition::secret_names(&now(&looks).await.definition), ["LLM"]);
    assert_eq!(now(&apart).await.revision, apart.revision, "who does not name it is not touched");
    assert_eq!(
        (tower.value("LLM").await.as_deref(), tower.value("OPENAI").await.is_some()),
        (Some("sk-first-one"), true)
    );
    forget(handle).await.unwrap();
    assert_eq!(tower.value("OPENAI").await, None, "nobody is at work who could ask for it");
    tower.running.stop().await;
}

#[tokio::test]
async fn who_used_what_is_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let tower = Tower::on(folder.path()).await;
    let handle = &tower.handle;
    set(handle, "OPENAI", "sk-first-one", false).await.unwrap();
    let cue = tower.cue("leads", json!({ "secrets": ["OPENAI"] })).await;
    let run = tower.fired(&cue).await;
    let run = handle.reader().run(run.0).await.unwrap().unwrap();
    tower.vault.was_used(Used { tool: "chat".to_owned(), ..Used::by_run("OPENAI", &run, How::Lease) });
    tower.vault.was_used(Used::by_run("HEADER_0123456789ABCDEF0123456789ABCDEF", &run, How::Header));
    flush(handle).await;
    let uses = handle.reader().secret_uses("OPENAI".to_owned(), 10).await.unwrap();
    assert_eq!((uses.len(), uses[0].how.as_str(), uses[0].tool.as_str()), (1, "lease", "chat"));
    let row = handle.reader().secret("OPENAI".to_owned()).await.unwrap().unwrap();
    assert_eq!((row.last_used, row.last_used_by), (Some(handle.now()), Some(cue.id.0)));
    let own = handle.reader().secret_uses("HEADER_0123456789ABCDEF0123456789ABCDEF".to_owned(), 10).await.unwrap();
    assert!(own.is_empty(), "a header of a cue's own is nobody's secret by name");
    tower.running.stop().await;
}

#[tokio::test]
async fn who_used_what_is_written_down_in_the_end_too() {
    let folder = tempfile::tempdir().unwrap();
    let tower = Tower::on(folder.path()).await;
    set(&tower.handle, "OPENAI", "sk-first-one", false).await.unwrap();
    tower.vault.was_used(Used::by_check("OPENAI"));
    let (handle, vault) = (tower.handle, tower.vault);
    tower.running.stop().await;
    assert_eq!(vault.take_used(), [], "it was written before the end");

    vault.was_used(Used::by_check("FIRST"));
    vault.was_used(Used::by_check("SECOND"));
    flush(&handle).await;
    let left: Vec<String> = vault.take_used().into_iter().map(|used| used.name).collect();
    assert_eq!(left, ["FIRST", "SECOND"], "there is nobody any more who writes, and nothing is dropped");

    let again = Tower::on(folder.path()).await;
    assert_eq!(again.handle.reader().secret_uses("OPENAI".to_owned(), 10).await.unwrap().len(), 1);
    again.running.stop().await;
}

#[tokio::test]
async fn a_vault_that_comes_back_is_found_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let tower = Tower::on(folder.path()).await;
    set(&tower.handle, "OPENAI", "sk-first-one", false).await.unwrap();
    let asking = tokio::spawn(recover(tower.handle.clone(), Duration::from_millis(10)));
    for error in [VaultError::Absent("taken away".into()), VaultError::Failed("it broke off".into())] {
        tower.switch.fails(Some(error));
        assert!(tower.vault.get("OPENAI").await.is_err());
        assert!(!tower.vault.health().ok);
        tower.switch.fails(None);
        let answers = async {
            while !tower.vault.health().ok {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, answers).await.expect("it is asked again by itself");
    }
    asking.abort();
    tower.running.stop().await;
}
