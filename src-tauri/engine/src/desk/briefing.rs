//! What was missed while the tower was away, and what the policies did with it: one card, until the owner closes it.

use std::collections::BTreeMap;

use cuetower_core::Ms;
use cuetower_core::away::{Band, Reason};
use cuetower_core::cue::{CatchUpPolicy, Cue, CueStatus};
use cuetower_core::sentence::{capital, grouped};
use cuetower_core::time::DAY_MS;

use super::Desk;
use super::wire::{Briefing, BriefingCard, BriefingLine, DeskError, Nothing};
use crate::handle::TowerChange;
use crate::journal::{PassedRow, Reader, StoreError};
use crate::view;

/// A tower that was never briefed about is asked about this long.
const LOOKED_BACK_MS: u64 = 30 * DAY_MS;
/// Cues in one answer at most.
const CUES_MAX: u32 = 10_000;

pub(super) async fn briefing(desk: &Desk, _: Nothing) -> Result<Briefing, DeskError> {
    Ok(Briefing { card: card(desk.handle.reader(), desk.handle.now()).await? })
}

pub(super) async fn close(desk: &Desk, _: Nothing) -> Result<Nothing, DeskError> {
    desk.handle.tower(TowerChange::Briefed).await?;
    Ok(Nothing {})
}

/// None: nothing was due in any absence since the last briefing was closed.
pub(crate) async fn card(reader: &Reader, now: Ms) -> Result<Option<BriefingCard>, StoreError> {
    let since = reader.briefed().await?.unwrap_or(now.minus(LOOKED_BACK_MS));
    let bands: Vec<Band> = reader.bands(since, now.plus(1)).await?.into_iter().filter(|band| band.to > since).collect();
    let mut told: Vec<Band> = Vec::new();
    let mut passed: BTreeMap<String, Passed> = BTreeMap::new();
    for band in bands {
        let rows = reader.occurrences_passed(band.from, band.to).await?;
        if !rows.is_empty() {
            told.push(band);
        }
        for row in rows {
            passed.entry(row.cue_id.clone()).or_default().take(row);
        }
    }
    if passed.is_empty() {
        return Ok(None);
    }
    let (cues, _) = reader.cues(None, None, CUES_MAX, 0).await?;
    let cues: BTreeMap<&str, &Cue> = cues.iter().map(|cue| (cue.id.as_str(), cue)).collect();
    let known = passed.iter().filter_map(|(id, passed)| Some((*cues.get(id.as_str())?, passed)));
    let mut lines: Vec<BriefingLine> =
        known.filter(|(cue, _)| cue.status != CueStatus::Deleted).map(|(cue, passed)| passed.line(cue)).collect();
    if lines.is_empty() {
        return Ok(None);
    }
    lines.sort_by_key(|line| (line.asks.is_none(), line.oldest_due_ms));
    let missed = lines.iter().map(|line| line.missed).sum();
    Ok(Some(BriefingCard {
        title: title(missed, &told),
        sentence: sentence(&lines, &passed),
        bands: told.iter().map(view::band).collect(),
        lines,
    }))
}

/// What became of one cue's instants.
#[derive(Default)]
struct Passed {
    ran: u64,
    coalesced: u64,
    missed: u64,
    skipped: u64,
    held: u64,
    oldest: Option<Ms>,
    newest: Option<Ms>,
    why_missed: Option<String>,
    why_skipped: Option<String>,
    asks: Option<String>,
    run_id: Option<(Ms, String)>,
}

impl Passed {
    fn take(&mut self, row: PassedRow) {
        self.oldest = Some(self.oldest.map_or(row.oldest, |oldest| oldest.min(row.oldest)));
        self.newest = Some(self.newest.map_or(row.newest, |newest| newest.max(row.newest)));
        match row.state.as_str() {
            "ran" => {
                self.ran += row.count;
                if self.run_id.as_ref().is_none_or(|(newest, _)| *newest < row.newest) {
                    self.run_id = Some((row.newest, row.run_id));
                }
            }
            "coalesced" => self.coalesced += row.count,
            "held" => {
                self.held += row.count;
                if row.asks {
                    self.asks = Some(row.newest_id);
                }
            }
            "skipped" => {
                self.skipped += row.count;
                self.why_skipped = row.reason;
            }
            _ => {
                self.missed += row.count;
                self.why_missed = row.reason;
            }
        }
    }

