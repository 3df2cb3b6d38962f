//! One line of the owner's crontab: watched, taken over, brought back; and what a crash in between leaves.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use cuetower_tests::{ctl_in, until};
use serde_json::{Value, json};

use super::Machine;

const SOON: Duration = Duration::from_secs(30);
const TOKEN: &str = "sk-live-0123456789abcdefghijkl";

/// Far from now, whenever that is: on one day a year, half a year away at most once.
fn table(out: &Path) -> String {
    let out = out.display();
    format!(
        "# mine\nMAILTO=ada\nSHELL=/bin/bash\nAPI_TOKEN={TOKEN}\n0 0 29 2 *\techo \"it's \\%\" [[ $- ]] >> {out}; cat >> {out}; exit 3%in%put\n\n1 0 29 2 *  true\n# the end\n"
    )
}

/// What cron hands to the shell and to standard input, as `do_command.c` does it; and how that ends.
fn run_as_cron(line: &str, home: &Path) -> Option<i32> {
    let mut rest = line;
    for _ in 0..5 {
        rest = rest.trim_start_matches([' ', '\t']);
        rest = &rest[rest.find([' ', '\t']).unwrap()..];
    }
    let (mut command, mut input, mut is_input, mut escaped) = (String::new(), String::new(), false, false);
    for letter in rest.trim_start().chars() {
        if is_input {
            match letter {
                '%' if escaped => {
                    input.pop();
                    input.push('%');
                }
                '%' => input.push('\n'),
                other => input.push(other),
            }
            escaped = letter == '\\';
        } else if letter == '%' && !escaped {
            is_input = true;
        } else {
            if escaped && matches!(letter, '%' | '\\') {
                command.pop();
            }
            command.push(letter);
            escaped = letter == '\\' && !escaped;
        }
    }
    if is_input {
        input.push('\n');
    }
    let mut child = Command::new("/bin/bash");
    child.args(["-c", &command]).env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin").stdin(Stdio::piped());
    let mut child = child.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
    child.wait().unwrap().code()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_is_watched_then_taken_over_then_brought_back() {
    let out = tempfile::tempdir().unwrap();
    let out = out.path().join("out");
    let original = table(&out);
    let machine = Machine::with_crontab(&original).await;
    let done = machine.adopt(&["take", "1", "--watch-first"]).await;
    let id = done["done"][0]["cue_id"].as_str().unwrap().to_owned();
    assert_eq!(done["done"][0]["stage"], "watching");

    // The line runs under `exec`; all others are as they were, and a copy of the whole is kept.
    let watched = machine.table();
    let changed: Vec<(&str, &str)> = original.lines().zip(watched.lines()).filter(|(was, is)| was != is).collect();
    assert_eq!((changed.len(), original.lines().count()), (1, watched.lines().count()));
    let copies: Vec<_> = fs::read_dir(machine.tower.data.join("crontabs")).unwrap().flatten().collect();
    assert_eq!(fs::read_to_string(copies[0].path()).unwrap(), original);
    assert_eq!(machine.cue(&id).await["definition"]["transport"], "watch");

    // It does what it did, and the tower hears of it.
    assert_eq!(run_as_cron(changed[0].0, out.parent().unwrap()), Some(3));
    let alone = fs::read_to_string(&out).unwrap();
    assert!(alone.starts_with("it's % [[") && alone.ends_with("in\nput\n"), "{alone}");
    fs::remove_file(&out).unwrap();
    assert_eq!(run_as_cron(changed[0].1, out.parent().unwrap()), Some(3));
    assert_eq!(fs::read_to_string(&out).unwrap(), alone);
    let run = ended(&machine, 1).await;
    assert_eq!(run["mark"]["confirmed"], "failed", "{run}");

    // What the owner writes into the cue meanwhile stays.
    let mut mine = machine.cue(&id).await["definition"].clone();
    (mine["name"], mine["alerts"]["consecutive_failures"]) = (json!("mine"), json!(7));
    machine.tower.owner("cue_update", &json!({ "cue_id": id, "revision": null, "definition": mine })).await;

    // Flipped: off there, and the tower runs the very same.
    let flipped = machine.adopt(&["flip", "mine"]).await;
    assert_eq!(flipped["done"][0]["stage"], "taken");
    let definition = machine.cue(&id).await["definition"].clone();
    assert_eq!(
        (&definition["alerts"]["consecutive_failures"], &definition["transport"]),
        (&json!(7), &json!("command"))
    );
    assert_eq!(definition["delivery"]["outcome_deadline_seconds"], Value::Null, "that was for watching");
    assert!(machine.table().contains(&format!("\n#cuetower:{id} {}\n", changed[0].0)), "{}", machine.table());
    fs::remove_file(&out).unwrap();
    machine.tower.owner("cue_fire", &json!({ "cue_id": id })).await;
    let run = ended(&machine, 2).await;
    assert_eq!(run["mark"]["confirmed"], "failed", "{run}");
    assert_eq!(fs::read_to_string(&out).unwrap(), alone);

    let undone = machine.adopt(&["undo", &id]).await;
    assert_eq!(undone["done"][0]["stage"], "undone");
    assert_eq!(machine.table(), original);
    assert_eq!(machine.cues().await, 0);
    assert_eq!(machine.tower.owner("adopt_list", &json!({})).await, json!({ "adopted": [] }));
}

/// The story of the newest run, once so many have ended.
async fn ended(machine: &Machine, count: usize) -> Value {
    until("the run ends", SOON, async || {
        let runs = machine.tower.ctl(&["runs", "--json"]).await.good();
        let runs: Value = serde_json::from_str(&runs).unwrap();
        let runs = runs["runs"].as_array().unwrap();
        let newest = runs.first().filter(|_| runs.len() == count)?;
        let story = machine.tower.owner("run_get", &json!({ "run_id": newest["run_id"] })).await;
        (!matches!(story["mark"]["confirmed"].as_str(), Some("none" | "working") | None)).then_some(story)
    })
    .await
}

#[tokio::test]
async fn secrets_of_a_table_go_to_the_vault_and_are_seen_nowhere() {
    let machine = Machine::with_crontab(&table(Path::new("/dev/null"))).await;
    let mut shown = machine.tower.ctl(&["adopt", "--verbose"]).await.good();
    shown += &machine.tower.ctl(&["adopt", "--json"]).await.good();
    let done = machine.adopt(&["take", "1", "2", "--take-over"]).await;
    assert_eq!(done["done"].as_array().unwrap().len(), 2, "{done}");
    shown += &done.to_string();
    for adopted in done["done"].as_array().unwrap() {
        let cue = machine.cue(adopted["cue_id"].as_str().unwrap()).await;
        assert_eq!(cue["definition"]["command"]["env"]["API_TOKEN"], "{{secret:API_TOKEN}}");
        shown += &cue.to_string();
    }
    shown += &fs::read_to_string(machine.tower.data.join("adopted.json")).unwrap();
    assert!(!shown.contains(TOKEN) && shown.contains("API_TOKEN"));
    let secrets = machine.tower.owner("secrets", &json!({})).await;
    assert_eq!(secrets["secrets"].as_array().unwrap().len(), 1, "the same value is one secret");
    let id = done["done"][1]["cue_id"].as_str().unwrap();
    machine.tower.owner("cue_fire", &json!({ "cue_id": id })).await;
    assert_eq!(ended(&machine, 1).await["mark"]["confirmed"], "confirmed");
}

#[tokio::test]
async fn what_cron_refuses_changes_nothing() {
    let original = table(Path::new("/dev/null"));
    let machine = Machine::with_crontab(&original).await;
    let id = machine.adopt(&["take", "2", "--watch-first"]).await["done"][0]["cue_id"].as_str().unwrap().to_owned();
    let before = machine.table();
    fs::write(machine.at("table.shut"), "").unwrap();
    let refused = machine.tower.ctl(&["adopt", "take", "1", "--take-over"]).await;
    assert!(refused.code == Some(1) && refused.err.contains("bad minute"), "{}", refused.err);
    assert_eq!((machine.table(), machine.cues().await), (before.clone(), 1));
    assert_eq!(machine.tower.owner("secrets", &json!({})).await["secrets"].as_array().unwrap().len(), 1);
    for command in ["flip", "undo"] {
        let refused = machine.tower.ctl(&["adopt", command, &id]).await;
        assert_eq!(refused.code, Some(1), "{}", refused.out);
        let adopted = machine.adopted().await;
        assert_eq!((&adopted["stage"], &adopted["trouble"]), (&json!("watching"), &Value::Null), "{adopted}");
        assert_eq!(machine.cue(&id).await["definition"]["transport"], "watch");
    }
    assert_eq!(machine.table(), before);
    fs::remove_file(machine.at("table.shut")).unwrap();
    machine.adopt(&["undo", &id]).await;
    assert_eq!(machine.table(), original);
}

#[tokio::test]
async fn a_line_that_the_owner_changed_is_left_to_him() {
    let machine = Machine::with_crontab("0 0 29 2 * true\n").await;
    let id = machine.adopt(&["take", "1", "--watch-first"]).await["done"][0]["cue_id"].as_str().unwrap().to_owned();
    let edited = machine.table().replace("0 0 29 2 *", "5 5 29 2 *");
    fs::write(machine.at("table"), &edited).unwrap();
    let refused = machine.tower.ctl(&["adopt", "flip", &id]).await;
    assert!(refused.err.contains("was changed since"), "{}", refused.err);
    assert_eq!(machine.table(), edited);
    fs::write(machine.at("table"), "").unwrap();
    let refused = machine.tower.ctl(&["adopt", "undo", &id]).await;
    assert!(refused.err.contains("not in your crontab any more"), "{}", refused.err);
    assert_eq!(machine.cues().await, 1, "its cue is there still, and falls silent aloud");
}

/// As a tower leaves it that is killed after the intent is written: at every step, and what the next one makes of it.
#[tokio::test]
async fn what_a_killed_tower_had_begun_is_finished_by_the_next() {
    let original = "0 0 29 2 * true\n";
    let mut machine = Machine::with_crontab(original).await;
    let id = machine.adopt(&["take", "1", "--watch-first"]).await["done"][0]["cue_id"].as_str().unwrap().to_owned();
    let watched = machine.table();
    let off = format!("#cuetower:{id} {original}");

    // Killed before the line was changed; and after it.
    for (intent, table, then, transport) in [
        (json!({ "take": "watch_first" }), original, watched.as_str(), "watch"),
        (json!({ "take": "watch_first" }), &watched, &watched, "watch"),
        (json!("flip"), &watched, &off, "command"),
        (json!("flip"), &off, &off, "command"),
    ] {
        begun(&mut machine, table, |adoption| adoption["intent"] = intent.clone()).await;
        assert_eq!(machine.table(), then, "{intent}");
        assert_eq!(machine.cue(&id).await["definition"]["transport"], transport, "{intent}");
        let adopted = machine.adopted().await;
        assert_eq!(adopted["trouble"], Value::Null, "{adopted}");
    }
    begun(&mut machine, original, |adoption| adoption["intent"] = json!("undo")).await;
    assert_eq!((machine.table().as_str(), machine.cues().await), (original, 0));
}

#[tokio::test]
async fn a_cue_that_was_made_and_not_written_down_goes() {
    let original = "0 0 29 2 * true\n";
    let mut machine = Machine::with_crontab(original).await;
    machine.adopt(&["take", "1", "--watch-first"]).await;
    begun(&mut machine, original, |adoption| {
        adoption["cue_id"] = Value::Null;
        adoption["intent"] = json!({ "take": "take_over" });
    })
    .await;
    assert_eq!((machine.table().as_str(), machine.cues().await), (original, 0));
    machine.adopt(&["take", "1", "--take-over"]).await;
    assert_eq!(machine.adopted().await["stage"], "taken");
}

/// Whenever it is killed: each line is as it was, under `exec` with a cue that watches, or off with a cue that runs it.
#[tokio::test(flavor = "multi_thread")]
async fn a_tower_that_is_killed_amid_it_leaves_no_line_half_adopted() {
    let lines: Vec<String> = (0..12).map(|number| format!("{number} 0 29 2 * /bin/true {number}")).collect();
    let original = lines.join("\n") + "\n";
    let mut machine = Machine::with_crontab(&original).await;
    for round in 0..8 {
        let data = machine.tower.data.clone();
        let ids = whole(&machine, &lines).await;
        let mode = if round % 2 == 0 { "--watch-first" } else { "--take-over" };
        let asking = tokio::spawn(async move {
            for id in ids.iter().step_by(2) {
                let command = if round % 3 == 0 { "flip" } else { "undo" };
                drop(ctl_in(&data, &["adopt", command, id], "").await);
            }
            drop(ctl_in(&data, &["adopt", "take", "all", mode], "").await);
        });
        // Any moment of it will do; later rounds have less to do.
        tokio::time::sleep(Duration::from_millis(rand::random_range(20..700))).await;
        machine.tower.kill9().await;
        asking.await.unwrap();
        machine.tower.again().await;
    }
    for id in whole(&machine, &lines).await {
        machine.adopt(&["undo", &id]).await;
    }
    assert_eq!((machine.table(), machine.cues().await), (original, 0));
}

/// More than a pipe holds: what the tower had not yet handed over when it was killed would be missing.
#[tokio::test]
async fn a_tower_that_is_killed_while_cron_reads_cuts_no_table_short() {
    let rest = "# a comment that fills the table\n".repeat(6_000);
    let original = format!("0 0 29 2 * true\n{rest}");
    let mut machine = Machine::with_crontab(&original).await;
    fs::write(machine.at("table.slow"), "").unwrap();
    let data = machine.tower.data.clone();
    let asking = tokio::spawn(async move { ctl_in(&data, &["adopt", "take", "1", "--watch-first"], "").await });
    let asked = machine.at("table.asked");
    until("cron asked", SOON, async || asked.exists().then_some(())).await;
    machine.tower.kill9().await;
    drop(asking.await.unwrap());
    fs::remove_file(machine.at("table.slow")).unwrap();
    until("table of cron", SOON, async || (machine.table() != original).then_some(())).await;
    assert!(machine.table().ends_with(&rest), "{} bytes of {}", machine.table().len(), original.len());
    machine.tower.again().await;
    assert_eq!(machine.adopted().await["stage"], "watching");
    assert!(machine.table().ends_with(&rest) && machine.table().contains("exec --cue"));
}

/// The cues that were adopted, each with its line.
async fn whole(machine: &Machine, lines: &[String]) -> Vec<String> {
    let adopted = machine.tower.owner("adopt_list", &json!({})).await["adopted"].clone();
    let (table, adopted) = (machine.table(), adopted.as_array().unwrap());
    assert_eq!((table.lines().count(), machine.cues().await), (lines.len(), adopted.len()), "{table}");
    let mut ids = Vec::new();
    for (line, original) in table.lines().zip(lines) {
        let here = adopted.iter().find(|one| one["text"] == original.as_str());
        let Some(one) = here else {
            assert_eq!(line, original, "no cue has it");
            continue;
        };
        let id = one["cue_id"].as_str().unwrap();
        let transport = machine.cue(id).await["definition"]["transport"].clone();
        assert_eq!(one["trouble"], Value::Null, "{one}");
        if transport == "watch" {
            assert!(one["stage"] == "watching" && line.contains(&format!("exec --cue {id} -- /bin/sh -c")), "{line}");
        } else {
            assert_eq!((&one["stage"], line), (&json!("taken"), format!("#cuetower:{id} {original}").as_str()));
        }
        ids.push(id.to_owned());
    }
    ids
}

/// Killed, with this crontab and this in its file; started again.
async fn begun(machine: &mut Machine, table: &str, change: impl FnOnce(&mut Value)) {
    machine.tower.kill9().await;
    let path = machine.tower.data.join("adopted.json");
    let mut kept: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut kept["adoptions"][0]);
    fs::write(&path, kept.to_string()).unwrap();
    fs::write(machine.at("table"), table).unwrap();
    machine.tower.again().await;
}

