//! Data folders that older programs left (`tests/data/upgrades`), opened by today's tower: nothing is lost, all is read, fires
//! go on. Killed while it brings one up to date, there is the old store or the new one. A newer store is refused.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cuetower_tests::{Tower, binary, ctl_in, until};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::LocalSet;

const PATIENCE: Duration = Duration::from_secs(60);

fn archives() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/upgrades")
}

/// Of which there are folders, the oldest first.
fn formats() -> Vec<i64> {
    let names = std::fs::read_dir(archives()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let number = |name: String| name.strip_prefix("format-")?.strip_suffix(".json")?.parse().ok();
    let mut formats: Vec<i64> = names.filter_map(number).collect();
    formats.sort_unstable();
    formats
}

/// What was counted in a folder when it was made.
fn counted(format: i64) -> Value {
    let path = archives().join(format!("format-{format}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// A copy of the folder to be opened.
fn folder_of(format: i64) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let archive = archives().join(format!("format-{format}.tar.gz"));
    let unpacked = Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(folder.path()).status().unwrap();
    assert!(unpacked.success(), "{} is unpacked", archive.display());
    folder
}

fn store(folder: &Path, name: &str) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let store = Connection::open_with_flags(folder.join(name), flags).unwrap();
    store.busy_timeout(PATIENCE).unwrap();
    store
}

fn number(store: &Connection, sql: &str) -> i64 {
    store.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn is_sound(store: &Connection) {
    let said: String = store.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(said, "ok");
}

/// Every run with its verdicts.
fn runs(store: &Connection) -> BTreeMap<String, (String, String)> {
    let mut all = store.prepare("SELECT id, delivered, confirmed FROM runs").unwrap();
    let rows = all.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?)))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// The format that today's program writes.
async fn todays_format() -> i64 {
    let folder = tempfile::tempdir().unwrap();
    let mut tower = Tower::start_on(folder.path()).await;
    tower.stop().await;
    number(&store(folder.path(), "cuetower.db"), "PRAGMA user_version")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_format_lands_with_a_folder_of_its_own() {
    let today = todays_format().await;
    let all: Vec<i64> = (1..=today).collect();
    assert_eq!(formats(), all, "run tests/data/upgrades/make.sh for the commit that stands");
    for format in formats() {
        assert_eq!(counted(format)["format"], json!(format));
        assert_eq!(number(&store(folder_of(format).path(), "cuetower.db"), "PRAGMA user_version"), format);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_older_folder_opens_with_all_that_was_in_it_and_goes_on() {
    let today = todays_format().await;
    // At once, as most of it is waiting.
    let here = LocalSet::new();
    let opened: Vec<_> = formats().into_iter().map(|format| here.spawn_local(opens(format, today))).collect();
    here.await;
    for one in opened {
        one.await.unwrap();
    }
}

async fn opens(format: i64, today: i64) {
    let folder = folder_of(format);
    let before = runs(&store(folder.path(), "cuetower.db"));
    let counted = counted(format);
    let said = |table: &str| counted["rows"][table].as_i64().unwrap_or(0);
    assert!(before.len() as i64 == said("runs") && before.len() > 8, "format {format}: {} runs", before.len());

    let mut tower = Tower::start_on(folder.path()).await;
    let new = store(folder.path(), "cuetower.db");
    assert_eq!(number(&new, "PRAGMA user_version"), today);
    is_sound(&new);
    for table in ["cues", "attempts", "alerts", "steps", "gates"] {
        let now = number(&new, &format!("SELECT count(*) FROM {table}"));
        assert!(now >= said(table), "format {format}: {table} had {} rows, and has {now}", said(table));
    }
    let now = runs(&new);
    for (id, (delivered, confirmed)) in &before {
        let (delivered_now, confirmed_now) = now.get(id).unwrap_or_else(|| panic!("format {format}: run {id} is lost"));
        // What was under way may have come to its end meanwhile; what had ended is as it ended.
        let was_open = ["working", "none", "gate"].contains(&confirmed.as_str());
        assert!(was_open || confirmed_now == confirmed, "format {format}: {id} was {confirmed}, is {confirmed_now}");
        assert!(was_open || delivered_now == delivered, "format {format}: {id} was {delivered}, is {delivered_now}");
    }
    let kept = folder.path().join(format!("before-format-{today}-was-{format}.db"));
    assert_eq!(kept.exists(), format < today, "a copy is kept of what is changed");
    if format < today {
        let kept = store(folder.path(), kept.file_name().unwrap().to_str().unwrap());
        is_sound(&kept);
        assert_eq!((runs(&kept), number(&kept, "PRAGMA user_version")), (before.clone(), format));
    }

    reads(&tower, format, &before).await;
    goes_on(&mut tower, format).await;
}

/// Everything that a face asks for.
async fn reads(tower: &Tower, format: i64, before: &BTreeMap<String, (String, String)>) {
    let names = ["exits", "fails", "ticks", "new-year", "monthly", "hook", "score-new-leads"];
    for name in names {
        let shown = tower.ctl(&["cue", "show", name, "--json"]).await.good();
        let cue: Value = serde_json::from_str(&shown).unwrap();
        assert!(cue["words"].as_str().is_some_and(|words| !words.is_empty()), "format {format}: {cue}");
    }
    for id in before.keys() {
        let story = tower.owner("run_get", &json!({ "run_id": id })).await;
        assert!(
            !story["attempts"].as_array().unwrap().is_empty() || story["state"] == "waiting",
            "format {format}: {story}"
        );
    }
    let board = tower.owner("board", &json!({ "from_ms": 0, "to_ms": 4_102_444_800_000_i64 })).await;
    let marks = board["marks"].as_array().unwrap();
    let on_board = |id: &&String| marks.iter().any(|mark| mark["run_id"] == json!(id));
    assert_eq!(before.keys().filter(|id| !on_board(id)).count(), 0, "format {format}: every run is on the board");
    for (command, request) in [
        ("report", json!({ "day": null })),
        ("alerts", json!({ "limit": 100 })),
        ("agents", json!({})),
        ("secrets", json!({})),
        ("pools", json!({})),
        ("costs_today", json!({})),
        ("briefing", json!({})),
        ("forecast", json!({ "until_ms": 4_102_444_800_000_i64 })),
        ("gates", json!({ "limit": 100, "settled": true })),
    ] {
        let (status, answer) = tower.owner_call(command, &request).await;
        assert_eq!(status, 200, "format {format}: {command}: {answer}");
    }
    let audit = tower.owner("ledger_audit", &json!({ "days": null })).await;
    assert_eq!(audit["unexplained"], 0, "format {format}: {audit}");
    let secrets = tower.owner("secrets", &json!({})).await;
    assert!(secrets.to_string().contains("OPENAI"), "format {format}: its name is known still");
    until("runs of before to be found by their words", PATIENCE, async || {
        let found = tower.owner("search", &json!({ "text": "cue:fails kind:run" })).await;
        found["hits"].as_array().is_some_and(|hits| !hits.is_empty()).then_some(())
    })
    .await;
    let exported = tower.ctl(&["cues", "export", "--format", "toml"]).await.good();
    assert!(names.iter().all(|name| exported.contains(&format!("name = \"{name}\""))), "format {format}: {exported}");
}

/// By hand, by its schedule, and after a restart.
async fn goes_on(tower: &mut Tower, format: i64) {
    tower.ctl(&["cue", "fire", "exits"]).await.good();
    tower.ctl(&["cue", "resume", "ticks"]).await.good();
    let confirmed = async |tower: &Tower, name: &str| {
        let runs = tower.ctl(&["runs", "--cue", name, "--limit", "5000", "--json"]).await.good();
        runs.matches("\"confirmed\": \"confirmed\"").count()
    };
    let had = confirmed(tower, "ticks").await;
    let ticked = until("fires by schedule", PATIENCE, async || {
        let now = confirmed(tower, "ticks").await;
        (now > had + 1 && confirmed(tower, "exits").await > 3).then_some(now)
    })
    .await;
    tower.kill9().await;
    tower.again().await;
    until("fires after a crash", PATIENCE, async || (confirmed(tower, "ticks").await > ticked).then_some(())).await;
    tower.stop().await;
    is_sound(&store(&tower.data, "cuetower.db"));
    assert!(number(&store(&tower.data, "cuetower.db"), "PRAGMA user_version") >= format);
}

/// The store of a folder with so many more runs in it that bringing it up to date takes a while.
fn grown(folder: &Path) {
    let store = Connection::open(folder.join("cuetower.db")).unwrap();
    store.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;").unwrap();
    let tables = [
        ("occurrences", &["id", "run_id"][..], "state = 'ran'"),
        ("runs", &["id", "occurrence_id"], "ended_at_ms > 0"),
    ];
    for (table, ids, over) in tables {
        let mut columns = store.prepare(&format!("SELECT name FROM pragma_table_info('{table}')")).unwrap();
        let columns: Vec<String> = columns.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let other = |column: &String| {
            let is_id = ids.contains(&column.as_str());
            if is_id { format!("t.{column} || '-' || n.n") } else { format!("t.{column}") }
        };
        let values: Vec<String> = columns.iter().map(other).collect();
        let sql = format!(
            "INSERT INTO {table} ({}) SELECT {} FROM {table} t, (WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 400) SELECT n FROM n) n WHERE t.id IN (SELECT id FROM {table} WHERE {over} LIMIT 60)",
            columns.join(", "),
            values.join(", ")
        );
        store.execute_batch(&sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    store.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
}

fn serving(folder: &Path) -> Command {
    let mut command = Command::new(binary("cuetowerctl"));
    command.args(["serve", "--vault", "memory", "--no-notifications", "--ready-json"]);
    command.args(["--listen", "127.0.0.1:0", "--desk", "127.0.0.1:0", "--data"]).arg(folder);
    command.env("CUETOWER_LOG", "off").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_the_oldest_store_is_brought_up_to_date_there_is_the_old_one_or_the_new_one() {
    killed_amid(1, todays_format().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_the_indexes_are_built_anew_there_is_the_old_one_or_the_new_one() {
    let today = todays_format().await;
    killed_amid(today - 1, today).await;
}

async fn killed_amid(format: i64, today: i64) {
    let grown_folder = folder_of(format);
    grown(grown_folder.path());
    let all = runs(&store(grown_folder.path(), "cuetower.db"));
    let copy = || {
        let folder = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(grown_folder.path()).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
            }
        }
        folder
    };
    // How long it takes when nobody kills it.
    let folder = copy();
    let began = Instant::now();
    let mut tower = serving(folder.path()).spawn().unwrap();
    until("the new format", PATIENCE, async || {
        (number(&store(folder.path(), "cuetower.db"), "PRAGMA user_version") == today).then_some(())
    })
    .await;
    let took = began.elapsed();
    tower.kill().unwrap();
    tower.wait().unwrap();

    let mut seen = BTreeMap::new();
    for moment in 1..=10_u32 {
        let folder = copy();
        let mut tower = serving(folder.path()).spawn().unwrap();
        // No wait for anything: the moment itself is what is tried.
        tokio::time::sleep(took * moment / 9).await;
        tower.kill().unwrap();
        tower.wait().unwrap();
        let found = store(folder.path(), "cuetower.db");
        let (is, sound) = (number(&found, "PRAGMA user_version"), runs(&found));
        is_sound(&found);
        assert!(is == format || is == today, "it is of format {is}");
        assert!(all.keys().all(|id| sound.contains_key(id)), "format {format}, moment {moment}: no run is lost");
        *seen.entry(is).or_insert(0) += 1;
        drop(found);
        let mut tower = Tower::start_on(folder.path()).await;
        let whole = store(folder.path(), "cuetower.db");
        assert_eq!(number(&whole, "PRAGMA user_version"), today);
        let here = runs(&whole);
        assert!(all.keys().all(|id| here.contains_key(id)), "format {format}, moment {moment}: no run is lost");
        tower.stop().await;
    }
    assert!(seen.contains_key(&format), "some were killed before it was done, in {took:?}: {seen:?}");
}

#[tokio::test]
async fn an_older_program_refuses_a_newer_store_with_a_sentence() {
    let today = todays_format().await;
    let folder = folder_of(today);
    Connection::open(folder.path().join("cuetower.db"))
        .unwrap()
        .pragma_update(None, "user_version", today + 1)
        .unwrap();
    let bytes = std::fs::read(folder.path().join("cuetower.db")).unwrap();
    let args = ["serve", "--vault", "memory", "--no-notifications", "--listen", "127.0.0.1:0", "--desk", "127.0.0.1:0"];
    let refused = ctl_in(folder.path(), &args, "").await;
    assert_eq!(refused.code, Some(1));
    let sentence = format!("written by a newer Cuetower (format {}, this one knows {today})", today + 1);
    assert!(refused.err.contains(&sentence), "{}", refused.err);
    assert_eq!(std::fs::read(folder.path().join("cuetower.db")).unwrap(), bytes, "it is left as it is");
    assert!(!folder.path().join(format!("before-format-{today}-was-{}.db", today + 1)).exists());
}

#[tokio::test]
async fn settings_of_the_first_format_are_read() {
    let folder = folder_of(8);
    assert!(folder.path().join("settings.toml").exists(), "format 8 is the first that has one");
    let tower = Tower::start_on(folder.path()).await;
    let settings = tower.ctl(&["settings", "--json"]).await.good();
    let settings: Value = serde_json::from_str(&settings).unwrap();
    let kept =
        settings["settings"].as_array().unwrap().iter().find(|setting| setting["name"] == "backup.keep").unwrap();
    assert_eq!(kept["value"].to_string().trim_matches('"'), "3", "{settings}");
}
