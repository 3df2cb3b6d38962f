//! What the other schedulers of this machine hold: the owner's crontab, the system's, the owner's timers, the system's.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use cuetower_core::adopt::crontab::{self, Syntax};
use cuetower_core::adopt::unit::Unit;
use cuetower_core::adopt::{Job, Place, timer};

use super::{etc, places, user_units};
use crate::desk::wire::AdoptKind;

/// Of the folders of systemd's own and of packages, whose services a timer may start.
const SHIPPED: [&str; 2] = ["/usr/lib/systemd", "/lib/systemd"];

pub(crate) struct Source {
    pub id: String,
    pub kind: AdoptKind,
    pub name: String,
    pub jobs: Vec<Found>,
    /// Lines that are no jobs now, such as adopted ones.
    pub passed: Vec<(usize, String)>,
    pub notes: Vec<String>,
    pub trouble: Option<String>,
}

pub(crate) struct Found {
    pub job: Job,
    /// The file, or the timer's unit.
    pub place: String,
    pub service: Option<(String, Unit)>,
    /// What runs a line of a crontab.
    pub shell: String,
}

impl Source {
    fn of(id: &str, kind: AdoptKind, name: &str) -> Source {
        let [id, name] = [id, name].map(str::to_owned);
        Source { id, kind, name, jobs: Vec::new(), passed: Vec::new(), notes: Vec::new(), trouble: None }
    }

    fn with_table(mut self, text: &str, syntax: Syntax, place: &Place) -> Source {
        let table = crontab::read(text, syntax, place);
        let shell = |job: &Job| crontab::shell_of(text, job.line);
        let found = |job: Job| Found { place: self.id.clone(), service: None, shell: shell(&job), job };
        self.jobs = table.jobs.into_iter().map(found).collect();
        (self.passed, self.notes) = (table.passed, table.notes);
        self
    }
}

/// A text that was handed in.
pub(crate) fn in_text(text: &str, syntax: Syntax, place: &Place) -> Vec<Source> {
    vec![Source::of("text", AdoptKind::Text, "the file").with_table(text, syntax, place)]
}

/// Those with something in them, be it comments, or that could not be read.
pub(crate) async fn on_machine(place: &Place) -> Vec<Source> {
    let mut sources = Vec::new();
    let own = Source::of("crontab", AdoptKind::Crontab, "your crontab");
    sources.push(match places::own_crontab().await {
        Ok(text) => own.with_table(&text, Syntax::User, place),
        Err(trouble) => Source { trouble: Some(trouble), ..own },
    });
    if let Some(folder) = user_units() {
        sources.push(timers("timers", AdoptKind::UserTimer, "your timers", &folder, place));
    }
    let folder = etc();
    let mut tables = vec![folder.join("crontab")];
    // What cron itself passes over.
    let is_table = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    tables.extend(entries(&folder.join("cron.d")).into_iter().filter(is_table));
    for path in tables {
        let shown = path.display().to_string();
        let source = Source::of(&shown, AdoptKind::SystemCrontab, &shown);
        sources.push(match fs::read_to_string(&path) {
            Ok(text) => source.with_table(&text, Syntax::System, place),
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => Source { trouble: Some(format!("{shown} cannot be read: {error}.")), ..source },
        });
    }
    let system = folder.join("systemd/system");
    sources.push(timers("system-timers", AdoptKind::SystemTimer, "the system's timers", &system, place));
    sources.retain(|source| !source.jobs.is_empty() || !source.passed.is_empty() || source.trouble.is_some());
    sources
}

fn timers(id: &str, kind: AdoptKind, name: &str, folder: &Path, place: &Place) -> Source {
    let mut source = Source::of(id, kind, name);
    for path in entries(folder) {
        let Some(file) = path.file_name().and_then(|name| name.to_str()).filter(|name| name.ends_with(".timer")) else {
            continue;
        };
        // One that leads elsewhere is a package's, or switched off.
        if !path.symlink_metadata().is_ok_and(|seen| seen.is_file()) {
            continue;
        }
        let Some(unit) = unit_at(&path) else { continue };
        let service = timer::service_of(file, &unit);
        let own = folder.file_name().and_then(|name| name.to_str()).unwrap_or("user");
        let folders = [folder.to_owned(), etc().join("systemd").join(own)].into_iter();
        let shipped = SHIPPED.iter().map(|shipped| Path::new(shipped).join(own));
        let started = folders.chain(shipped).find_map(|folder| unit_at(&folder.join(&service)));
        let mut job = timer::read((file, &unit), (&service, started.as_ref()), place);
        if job.what.is_ok() && !is_enabled(folder, file) {
            job.what = Err("It is not enabled, so that systemd does not start it now.".to_owned());
        }
        let service = started.map(|unit| (service, unit));
        source.jobs.push(Found { job, place: file.to_owned(), service, shell: crontab::SHELL.to_owned() });
    }
    source
}

/// With its drop-ins, but for ours.
fn unit_at(path: &Path) -> Option<Unit> {
    let mut unit = Unit::parse(&fs::read_to_string(path).ok()?);
    let mut folder = path.as_os_str().to_owned();
    folder.push(".d");
    for drop_in in entries(Path::new(&folder)) {
        if drop_in.extension().is_some_and(|ending| ending == "conf") && !drop_in.ends_with("50-cuetower.conf") {
            unit.and(&fs::read_to_string(&drop_in).ok()?);
        }
    }
    Some(unit)
}

/// Some unit wants it.
fn is_enabled(folder: &Path, timer: &str) -> bool {
    let wants = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "wants" || ending == "requires");
    entries(folder).into_iter().filter(wants).any(|wants| wants.join(timer).symlink_metadata().is_ok())
}

/// In the order of their names; none if there is no such folder.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}
