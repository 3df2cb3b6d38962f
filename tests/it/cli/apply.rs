//! Cues in files: taken away and brought into another tower as they are, and applied from a folder as a repository keeps it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cuetower_tests::{Tower, ctl_in, until};
use serde_json::{Value, json};

async fn exported(tower: &Tower, format: &str) -> String {
    tower.ctl(&["cues", "export", "--format", format]).await.good()
}

async fn cues(tower: &Tower) -> Vec<Value> {
    let board = tower.owner("board", &json!({ "from_ms": 0, "to_ms": 1 })).await;
    board["cues"].as_array().unwrap().clone()
}

fn put(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn command_cue(name: &str, rest: Value) -> Value {
    let mut cue = json!({ "name": name, "transport": "command", "command": { "argv": ["true"] }, "confirm": "exit_code",
                          "schedule": { "type": "manual" } });
    cue.as_object_mut().unwrap().extend(rest.as_object().cloned().unwrap_or_default());
    cue
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_fleet_moves_into_empty_towers_byte_by_byte() {
    let demo = Tower::start_with(None, &["--demo"], &[]).await;
    let fleet = until("fleet", Duration::from_secs(30), async || {
        let there = cues(&demo).await;
        (there.len() == 10).then_some(there)
    })
    .await;
    // What has short schedules is paused, so that it runs in none of the towers; one of them for a while only.
    for cue in fleet.iter().filter(|cue| cue["name"] != "mail-listener") {
        let until_ms = if cue["name"] == "disk-report" { json!(1_893_456_000_000_i64) } else { Value::Null };
        demo.owner("cue_pause", &json!({ "cue_id": cue["id"], "until_ms": until_ms })).await;
    }
    for named in [["score-new-leads", "enrich-leads"], ["triage-inbox", "disk-report"]] {
        let [cue, other] = named.map(|name| fleet.iter().find(|cue| cue["name"] == name).unwrap());
        let mut definition = cue["definition"].clone();
        definition["on_success_fire"] = other["id"].clone();
        demo.owner("cue_update", &json!({ "cue_id": cue["id"], "revision": null, "definition": definition })).await;
    }
    let [json, toml] = [exported(&demo, "json").await, exported(&demo, "toml").await];
    for text in [&json, &toml] {
        let ids = fleet.iter().any(|cue| text.contains(cue["id"].as_str().unwrap()));
        assert!(text.contains("enrich-leads") && !ids, "names instead of ids: {text}");
        assert!(!["run_count", "revision", "created_at"].iter().any(|word| text.contains(word)), "{text}");
    }
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("fleet.json", &json), ("fleet.toml", &toml)] {
        let file = put(folder.path(), name, text);
        let file = file.to_str().unwrap();
        let tower = Tower::start().await;
        let refused = tower.ctl(&["cues", "import", file]).await;
        assert!(refused.code == Some(1) && refused.err.contains("There is no pool `model-api`"), "{}", refused.err);
        assert_eq!(cues(&tower).await.len(), 0, "all or nothing");
        tower.ctl(&["pool", "set", "model-api", "--concurrency", "2"]).await.good();
        let said = tower.ctl(&["cues", "import", file]).await.good();
        assert!(said.contains("score-new-leads is made"), "{said}");
        assert_eq!(exported(&tower, "json").await, json, "from {name}");
        assert_eq!(exported(&tower, "toml").await, toml, "from {name}");
        let here = cues(&tower).await;
        assert_eq!(here.iter().filter(|cue| cue["status"] == "paused").count(), 9);
        assert_eq!(here.iter().map(|cue| cue["run_count"].as_u64().unwrap()).sum::<u64>(), 0, "nothing ran");
        let again = tower.ctl(&["cues", "import", file]).await;
        assert!(again.code == Some(1) && again.err.contains("`disk-report`") && again.err.contains("--replace"));
        let same = tower.ctl(&["apply", file]).await;
        assert_eq!((same.code, same.out.as_str()), (Some(0), "No change: all 10 cues are as the files have them.\n"));
    }
}

const LEADS: &str = r#"# Kept by sales.
[[cues]]
name = "digest"
agent = "leads"
transport = "command"
command = { argv = ["true"], env = { API_KEY = "{{secret:LEADS_KEY}}" } }
confirm = "exit_code"

[cues.schedule]
type = "recurring"
cron = "0 9 * * 1-5"
timezone = "Europe/Berlin"

[[cues]]
name = "after-digest"
transport = "command"
command = { argv = ["true"] }
confirm = "exit_code"
schedule = { type = "after", cue = "digest" }
paused = true
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_shown_applied_and_then_there_is_nothing_to_do() {
    let tower = Tower::start().await;
    let folder = tempfile::tempdir().unwrap();
    let leads = put(folder.path(), "leads.toml", LEADS);
    let house = |priority: i32| json!({ "cues": [command_cue("tidy", json!({ "priority": priority }))] }).to_string();
    put(folder.path(), "house.json", &house(1));
    put(folder.path(), "README.md", "no cue");
    let path = folder.path().to_str().unwrap();

    let dry = tower.ctl(&["apply", path, "--dry-run"]).await;
    assert_eq!(dry.code, Some(3), "there are differences: {}", dry.err);
    assert!(
        dry.out.contains(&format!("+ digest: 09:00 on weekdays  ({}:2)", leads.display()))
            || dry.out.contains("+ digest: "),
        "{}",
        dry.out
    );
    assert!(
        dry.out.contains(&format!("({}:2)", leads.display())) && dry.out.contains(&format!("({}:14)", leads.display())),
        "{}",
        dry.out
    );
    assert!(
        dry.out.contains("! digest needs the secret LEADS_KEY") && dry.out.ends_with("3 to make.\n"),
        "{}",
        dry.out
    );
    let unasked = tower.ctl(&["apply", path]).await;
    assert!(unasked.code == Some(3) && unasked.err.contains("--yes"), "{}", unasked.err);
    assert_eq!(cues(&tower).await.len(), 0);

    tower.owner("secret_set", &json!({ "name": "LEADS_KEY", "value": "sk-4711-4711" })).await;
    let done = tower.ctl(&["apply", path, "--yes"]).await.good();
    assert!(done.ends_with("3 made.\n") && !done.contains('!'), "{done}");
    let here = cues(&tower).await;
    let of = |name: &str| here.iter().find(|cue| cue["name"] == name).unwrap();
    assert_eq!(of("after-digest")["status"], "paused");
    assert_eq!(of("after-digest")["definition"]["schedule"]["cue"], of("digest")["id"]);
    for args in [["apply", path].as_slice(), &["apply", path, "--dry-run"], &["apply", path, "--prune"]] {
        let again = tower.ctl(args).await;
        assert_eq!((again.code, again.out.as_str()), (Some(0), "No change: all 3 cues are as the files have them.\n"));
    }

    // One changes, one goes, one is resumed; and one that is in no file stays unless it is pruned.
    let changed = LEADS.replace("0 9 * * 1-5", "0 10 * * 1-5").replace("paused = true", "paused = false");
    put(folder.path(), "leads.toml", &changed);
    std::fs::remove_file(folder.path().join("house.json")).unwrap();
    let shown = tower.ctl(&["apply", path, "--dry-run"]).await;
    assert!(shown.code == Some(3) && !shown.out.contains("tidy"), "{}", shown.out);
    assert!(shown.out.contains("    schedule.cron: \"0 9 * * 1-5\" → \"0 10 * * 1-5\"\n"), "{}", shown.out);
    assert!(shown.out.contains("    paused: yes → no\n") && shown.out.ends_with("2 to change.\n"), "{}", shown.out);
    let done = tower.ctl(&["apply", path, "--prune", "--yes", "--json"]).await.good();
    let done: Value = serde_json::from_str(&done).unwrap();
    let what: Vec<&str> =
        done["changes"].as_array().unwrap().iter().map(|change| change["what"].as_str().unwrap()).collect();
    assert_eq!((done["done"].clone(), what), (json!(true), vec!["change", "change", "remove"]), "{done}");
    assert_eq!(done["changes"][0]["line"], 2);
    let here = cues(&tower).await;
    let statuses: Vec<&Value> = here.iter().map(|cue| &cue["status"]).collect();
    assert_eq!(statuses, ["active", "active"]);
    let revisions: Vec<u64> = here.iter().map(|cue| cue["revision"].as_u64().unwrap()).collect();
    assert!(revisions.iter().sum::<u64>() >= 3, "the digest has a second definition: {revisions:?}");
    let all = exported(&tower, "toml").await;
    assert!(all.contains("{{secret:LEADS_KEY}}") && !all.contains("4711"), "{all}");

    // By hand paused, and the file says nothing: it stays paused, and that is said.
    put(folder.path(), "leads.toml", &changed.replace("paused = false", ""));
    tower.ctl(&["cue", "pause", "after-digest"]).await.good();
    let left = tower.ctl(&["apply", path]).await;
    assert!(left.code == Some(0) && left.out.contains("! after-digest is paused here and stays so"), "{}", left.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_named_by_file_line_and_field_and_nothing_is_done() {
    let tower = Tower::start().await;
    let folder = tempfile::tempdir().unwrap();
    put(
        folder.path(),
        "a.toml",
        &LEADS.replace("0 9 * * 1-5", "0 25 * * *").replace("cue = \"digest\"", "cue = \"nobody\""),
    );
    put(
        folder.path(),
        "b.json",
        "{ \"cues\": [\n  { \"name\": \"digest\",\n    \"transport\": \"worker\",\n    \"schedul\": {} } ] }",
    );
    let path = folder.path().to_str().unwrap();
    let refused = tower.ctl(&["apply", path, "--yes"]).await;
    assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""));
    for line in ["a.toml:11: schedule.cron: ", "b.json:2: `schedule` is missing", "Nothing was changed."] {
        assert!(refused.err.contains(line), "{line}: {}", refused.err);
    }
    put(folder.path(), "b.json", "{ \"cues\": [\n  { \"name\": \"digest\", }");
    let refused = tower.ctl(&["apply", path, "--yes"]).await;
    assert!(refused.code == Some(1) && refused.err.contains("b.json:2: This is not JSON"), "{}", refused.err);
    std::fs::remove_file(folder.path().join("b.json")).unwrap();
    put(folder.path(), "a.toml", &LEADS.replace("cue = \"digest\"", "cue = \"nobody\""));
    let refused = tower.ctl(&["apply", path, "--yes"]).await;
    assert!(refused.err.contains("a.toml:19: schedule.cue: There is no cue `nobody`"), "{}", refused.err);
    assert_eq!(cues(&tower).await.len(), 0);

    let empty = tempfile::tempdir().unwrap();
    let none = tower.ctl(&["apply", empty.path().to_str().unwrap(), "--prune", "--yes"]).await;
    assert!(none.code == Some(1) && none.err.contains("no file that ends with .toml or .json"), "{}", none.err);
    let both = tower.ctl(&["apply", path, "--yes", "--dry-run"]).await;
    assert_eq!(both.code, Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn cues_that_name_each_other_find_each_other_in_any_order() {
    let tower = Tower::start().await;
    let folder = tempfile::tempdir().unwrap();
    let follows = |of: &str| json!({ "schedule": { "type": "after", "cue": of } });
    // `one` fires `two`, which follows it: each is named by the other.
    let file = json!([
        command_cue(
            "two",
            json!({ "schedule": { "type": "after", "cue": "one" }, "on_failure": { "fallback_cue": "zero" } })
        ),
        command_cue("one", json!({ "on_success_fire": "two" })),
        command_cue("three", follows("two")),
        command_cue("zero", json!({})),
    ]);
    let path = put(folder.path(), "chain.json", &file.to_string());
    let path = path.to_str().unwrap();
    tower.ctl(&["apply", path, "--yes"]).await.good();
    let same = tower.ctl(&["apply", path]).await;
    assert_eq!(same.out, "No change: all 4 cues are as the files have them.\n");
    tower.ctl(&["cue", "fire", "one"]).await.good();
    until("end of the chain", Duration::from_secs(20), async || {
        let runs = tower.ctl(&["runs", "--cue", "three"]).await.good();
        runs.contains("confirmed").then_some(())
    })
    .await;
    // The other way round, and one that was named goes.
    let turned = json!([
        command_cue("one", follows("three")),
        command_cue("three", follows("two")),
        command_cue("two", json!({}))
    ]);
    put(folder.path(), "chain.json", &turned.to_string());
    let done = tower.ctl(&["apply", path, "--yes", "--prune"]).await.good();
    assert!(done.ends_with("2 changed, 1 removed, 1 as it is.\n"), "{done}");
    assert_eq!(tower.ctl(&["apply", path, "--prune"]).await.code, Some(0));

    let circle = json!([command_cue("two", follows("one"))]);
    let circle = put(folder.path(), "circle.json", &circle.to_string());
    let refused = tower.ctl(&["apply", circle.to_str().unwrap(), "--yes"]).await;
    assert!(refused.code == Some(1) && refused.err.contains("a circle would never end"), "{}", refused.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_shown_is_what_is_applied() {
    let tower = Tower::start().await;
    let cues = json!([command_cue("a", json!({}))]);
    let shown = tower.owner("cues_apply", &json!({ "cues": cues })).await;
    assert_eq!((shown["done"].clone(), shown["changes"][0]["what"].clone()), (json!(false), json!("make")));
    // Somebody else makes it in the meantime.
    tower.owner("cue_create", &json!({ "definition": command_cue("a", json!({ "priority": 5 })) })).await;
    let (status, late) = tower.owner_call("cues_apply", &json!({ "cues": cues, "plan": shown["plan"] })).await;
    assert!(status != 200 && late["code"] == "conflict", "{late}");
    let shown = tower.owner("cues_apply", &json!({ "cues": cues })).await;
    assert_eq!(shown["changes"][0]["what"], "change");
    let done = tower.owner("cues_apply", &json!({ "cues": cues, "plan": shown["plan"] })).await;
    assert_eq!(done["done"], json!(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_may_be_piped_named_and_of_some_cues_alone() {
    let tower = Tower::start().await;
    let given = json!([command_cue("a", json!({})), command_cue("b", json!({ "payload": { "n": null } }))]).to_string();
    ctl_in(&tower.data, &["cue", "import", "-"], &given).await.good();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b.toml");
    let written = tower.ctl(&["cues", "export", "--cue", "b", "-o", path.to_str().unwrap()]).await.good();
    assert_eq!(written, format!("1 cue written to {}\n", path.display()));
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("[[cues]]\nname = \"b\"\n") && text.contains("payload_json"), "{text}");
    let unknown = tower.ctl(&["cues", "export", "--cue", "c"]).await;
    assert!(unknown.code == Some(1) && unknown.err.contains("no cue `c`"), "{}", unknown.err);
    let replaced = text.replace("transport", "priority = 4\ntransport");
    let piped = ctl_in(&tower.data, &["cue", "import", "-", "--replace"], &replaced).await.good();
    assert!(piped.starts_with("b is changed"), "{piped}");
    let b = cues(&tower).await.into_iter().find(|cue| cue["name"] == "b").unwrap();
    assert_eq!((&b["definition"]["priority"], &b["definition"]["payload"]), (&json!(4), &json!({ "n": null })));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_of_the_guide_is_one() {
    let guide = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/apply.md")).unwrap();
    let file = guide.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let tower = Tower::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), "cues.toml", file);
    let path = path.to_str().unwrap();
    let made = tower.ctl(&["apply", path, "--yes"]).await.good();
    assert!(made.ends_with("2 made.\n"), "{made}");
    let changed = put(folder.path(), "cues.toml", &file.replace("0 9 * * 1-5", "0 10 * * 1-5"));
    let shown = tower.ctl(&["apply", changed.to_str().unwrap(), "--dry-run"]).await;
    let (_, line) = guide.split_once("    schedule.cron: ").unwrap();
    let line = line.split('\n').next().unwrap();
    assert!(shown.code == Some(3) && shown.out.contains(&format!("    schedule.cron: {line}\n")), "{}", shown.out);
    put(folder.path(), "cues.toml", &file.replace("0 9 * * 1-5", "61 9 * * *"));
    let refused = tower.ctl(&["apply", path]).await;
    let said = guide.split("cues.toml:9: ").nth(1).unwrap().split('\n').next().unwrap();
    assert!(refused.err.contains(&format!(":9: {said}\n")), "the guide says {said}: {}", refused.err);
}
