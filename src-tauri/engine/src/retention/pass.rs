//! One pass: everything that the rules let go, in slices with pauses between them; then the facts of what is gone, what is left of
//! larger things, and the room. A pass that breaks off anywhere is gone on with by the next: each looks at what there is.

use std::time::Duration;

use chrono_tz::Tz;
use cuetower_core::Ms;
use cuetower_core::time::DAY_MS;
use thiserror::Error;

use super::PassDone;
use crate::fleet::day_of;
use crate::handle::{Handle, Trouble};
use crate::journal::{Candidate, Candidates, Going, LaneCut, Slice, SliceDone, StoreError, StoreSize};
use crate::settings;

/// Between two slices, so that they take a small share of the machine; and as long again as its disk took, and as the slice did
/// several times.
const PAUSE: Duration = Duration::from_millis(8);
const PAUSE_TIMES: u64 = 4;
/// When it was no good moment.
const NOT_NOW: Duration = Duration::from_millis(7);
/// Without one good moment in so many tries, which are some minutes, the tower has too much to do.
const TRIES_MAX: u32 = 60_000;
/// A slice that took longer, or wrote more, is made smaller: whoever has the disk take something meanwhile waits for its pages,
/// which lie all over the file.
const SLICE_MS_MOST: u64 = 2;
const SLICE_BYTES_MOST: u64 = 256 << 10;
/// Runs and records of one slice at first, and at most; of facts so many times as many.
const AT_ONCE_FIRST: usize = 4;
const AT_ONCE_MAX: usize = 32;
const FACTS_TIMES: usize = 8;
/// Free pages that go back at once, a slice of runs' worth.
const PAGES_TIMES: usize = 4;
/// What stays free in the file: it is needed again at once.
const FREE_PAGES_KEPT: u64 = 256;
/// Looked up at once.
const LOOKED_UP: u32 = 1_000;
/// More than this in the log is brought in before it goes on, for the same reason.
const LOG_BYTES: u64 = 256 << 10;
/// What telemetry told outside of runs.
const APART_AT_ONCE: u32 = 100;
/// Larger than allowed, the store loses at least so many runs before it is looked at again.
const RUNS_LEAST: u64 = 50;

#[derive(Debug, Error)]
pub(super) enum Halt {
    #[error("{0}")]
    Trouble(Trouble),
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("The tower had so much to do that there was no good moment for it. It goes on within the hour.")]
    NeverQuiet,
}

impl PassDone {
    pub(super) fn did_something(&self) -> bool {
        self.runs + self.never_ran + self.facts > 0 || self.bytes_after < self.bytes_before
    }
}

struct Pass<'h> {
    handle: &'h Handle,
    zone: Tz,
    now: Ms,
    at_once: usize,
    done: PassDone,
}

/// What it did, and why that was not enough, if it was not.
pub(super) async fn pass(
    handle: &Handle,
    zone: Tz,
    rules: &settings::Retention,
) -> Result<(PassDone, Option<String>), Halt> {
    let now = handle.now();
    let done = PassDone { began_at: now, ..PassDone::default() };
    let mut pass = Pass { handle, zone, now, at_once: AT_ONCE_FIRST, done };
    pass.done.bytes_before = pass.size().await?.bytes();
    for lane in handle.reader().retention_cuts(rules.keep(), now).await? {
        pass.lane(&lane).await?;
    }
    if rules.keep_days > 0 {
        pass.apart(now.minus(u64::from(rules.keep_days) * DAY_MS)).await?;
    }
    pass.what_hangs_on_it().await?;
    let short = match rules.most_bytes() {
        Some(most) => pass.down_to(most).await?,
        None => None,
    };
    pass.give_back().await?;
    let Pass { mut done, .. } = pass;
    done.ended_at = handle.now();
    done.bytes_after = handle.reader().store_size().await?.bytes();
    if done.runs + done.never_ran > 0 {
        tracing::info!(
            runs = done.runs,
            never_ran = done.never_ran,
            bytes_before = done.bytes_before,
            bytes_after = done.bytes_after,
            "old runs are put away"
        );
        let fact = done.clone();
        let recorded = handle.record(move |recorder| recorder.fact("retention", "put_away", &fact).map(Ok::<(), ()>));
        recorded.await.map_err(Halt::Trouble)?.unwrap_or_default();
    }
    Ok((done, short))
}