    fn count(&self) -> u64 {
        self.ran + self.coalesced + self.missed + self.skipped + self.held
    }

    fn line(&self, cue: &Cue) -> BriefingLine {
        let policy = match cue.definition.catch_up.policy {
            CatchUpPolicy::Latest => "latest",
            CatchUpPolicy::All => "all",
            CatchUpPolicy::None => "none",
            CatchUpPolicy::Ask => "ask",
        };
        BriefingLine {
            cue_id: cue.id.0.clone(),
            cue_name: cue.definition.name.clone(),
            missed: self.count(),
            oldest_due_ms: self.oldest.unwrap_or_default().0,
            newest_due_ms: self.newest.unwrap_or_default().0,
            policy: policy.to_owned(),
            sentence: self.sentence(cue.definition.catch_up.policy),
            asks: self.asks.clone(),
            run_id: self.run_id.as_ref().map(|(_, run)| run.clone()),
        }
    }

    /// "Ran once, for the newest; 36 coalesced into it."
    fn sentence(&self, policy: CatchUpPolicy) -> String {
        let why = |why: &Option<String>| why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
        let for_newest = self.coalesced > 0 && policy == CatchUpPolicy::Latest;
        let said = [
            self.asks.is_some().then(|| "waits for you".to_owned()),
            (self.ran == 1).then(|| if for_newest { "ran once, for the newest" } else { "ran once" }.to_owned()),
            (self.ran > 1).then(|| format!("ran {} times", grouped(self.ran))),
            (self.coalesced > 0).then(|| format!("{} coalesced into it", grouped(self.coalesced))),
            (self.held > 0 && self.asks.is_none()).then(|| format!("{} wait their turn", grouped(self.held))),
            (self.missed > 0).then(|| format!("{} not run{}", grouped(self.missed), why(&self.why_missed))),
            (self.skipped > 0).then(|| format!("{} skipped{}", grouped(self.skipped), why(&self.why_skipped))),
        ];
        let said = said.into_iter().flatten().collect::<Vec<_>>().join("; ");
        format!("{}.", capital(&said))
    }
}

/// "37 due times passed while asleep"
fn title(missed: u64, bands: &[Band]) -> String {
    let times =
        if missed == 1 { "1 due time passed".to_owned() } else { format!("{} due times passed", grouped(missed)) };
    let reasons: Vec<Reason> = bands.iter().map(|band| band.reason).collect();
    let all = |reason: Reason| reasons.iter().all(|found| *found == reason);
    let during = if all(Reason::Asleep) {
        "while asleep"
    } else if all(Reason::Off) {
        "while the tower was off"
    } else if all(Reason::ClockSet) {
        "as the clock was set forward"
    } else {
        "while the tower was away"
    };
    format!("{times} {during}")
}

/// "4 cues ran for what they missed, 1 did not, 1 waits for you."
fn sentence(lines: &[BriefingLine], passed: &BTreeMap<String, Passed>) -> String {
    let of = |line: &BriefingLine| &passed[&line.cue_id];
    let asks = lines.iter().filter(|line| line.asks.is_some()).count();
    let ran = lines.iter().filter(|line| line.asks.is_none() && of(line).ran + of(line).held > 0).count();
    let not = lines.len() - asks - ran;
    let cues = |number: usize| if number == 1 { "1 cue".to_owned() } else { format!("{number} cues") };
    let said = [
        (ran > 0).then(|| format!("{} ran by their policy", cues(ran))),
        (not > 0).then(|| format!("{} did not run", cues(not))),
        (asks == 1).then(|| "1 waits for you".to_owned()),
        (asks > 1).then(|| format!("{asks} wait for you")),
    ];
    let said: Vec<String> = said.into_iter().flatten().collect();
    let text = said.join(", ").replace("1 cue ran by their", "1 cue ran by its");
    format!("{text}.")
}
