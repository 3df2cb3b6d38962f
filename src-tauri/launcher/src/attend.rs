//! The launcher itself: takes the folder, starts the program, and stays with it to the end.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use crate::capture::{self, Capture};
use crate::clock;
use crate::death::{Death, Stopped};
use crate::evidence::Witness;
use crate::folder::{self, EXIT, Exit, LOG, STARTED, STDERR, Started};
use crate::lock::Lock;
use crate::process::{self, Ask, Who};
use crate::spec::{Spec, Told};
use crate::start;
use crate::stop;
use crate::tree::{self, Event, Tree};
use crate::usage::{self, Meter};

/// Between the first looks at a program; later ones come less often.
const FIRST_LOOK: Duration = Duration::from_millis(20);
/// A program is young for this long.
const FRESH: Duration = Duration::from_secs(2);
/// Between two looks for what is left of a tree that was told to end.
const SWEEP_PAUSE: Duration = Duration::from_millis(50);
/// Looks for a writer of a trimmed file before the end is told with the file as it is.
const CLOSING_LOOKS: u32 = 4;
/// Killed processes are gone within milliseconds; one that hangs in the kernel is not waited for longer than this.
const KILL_LIMIT: Duration = Duration::from_secs(2);

/// The whole life of a launcher for the attempt's folder `dir`, with its [`Spec`] on standard input. The exit code is 0 if
/// the program was started.
#[must_use]
pub fn run(dir: &Path) -> ExitCode {
    tree::stand_apart();
    let dir = &std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    let log = dir.join(LOG);
    std::panic::set_hook(Box::new(move |panic| drop(std::fs::write(&log, panic.to_string()))));
    let (sender, events) = channel();
    match begin(dir, sender) {
        Ok(attended) => {
            attended.attend(&events);
            ExitCode::SUCCESS
        }
        Err(words) => {
            Told::NotStarted { words }.tell();
            ExitCode::FAILURE
        }
    }
}

/// Everything up to the started program. Only with the lock in hand anything is written.
fn begin(dir: &Path, sender: Sender<Event>) -> Result<Attended, String> {
    tree::listen(sender.clone()).map_err(|error| format!("the launcher cannot listen for signals: {error}"))?;
    let spec = Spec::receive(std::io::stdin().lock())
        .map_err(|error| format!("the launcher was not told what to start: {error}"))?;
    let unusable = |error: std::io::Error| format!("the folder {} cannot be used: {error}", dir.display());
    let mut lock = Lock::take_for_good(dir).map_err(unusable)?.ok_or("another launcher has this attempt already")?;
    if spec.ticket.is_empty() || lock.note().ticket != spec.ticket {
        return Err("this attempt was given to another launcher".into());
    }
    if dir.join(STARTED).exists() {
        return Err("this attempt was started before".into());
    }
    let launcher = Who::own();
    lock.write(&spec.ticket, Some(launcher)).map_err(unusable)?;
    let stop_grace = Duration::from_millis(spec.stop_grace_ms);
    let begun = start::ready(dir, spec).and_then(|ready| {
        if stop::asked(dir).is_some() {
            return Err("it was stopped before it was started".into());
        }
        let witness = Witness::default();
        let mut started =
            Started { launcher, program: None, boot_id: process::boot_id().to_owned(), at_ms: clock::now_ms() };
        let mut record = folder::private().write(true).create_new(true).open(dir.join(STARTED)).map_err(unusable)?;
        folder::overwrite(&mut record, &started).map_err(unusable)?;
        let begun = Instant::now();
        let (tree, captures) = ready.start(sender)?;
        started.program = Some(Who::of(tree.pid));
        // Without this record a tower that starts waits for it in vain, and has this launcher killed.
        folder::overwrite(&mut record, &started).unwrap_or_else(|_| drop(stop::stop(dir, None)));
        Told::Started { pid: tree.pid }.tell();
        let meter = Meter::default();
        Ok(Attended { dir: dir.to_owned(), tree, captures, stop_grace, begun, witness, meter, _lock: lock })
    });
    if let Err(words) = &begun {
        let exit = Exit { not_started: Some(words.clone()), at_ms: clock::now_ms(), ..Exit::default() };
        folder::write_durably(&dir.join(EXIT), &exit).map_err(unusable)?;
    }
    begun
}