/// What is taken from a list on the screen is what the list says, however many of it are taken one after the other.
#[tokio::test]
async fn numbers_stay_with_their_lines() {
    let machine = Machine::with_crontab("0 0 29 2 * echo one\n1 0 29 2 * echo two\n2 0 29 2 * echo three\n").await;
    fs::write(machine.at("etc/crontab"), "3 0 29 2 * root echo four\n4 0 29 2 * root echo five\n").unwrap();
    let mut ids = Vec::new();
    for (number, mode) in [("1", "--watch-first"), ("2", "--take-over"), ("4", "--take-over"), ("5", "--take-over")] {
        let done = machine.adopt(&["take", number, mode]).await;
        ids.push(done["done"][0]["cue_id"].as_str().unwrap().to_owned());
        let word = ["one", "two", "three", "four", "five"][number.parse::<usize>().unwrap() - 1];
        assert!(done["done"][0]["text"].as_str().unwrap().ends_with(&format!("echo {word}")), "{number}: {done}");
        // As the owner is told to switch it off there.
        if word == "four" {
            let etc = fs::read_to_string(machine.at("etc/crontab")).unwrap();
            fs::write(machine.at("etc/crontab"), format!("#{etc}")).unwrap();
        }
    }
    let seen: Value = serde_json::from_str(&machine.tower.ctl(&["adopt", "--json"]).await.good()).unwrap();
    assert_eq!(seen["entries"].as_array().unwrap().len(), 1);
    assert_eq!((&seen["entries"][0]["number"], &seen["entries"][0]["line"]), (&json!(3), &json!(3)));
    let stages: Vec<(&Value, &Value)> =
        seen["adopted"].as_array().unwrap().iter().map(|one| (&one["number"], &one["adopted"]["stage"])).collect();
    let waiting = json!("waiting_for_owner");
    assert_eq!(
        stages,
        [(&json!(1), &json!("watching")), (&json!(2), &json!("taken")), (&json!(4), &waiting), (&json!(5), &waiting)]
    );
    let told = machine.tower.ctl(&["adopt"]).await.good();
    assert!(told.contains("adopted: watched") && told.contains("1 of 1 can be cues"), "{told}");
    let again = machine.tower.ctl(&["adopt", "take", "1", "--take-over"]).await;
    assert!(again.code == Some(1) && again.err.contains("Job 1 is adopted already"), "{}", again.err);
    // Undone one by one, or all at once.
    machine.adopt(&["undo", &ids[1]]).await;
    let undone = machine.adopt(&["undo", "all"]).await;
    assert_eq!(undone["done"].as_array().unwrap().len(), 3, "{undone}");
    assert_eq!(machine.cues().await, 0);
    assert!(machine.table().starts_with("0 0 29 2 * echo one\n1 0 29 2 * echo two\n"), "{}", machine.table());
}

#[tokio::test]
async fn a_file_is_told_of_by_what_can_be_done_with_it() {
    let machine = Machine::with_crontab("").await;
    let file = machine.at("my table");
    fs::write(&file, "0 0 29 2 * true\n").unwrap();
    let told = machine.tower.ctl(&["adopt", "--file", &file.display().to_string()]).await.good();
    assert!(told.contains("only you can switch the job off, wherever it runs now."), "{told}");
    assert!(told.contains(&format!("take NUMBER --take-over --file '{}'", file.display())), "{told}");
    assert!(!told.contains("watch-first"), "{told}");
}