impl Pass<'_> {
    async fn size(&self) -> Result<StoreSize, Halt> {
        Ok(self.handle.reader().store_size().await?)
    }

    /// Everything of a lane that was due before its cut.
    async fn lane(&mut self, lane: &LaneCut) -> Result<(), Halt> {
        let mut from = Some(Ms(i64::MIN));
        while let Some(at) = from {
            let found = self.handle.reader().runs_going(lane.clone(), at, self.now, LOOKED_UP).await?;
            self.done.needed += u64::from(found.needed);
            from = found.next;
            self.runs(found).await?;
        }
        loop {
            let at = Ms(i64::MIN);
            let found = self.handle.reader().occurrences_going(lane.clone(), at, self.now, LOOKED_UP).await?;
            let before = self.done.never_ran;
            for some in found.going.chunks(self.at_once) {
                self.go(&Slice::Occurrences(self.going(some))).await?;
            }
            // They are gone: the next look begins at the beginning.
            if found.next.is_none() || self.done.never_ran == before {
                return Ok(());
            }
        }
    }

    async fn runs(&mut self, found: Candidates) -> Result<(), Halt> {
        let mut rest = found.going.as_slice();
        while !rest.is_empty() {
            let (some, others) = rest.split_at(self.at_once.min(rest.len()));
            self.go(&Slice::Runs(self.going(some))).await?;
            rest = others;
        }
        Ok(())
    }

    fn going(&self, some: &[Candidate]) -> Vec<Going> {
        let going = |candidate: &Candidate| Going {
            id: candidate.id.clone(),
            cue_id: candidate.cue_id.clone(),
            day: day_of(candidate.due, self.zone).to_string(),
        };
        some.iter().map(going).collect()
    }

    async fn apart(&mut self, before: Ms) -> Result<(), Halt> {
        loop {
            let spends = self.handle.reader().apart_going(before, APART_AT_ONCE).await?;
            if spends.is_empty() {
                return Ok(());
            }
            for some in spends.chunks(self.at_once) {
                self.go(&Slice::Apart(some.to_vec())).await?;
            }
        }
    }

    /// Facts of runs that are gone, steps, and parts of what is looked in.
    async fn what_hangs_on_it(&mut self) -> Result<(), Halt> {
        self.what_is_left().await?;
        let reader = self.handle.reader();
        for (lane, until) in reader.lanes_with_gone().await? {
            // A fact of a run that stays holds up the mark, and no others.
            let (mut from, mut held) = (None, false);
            loop {
                let seen = reader.facts_of_gone(lane.clone(), from, until).await?;
                self.facts(&lane, &seen.seqs, (!held).then_some(seen.done_to)).await?;
                if seen.is_all {
                    break;
                }
                held |= seen.done_to < seen.seen_to;
                from = Some(seen.seen_to);
            }
        }
        for part in reader.search_parts_empty().await? {
            self.go(&Slice::Part(part)).await?;
        }
        self.what_is_left().await
    }

    async fn facts(&mut self, lane: &str, seqs: &[i64], done_to: Option<i64>) -> Result<(), Halt> {
        let mut rest = seqs;
        while !rest.is_empty() {
            let (some, others) = rest.split_at((self.at_once * FACTS_TIMES).min(rest.len()));
            rest = others;
            let done_to = done_to.filter(|_| rest.is_empty());
            self.go(&Slice::Facts { lane: lane.to_owned(), seqs: some.to_vec(), done_to }).await?;
        }
        Ok(())
    }

    async fn what_is_left(&mut self) -> Result<(), Halt> {
        loop {
            let left = self.handle.reader().put_away_left(LOOKED_UP).await?;
            if left.is_empty() {
                return Ok(());
            }
            for row in left {
                while !self.go(&Slice::Left(row.clone())).await?.is_over {}
            }
        }
    }

    /// The oldest runs of all go until the store is no larger. Returns why it is, if it has to be.
    async fn down_to(&mut self, most: u64) -> Result<Option<String>, Halt> {
        loop {
            let used = self.size().await?.used_bytes();
            if used <= most {
                return Ok(None);
            }
            let (_, _, runs) = self.handle.reader().runs_counted(Vec::new()).await?;
            let each = used.checked_div(runs).unwrap_or(used).max(1);
            // Less than it takes, rather than more than it must.
            let wanted = ((used - most) / each / 2).max(RUNS_LEAST);
            let (gone, before) = (self.done.runs, self.done.runs + wanted);
            let mut from = Some(Ms(i64::MIN));
            while let Some(at) = from.filter(|_| self.done.runs < before) {
                let most = u32::try_from(before - self.done.runs).unwrap_or(LOOKED_UP).clamp(1, LOOKED_UP);
                let found = self.handle.reader().runs_going_oldest(at, self.now, most).await?;
                from = found.next;
                self.runs(found).await?;
            }
            self.what_hangs_on_it().await?;
            if self.done.runs == gone {
                return Ok(Some(format!(
                    "The store takes {} MB and is to take no more than {} MB, but all that is left in it is younger than a day or still needed. Allow it more (retention.keep_size_mb).",
                    used / 1_000_000,
                    most / 1_000_000
                )));
            }
        }
    }

    /// Free room goes back to the disk, if the store can give it.
    async fn give_back(&mut self) -> Result<(), Halt> {
        loop {
            let size = self.size().await?;
            let more = size.free_pages.saturating_sub(FREE_PAGES_KEPT);
            if !size.gives_back || more == 0 {
                break;
            }
            let pages = (self.at_once * PAGES_TIMES) as u64;
            self.go(&Slice::Pages(u32::try_from(pages.min(more)).unwrap_or(1))).await?;
        }
        if self.done.did_something() || self.size().await?.bytes() < self.done.bytes_before {
            self.handle.reader().bring_in().await?;
        }
        Ok(())
    }

    /// Waits for a good moment, and for a while after it.
    async fn go(&mut self, slice: &Slice) -> Result<SliceDone, Halt> {
        for tried in 1..=TRIES_MAX {
            match self.handle.put_away(slice.clone()).await {
                Ok(Some(done)) => {
                    self.after(&done).await?;
                    return Ok(done);
                }
                Ok(None) | Err(Trouble::Busy) => {
                    // The log may be what is in the way.
                    if tried % 128 == 0 {
                        self.handle.reader().bring_in().await?;
                    }
                    tokio::time::sleep(NOT_NOW).await;
                }
                Err(trouble) => return Err(Halt::Trouble(trouble)),
            }
        }
        Err(Halt::NeverQuiet)
    }

    async fn after(&mut self, done: &SliceDone) -> Result<(), Halt> {
        self.done.runs += u64::from(done.runs);
        self.done.never_ran += done.occurrences;
        self.done.facts += u64::from(done.facts);
        self.done.slice_ms_most = self.done.slice_ms_most.max(done.took_ms);
        self.handle.retention.got_so_far(&self.done);
        let much = done.took_ms > SLICE_MS_MOST || done.wrote_bytes > SLICE_BYTES_MOST;
        self.at_once = match done.took_ms {
            _ if much => (self.at_once / 2).max(1),
            SLICE_MS_MOST => self.at_once,
            _ => (self.at_once + 1).min(AT_ONCE_MAX),
        };
        let clock = &self.handle.clock;
        let began_ms = clock.reading().elapsed_ms;
        self.handle.reader().sync_log().await;
        if done.unchecked_bytes > LOG_BYTES {
            self.handle.reader().bring_in().await?;
        }
        let disk_ms = clock.reading().elapsed_ms.saturating_sub(began_ms);
        tokio::time::sleep(PAUSE + Duration::from_millis(done.took_ms * PAUSE_TIMES + disk_ms)).await;
        Ok(())
    }
}
