//! A timer of systemd with the service that it starts.

use super::calendar::Calendar;
use super::exec_start::{self, Started};
use super::unit::Unit;
use super::{Job, Place, Proposal, naming, shell_word, span};
use crate::Ms;
use crate::cue::{CatchUpPolicy, Overlap, Program};
use crate::schedule::parse_zone;
use crate::schedule_spec::{Kind, Part, Rate, ScheduleSpec};

const JITTER_MAX_MS: u64 = 3_600_000;
/// Of the timer, what counts from something else than the clock.
const SINCE: [(&str, &str); 3] = [
    ("OnUnitInactiveSec", "it counts from the end of its last run"),
    ("OnBootSec", "it counts from the start of the machine"),
    ("OnStartupSec", "it counts from the start of systemd"),
];
/// Of the service, what a cue has in its own way or does not need.
const UNDERSTOOD: [&str; 16] = [
    "Type",
    "ExecStart",
    "ExecStartPre",
    "ExecStartPost",
    "WorkingDirectory",
    "Environment",
    "User",
    "Group",
    "RemainAfterExit",
    "SyslogIdentifier",
    "StandardOutput",
    "StandardError",
    "KillMode",
    "TimeoutStopSec",
    "TimeoutStartSec",
    "EnvironmentFile",
];

/// `timer` and `service` by the names of their units, such as `backup.timer`.
#[must_use]
pub fn read(timer: (&str, &Unit), service: (&str, Option<&Unit>), place: &Place) -> Job {
    let (timer_name, settings) = timer;
    let when = settings.all("Timer", "OnCalendar").join("; ");
    let run = service.1.map(|unit| unit.all("Service", "ExecStart").join("; ")).unwrap_or_default();
    let text = if when.is_empty() { run } else { format!("{when}  {run}") };
    let user = service.1.and_then(|unit| unit.last("Service", "User")).map(str::to_owned);
    let stem = timer_name.strip_suffix(".timer").unwrap_or(timer_name);
    let name = if stem.is_empty() { naming::of_command(&text) } else { stem.to_owned() };
    let what = match service {
        _ if stem.ends_with('@') => Err("It is a template: each of its instances is a timer of its own.".to_owned()),
        (name, None) => Err(format!("It starts {name}, which is not there as a service.")),
        (name, Some(unit)) => proposal(settings, (name, unit), place),
    };
    Job { line: 0, text, user, name, what }
}

/// The unit that a timer starts.
#[must_use]
pub fn service_of(timer_name: &str, timer: &Unit) -> String {
    let own = || format!("{}.service", timer_name.strip_suffix(".timer").unwrap_or(timer_name));
    timer.last("Timer", "Unit").map_or_else(own, str::to_owned)
}

fn proposal(timer: &Unit, (name, service): (&str, &Unit), place: &Place) -> Result<Proposal, String> {
    let mut notes = Vec::new();
    let mut schedule = schedule(timer, place, &mut notes)?;
    if let Some(text) = timer.last("Timer", "RandomizedDelaySec") {
        let delay_ms = span::read_ms(text).unwrap_or(0);
        schedule.jitter_ms = delay_ms.min(JITTER_MAX_MS) / 1_000 * 1_000;
        if delay_ms > JITTER_MAX_MS {
            notes.push(format!(
                "RandomizedDelaySec={text}: a cue comes up to an hour later at most, so it is one hour here."
            ));
        }
    }
    let persistent = timer.is_set("Timer", "Persistent");
    let (program, env) = (program(name, service, place, &mut notes)?, environment(name, service, place)?);
    let cwd = service.last("Service", "WorkingDirectory").map(|folder| folder.trim_start_matches('-'));
    let cwd = match cwd {
        Some("~") => place.home.clone(),
        Some(folder) => {
            exec_start::with_specifiers(folder, name, place).map_err(|why| sentence("WorkingDirectory", &why))?
        }
        None => place.home.clone(),
    };
    let kept: Vec<&str> = service.keys("Service").into_iter().filter(|key| !UNDERSTOOD.contains(key)).collect();
    if !kept.is_empty() {
        notes.push(format!("What its service says of {} is not carried over.", kept.join(", ")));
    }
    Ok(Proposal {
        schedule,
        program,
        cwd: (!cwd.is_empty()).then_some(cwd),
        env,
        // A service that runs is not started a second time.
        overlap: Overlap::Skip,
        catch_up: if persistent { CatchUpPolicy::Latest } else { CatchUpPolicy::None },
        notes,
    })
}

