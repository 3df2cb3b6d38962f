//! What was spent: today and before, by day, agent, cue and model; what of it is known, and what went to runs that nothing
//! confirmed. `sums` puts it together.

mod csv;
mod sums;
#[cfg(test)]
mod tests;

use chrono::{Days, NaiveDate, NaiveTime};
use chrono_tz::Tz;
use cuetower_core::Ms;
use cuetower_core::local_time::local_instant;
use cuetower_core::spend::Nanousd;

pub(super) use self::sums::of_agent;
use self::sums::{Known, together};
use super::wire::{Costs, CostsRequest, CostsToday, DeskError, Nothing};
use super::{Desk, invalid, zone};
use crate::fleet::day_of;
use crate::handle::Handle;
use crate::journal::StoreError;

const DAYS_MAX: u32 = 366;
/// The totals at the top reach so far back, however few days the lists have.
const TOTALS_OF_DAYS: u32 = 30;
const DISAGREEMENTS_SHOWN: u32 = 20;

pub(super) async fn costs(desk: &Desk, request: CostsRequest) -> Result<Costs, DeskError> {
    if !(1..=DAYS_MAX).contains(&request.days) {
        return Err(invalid("days", "Ask for 1 to 366 days."));
    }
    let zone = zone(desk);
    Ok(until(&desk.handle, day_of(desk.handle.now(), zone), request.days, zone).await?)
}

/// The same as a table, with a name for its file: its amounts add up to `Costs.total`.
pub(super) async fn table(desk: &Desk, request: CostsRequest) -> Result<(String, String), DeskError> {
    if !(1..=DAYS_MAX).contains(&request.days) {
        return Err(invalid("days", "Ask for 1 to 366 days."));
    }
    let zone = zone(desk);
    let known = known(&desk.handle, day_of(desk.handle.now(), zone), request.days, zone).await?;
    let edge = |day: Option<&String>| day.cloned().unwrap_or_default();
    let (first, last) = (edge(known.days.first()), edge(known.days.last()));
    let models = desk.handle.reader().spent_apart(first.clone(), last.clone()).await?;
    Ok((format!("costs-{first}-to-{last}"), csv::table(&known, &models)))
}

/// Of one day alone: its sums are `today`'s.
pub(super) async fn of_day(handle: &Handle, day: NaiveDate, zone: Tz) -> Result<Costs, StoreError> {
    until(handle, day, 1, zone).await
}

/// Of so many days; the last is `today`.
async fn until(handle: &Handle, today: NaiveDate, days: u32, zone: Tz) -> Result<Costs, StoreError> {
    Ok(together(&known(handle, today, days, zone).await?))
}

async fn known(handle: &Handle, today: NaiveDate, days: u32, zone: Tz) -> Result<Known, StoreError> {
    let reader = handle.reader();
    let far = days_until(today, days.max(TOTALS_OF_DAYS));
    let days = days_until(today, days);
    let named = |day: Option<&NaiveDate>| day.unwrap_or(&today).to_string();
    let (far_first, first, last) = (named(far.first()), named(days.first()), today.to_string());
    let (began, ended) = (begin_of(*days.first().unwrap_or(&today), zone), span_of(today, zone).1);
    let (disagreements, disagreements_total) = reader.disagreeing(began, DISAGREEMENTS_SHOWN).await?;
    Ok(Known {
        spent: reader.spent(far_first.clone(), last.clone(), first.clone(), began, ended).await?,
        beats: reader.agents_days(far_first, last.clone()).await?,
        agents: reader.agents(None).await?,
        models: reader.spent_by_model(first, last).await?,
        runs: reader.runs_due(began, ended).await?,
        cues: reader.cues_called().await?,
        disagreements,
        disagreements_total,
        far: far.iter().map(ToString::to_string).collect(),
        days: days.iter().map(ToString::to_string).collect(),
        prices: handle.prices(),
    })
}

/// Light: what a face shows on every screen.
pub(super) async fn today(desk: &Desk, _: Nothing) -> Result<CostsToday, DeskError> {
    let reader = desk.handle.reader();
    let day = day_of(desk.handle.now(), zone(desk)).to_string();
    let told = reader.spent_on(day.clone()).await?;
    let beats = reader.agent_days(day.clone()).await?;
    let agents = if beats.is_empty() { Vec::new() } else { reader.agents(None).await? };
    let today = sums::of_one_day(&told, &beats, &agents);
    let cues = reader.cues_spent_on(day.clone()).await?.into_iter();
    let cues = cues.map(|(cue, nano)| (cue, Nanousd(nano.max(0).unsigned_abs()).usd())).collect();
    Ok(CostsToday { day, today, cues })
}

/// A day from its first instant to before the next day's.
pub(super) fn span_of(day: NaiveDate, zone: Tz) -> (Ms, Ms) {
    (begin_of(day, zone), day.succ_opt().map_or(Ms(i64::MAX), |next| begin_of(next, zone)))
}

/// So many days, oldest first; the last is `today`.
fn days_until(today: NaiveDate, count: u32) -> Vec<NaiveDate> {
    (0..u64::from(count)).rev().filter_map(|ago| today.checked_sub_days(Days::new(ago))).collect()
}

fn begin_of(day: NaiveDate, zone: Tz) -> Ms {
    local_instant(zone, day.and_time(NaiveTime::MIN)).unwrap_or(Ms(0))
}
