//! What there is to adopt: each job with the definition of its cue, when that fires, and what is different.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use cuetower_core::Ms;
use cuetower_core::adopt::crontab::Syntax;
use cuetower_core::adopt::{Proposal, line, timer};
use cuetower_core::cue::{CatchUpPolicy, Overlap, Program};
use cuetower_core::local_time::offset_minutes;
use cuetower_core::plan::Plan;
use cuetower_core::schedule_spec::ScheduleSpec;
use serde_json::{Value, json};

use super::super::wire::{AdoptEntry, AdoptKind, AdoptLook, AdoptPreview, AdoptSource, AdoptedEntry, DeskError};
use super::super::{Desk, invalid};
use super::{data, refused, view};
use crate::adopt::found::{self, Found, Source};
use crate::adopt::kept::{Adoption, Book};
use crate::adopt::place;
use crate::definition;
use crate::vault;

const FIRES_SHOWN: usize = 5;
const CUES_MAX: u32 = 10_000;
/// Beside an own delay, so long may the first ping be late.
const PING_WITHIN_S: u64 = 300;
const HOUR_S: u64 = 3_600;

/// One job, and the cue that would be made of it.
pub(super) struct Job {
    pub key: String,
    number: u32,
    pub source: AdoptSource,
    pub found: Found,
    pub name: String,
    pub what: Result<Ready, String>,
}

pub(super) struct Ready {
    pub definition: Value,
    /// The cue that only watches.
    pub watch: Value,
    words: String,
    fires: Vec<Ms>,
    offsets_minutes: Vec<i32>,
    notes: Vec<String>,
    /// Name and value.
    pub secrets: Vec<(String, String)>,
    pub owner_steps: Vec<String>,
}

pub(super) async fn preview(desk: &Desk, look: &AdoptLook) -> Result<AdoptPreview, DeskError> {
    let Seen { sources, jobs, adopted } = all(desk, look).await?;
    Ok(AdoptPreview { sources, entries: jobs.iter().map(Job::entry).collect(), adopted })
}

pub(super) async fn jobs(desk: &Desk, look: &AdoptLook) -> Result<Vec<Job>, DeskError> {
    Ok(all(desk, look).await?.jobs)
}

struct Seen {
    sources: Vec<AdoptSource>,
    jobs: Vec<Job>,
    adopted: Vec<AdoptedEntry>,
}

/// What has a number.
enum Numbered<'a> {
    Job(Box<Found>),
    Adopted(&'a Adoption),
}

async fn all(desk: &Desk, look: &AdoptLook) -> Result<Seen, DeskError> {
    let here = place(&desk.facts.timezone);
    let sources = match &look.text {
        Some(text) if text.len() > 1_000_000 => return Err(invalid("text", "That is longer than a crontab can be.")),
        Some(text) => {
            let syntax = if look.system == Some(true) { Syntax::System } else { Syntax::User };
            found::in_text(text, syntax, &here)
        }
        None => found::on_machine(&here).await,
    };
    let book = Book::open(&data(desk)).map_err(refused)?;
    let (cues, _) = desk.handle.reader().cues(None, None, CUES_MAX, 0).await?;
    let mut making = Making {
        desk,
        me: here.user,
        names: cues.iter().map(|cue| cue.definition.name.clone()).collect(),
        secrets: desk.handle.reader().secrets().await?.into_iter().map(|row| row.name).collect(),
        kept: BTreeMap::new(),
    };
    let mut seen = Seen { sources: Vec::new(), jobs: Vec::new(), adopted: Vec::new() };
    let mut number = 0;
    for source in sources {
        let (Source { id, kind, name, notes, trouble, .. }, numbered) = numbered(source, &book);
        if numbered.is_empty() && trouble.is_none() {
            continue;
        }
        let entries = numbered.iter().filter(|one| matches!(one, Numbered::Job(_))).count();
        let entries = u32::try_from(entries).unwrap_or(u32::MAX);
        let source = AdoptSource { id, kind, name, entries, notes, trouble };
        for one in numbered {
            number += 1;
            match one {
                Numbered::Job(found) => seen.jobs.push(making.job(&source, number, *found).await),
                Numbered::Adopted(adoption) => {
                    let adopted = view(desk, adoption).await?;
                    seen.adopted.push(AdoptedEntry { number, source: source.id.clone(), adopted });
                }
            }
        }
        seen.sources.push(source);
    }
    Ok(seen)
}

