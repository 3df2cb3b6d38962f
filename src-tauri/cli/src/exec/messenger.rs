//! What `exec` tells the tower, beside the command: its start, what older tries left untold, its end. What cannot be told is kept.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use cuetower_core::Ms;
use cuetower_engine::clock::{Clock as _, Reading, SystemClock};
use cuetower_engine::spool::{Addressee, Kind, Name, OUTPUT_MAX, Spool, Spooled, Turn, end_of};
use cuetower_engine::token::new_ticket;
use tokio::sync::watch;

use super::command::Usage;
use super::post::{Post, Told, When};
use super::signals::Signals;
use crate::tower::Options;

/// For one ping, from looking up where it goes to its answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// A failure that took longer than this is not risked again at once.
const IN_VAIN_MS: u64 = 1_000;
/// Even if the command's end was kept waiting by an older ping.
const LAST_WORD_LIMIT: Duration = Duration::from_secs(1);
/// What is told within it is told as it happens.
const A_MOMENT: Duration = Duration::from_secs(1);
/// How long the exit may be held up by what older tries left.
const BACKLOG_MS: u64 = 2_000;
const TURN_TRIES: u32 = 20;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);
/// The agent's own word has 64 signs at most, and 17 of them make it unique.
const LABEL_MAX: usize = 47;

/// What the end says beside its kind.
#[derive(Debug, Default)]
pub struct Report {
    pub output: Option<String>,
    pub usage: Usage,
    pub duration_ms: Option<u64>,
}

pub struct Messenger {
    to: Addressee,
    rid: String,
    clock: SystemClock,
    folder: Option<PathBuf>,
    spool: Option<Spool>,
    post: Option<Post>,
    /// The start, if it could not be told.
    kept_start: Option<Name>,
    /// When a ping was last waited for in vain, in the clock's elapsed milliseconds.
    failed_at_ms: Option<u64>,
    /// What went wrong first.
    trouble: Option<String>,
}

impl Messenger {
    pub fn new(to: Addressee, label: Option<&str>, data: Option<PathBuf>) -> Messenger {
        let folder = Options { data, ..Options::default() }.folder().ok();
        let mut rid = new_ticket();
        rid.truncate(16);
        if let Some(label) = label {
            rid = format!("{}-{rid}", label.chars().take(LABEL_MAX).collect::<String>());
        }
        Messenger {
            to,
            rid,
            clock: SystemClock::new(),
            spool: folder.as_deref().map(Spool::of),
            folder,
            post: None,
            kept_start: None,
            failed_at_ms: None,
            trouble: None,
        }
    }

    /// Tells the start, then what is kept of older tries until `ending` says that the command has ended.
    pub async fn begin(mut self, began: Ms, ending: watch::Receiver<bool>) -> Messenger {
        let start = self.ping(Kind::Start, began);
        match self.tell(&start, When::Now, ANSWER_LIMIT).await {
            Told::Yes => self.tell_backlog(|_| *ending.borrow()).await,
            told => self.kept_start = self.keep(&start, told),
        }
        self
    }

    /// Tells the end. What went wrong, if anything did; all of it is kept by then.
    pub async fn end(mut self, kind: Kind, now: Reading, report: Report, signals: &mut Signals) -> Option<String> {
        let end = Spooled {
            duration_ms: report.duration_ms,
            cpu_ms: report.usage.cpu_ms,
            max_rss_bytes: report.usage.max_rss_bytes,
            output: report.output.map(|output| end_of(&output, OUTPUT_MAX)),
            ..self.ping(kind, now.wall)
        };
        let told = tokio::select! {
            told = self.tell_end(&end, now) => told,
            _ = signals.heard() => Told::Later("a signal came before the tower had answered".to_owned()),
        };
        match told {
            Told::Yes => {
                let since = self.clock.reading().elapsed_ms;
                let backlog = self.tell_backlog(move |now_ms| now_ms > since + BACKLOG_MS);
                tokio::select! {
                    () = backlog => {}
                    _ = signals.heard() => {}
                }
            }
            told => drop(self.keep(&end, told)),
        }
        self.trouble
    }

    async fn tell_end(&mut self, end: &Spooled, ended: Reading) -> Told {
        let now_ms = self.clock.reading().elapsed_ms;
        let limit_ms = u64::try_from(ANSWER_LIMIT.as_millis()).unwrap_or(u64::MAX);
        if self.failed_at_ms.is_some_and(|failed| now_ms < failed + limit_ms) {
            return Told::Later("the tower did not answer a moment ago".to_owned());
        }
        let waited = Duration::from_millis(now_ms.saturating_sub(ended.elapsed_ms));
        let limit = ANSWER_LIMIT.saturating_sub(waited).max(LAST_WORD_LIMIT);
        // Its start first: what ends must have begun.
        if let Some(start) = self.kept_start.take()
            && !self.start_is_told(&start, limit).await
        {
            return Told::Later("the start has not been told yet".to_owned());
        }
        // Long since, if the tower was waited for.
        let when = if waited > A_MOMENT { When::Earlier } else { When::Now };
        self.tell(end, when, limit).await
    }

