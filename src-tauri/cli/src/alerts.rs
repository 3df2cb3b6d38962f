//! `alerts`: what deserves the owner's eye, that it was seen, and how it is told. `report`: what became of a day.

use cuetower_core::sentence::grouped;
use cuetower_core::time::MINUTE_MS;
use cuetower_engine::desk::wire::{AlertRules, AlertView, Alerts, Report, ReportCue};
use serde_json::json;

use crate::args::{AlertCommand, AlertsArgs, Minutes, OrOff, ReportArgs, RulesArgs};
use crate::owner::Owner;
use crate::show::{Zone, say, say_json, table};

pub async fn obey(owner: &Owner, args: AlertsArgs, as_json: bool) -> Result<(), String> {
    match args.what {
        None => list(owner, args.open, args.limit, as_json).await,
        Some(AlertCommand::Ack { alert: Some(alert), .. }) => {
            let alert: AlertView = owner.ask("alert_acknowledge", json!({ "alert_id": alert })).await?;
            said(&alert, &format!("Seen: {}", alert.title), as_json);
            Ok(())
        }
        Some(AlertCommand::Ack { alert: None, .. }) => {
            let alerts: Alerts = owner.ask("alerts_acknowledge", json!({})).await?;
            if as_json {
                say_json(&json!(alerts))
            } else {
                say("All alerts are seen.")
            }
            Ok(())
        }
        Some(AlertCommand::Snooze { alert, length }) => {
            // A part of a minute is a minute.
            let minutes = (length as u64).div_ceil(MINUTE_MS);
            let alert: AlertView = owner.ask("alert_snooze", json!({ "alert_id": alert, "minutes": minutes })).await?;
            let until = Zone::of_machine().at(alert.snoozed_until_ms.unwrap_or_default());
            said(&alert, &format!("Snoozed until {until}: {}", alert.title), as_json);
            Ok(())
        }
        Some(AlertCommand::Rules(args)) => rules(owner, &args, as_json).await,
    }
}

fn said(alert: &AlertView, words: &str, as_json: bool) {
    if as_json { say_json(&json!(alert)) } else { say(words) }
}

async fn list(owner: &Owner, open: bool, limit: u32, as_json: bool) -> Result<(), String> {
    let mut answer: Alerts = owner.ask("alerts", json!({ "limit": limit })).await?;
    if open {
        answer.alerts.retain(|alert| alert.state == "open");
    }
    if as_json {
        say_json(&json!(answer));
        return Ok(());
    }
    if answer.alerts.is_empty() {
        say(if open { "Nothing needs you." } else { "There are no alerts." });
        return Ok(());
    }
    let zone = Zone::of_machine();
    let row = |alert: &AlertView| {
        let state = match alert.snoozed_until_ms {
            Some(until) if alert.state == "open" => format!("snoozed until {}", zone.written(until, "%H:%M")),
            _ => alert.state.clone(),
        };
        let [severity, title, id] = [&alert.severity, &alert.title, &alert.id].map(Clone::clone);
        [zone.at(alert.last_at_ms), severity, state, alert.count.to_string(), title, id]
    };
    let rows: Vec<_> = answer.alerts.iter().map(row).collect();
    say(&table(["LAST", "SEVERITY", "STATE", "TIMES", "WHAT", "ID"], &rows));
    Ok(())
}

async fn rules(owner: &Owner, args: &RulesArgs, as_json: bool) -> Result<(), String> {
    let known: AlertRules = owner.ask("alert_rules", json!({})).await?;
    let wished = changed(known.clone(), args)?;
    let rules = if wished == known { known } else { owner.ask("alert_rules_set", json!(wished)).await? };
    if as_json {
        say_json(&json!(rules))
    } else {
        say(&in_words(&rules))
    }
    Ok(())
}

fn changed(mut rules: AlertRules, args: &RulesArgs) -> Result<AlertRules, String> {
    let minutes = |minutes: Minutes| match minutes {
        Minutes::Off => None,
        Minutes::After(minutes) => Some(minutes),
    };
    rules.cool_down_minutes = args.cool_down.unwrap_or(rules.cool_down_minutes);
    rules.escalate_minutes = args.escalate.map_or(rules.escalate_minutes, minutes);
    rules.nag_minutes = args.nag.map_or(rules.nag_minutes, minutes);
    match &args.quiet {
        None => {}
        Some(OrOff::Off) => rules.quiet.on = false,
        Some(OrOff::On(hours)) => {
            let (from, to) =
                hours.split_once('-').ok_or_else(|| format!("`{hours}` is not two times such as 22:00-07:00."))?;
            rules.quiet.on = true;
            (rules.quiet.from, rules.quiet.to) = (from.trim().to_owned(), to.trim().to_owned());
        }
    }
    match &args.report_at {
        None => {}
        Some(OrOff::Off) => rules.report_at = None,
        Some(OrOff::On(time)) => rules.report_at = Some(time.clone()),
    }
    rules.off.retain(|kind| !args.unmute.contains(kind));
    rules.off.extend(args.mute.iter().filter(|kind| !rules.off.contains(kind)).cloned().collect::<Vec<_>>());
    Ok(rules)
}

