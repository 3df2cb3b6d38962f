//! What the owner says of the tower, and what does not fit.

use std::path::Path;
use std::time::Duration;

use super::*;

fn of(text: &str, environment: &[(&str, &str)]) -> Result<Settings, String> {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    read(text, Path::new("/d/settings.toml"), environment).map_err(|error| error.to_string())
}

#[test]
fn every_setting_is_in_the_commented_file_as_it_is_by_default() {
    let said: String = COMMENTED
        .lines()
        .map(|line| {
            match line.strip_prefix("# ").filter(|rest| rest.split_once(" = ").is_some_and(|(name, _)| is_name(name))) {
                Some(setting) => format!("{setting}\n"),
                None => format!("{line}\n"),
            }
        })
        .collect();
    assert_eq!(of(&said, &[]).unwrap(), Settings::default());
    assert_eq!(of(COMMENTED, &[]).unwrap(), Settings::default());
    let all = toml_edit::ser::to_document(&Settings::default()).unwrap();
    let written: DocumentMut = said.parse().unwrap();
    for (section, settings) in all.iter() {
        for (key, _) in settings.as_table_like().unwrap().iter() {
            assert!(written[section].get(key).is_some(), "[{section}] {key} is not in default.toml");
        }
    }
}

fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[test]
fn the_environment_stands_before_the_file() {
    let file = "[backup]\nkeep = 3\n";
    assert_eq!(of(file, &[]).unwrap().backup.keep, 3);
    let set = [("CUETOWER_SET_BACKUP_KEEP", "9"), ("CUETOWER_SET_BACKUP_SCHEDULE", "never"), ("PATH", "/bin")];
    let both = of(file, &set).unwrap().backup;
    assert_eq!((both.keep, both.schedule.as_str()), (9, "never"));
    let log = [
        ("CUETOWER_SET_LOG_KEEP_DAYS", "3"),
        ("CUETOWER_SET_LOG_FILES", "false"),
        ("CUETOWER_SET_LOG_LEVEL", "warn, a_b::c=trace"),
    ];
    let log = of("", &log).unwrap().log;
    assert_eq!((log.keep_days, log.files, log.level.as_str()), (3, false, "warn, a_b::c=trace"));
    assert_eq!(of("", &[("CUETOWER_SET_DOORS_LISTEN", "127.0.0.1:9")]).unwrap().doors.listen.port(), 9);
}

#[test]
fn what_does_not_fit_is_told_by_its_name() {
    for (text, words) in [
        ("[backup]\nkeep = 0", "backup.keep: must be 1 to 1000, not 0"),
        ("[backup]\nschedule = \"often\"", "backup.schedule: "),
        ("[backup]\nfolder = \"here\"", "backup.folder: must be a whole path"),
        ("[doors]\nlisten = \"0.0.0.0:8737\"", "doors.listen: 0.0.0.0:8737 can be reached from other machines"),
        ("[backup]\nkept = 3", "unknown field `kept`"),
        ("[log]\nlevel = \"loud\"", "log.level: \"loud\" is none of off, error"),
        ("[log]\nlevel = \"info,=debug\"", "log.level: \"=debug\""),
        ("[log]\nkeep_days = 0", "log.keep_days: must be 1 to 365, not 0"),
        ("[metrics]\nserve = 1", "invalid type"),
        ("[back]", "unknown field `back`"),
        ("[backup\n", "/d/settings.toml does not fit: "),
        ("[backup]\nkeep = \"many\"", "invalid type"),
    ] {
        let told = of(text, &[]).unwrap_err();
        assert!(told.contains(words), "{text}: {told}");
    }
    for (name, value, words) in [
        ("CUETOWER_SET_BACKUP_KEEP", "many", "CUETOWER_SET_BACKUP_KEEP: \"many\" is no whole number"),
        ("CUETOWER_SET_DOORS_LISTEN", "nonsense", "DOORS_LISTEN: `nonsense` is no address such as 127.0.0.1:8737"),
        ("CUETOWER_SET_BACKUP_KEPT", "3", "CUETOWER_SET_BACKUP_KEPT: there is no such setting"),
        ("CUETOWER_SET_BACKUP_KEEP", "0", "backup.keep: must be 1"),
        ("CUETOWER_SET_METRICS_SERVE", "yes", "CUETOWER_SET_METRICS_SERVE: \"yes\" is neither true nor false"),
    ] {
        let told = of("", &[(name, value)]).unwrap_err();
        assert!(told.contains(words), "{name}={value}: {told}");
    }
}