    async fn start_is_told(&mut self, start: &Name, limit: Duration) -> bool {
        let Some(spool) = self.spool.clone() else { return true };
        for _ in 0..TURN_TRIES {
            if !spool.holds(start) {
                return true;
            }
            if let Some(turn) = spool.turn() {
                return self.tell_kept(&turn, start, limit).await.is_none();
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        false
    }

    /// What older tries left, the oldest first, unless somebody else is telling it. `enough` is asked between two.
    async fn tell_backlog(&mut self, enough: impl Fn(u64) -> bool) {
        let Some(turn) = self.spool.as_ref().and_then(Spool::turn) else { return };
        let mut out_of_reach = HashSet::new();
        for name in turn.waiting() {
            if enough(self.clock.reading().elapsed_ms) {
                return;
            }
            let skipped = |ping: &Spooled| out_of_reach.contains(&ping.to);
            if turn.read(&name).is_none_or(|ping| skipped(&ping)) {
                continue;
            }
            out_of_reach.extend(self.tell_kept(&turn, &name, ANSWER_LIMIT).await);
        }
    }

    /// Whom it was for, if it could not be told now.
    async fn tell_kept(&mut self, turn: &Turn, name: &Name, limit: Duration) -> Option<Addressee> {
        let ping = turn.read(name)?;
        match self.tell(&ping, When::Earlier, limit).await {
            Told::Yes => {
                if let Some(log) = ping.dropped_as_log() {
                    self.tell(&log, When::Earlier, limit).await;
                }
                turn.done(name);
            }
            Told::Later(_) => return Some(ping.to),
            Told::Never(reason) => turn.refuse(name, &reason),
        }
        None
    }

    async fn tell(&mut self, ping: &Spooled, when: When, limit: Duration) -> Told {
        let began_ms = self.clock.reading().elapsed_ms;
        let told = tokio::time::timeout(limit, self.send(ping, when)).await;
        let told =
            told.unwrap_or_else(|_| Told::Later(format!("the tower did not answer within {} s", limit.as_secs())));
        let now_ms = self.clock.reading().elapsed_ms;
        // A refusal that comes at once costs nothing: it is asked again.
        if matches!(told, Told::Later(_)) && ping.to == self.to && now_ms > began_ms + IN_VAIN_MS {
            self.failed_at_ms = Some(now_ms);
        }
        told
    }

    async fn send(&mut self, ping: &Spooled, when: When) -> Told {
        if self.post.is_none() {
            match Post::open(self.folder.clone(), &self.to).await {
                Ok(post) => self.post = Some(post),
                Err(error) => return Told::Later(format!("nothing can be sent ({error})")),
            }
        }
        match &mut self.post {
            Some(post) => post.send(ping, when).await,
            None => Told::Later("nothing can be sent".to_owned()),
        }
    }

    /// Keeps what was not told, and remembers why.
    fn keep(&mut self, ping: &Spooled, told: Told) -> Option<Name> {
        let (why, kept) = match (told, &self.spool) {
            (Told::Yes, _) => return None,
            (Told::Later(why) | Told::Never(why), None) => (why, Err("there is no data folder".to_owned())),
            (Told::Later(why), Some(spool)) => (why, spool.keep(ping).map(Some).map_err(|error| error.to_string())),
            (Told::Never(why), Some(spool)) => {
                let aside = spool.keep_refused(ping, &why).map(|()| None);
                (why, aside.map_err(|error| error.to_string()))
            }
        };
        let folder =
            self.folder.as_deref().map(|folder| folder.join("spool").display().to_string()).unwrap_or_default();
        let kept_where = match &kept {
            Ok(Some(_)) => format!("it is kept in {folder} and told later"),
            Ok(None) => format!("it is put aside in {folder}/refused"),
            Err(error) => format!("it could not be kept either: {error}"),
        };
        self.trouble.get_or_insert(format!("{}; {kept_where}", why.trim_end_matches('.')));
        kept.ok().flatten()
    }

    fn ping(&self, kind: Kind, at: Ms) -> Spooled {
        Spooled {
            to: self.to.clone(),
            kind,
            at,
            rid: Some(self.rid.clone()),
            duration_ms: None,
            cpu_ms: None,
            max_rss_bytes: None,
            output: None,
            dropped: 0,
        }
    }
}
