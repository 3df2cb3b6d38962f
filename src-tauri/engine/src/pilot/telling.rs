//! Who besides the machine's own notifications is told of an alert: rows for the outbox, in the alert's own commit.

use cuetower_core::Ms;
use cuetower_core::alert::{AlertEvent, AlertKind, Rules};
use cuetower_core::channel::{Channel, ChannelKind, Note, Wants, What, wants, wants_the_end};

use super::Pilot;
use super::batch::Batch;
use crate::journal::OutboxRow;

impl Batch {
    /// `seq`: of the fact in the alerts' lane.
    pub(super) fn tell_channels(&mut self, pilot: &Pilot, event: &AlertEvent, seq: u64, rules: &Rules) {
        let mut rows = routed(&pilot.channels.list(), event, seq, rules, self.now, pilot.zone);
        let alert = event.alert();
        let lane = alert.cue_id.as_ref().and_then(|id| self.standing(pilot, id));
        if of_a_failed_run(alert.kind) && lane.is_some_and(|lane| !lane.cue.definition.on_failure.email) {
            rows.retain(|row| row.kind != ChannelKind::Email);
        }
        self.commit.outbox.extend(rows);
    }
}

/// What `on_failure.email` is about.
fn of_a_failed_run(kind: AlertKind) -> bool {
    match kind {
        AlertKind::SilentRun
        | AlertKind::DeliveryFailed
        | AlertKind::OutcomeFailed
        | AlertKind::CheckFailed
        | AlertKind::FallbackFailed
        | AlertKind::ConsecutiveFailures => true,
        AlertKind::MissedOccurrence
        | AlertKind::CrashLoop
        | AlertKind::FuseTripped
        | AlertKind::GateWaiting
        | AlertKind::HeartbeatLost
        | AlertKind::Zombie
        | AlertKind::CostSpike
        | AlertKind::LoopDetected
        | AlertKind::OutOfEnvelope
        | AlertKind::CadenceDrift
        | AlertKind::TowerWasOff
        | AlertKind::StoreTrouble
        | AlertKind::ChannelFailed => false,
    }
}

/// What each channel is to be told of one event, and when.
fn routed(
    channels: &[Channel],
    event: &AlertEvent,
    seq: u64,
    rules: &Rules,
    now: Ms,
    zone: chrono_tz::Tz,
) -> Vec<OutboxRow> {
    let Some(what) = what_of(event) else { return Vec::new() };
    let told = channels.iter().filter(|channel| channel.kind.is_sent()).filter_map(|channel| {
        // Where else there is nothing to acknowledge, it would be one more word about what is known.
        if what == What::Acknowledged && channel.kind != ChannelKind::Pagerduty {
            return None;
        }
        let is_the_end = matches!(what, What::Acknowledged | What::Resolved);
        let wanted = if is_the_end { wants_the_end } else { wants };
        let (due, held) = match wanted(channel, event.alert(), rules, now, zone) {
            Wants::Now => (now, false),
            Wants::Held(until) => (until, true),
            Wants::No => return None,
        };
        let note = Note::of(what, event.alert(), seq, now);
        Some(OutboxRow { channel: channel.name.clone(), kind: channel.kind, note, due, held })
    });
    told.collect()
}

/// None: nobody is told.
fn what_of(event: &AlertEvent) -> Option<What> {
    match event {
        AlertEvent::AlertOpened { tells: true, .. } | AlertEvent::AlertCooled { .. } => Some(What::Opened),
        AlertEvent::AlertRepeated { tells: true, .. }
        | AlertEvent::AlertWoke { .. }
        | AlertEvent::AlertReminded { .. } => Some(What::Repeated),
        AlertEvent::AlertEscalated { .. } => Some(What::Escalated),
        AlertEvent::AlertAcknowledged { .. } => Some(What::Acknowledged),
        AlertEvent::AlertResolved { .. } => Some(What::Resolved),
        AlertEvent::AlertOpened { tells: false, .. }
        | AlertEvent::AlertRepeated { tells: false, .. }
        | AlertEvent::AlertSnoozed { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use cuetower_core::alert::{Alert, Severity};
    use serde_json::json;

    use super::*;

    fn alert(severity: &str) -> Alert {
        serde_json::from_value(json!({
            "id": "a", "kind": "zombie", "severity": severity, "cue_id": "cue_1", "run_id": "run-1", "title": "t",
            "body": "b", "state": "open", "count": 1, "opened_at": 0, "last_at": 0, "notified_at": 0, "resolved_at": null,
        }))
        .unwrap()
    }

    fn channel(name: &str, kind: ChannelKind, min_severity: Severity) -> Channel {
        Channel { name: name.to_owned(), kind, min_severity, kinds: Vec::new(), on: true, escalation: false }
    }

    #[test]
    fn critical_goes_to_the_pager_and_the_rest_to_the_chat() {
        let channels = [
            channel("chat", ChannelKind::Slack, Severity::Info),
            channel("pager", ChannelKind::Pagerduty, Severity::Critical),
        ];
        let told = |event: &AlertEvent| {
            let rows = routed(&channels, event, 7, &Rules::default(), Ms(1), chrono_tz::Tz::UTC);
            rows.into_iter().map(|row| (row.channel, row.note.dedup)).collect::<Vec<_>>()
        };
        let row = |name: &str, dedup: &str| (name.to_owned(), dedup.to_owned());
        let opened = |severity| AlertEvent::AlertOpened { alert: alert(severity), tells: true };
        assert_eq!(told(&opened("warning")), [row("chat", "a_opened_7")]);
        assert_eq!(told(&opened("critical")), [row("chat", "a_opened_7"), row("pager", "a_opened_7")]);
        assert_eq!(told(&AlertEvent::AlertOpened { alert: alert("critical"), tells: false }), []);
        let seen = AlertEvent::AlertAcknowledged { alert: alert("critical") };
        assert_eq!(told(&seen), [row("pager", "a_acknowledged_7")]);
        let over = AlertEvent::AlertResolved { alert: alert("critical") };
        assert_eq!(told(&over), [row("chat", "a_resolved_7"), row("pager", "a_resolved_7")]);
    }

    #[test]
    fn an_incident_ends_also_when_nobody_wants_to_hear_of_its_kind_any_more() {
        let pager = channel("pager", ChannelKind::Pagerduty, Severity::Critical);
        let muted = Rules { off: vec![AlertKind::Zombie], ..Rules::default() };
        let rows =
            |event: &AlertEvent| routed(std::slice::from_ref(&pager), event, 7, &muted, Ms(1), chrono_tz::Tz::UTC);
        assert_eq!(rows(&AlertEvent::AlertOpened { alert: alert("critical"), tells: true }), []);
        // Whether it was told there at all is asked as the row is written.
        for (event, what) in [
            (AlertEvent::AlertAcknowledged { alert: alert("warning") }, What::Acknowledged),
            (AlertEvent::AlertResolved { alert: alert("warning") }, What::Resolved),
        ] {
            let rows = rows(&event);
            assert_eq!(rows.iter().map(|row| (row.note.what, row.held)).collect::<Vec<_>>(), [(what, false)]);
        }
    }
}