fn schedule(timer: &Unit, place: &Place, notes: &mut Vec<String>) -> Result<ScheduleSpec, String> {
    let calendars = timer.all("Timer", "OnCalendar");
    let active = timer.last("Timer", "OnUnitActiveSec");
    if calendars.is_empty() {
        let Some(text) = active else {
            let since = SINCE.iter().find(|(key, _)| timer.last("Timer", key).is_some());
            let (key, why) = since.copied().unwrap_or(("OnCalendar", "it names no time"));
            return Err(format!(
                "{key}: {why}, and a cue goes by the clock. Leave it to systemd, or give a cue an interval of your own."
            ));
        };
        let every_ms = span::read_ms(text).filter(|every_ms| *every_ms >= 1_000);
        let every_ms =
            every_ms.ok_or_else(|| format!("OnUnitActiveSec={text} is no length of time that a cue can have."))?;
        notes.push(format!(
            "OnUnitActiveSec={text} counts from its last start; here it is a beat of the clock, which does not drift."
        ));
        return Ok(ScheduleSpec::of(Kind::Interval { every_ms, anchor: Ms(0) }, place.zone.clone()));
    }
    let monotonic = SINCE.iter().map(|(key, _)| *key).chain(["OnUnitActiveSec", "OnActiveSec"]);
    for key in monotonic.filter(|key| timer.last("Timer", key).is_some()) {
        notes.push(format!(
            "{key}: it starts at other times too, counted from something else than the clock. That is not carried over."
        ));
    }
    let read = calendars.iter().map(|text| Calendar::read(text).map_err(|why| sentence("OnCalendar", &why)));
    let mut all = Vec::<Calendar>::new();
    for calendar in read.collect::<Result<Vec<_>, _>>()? {
        match all.iter_mut().find_map(|one| one.merged(&calendar).map(|both| (one, both))) {
            Some((one, both)) => *one = both,
            None => all.push(calendar),
        }
    }
    let zone = match all.first().and_then(|calendar| calendar.zone.clone()) {
        Some(zone) => parse_zone(&zone).map_err(|error| format!("OnCalendar: {error}."))?.name().to_owned(),
        None => place.zone.clone(),
    };
    let one_zone = all.windows(2).all(|two| two[0].zone == two[1].zone);
    if let [one] = &all[..]
        && !one.needs_part()
    {
        return Ok(ScheduleSpec::of(Kind::Recurring { cron: Some(one.cron()) }, zone));
    }
    // Each on weekdays of its own: then each is a part.
    let weekdays: Vec<u8> = all.iter().map(|one| one.weekdays.map_or(0x7f, |days| days.0)).collect();
    let apart = weekdays.iter().enumerate().all(|(at, days)| weekdays[..at].iter().all(|other| days & other == 0));
    if !apart || !one_zone {
        return Err(
            "Its `OnCalendar=` lines name times that one cue cannot name together. Make a cue for each in the window."
                .to_owned(),
        );
    }
    let part = |one: &Calendar| Part {
        days: one.weekdays.unwrap_or(crate::schedule_spec::Weekdays::ALL),
        from_s: 0,
        to_s: 86_400,
        timezone: None,
        rate: Rate::Cron { cron: one.cron() },
        at_once: None,
    };
    let parts = all.iter().map(part).collect();
    Ok(ScheduleSpec { parts, ..ScheduleSpec::of(Kind::Recurring { cron: None }, zone) })
}

fn program(name: &str, service: &Unit, place: &Place, notes: &mut Vec<String>) -> Result<Program, String> {
    let kind = service.last("Service", "Type").unwrap_or("simple");
    if matches!(kind, "forking" | "dbus" | "notify") {
        return Err(format!(
            "Its service is of `Type={kind}`: it goes on in the background, and only systemd knows when it has ended."
        ));
    }
    if let Some(file) = service.last("Service", "EnvironmentFile") {
        return Err(format!(
            "Its variables come from {}, which a cue does not read. Put them into a script that starts it.",
            file.trim_start_matches('-')
        ));
    }
    let mut lines: Vec<Started> = Vec::new();
    for key in ["ExecStartPre", "ExecStart", "ExecStartPost"] {
        for text in service.all("Service", key) {
            let started = exec_start::read(text, name, place).map_err(|why| sentence(key, &why))?;
            for note in &started.notes {
                if !notes.contains(note) {
                    notes.push(note.clone());
                }
            }
            lines.push(started);
        }
    }
    let plain = |line: &Started| line.words.iter().map(exec_start::Word::plain).collect::<Option<Vec<String>>>();
    match &lines[..] {
        [] => Err("Its service starts no program.".to_owned()),
        [one] if !one.may_fail && plain(one).is_some() => Ok(Program::Argv(plain(one).unwrap_or_default())),
        all => {
            let line = |line: &Started| {
                let words: Vec<String> = line.words.iter().map(exec_start::Word::for_shell).collect();
                if line.may_fail { format!("{{ {} || :; }}", words.join(" ")) } else { words.join(" ") }
            };
            Ok(Program::Shell(all.iter().map(line).collect::<Vec<_>>().join(" && ")))
        }
    }
}

fn environment(name: &str, service: &Unit, place: &Place) -> Result<Vec<(String, String)>, String> {
    let mut env = Vec::<(String, String)>::new();
    for text in service.all("Service", "Environment") {
        for word in exec_start::words(text).map_err(|why| sentence("Environment", &why))? {
            let word = exec_start::with_specifiers(&word, name, place).map_err(|why| sentence("Environment", &why))?;
            if let Some((name, value)) = word.split_once('=') {
                env.retain(|(known, _)| known != name);
                env.push((name.to_owned(), value.to_owned()));
            }
        }
    }
    Ok(env)
}

fn sentence(key: &str, why: &str) -> String {
    format!("{key}: {why}, so it cannot be carried over.")
}

/// The service's own commands under `exec`, as a drop-in of its unit; None where they cannot stand there unchanged.
#[must_use]
pub fn under(service: &Unit, exec: &[String]) -> Option<String> {
    let [line] = service.all("Service", "ExecStart")[..] else { return None };
    let start = line.find(|letter: char| !"-@:+!|".contains(letter))?;
    let (prefix, command) = line.split_at(start);
    // Its second word would be a name.
    if prefix.contains('@') {
        return None;
    }
    let words: Vec<String> = exec.iter().map(|word| unit_word(word)).collect();
    Some(format!("[Service]\nExecStart=\nExecStart={prefix}{} -- {command}\n", words.join(" ")))
}

/// As a unit's file wants a word that may hold anything.
fn unit_word(word: &str) -> String {
    if shell_word(word) == word {
        return word.to_owned();
    }
    let escaped = word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    format!("\"{}\"", escaped.replace('\n', "\\n"))
}
