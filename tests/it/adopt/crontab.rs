//! A crontab of real-life lines: each fires when Debian's cron would fire it, or says why it is no cue.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use cuetower_core::Ms;
use cuetower_core::adopt::crontab::{Crontab, Syntax, read};
use cuetower_core::adopt::{CronKind, Place};
use cuetower_core::plan::Plan;
use serde_json::json;

use super::Machine;
use super::debian::Entry;

const TEXT: &str = include_str!("../../data/adopt/crontab");
const ZONE: Tz = chrono_tz::Europe::Berlin;
const FIRES: usize = 20;
/// An ordinary evening, and hours before the clocks go forward and back there.
const STARTS: [&str; 4] =
    ["2026-11-22T19:00:00Z", "2027-03-27T22:40:00Z", "2027-10-30T22:40:00Z", "2028-02-28T12:00:00Z"];

fn table() -> Crontab {
    let place = Place {
        zone: ZONE.name().to_owned(),
        home: "/home/ada".to_owned(),
        user: "ada".to_owned(),
        uid: 1000,
        cron: CronKind::Debian,
    };
    read(TEXT, Syntax::User, &place)
}

#[test]
fn thirty_lines_fire_when_debians_cron_fires_them() {
    let mut imported = 0;
    for job in table().jobs {
        let Ok(proposal) = &job.what else { continue };
        imported += 1;
        let plan = Plan::of(&proposal.schedule, "").unwrap();
        let cron = Entry::of(&job.text);
        for start in STARTS {
            let start: DateTime<Utc> = start.parse().unwrap();
            let ours: Vec<DateTime<Utc>> =
                std::iter::successors(plan.next_after(Ms::from(start)), |at| plan.next_after(*at))
                    .take(FIRES)
                    .map(|at| at.utc().unwrap())
                    .collect();
            assert_eq!(ours, cron.next(ZONE, start, FIRES), "line {} from {start}: {}", job.line, job.text);
        }
    }
    assert_eq!(imported, 31);
}

#[test]
fn what_is_no_cue_says_why() {
    let left: Vec<(String, String)> =
        table().jobs.into_iter().filter_map(|job| Some((job.text.clone(), job.what.err()?))).collect();
    let whys =
        ["machine starts", "every script in /etc/cron.hourly", "never fires", "refuses this line", "runs backwards"];
    assert_eq!(left.len(), whys.len(), "{left:?}");
    for ((text, why), expected) in left.iter().zip(whys) {
        assert!(why.contains(expected) && why.ends_with('.'), "{text}: {why}");
    }
}

#[tokio::test]
async fn the_preview_says_all_of_it_and_changes_nothing() {
    let machine = Machine::with_crontab(TEXT).await;
    let preview = machine.tower.owner("adopt_look", &json!({})).await;
    assert_eq!(machine.table(), TEXT);
    assert_eq!(machine.cues().await, 0);
    let entries = preview["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 36);
    let of = |line: &str| entries.iter().find(|entry| entry["text"].as_str().unwrap().contains(line)).unwrap();
    let backup = of("backup.sh");
    assert_eq!((&backup["name"], &backup["words"]), (&json!("backup"), &json!("daily at 03:15")));
    assert_eq!(backup["fires_ms"].as_array().unwrap().len(), 5);
    let argv = &backup["definition"]["command"]["argv"];
    assert_eq!(argv, &json!(["/bin/bash", "-c", "/usr/local/bin/backup.sh --full > /var/log/backup.log 2>&1"]));
    assert_eq!(backup["definition"]["command"]["cwd"], "/srv/app");
    let twice = of("twice-a-night")["notes"].to_string();
    assert!(twice.contains("Mar 2027 has no 02:00"), "{twice}");
    let notes = preview["sources"][0]["notes"].to_string();
    assert!(notes.contains("was mailed to ops@example.org") && notes.contains("MAILTO is empty"), "{notes}");
    let names: std::collections::BTreeSet<&str> =
        entries.iter().filter(|entry| entry["reason"].is_null()).map(|entry| entry["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 31, "each has a name of its own: {names:?}");
    let shown = machine.tower.ctl(&["adopt"]).await.good();
    assert!(shown.contains("31 of 36 can be cues. Nothing is changed."), "{shown}");
    assert!(shown.contains("cannot be a cue. It is run when the machine starts"), "{shown}");
}

/// Every definition of the preview is one that the door takes.
#[tokio::test]
async fn all_of_them_can_be_watched_and_brought_back() {
    let machine = Machine::with_crontab(TEXT).await;
    let done = machine.adopt(&["take", "all", "--watch-first"]).await;
    assert_eq!((done["done"].as_array().unwrap().len(), &done["failed"]), (31, &json!([])));
    let table = machine.table();
    assert_eq!(table.matches(" exec --cue ").count(), 31);
    assert_eq!(table.lines().count(), TEXT.lines().count());
    let left = machine.tower.owner("adopt_look", &json!({})).await;
    assert_eq!(left["entries"].as_array().unwrap().len(), 5, "what is watched is no more to be adopted");
    for adopted in done["done"].as_array().unwrap() {
        machine.adopt(&["undo", adopted["cue_id"].as_str().unwrap()]).await;
    }
    assert_eq!(machine.table(), TEXT, "byte for byte");
    assert_eq!(machine.cues().await, 0);
}
