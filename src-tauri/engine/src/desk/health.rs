//! `tower_health`: whether the tower is well, and its figures, for its owner: also where `/metrics` is not served.

use super::Desk;
use super::wire::{DeskError, Nothing, TowerHealth};
use crate::health::{Condition, figures};

pub(super) async fn health(desk: &Desk, _: Nothing) -> Result<TowerHealth, DeskError> {
    let condition = Condition::of(&desk.handle).await;
    Ok(TowerHealth {
        well: condition.is_well(),
        uptime_ms: condition.uptime_ms,
        due_lag_ms: condition.due_lag_ms,
        store_trouble: desk.handle.store_trouble(),
        figures: figures(&desk.handle, &desk.facts.version).await.ok(),
        reasons: condition.reasons,
    })
}