#[test]
fn a_change_leaves_the_rest_of_the_file_as_its_owner_wrote_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    assert_eq!(set(folder.path(), "backup.keep", Some("30")).unwrap().backup.keep, 30);
    let made = std::fs::read_to_string(&path).unwrap();
    assert!(made.contains("# How many of those backups are kept.") && made.contains("\nkeep = 30\n"), "{made}");

    let own = "# mine\n[backup] # ours\nkeep = 4 # four\n\n[doors]\nlisten = '127.0.0.1:1'\n";
    std::fs::write(&path, own).unwrap();
    assert_eq!(set(folder.path(), "backup.keep", Some("5")).unwrap().doors.listen.port(), 1);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), own.replace("= 4", "= 5"));
    assert_eq!(set(folder.path(), "backup.keep", None).unwrap().backup.keep, 7);
    let told = set(folder.path(), "doors.listen", Some("nonsense")).unwrap_err().to_string();
    assert_eq!(told, "doors.listen: `nonsense` is no address such as 127.0.0.1:8737");

    std::fs::write(&path, "log.level = 'warn'\n[backup]\nschedule = \"\"\"\n30 3 * * *\"\"\"\n").unwrap();
    set(folder.path(), "backup.schedule", None).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "log.level = 'warn'\n[backup]\n", "over several lines");

    let before = std::fs::read_to_string(&path).unwrap();
    for (setting, value) in [("backup.keep", "0"), ("backup.keep", "x"), ("backup.kept", "1"), ("keep", "1")] {
        assert!(set(folder.path(), setting, Some(value)).is_err(), "{setting}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
    }
}

/// The file's own advice, to take the "# " away, must not break it.
#[test]
fn a_value_stands_in_the_place_of_its_commented_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    let text = || std::fs::read_to_string(&path).unwrap();
    set(folder.path(), "log.keep_days", Some("3")).unwrap();
    set(folder.path(), "backup.keep", Some("9")).unwrap();
    let expected = COMMENTED.replacen("# keep = 7", "keep = 9", 1).replacen("# keep_days = 7", "keep_days = 3", 1);
    assert_eq!(text(), expected);
    set(folder.path(), "backup.keep", Some("10")).unwrap();
    assert_eq!(text(), expected.replace("keep = 9", "keep = 10"));
    set(folder.path(), "backup.keep", None).unwrap();
    set(folder.path(), "log.keep_days", None).unwrap();
    assert_eq!(text(), COMMENTED, "taken out, the commented line is back");

    // As the program of before left it: in both places.
    std::fs::write(&path, COMMENTED.replacen("[backup]\n", "[backup]\nkeep = 9\n", 1)).unwrap();
    set(folder.path(), "backup.keep", None).unwrap();
    assert_eq!(text(), COMMENTED, "not twice");
}

#[test]
fn a_folder_of_backups_is_made_when_it_is_set_and_what_leads_to_it_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    set(folder.path(), "backup.folder", kept.to_str()).unwrap();
    assert!(kept.is_dir());
    let gone = folder.path().join("disk").join("kept");
    let told = set(folder.path(), "backup.folder", gone.to_str()).unwrap_err().to_string();
    assert!(told.starts_with("backup.folder: there is no folder ") && !gone.exists(), "{told}");
    assert_eq!(load(folder.path()).unwrap().backup.folder, kept.to_str().unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_running_tower_takes_in_what_fits_and_keeps_what_it_had_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let live = Live::load(folder.path()).unwrap();
    let mut seen = live.watch();
    let looking = tokio::spawn(live.clone().look_after());
    std::fs::write(folder.path().join(FILE), "[backup]\nkeep = 12\n").unwrap();
    seen.changed().await.unwrap();
    assert_eq!(live.get().backup.keep, 12);
    std::fs::write(folder.path().join(FILE), "[backup]\nkeep = 12345\n").unwrap();
    while live.trouble().is_none() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(
        (live.get().backup.keep, live.trouble().unwrap().setting().map(str::to_owned)),
        (12, Some("backup.keep".to_owned()))
    );
    live.set("backup.keep", Some("2")).unwrap();
    assert_eq!((live.get().backup.keep, live.trouble()), (2, None));
    looking.abort();
}
