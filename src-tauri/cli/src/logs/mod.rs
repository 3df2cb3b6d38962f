//! The log: to standard error, and for a tower to files of its data folder as its settings say. Values of secrets that are known
//! get into neither.
//!
//! `CUETOWER_LOG` (`debug`, `cuetower_engine=trace`) says what standard error gets, `log.level` of the settings the rest.

mod daily;

use std::io::{IsTerminal as _, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use cuetower_engine::redacting::{Hiding, Known};
use cuetower_engine::settings::{Live, Log};
use tokio::task::JoinHandle;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

use daily::Daily;
pub use daily::{FOLDER, days};

const VARIABLE: &str = "CUETOWER_LOG";
/// Lines that may wait for a slow disk; more are left out, so that nobody waits for the log.
const LINES_MAX: usize = 2_048;

/// Of this process; set once.
static LOGS: OnceLock<Logs> = OnceLock::new();

struct Logs {
    /// None: the variable says what standard error gets.
    stderr: Option<reload::Handle<EnvFilter, Registry>>,
    filtered: reload::Handle<EnvFilter, Registry>,
    files: Files,
}

/// Logs to standard error: `info` and worse, or what `CUETOWER_LOG` asks for. Once per process.
/// Values of secrets that are known do not get into it.
pub fn log_to_stderr(known: &Known) {
    let asked = std::env::var(VARIABLE).ok().filter(|asked| !asked.trim().is_empty());
    let is_asked = asked.is_some();
    let (stderr, of_stderr) = reload::Layer::new(filter(asked.as_deref().unwrap_or("info")));
    let (filtered, of_files) = reload::Layer::new(EnvFilter::new("off"));
    let (coloured, hidden) = (std::io::stderr().is_terminal(), known.clone());
    let writer = move || hidden.hiding(std::io::stderr());
    let files = Files { open: Arc::default(), known: known.clone() };
    let layers: Vec<Box<dyn Layer<Registry> + Send + Sync>> = vec![
        fmt::layer().with_ansi(coloured).with_writer(writer).with_filter(stderr).boxed(),
        fmt::layer().json().with_writer(files.clone()).with_filter(filtered).boxed(),
    ];
    // Set already: whoever did knows better.
    if tracing_subscriber::registry().with(layers).try_init().is_ok() {
        let stderr = (!is_asked).then_some(of_stderr);
        drop(LOGS.set(Logs { stderr, filtered: of_files, files }));
    }
}

/// `info` for what is not read, as it always was.
fn filter(asked: &str) -> EnvFilter {
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into()).parse_lossy(asked);
    // It tells of each request at `info`.
    match asked.contains("rmcp") {
        true => filter,
        false => filter.add_directive("rmcp=error".parse().expect("a directive")),
    }
}

/// The tower's log follows its settings until this is dropped; then its files are complete and closed.
pub struct Following(Option<JoinHandle<()>>);

/// Logs into the data folder, as the settings say now and whenever they change. Without [`log_to_stderr`] nothing is logged.
pub fn follow(settings: &Live, data_dir: &Path) -> Following {
    let Some(logs) = LOGS.get() else { return Following(None) };
    let (mut changes, folder) = (settings.watch(), data_dir.join(FOLDER));
    let mut now = changes.borrow_and_update().log.clone();
    logs.are(&now, &folder);
    Following(Some(tokio::spawn(async move {
        while changes.changed().await.is_ok() {
            let new = changes.borrow_and_update().log.clone();
            if new != now {
                now = new;
                logs.are(&now, &folder);
            }
        }
    })))
}

impl Drop for Following {
    fn drop(&mut self) {
        if let (Some(following), Some(logs)) = (self.0.take(), LOGS.get()) {
            following.abort();
            logs.close();
        }
    }
}

impl Logs {
    fn are(&self, log: &Log, folder: &Path) {
        self.close();
        if let Some(stderr) = &self.stderr {
            drop(stderr.reload(filter(&log.level)));
        }
        if !log.files {
            return;
        }
        match Daily::open(folder, log.keep_days) {
            Ok(daily) => {
                let (to, guard) =
                    NonBlockingBuilder::default().buffered_lines_limit(LINES_MAX).thread_name("log").finish(daily);
                *self.files.open.lock().unwrap_or_else(PoisonError::into_inner) = Some((to, guard));
                drop(self.filtered.reload(filter(&log.level)));
                tracing::debug!(level = log.level, keep_days = log.keep_days, "the log goes into files");
            }
            Err(error) => tracing::warn!(%error, folder = %folder.display(), "the log is not kept in files"),
        }
    }

    /// What waits is written first.
    fn close(&self) {
        drop(self.filtered.reload(EnvFilter::new("off")));
        let open = self.files.open.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(open);
    }
}

/// Where lines go to while files are open.
#[derive(Clone)]
struct Files {
    open: Arc<Mutex<Option<(NonBlocking, WorkerGuard)>>>,
    known: Known,
}

impl<'a> MakeWriter<'a> for Files {
    type Writer = Hiding<Line>;

    fn make_writer(&'a self) -> Hiding<Line> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        self.known.hiding(Line(open.as_ref().map(|(to, _)| to.clone())))
    }
}

struct Line(Option<NonBlocking>);

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match &mut self.0 {
            Some(to) => to.write(bytes),
            None => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
