//! The record of what the tower told its owner.

use cuetower_core::id::AlertId;

use super::wire::{AlertRef, AlertView, Alerts, AlertsRequest, DeskError};
use super::{Desk, invalid};
use crate::view;

/// Alerts in one answer at most.
pub(super) const SHOWN_MAX: u32 = 500;

pub(super) async fn list(desk: &Desk, request: AlertsRequest) -> Result<Alerts, DeskError> {
    if !(1..=SHOWN_MAX).contains(&request.limit) {
        return Err(invalid("limit", format!("The limit must lie between 1 and {SHOWN_MAX}, not {}.", request.limit)));
    }
    let alerts = desk.handle.reader().alerts(request.limit).await?;
    Ok(Alerts { alerts: alerts.iter().map(view::alert).collect() })
}

pub(super) async fn acknowledge(desk: &Desk, request: AlertRef) -> Result<AlertView, DeskError> {
    let alert = desk.handle.acknowledge(&AlertId(request.alert_id)).await?;
    Ok(view::alert(&alert))
}