/// A program that runs, and everything needed to stay with it.
struct Attended {
    dir: PathBuf,
    tree: Tree,
    captures: Vec<Capture>,
    stop_grace: Duration,
    begun: Instant,
    witness: Witness,
    meter: Meter,
    _lock: Lock,
}

/// A stop under way.
#[derive(Debug, Clone, Copy)]
struct Stopping {
    since: Instant,
    grace: Duration,
    killed: bool,
}

impl Stopping {
    fn kill_at(&self) -> Instant {
        self.since + self.grace
    }
}

impl Attended {
    /// Records the end when the program has ended (and, if it was stopped, its whole tree). Grandchildren of a program that
    /// ended by itself are left alone, and are not waited for; only what they print is kept within its bound.
    fn attend(mut self, events: &Receiver<Event>) {
        let mut stopping = None;
        let death = self.until_it_ends(events, &mut stopping);
        let elapsed = self.begun.elapsed();
        let mut alone = false;
        if let Some(stopping) = &mut stopping {
            alone = self.sweep(events, stopping);
        }
        self.trim();
        let exit = self.exit(&death, elapsed, stopping);
        let recorded = folder::write_durably(&self.dir.join(EXIT), &exit);
        if recorded.is_err() && self.dir.exists() {
            // A full disk, most likely. What was printed is worth less than how it ended.
            self.captures.iter().for_each(Capture::give_up);
            let _ = folder::write_durably(&self.dir.join(EXIT), &exit);
        }
        if !alone && self.captures.iter().any(Capture::has_gap) {
            self.closed_soon();
        }
        self.close_gaps_if_closed();
        Told::Ended.tell();
        self.let_go(events);
    }