/// In the order of the table: its jobs, and those of them that were adopted, wherever they stand in it now.
fn numbered(mut source: Source, book: &Book) -> (Source, Vec<Numbered<'_>>) {
    let kind = source.kind;
    // Lines of the owner's crontab say so themselves; the same line may stand there twice.
    let adopted = |found: &Found| {
        let mut others = book.adoptions.iter().filter(|adoption| adoption.kind == kind && kind != AdoptKind::Crontab);
        others.find(|adoption| {
            let text = found.service.is_some() || adoption.text == found.job.text;
            adoption.place == found.place && text
        })
    };
    let jobs = std::mem::take(&mut source.jobs).into_iter().map(|found| match adopted(&found) {
        Some(adoption) => (found.job.line, Numbered::Adopted(adoption)),
        None => (found.job.line, Numbered::Job(Box::new(found))),
    });
    let mut all: Vec<(usize, Numbered<'_>)> = jobs.collect();
    for adoption in book.adoptions.iter().filter(|adoption| adoption.kind == kind) {
        let is_there = |(_, one): &(usize, Numbered<'_>)| matches!(one, Numbered::Adopted(there) if std::ptr::eq(*there, adoption));
        if all.iter().any(is_there) {
            continue;
        }
        let line = source.passed.iter().find(|(_, text)| match kind {
            AdoptKind::Crontab => {
                let id = adoption.cue_id.as_deref();
                id.is_some() && [line::taken_by(text), line::watched_by(text)].contains(&id)
            }
            // Switched off by its owner as he was told to.
            AdoptKind::SystemCrontab => {
                let off = text.strip_prefix('#').is_some_and(|text| text == adoption.text);
                off && adoption.place == source.id
            }
            AdoptKind::UserTimer | AdoptKind::SystemTimer | AdoptKind::Text => false,
        });
        all.extend(line.map(|(line, _)| (*line, Numbered::Adopted(adoption))));
    }
    all.sort_by_key(|(line, _)| *line);
    (source, all.into_iter().map(|(_, one)| one).collect())
}

struct Making<'a> {
    desk: &'a Desk,
    me: String,
    /// Of cues that are there, and of those that would be made.
    names: BTreeSet<String>,
    secrets: BTreeSet<String>,
    /// What each variable and its value is called as a secret.
    kept: BTreeMap<(String, String), String>,
}

impl Making<'_> {
    async fn job(&mut self, source: &AdoptSource, number: u32, mut found: Found) -> Job {
        let mut hasher = DefaultHasher::new();
        (&source.id, &found.place, &found.job.text).hash(&mut hasher);
        let at = if found.job.line > 0 { found.job.line.to_string() } else { found.place.clone() };
        let key = format!("{}:{at}:{:06x}", source.id, hasher.finish() & 0xff_ffff);
        let name = self.unique(&found.job.name);
        let what = match std::mem::replace(&mut found.job.what, Err(String::new())) {
            Ok(proposal) => self.ready(source, &found, &name, proposal).await,
            Err(why) => Err(why),
        };
        if what.is_ok() {
            self.names.insert(name.clone());
        }
        Job { key, number, source: source.clone(), found, name, what }
    }

    fn unique(&self, name: &str) -> String {
        let mut unique = name.to_owned();
        let mut number = 2;
        while self.names.contains(&unique) {
            unique = format!("{name} {number}");
            number += 1;
        }
        unique
    }

    async fn ready(
        &mut self,
        source: &AdoptSource,
        found: &Found,
        name: &str,
        proposal: Proposal,
    ) -> Result<Ready, String> {
        let now = self.desk.handle.now();
        let Proposal { schedule, program, cwd, env, overlap, catch_up, mut notes } = proposal;
        let (mut pairs, mut secrets) = (serde_json::Map::new(), Vec::new());
        for (variable, value) in env {
            let value = if definition::lies_open(&variable, &value) {
                let secret = self.secret(&variable, &value).await;
                secrets.push((secret.clone(), value));
                format!("{{{{secret:{secret}}}}}")
            } else {
                value
            };
            pairs.insert(variable, Value::String(value));
        }
        if hidden(&found.job.text) != found.job.text {
            notes.push("A secret stands in its command, where whoever sees the cue can read it. Put it into a variable that names a secret.".to_owned());
        }
        let me = &self.me;
        match found.job.user.as_deref() {
            Some(user) if user != me && source.kind != AdoptKind::UserTimer => {
                notes.push(format!("It runs as {user} there, and as you ({me}) here."));
            }
            None if source.kind == AdoptKind::SystemTimer => {
                notes.push(format!("It runs as root there, and as you ({me}) here."));
            }
            _ => {}
        }
        let mut section = match program {
            Program::Argv(argv) => json!({ "argv": argv }),
            Program::Shell(line) => json!({ "shell": line }),
        };
        section["cwd"] = json!(cwd);
        section["env"] = Value::Object(pairs);
        let mut whole = json!({
            "name": name,
            "description": described(source, found),
            "transport": "command",
            "schedule": definition::written_schedule(&schedule),
            "command": section,
            "confirm": "exit_code",
            "retry": { "max_attempts": 1 },
            "overlap": if overlap == Overlap::Skip { "skip" } else { "allow" },
            "catch_up": { "policy": if catch_up == CatchUpPolicy::Latest { "latest" } else { "none" } },
        });
        let mut read = definition::read_new(&whole, now);
        if read.is_err() && schedule.jitter_ms > 0 {
            // Longer than its gap, such as of a timer each minute.
            whole["schedule"]["jitter_seconds"] = json!(0);
            read = definition::read_new(&whole, now);
            notes
                .push("Its random delay is longer than the time between two runs, and is not carried over.".to_owned());
        }
        let read = read.map_err(|problems| {
            problems.into_iter().next().map_or_else(|| "It is no cue.".to_owned(), |problem| problem.message)
        })?;
        let still = ScheduleSpec { jitter_ms: 0, ..read.definition.schedule };
        let plan = Plan::of(&still, "").map_err(|error| error.to_string())?;
        let fires: Vec<Ms> =
            std::iter::successors(plan.next_after(now), |at| plan.next_after(*at)).take(FIRES_SHOWN).collect();
        notes.extend(clock_notes(source.kind, plan.clock_change_notes(now)));
        Ok(Ready {
            watch: watch(&whole, schedule.jitter_ms / 1_000, &fires),
            definition: whole,
            words: plan.words(),
            offsets_minutes: fires.iter().map(|at| offset_minutes(plan.zone(), *at)).collect(),
            fires,
            notes,
            secrets,
            owner_steps: owner_steps(source.kind, found, name),
        })
    }

    /// What a value is called in the vault; the same value of the same variable is one secret.
    async fn secret(&mut self, variable: &str, value: &str) -> String {
        let known = (variable.to_owned(), value.to_owned());
        if let Some(name) = self.kept.get(&known) {
            return name.clone();
        }
        let fits = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' };
        let base: String = variable.chars().map(fits).take(56).collect();
        let base = if vault::is_name(&base) { base } else { "FROM_CRONTAB".to_owned() };
        let (mut name, mut number) = (base.clone(), 2);
        // One that is there may be this very value, from a line that was adopted before.
        while self.secrets.contains(&name) && self.desk.vault.get(&name).await.ok().flatten().as_deref() != Some(value)
        {
            name = format!("{base}_{number}");
            number += 1;
        }
        self.secrets.insert(name.clone());
        self.kept.insert(known, name.clone());
        name
    }
}

