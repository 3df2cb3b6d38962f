//! A whole crontab: its variables hold for the lines below them, and each line that runs something is a job.

use std::collections::BTreeMap;

use super::line::{self, Line};
use super::{CronKind, Job, Place, Proposal, fields, naming, variables};
use crate::cue::{CatchUpPolicy, Overlap, Program};
use crate::schedule::parse_zone;
use crate::schedule_spec::{Kind, ScheduleSpec};

/// Whether its lines name a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    User,
    System,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Crontab {
    /// Lines that a cue has taken over, or that tell a cue of themselves, are not among them.
    pub jobs: Vec<Job>,
    /// By their lines, from 1: those, and all that stands behind a `#`; an adopted job may be among them.
    pub passed: Vec<(usize, String)>,
    /// About the whole of it, each a sentence.
    pub notes: Vec<String>,
}

/// cron's own, whatever the user's is.
const PATH: &str = "/usr/bin:/bin";
pub const SHELL: &str = "/bin/sh";
/// They tell cron something, and are not handed on.
const FOR_CRON: [&str; 7] =
    ["MAILTO", "MAILFROM", "CRON_TZ", "RANDOM_DELAY", "CONTENT_TYPE", "CONTENT_TRANSFER_ENCODING", "LOGNAME"];

#[must_use]
pub fn read(text: &str, syntax: Syntax, place: &Place) -> Crontab {
    let mut crontab = Crontab::default();
    let mut set = BTreeMap::new();
    let mut mailed = false;
    for (number, text) in (1..).zip(text.lines()) {
        let text = text.trim_end_matches('\r');
        let start = text.trim_start();
        if start.is_empty() {
            continue;
        }
        if start.starts_with('#') {
            crontab.passed.push((number, text.to_owned()));
            continue;
        }
        if let Some((name, value)) = variables::read(text) {
            crontab.notes.extend(told_of(number, &name, &value, place.cron));
            mailed |= name == "MAILTO";
            set.insert(name, value);
            continue;
        }
        if line::watched_by(text).is_some() {
            crontab.passed.push((number, text.to_owned()));
            continue;
        }
        crontab.jobs.push(job(number, text, syntax, &set, place));
    }
    if !mailed && !crontab.jobs.is_empty() {
        let words = "cron mails what a job prints to its user, where the machine can send mail. Here each run keeps the end of its output, and a failure is told; for mail, add a channel.";
        crontab.notes.push(words.to_owned());
    }
    crontab
}

/// The shell that runs this line (counted from 1).
#[must_use]
pub fn shell_of(text: &str, number: usize) -> String {
    let above = text.lines().take(number.saturating_sub(1)).filter(|line| !line.trim_start().starts_with('#'));
    let shells = above.filter_map(variables::read).filter(|(name, _)| name == "SHELL");
    shells.last().map_or_else(|| SHELL.to_owned(), |(_, shell)| shell)
}

fn told_of(number: usize, name: &str, value: &str, cron: CronKind) -> Option<String> {
    let words = match name {
        "MAILTO" if value.is_empty() => {
            "MAILTO is empty: nothing was mailed. Here each run keeps the end of its output, and a failure is told.".to_owned()
        }
        "MAILTO" => format!(
            "MAILTO: what jobs print was mailed to {value}. Here each run keeps the end of its output, and a failure is told; for mail, add a channel."
        ),
        "CRON_TZ" => match cron {
            CronKind::Debian => format!("CRON_TZ: the cron of this machine is Debian's, which does not obey it. The lines below keep the machine's time zone, as they have had it; {value} is not used."),
            CronKind::Cronie => format!("CRON_TZ: the cron of this machine obeys it, so the lines below are in {value}."),
        },
        "TZ" => format!("TZ={value} is what the commands see; when they are run goes by the machine's time zone."),
        "RANDOM_DELAY" => "RANDOM_DELAY: cron starts jobs up to that many minutes late. It is not carried over; set a jitter where you want one.".to_owned(),
        _ if value.contains('$') => format!("{name}: cron fills in no variables, so its `$` is just that, here too."),
        _ => return None,
    };
    Some(format!("Line {number}, {words}"))
}

fn job(number: usize, text: &str, syntax: Syntax, set: &BTreeMap<String, String>, place: &Place) -> Job {
    let job = |user: Option<String>, name: String, what| Job { line: number, text: text.to_owned(), user, name, what };
    let Some(line) = Line::of(text, syntax) else {
        let user = if syntax == Syntax::System { ", a user" } else { "" };
        let why = format!("cron cannot read this line: five fields{user} and a command are expected.");
        return job(None, "cron job".to_owned(), Err(why));
    };
    let command = line.shell_text();
    let name = naming::of_command(&command);
    let user = line.user.map(str::to_owned);
    job(user, name, proposal(&line, &command, set, place))
}

fn proposal(line: &Line<'_>, command: &str, set: &BTreeMap<String, String>, place: &Place) -> Result<Proposal, String> {
    let cron = fields::expression(&line.fields, place.cron)?;
    if command.trim().is_empty() {
        return Err("It names no command.".to_owned());
    }
    if let Some(folder) = folder_of_scripts(command) {
        return Err(format!(
            "It runs every script in {folder}, which the packages of this machine put there. Leave it to cron; a script of your own in there can be a cue by itself."
        ));
    }
    let mut notes = Vec::new();
    let shell = set.get("SHELL").map_or(SHELL, String::as_str);
    let input = line.input_lines();
    let program = match (input.is_empty(), shell) {
        (true, SHELL) => Program::Shell(command.to_owned()),
        (true, shell) => Program::Argv([shell, "-c", command].map(str::to_owned).to_vec()),
        (false, shell) => {
            notes.push("What stands after the `%` is its standard input, handed to it by `printf` here.".to_owned());
            let lines: Vec<String> = input.iter().map(|line| format!(" '{}'", line.replace('\'', r"'\''"))).collect();
            let feed = format!("printf '%s\\n'{} | \"$0\" -c \"$1\"", lines.concat());
            Program::Argv([SHELL, "-c", &feed, shell, command].map(str::to_owned).to_vec())
        }
    };
    let zone = match set.get("CRON_TZ").filter(|_| place.cron == CronKind::Cronie) {
        None => place.zone.clone(),
        Some(zone) => {
            parse_zone(zone).map_err(|error| format!("CRON_TZ names no time zone: {error}."))?.name().to_owned()
        }
    };
    let home = set.get("HOME").unwrap_or(&place.home);
    Ok(Proposal {
        schedule: ScheduleSpec::of(Kind::Recurring { cron: Some(cron) }, zone),
        program,
        cwd: (!home.is_empty()).then(|| home.clone()),
        env: handed_on(set),
        // cron starts the next one whether or not the last has ended, and runs nothing later that was missed.
        overlap: Overlap::Allow,
        catch_up: CatchUpPolicy::None,
        notes,
    })
}

fn handed_on(set: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let mut env = vec![("PATH".to_owned(), PATH.to_owned())];
    env.retain(|(name, _)| !set.contains_key(name));
    let handed = set.iter().filter(|(name, _)| !FOR_CRON.contains(&name.as_str()));
    env.extend(handed.map(|(name, value)| (name.clone(), value.clone())));
    env
}

/// `/etc/cron.hourly` of `run-parts --report /etc/cron.hourly`
fn folder_of_scripts(command: &str) -> Option<&str> {
    let (_, after) = command.split_once("run-parts")?;
    after.split_whitespace().find(|word| word.starts_with('/'))
}
