//! Timers of systemd, and what belongs to the system: the owner's own are changed, the others are his to switch off.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::Machine;

const TIMER: &str = "[Timer]\nOnCalendar=*-02-29 00:00\nPersistent=true\n[Install]\nWantedBy=timers.target\n";
const SERVICE: &str = "[Service]\nType=oneshot\nEnvironment=LEADS=7\nExecStart=/bin/sh -c 'echo $$LEADS'\n";

fn units(machine: &Machine) -> std::path::PathBuf {
    machine.at("config/systemd/user")
}

fn with_timer(machine: &Machine) {
    let folder = units(machine);
    fs::create_dir_all(folder.join("timers.target.wants")).unwrap();
    fs::write(folder.join("leads.timer"), TIMER).unwrap();
    fs::write(folder.join("leads.service"), SERVICE).unwrap();
    fs::write(folder.join("idle.timer"), TIMER).unwrap();
    std::os::unix::fs::symlink(folder.join("leads.timer"), folder.join("timers.target.wants/leads.timer")).unwrap();
}

fn said(machine: &Machine) -> String {
    fs::read_to_string(machine.at("systemctl.said")).unwrap_or_default()
}

#[tokio::test]
async fn a_timer_is_watched_by_a_drop_in_then_switched_off_then_brought_back() {
    let machine = Machine::with_crontab("").await;
    with_timer(&machine);
    let preview = machine.tower.owner("adopt_look", &json!({})).await;
    let entries = preview["entries"].as_array().unwrap();
    let reasons: Vec<bool> = entries.iter().map(|entry| entry["reason"].is_null()).collect();
    assert_eq!(reasons, [false, true], "idle.timer is not enabled, and has no service: {preview}");
    assert_eq!(entries[1]["definition"]["command"]["argv"], json!(["/bin/sh", "-c", "echo $LEADS"]));

    let done = machine.adopt(&["take", "leads.timer", "--watch-first"]).await;
    let id = done["done"][0]["cue_id"].as_str().unwrap().to_owned();
    let drop_in = units(&machine).join("leads.service.d/50-cuetower.conf");
    let text = fs::read_to_string(&drop_in).unwrap();
    assert!(text.starts_with("[Service]\nExecStart=\nExecStart=/"), "{text}");
    assert!(text.ends_with(&format!("exec --cue {id} -- /bin/sh -c 'echo $$LEADS'\n")), "{text}");
    assert!(said(&machine).contains("--user daemon-reload"));
    verified(&units(&machine).join("leads.service"));

    machine.adopt(&["flip", &id]).await;
    assert!(!drop_in.exists() && said(&machine).contains("--user disable --now leads.timer"), "{}", said(&machine));
    let cue = machine.cue(&id).await;
    assert_eq!(
        (&cue["definition"]["transport"], &cue["definition"]["catch_up"]["policy"]),
        (&json!("command"), &json!("latest"))
    );

    machine.adopt(&["undo", &id]).await;
    assert!(
        said(&machine).ends_with("--user daemon-reload\n--user enable leads.timer\n--user start leads.timer\n"),
        "{}",
        said(&machine)
    );
    assert_eq!(
        (machine.cues().await, fs::read_to_string(units(&machine).join("leads.service")).unwrap().as_str()),
        (0, SERVICE)
    );
}

/// systemd itself finds nothing wrong with the unit and its drop-in, where it is there to be asked.
fn verified(unit: &Path) {
    let verify = std::process::Command::new("systemd-analyze").args(["--user", "verify"]).arg(unit).output();
    let Ok(said) = verify else { return };
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    let about_it: Vec<&str> = said.lines().filter(|line| line.contains("leads")).collect();
    assert!(about_it.is_empty(), "{about_it:?}");
}

#[tokio::test]
async fn what_is_the_systems_waits_for_its_owner() {
    let machine = Machine::with_crontab("").await;
    let file = machine.at("etc/cron.d/backup");
    fs::write(&file, "SHELL=/bin/sh\n\n0 0 29 2 * root /opt/backup --all\n").unwrap();
    fs::write(machine.at("etc/cron.d/not.read"), "0 0 29 2 * root true\n").unwrap();
    let preview = machine.tower.owner("adopt_look", &json!({})).await;
    let entry = &preview["entries"][0];
    assert_eq!((preview["entries"].as_array().unwrap().len(), &entry["user"]), (1, &json!("root")));
    assert_eq!(entry["owner_steps"][0], format!("sudo sed -i '3s/^/#/' {}", file.display()));

    let refused = machine.tower.ctl(&["adopt", "take", "1", "--watch-first"]).await;
    assert!(refused.err.contains("Only you can change"), "{}", refused.err);
    let done = machine.adopt(&["take", "1", "--take-over"]).await;
    let id = done["done"][0]["cue_id"].as_str().unwrap().to_owned();
    assert_eq!(
        (&done["done"][0]["stage"], &machine.cue(&id).await["status"]),
        (&json!("waiting_for_owner"), &json!("paused"))
    );
    let refused = machine.tower.ctl(&["adopt", "flip", &id]).await;
    assert!(refused.err.contains("It still runs in"), "{}", refused.err);

    let off = std::process::Command::new("sed").args(["-i", "3s/^/#/"]).arg(&file).status().unwrap();
    assert!(off.success());
    machine.adopt(&["flip", &id]).await;
    let cue = machine.cue(&id).await;
    assert_eq!(
        (&cue["status"], &cue["definition"]["command"]["shell"]),
        (&json!("active"), &json!("/opt/backup --all"))
    );
    assert_eq!(machine.adopt(&["undo", "backup"]).await["done"][0]["stage"], "undone");
    assert_eq!(machine.cues().await, 0);
}

/// Each command of the page, word by word.
#[tokio::test]
async fn the_commands_of_its_page_do_what_it_says() {
    const PAGE: &str = include_str!("../../../docs/adopt.md");
    let machine = Machine::with_crontab("0 0 29 2 *  /opt/backup.sh --all\n").await;
    let (_, rest) = PAGE.split_once("```sh").unwrap();
    let (_info, rest) = rest.split_once('\n').unwrap();
    let (block, _) = rest.split_once("```").unwrap();
    let commands: Vec<&str> = block.lines().map(|line| line.split('#').next().unwrap().trim()).collect();
    assert!(commands.len() >= 5, "{block}");
    for command in commands {
        let words: Vec<&str> = command.split_whitespace().collect();
        assert_eq!(words[0], "cuetowerctl", "{command}");
        machine.tower.ctl(&words[1..]).await.good();
    }
    assert_eq!(machine.table(), "0 0 29 2 *  /opt/backup.sh --all\n", "the last of them undoes the others");
}