impl Job {
    pub(super) fn can_watch_first(&self) -> bool {
        let under = || {
            let service = self.found.service.as_ref();
            service.is_some_and(|(_, unit)| timer::under(unit, &["cuetowerctl".to_owned()]).is_some())
        };
        self.what.is_ok()
            && match self.source.kind {
                AdoptKind::Crontab => true,
                AdoptKind::UserTimer => under(),
                AdoptKind::SystemCrontab | AdoptKind::SystemTimer | AdoptKind::Text => false,
            }
    }

    fn entry(&self) -> AdoptEntry {
        let job = &self.found.job;
        let (ready, reason) = match &self.what {
            Ok(ready) => (Some(ready), None),
            Err(why) => (None, Some(why.clone())),
        };
        let line = u32::try_from(job.line).ok().filter(|line| *line > 0);
        AdoptEntry {
            key: self.key.clone(),
            number: self.number,
            source: self.source.id.clone(),
            kind: self.source.kind,
            line,
            unit: line.is_none().then(|| self.found.place.clone()),
            text: hidden(&job.text),
            user: job.user.clone(),
            name: self.name.clone(),
            reason,
            words: ready.map(|ready| ready.words.clone()).unwrap_or_default(),
            definition: ready.map_or(Value::Null, |ready| blotted(&ready.definition)),
            fires_ms: ready.map(|ready| ready.fires.iter().map(|at| at.0).collect()).unwrap_or_default(),
            offsets_minutes: ready.map(|ready| ready.offsets_minutes.clone()).unwrap_or_default(),
            notes: ready.map(|ready| ready.notes.clone()).unwrap_or_default(),
            secrets: ready
                .map(|ready| ready.secrets.iter().map(|(name, _)| name.clone()).collect())
                .unwrap_or_default(),
            can_watch_first: self.can_watch_first(),
            owner_steps: ready.map(|ready| ready.owner_steps.clone()).unwrap_or_default(),
        }
    }
}

