//! What deserves the owner's eye, and the rules by which it is told.

use std::sync::Arc;

use cuetower_core::alert::{Alert, AlertKind, Quiet, Rules, TimeOfDay};
use cuetower_core::id::AlertId;
use cuetower_core::time::MINUTE_MS;

use super::wire::{
    AlertRef, AlertRules, AlertSnooze, AlertView, Alerts, AlertsRequest, DeskError, Nothing, QuietHours,
};
use super::{Desk, invalid};
use crate::alerting::native;
use crate::channels;
use crate::handle::TowerChange;
use crate::view;

/// Alerts in one answer at most.
pub(super) const SHOWN_MAX: u32 = 500;
const WEEK_MINUTES: u32 = 7 * 24 * 60;
const SNOOZE_MINUTES_MAX: u32 = 30 * 24 * 60;
/// Reminders more often than this are noise.
const NAG_MINUTES_LEAST: u32 = 5;

pub(super) async fn list(desk: &Desk, request: AlertsRequest) -> Result<Alerts, DeskError> {
    if !(1..=SHOWN_MAX).contains(&request.limit) {
        return Err(invalid("limit", format!("Ask for 1 to {SHOWN_MAX} alerts.")));
    }
    let alerts = desk.handle.reader().alerts(request.limit).await?;
    Ok(Alerts { alerts: shown(desk, alerts).await? })
}

pub(super) async fn acknowledge(desk: &Desk, request: AlertRef) -> Result<AlertView, DeskError> {
    let alert = desk.handle.acknowledge(&AlertId(request.alert_id)).await?;
    one(desk, alert).await
}

pub(super) async fn snooze(desk: &Desk, request: AlertSnooze) -> Result<AlertView, DeskError> {
    if request.minutes > SNOOZE_MINUTES_MAX {
        return Err(invalid("minutes", "Snooze for 1 minute to 30 days; 0 ends a snooze."));
    }
    let until = desk.handle.now().plus(u64::from(request.minutes) * MINUTE_MS);
    let alert = desk.handle.snooze(&AlertId(request.alert_id), until).await?;
    one(desk, alert).await
}

pub(super) async fn acknowledge_all(desk: &Desk, _: Nothing) -> Result<Alerts, DeskError> {
    desk.handle.acknowledge_all().await?;
    list(desk, AlertsRequest { limit: SHOWN_MAX }).await
}

async fn one(desk: &Desk, alert: Alert) -> Result<AlertView, DeskError> {
    Ok(shown(desk, vec![alert]).await?.remove(0))
}

/// With how each was told.
pub(super) async fn shown(desk: &Desk, alerts: Vec<Alert>) -> Result<Vec<AlertView>, DeskError> {
    let rules = Arc::clone(&desk.handle.alert_rules().borrow());
    let (now, zone) = (desk.handle.now(), super::zone(desk));
    let ids: Vec<&str> = alerts.iter().map(|alert| alert.id.as_str()).collect();
    let mut by_channel = channels::told_of(&desk.handle, &ids, zone).await?;
    let is_shown = |alert: &Alert| desk.notifier.is_on() && desk.handle.channels.shown_here(alert);
    let told = |alert: &Alert| native::told(alert, &rules, is_shown(alert), now, zone);
    let mut all = |alert: &Alert| told(alert).into_iter().chain(by_channel.remove(&alert.id.0).unwrap_or_default());
    Ok(alerts.iter().map(|alert| view::alert(alert, all(alert).collect())).collect())
}

pub(super) async fn rules(desk: &Desk, _: Nothing) -> Result<AlertRules, DeskError> {
    Ok(written(&desk.handle.alert_rules().borrow()))
}

pub(super) async fn set_rules(desk: &Desk, request: AlertRules) -> Result<AlertRules, DeskError> {
    let rules = read(&request)?;
    desk.handle.tower(TowerChange::AlertRules(Box::new(rules.clone()))).await?;
    Ok(written(&rules))
}

fn written(rules: &Rules) -> AlertRules {
    AlertRules {
        cool_down_minutes: rules.cool_down_minutes,
        escalate_minutes: rules.escalate_minutes,
        nag_minutes: rules.nag_minutes,
        quiet: QuietHours { on: rules.quiet.on, from: rules.quiet.from.to_string(), to: rules.quiet.to.to_string() },
        report_at: rules.report_at.map(|at| at.to_string()),
        off: rules.off.iter().map(|kind| kind.word().to_owned()).collect(),
    }
}

fn read(request: &AlertRules) -> Result<Rules, DeskError> {
    let minutes = |field: &str, minutes: Option<u32>, least: u32| match minutes {
        Some(minutes) if !(least..=WEEK_MINUTES).contains(&minutes) => {
            Err(invalid(field, format!("Give {least} to {WEEK_MINUTES} minutes.")))
        }
        minutes => Ok(minutes),
    };
    let time = |field: &str, text: &str| {
        TimeOfDay::read(text).ok_or_else(|| invalid(field, format!("\"{text}\" is no time of day such as 22:00.")))
    };
    let kind = |word: &String| {
        AlertKind::from_word(word).ok_or_else(|| invalid("off", format!("There is no kind of alert \"{word}\".")))
    };
    let quiet = Quiet {
        on: request.quiet.on,
        from: time("quiet.from", &request.quiet.from)?,
        to: time("quiet.to", &request.quiet.to)?,
    };
    if quiet.on && quiet.from == quiet.to {
        return Err(invalid(
            "quiet.to",
            "Quiet hours that end when they begin are none; choose another time, or switch them off.",
        ));
    }
    let mut off = request.off.iter().map(kind).collect::<Result<Vec<_>, _>>()?;
    off.sort_unstable();
    off.dedup();
    Ok(Rules {
        cool_down_minutes: minutes("cool_down_minutes", Some(request.cool_down_minutes), 0)?.unwrap_or_default(),
        escalate_minutes: minutes("escalate_minutes", request.escalate_minutes, 1)?,
        nag_minutes: minutes("nag_minutes", request.nag_minutes, NAG_MINUTES_LEAST)?,
        quiet,
        report_at: request.report_at.as_deref().map(|text| time("report_at", text)).transpose()?,
        off,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_as_they_are_written_and_a_wrong_one_names_its_field() {
        let good = AlertRules {
            cool_down_minutes: 30,
            escalate_minutes: Some(15),
            nag_minutes: Some(60),
            quiet: QuietHours { on: true, from: "22:00".into(), to: "07:00".into() },
            report_at: Some("09:00".into()),
            off: vec!["missed_occurrence".into(), "cost_spike".into()],
        };
        assert_eq!(written(&read(&good).unwrap()), good);
        let wrong = |change: fn(&mut AlertRules)| {
            let mut rules = good.clone();
            change(&mut rules);
            read(&rules).unwrap_err().field.unwrap()
        };
        assert_eq!(wrong(|rules| rules.cool_down_minutes = 10_081), "cool_down_minutes");
        assert_eq!(wrong(|rules| rules.escalate_minutes = Some(0)), "escalate_minutes");
        assert_eq!(wrong(|rules| rules.nag_minutes = Some(4)), "nag_minutes");
        assert_eq!(wrong(|rules| rules.quiet.from = "25:00".into()), "quiet.from");
        assert_eq!(wrong(|rules| rules.quiet.to = "22:00".into()), "quiet.to");
        assert_eq!(wrong(|rules| rules.report_at = Some("9".into())), "report_at");
        assert_eq!(wrong(|rules| rules.off = vec!["trouble".into()]), "off");
    }
}