fn in_words(rules: &AlertRules) -> String {
    let minutes = |minutes: Option<u32>, words: &str| match minutes {
        Some(minutes) => format!("{words} after {minutes} min"),
        None => format!("never {words}"),
    };
    let quiet = match rules.quiet.on {
        true => format!("from {} to {}, but what is critical", rules.quiet.from, rules.quiet.to),
        false => "off".to_owned(),
    };
    let off = if rules.off.is_empty() { "none".to_owned() } else { rules.off.join(", ") };
    [
        format!("The same again:  after {} min", rules.cool_down_minutes),
        format!(
            "Not seen:        {}, {}",
            minutes(rules.escalate_minutes, "louder"),
            minutes(rules.nag_minutes, "again")
        ),
        format!("Quiet hours:     {quiet}"),
        format!("Daily report:    {}", rules.report_at.as_deref().unwrap_or("off")),
        format!("Told to nobody:  {off}"),
    ]
    .join("\n")
}

pub async fn report(owner: &Owner, args: ReportArgs, as_json: bool) -> Result<(), String> {
    let report: Report = owner.ask("report", json!({ "day": args.day })).await?;
    if as_json {
        say_json(&json!(report));
        return Ok(());
    }
    say(&format!("{}\n{}", report.day, report.words));
    if !report.by_cue.is_empty() {
        let usd = |usd: Option<f64>| usd.map_or_else(|| "-".to_owned(), |usd| format!("${usd:.2}"));
        let row = |cue: &ReportCue| {
            let [ran, good, bad, missed] = [cue.ran, cue.good, cue.bad, cue.missed].map(|count| grouped(count.into()));
            [cue.cue.clone(), ran, good, bad, missed, usd(cue.cost_usd)]
        };
        let rows: Vec<_> = report.by_cue.iter().map(row).collect();
        say(&table(["CUE", "RUNS", "GOOD", "BAD", "MISSED", "COST"], &rows));
    }
    for alert in &report.needs_you {
        say(&format!("! {}: {}", alert.title, alert.body));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use cuetower_engine::desk::wire::QuietHours;

    use super::*;

    #[test]
    fn rules_change_by_what_is_given_alone() {
        let rules = AlertRules {
            cool_down_minutes: 60,
            escalate_minutes: Some(15),
            nag_minutes: None,
            quiet: QuietHours { on: false, from: "22:00".into(), to: "07:00".into() },
            report_at: None,
            off: vec!["zombie".into()],
        };
        assert_eq!(changed(rules.clone(), &RulesArgs::default()), Ok(rules.clone()));
        let args = RulesArgs {
            escalate: Some(Minutes::Off),
            nag: Some(Minutes::After(30)),
            quiet: Some(OrOff::On("23:00-06:30".into())),
            report_at: Some(OrOff::On("09:00".into())),
            mute: vec!["cost_spike".into(), "cost_spike".into()],
            unmute: vec!["zombie".into()],
            ..RulesArgs::default()
        };
        let new = changed(rules.clone(), &args).unwrap();
        assert_eq!((new.escalate_minutes, new.nag_minutes, new.quiet.on), (None, Some(30), true));
        assert_eq!((new.quiet.from.as_str(), new.quiet.to.as_str()), ("23:00", "06:30"));
        assert_eq!(new.off.first().map(String::as_str), Some("cost_spike"));
        let said = "The same again:  after 60 min\nNot seen:        never louder, again after 30 min\n\
                    Quiet hours:     from 23:00 to 06:30, but what is critical\nDaily report:    09:00\nTold to nobody:  ";
        assert!(in_words(&new).starts_with(said), "{}", in_words(&new));
        let wrong = RulesArgs { quiet: Some(OrOff::On("at night".into())), ..RulesArgs::default() };
        assert!(changed(rules, &wrong).is_err());
    }
}