fn described(source: &AdoptSource, found: &Found) -> String {
    let text = hidden(&found.job.text);
    match found.job.line {
        0 => format!("From {}: {text}", found.place),
        line => format!("From line {line} of {}: {text}", source.name),
    }
}

/// The same schedule, to be heard of instead of run: for as long as it takes until the next one, an hour at least.
fn watch(whole: &Value, delay_s: u64, fires: &[Ms]) -> Value {
    let gaps = fires.windows(2).map(|two| two[1].0.saturating_sub(two[0].0) / 1_000);
    let gap_s = gaps.min().and_then(|gap_s| u64::try_from(gap_s).ok()).unwrap_or(HOUR_S);
    let mut schedule = whole["schedule"].clone();
    // Its scheduler is late by dice of its own.
    schedule["jitter_seconds"] = json!(0);
    json!({
        "name": whole["name"],
        "description": whole["description"],
        "transport": "watch",
        "schedule": schedule,
        "confirm": "exit_code",
        "delivery": {
            "timeout_seconds": PING_WITHIN_S + delay_s,
            "outcome_deadline_seconds": gap_s.clamp(HOUR_S, 24 * HOUR_S),
        },
    })
}

/// Where the other scheduler does otherwise when the clocks change.
fn clock_notes(kind: AdoptKind, notes: Vec<String>) -> Vec<String> {
    let timer = matches!(kind, AdoptKind::UserTimer | AdoptKind::SystemTimer);
    let told = notes.into_iter().map(|note| match note.contains(": fires once, at ") {
        true if !timer => format!("{note} cron would run it once for each of them."),
        _ => note,
    });
    let mut told: Vec<String> = told.collect();
    if timer && !told.is_empty() {
        told.push(
            "systemd leaves out a time that the clocks skip, and goes through an hour that comes twice once."
                .to_owned(),
        );
    }
    told
}

fn owner_steps(kind: AdoptKind, found: &Found, name: &str) -> Vec<String> {
    let place = cuetower_core::adopt::shell_word(&found.place);
    let off = match kind {
        AdoptKind::Crontab | AdoptKind::UserTimer => return Vec::new(),
        AdoptKind::SystemCrontab => format!("sudo sed -i '{}s/^/#/' {place}", found.job.line),
        AdoptKind::SystemTimer => format!("sudo systemctl disable --now {place}"),
        AdoptKind::Text => "Switch it off where it runs now.".to_owned(),
    };
    vec![off, format!("cuetowerctl adopt flip {}", cuetower_core::adopt::shell_word(name))]
}

fn hidden(text: &str) -> String {
    cuetower_core::secret::text(text).into_owned()
}

/// Without what looks like a secret in any of its texts.
fn blotted(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(hidden(text)),
        Value::Array(list) => list.iter().map(blotted).collect(),
        Value::Object(map) => Value::Object(map.iter().map(|(key, value)| (key.clone(), blotted(value))).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}