    fn until_it_ends(&mut self, events: &Receiver<Event>, stopping: &mut Option<Stopping>) -> Death {
        let mut pause = FIRST_LOOK;
        let mut look_at = Instant::now();
        let mut measure_at = self.begun + usage::FIRST;
        loop {
            let now = Instant::now();
            if now >= look_at {
                self.look(now);
                pause = capture::next_look(self.trim(), pause);
                look_at = now + pause;
                if !tree::TELLS_OF_STOP && stopping.is_none() && stop::asked(&self.dir).is_some() {
                    self.stop(stopping);
                }
            }
            if now >= measure_at {
                self.measure();
                measure_at = now + usage::PAUSE;
            }
            if let Some(stopping) = stopping.as_mut().filter(|stopping| !stopping.killed && now >= stopping.kill_at()) {
                stopping.killed = true;
                self.tree.signal(Ask::Firmly);
            }
            let kill_at = stopping.filter(|stopping| !stopping.killed).map(|stopping| stopping.kill_at());
            let next = [Some(look_at), Some(measure_at), kill_at].into_iter().flatten().min().unwrap_or(look_at);
            match events.recv_timeout(next.saturating_duration_since(now)) {
                Ok(Event::Ended(death)) => return death,
                Ok(Event::Stop) => self.stop(stopping),
                Ok(Event::Alone) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Death::unseen("nobody waited for it");
                }
            }
        }
    }

    /// May come again with a shorter grace.
    fn stop(&mut self, stopping: &mut Option<Stopping>) {
        let asked = stop::asked(&self.dir).unwrap_or_default();
        let grace = asked.grace_ms.map_or(self.stop_grace, Duration::from_millis).min(self.stop_grace);
        match stopping {
            Some(stopping) => {
                // A shorter one counts from now on, so that the words that name it are true.
                if grace < stopping.grace {
                    *stopping = Stopping { since: Instant::now(), grace, ..*stopping };
                }
            }
            None => {
                // Without any grace nobody is asked first.
                let killed = grace.is_zero();
                *stopping = Some(Stopping { since: Instant::now(), grace, killed });
                self.tree.signal(if killed { Ask::Firmly } else { Ask::Politely });
            }
        }
    }

    /// The rest of a stopped tree gets what remains of the grace, then it is killed. True if nothing is left for sure.
    fn sweep(&mut self, events: &Receiver<Event>, stopping: &mut Stopping) -> bool {
        loop {
            let now = Instant::now();
            if now > stopping.kill_at() + KILL_LIMIT {
                return false;
            }
            if now >= stopping.kill_at() && self.tree.signal(Ask::Firmly) > 0 {
                stopping.killed = true;
            }
            if !self.tree.tells_when_alone() && !self.tree.lives() {
                return true;
            }
            match events.recv_timeout(
                SWEEP_PAUSE.min(stopping.kill_at().saturating_duration_since(now).max(Duration::from_millis(2))),
            ) {
                Ok(Event::Alone) => return true,
                Ok(Event::Stop) => {
                    let mut again = Some(*stopping);
                    self.stop(&mut again);
                    *stopping = again.unwrap_or(*stopping);
                }
                Ok(Event::Ended(_)) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    fn trim(&mut self) -> u64 {
        // A file that cannot be cut right now is tried again at the next look.
        self.captures.iter_mut().map(|capture| capture.trim().unwrap_or(0)).max().unwrap_or(0)
    }

    /// Who dies for want of memory often does so at once, so all are looked at more often in the beginning.
    fn look(&mut self, now: Instant) {
        if now >= self.begun + FRESH {
            return;
        }
        self.witness.look(self.tree.pid);
        if let Some(look) = self.tree.look() {
            self.witness.look_at_all(&look.pids);
        }
    }

    fn measure(&mut self) {
        self.witness.look(self.tree.pid);
        if let Some(look) = self.tree.look() {
            self.witness.look_at_all(&look.pids);
            self.meter.take(look.measured, &self.dir);
        }
    }

    fn exit(&mut self, death: &Death, elapsed: Duration, stopping: Option<Stopping>) -> Exit {
        let want = match stopping {
            Some(_) => None,
            None => self.witness.verdict(death, &self.dir.join(STDERR)),
        };
        let (want, oom_evidence) = want.unzip();
        let stopped = stopping.map(|Stopping { grace, killed, .. }| Stopped { grace, killed });
        let (most_of_one, cpu_ms) = self.tree.spent();
        let peak_rss_bytes = self.meter.peak().max(most_of_one);
        let mut words = death.words(elapsed, stopped, want.as_ref());
        if let (Some(_), Some(bytes)) = (&want, peak_rss_bytes) {
            words += &format!(", at {}", self.meter.in_words(bytes));
        }
        Exit {
            not_started: None,
            exit_code: death.exit_code(),
            signal: death.signal(),
            words,
            stopped: stopped.is_some(),
            oom: want.is_some(),
            oom_evidence,
            elapsed_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            peak_rss_bytes,
            cpu_ms,
            at_ms: clock::now_ms(),
        }
    }

    /// Who reads the files of a command that ended finds no hole in them, unless grandchildren still write.
    fn closed_soon(&self) {
        for _ in 0..CLOSING_LOOKS {
            if !self.captures.iter().any(Capture::is_open) {
                return;
            }
            std::thread::sleep(SWEEP_PAUSE);
        }
    }

    fn close_gaps_if_closed(&mut self) {
        for capture in &mut self.captures {
            if capture.has_gap() && !capture.is_open() {
                // One that cannot be written anew keeps its hole, which readers know how to pass over.
                let _ = capture.close_gap();
            }
        }
    }

    /// Keeps the bound while grandchildren still write. Who asks for the end now ends them.
    fn let_go(mut self, events: &Receiver<Event>) {
        let mut pause = FIRST_LOOK;
        while self.captures.iter().any(Capture::is_open) {
            match events.recv_timeout(pause) {
                Ok(Event::Stop) => {
                    let mut stopping = None;
                    self.stop(&mut stopping);
                    if let Some(stopping) = &mut stopping {
                        self.sweep(events, stopping);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(pause),
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
            }
            pause = capture::next_look(self.trim(), pause);
        }
        self.close_gaps_if_closed();
    }
}
