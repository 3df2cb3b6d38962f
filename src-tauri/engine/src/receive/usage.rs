//! `/v1/usage`: what an account used in this calendar month (UTC). Nothing of it is sold here: what has no limit says so by
//! a large one.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use chrono::{DateTime, Datelike as _, Days, Months, NaiveDate, Utc};
use cuetower_core::Ms;
use serde_json::{Value, json};

use super::Door;
use super::caller::Caller;
use super::problem::Problem;
use super::rate::UNLIMITED;

routes! {
    get "/v1/usage" => usage;
}

pub(super) async fn usage(
    State(door): State<Door>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    caller.reads()?;
    let now = door.handle.now();
    let month = Month::of(now.utc().unwrap_or_default());
    let used = door.handle.reader().usage(caller.account().0.clone(), month.begins()).await?;
    let free = door.handle.accounts.cues_max();
    let (plan, cues_max) = if caller.account().is_owner() { ("owner", UNLIMITED) } else { ("free", free) };
    let projected = month.projected(used.runs);
    let rates = &door.rates;
    let per_minute = rates.limit();
    Ok(Json(json!({
        "plan": plan,
        "billing_period": { "start": month.first, "end": month.last, "days_remaining": month.days_left() },
        "period": { "start": month.first, "end": month.last },
        "cues": {
            "used": used.cues_active,
            "active": used.cues_active,
            "paused": used.cues_paused,
            "limit": cues_max,
            "remaining": cues_max.saturating_sub(used.cues_active),
            "percent_used": percent(used.cues_active, cues_max).round() as u32,
        },
        "executions": {
            "used": used.runs,
            "limit": UNLIMITED,
            "remaining": UNLIMITED.saturating_sub(used.runs),
            "percent_used": percent(used.runs, UNLIMITED).round() as u32,
            "percentage": (percent(used.runs, UNLIMITED) * 10.0).round() / 10.0,
            "projected_month_end": projected,
            // The large number is no limit: nothing is refused when it is reached.
            "will_exceed_limit": false,
        },
        "outcomes": { "reported": used.reported, "succeeded": used.succeeded, "failed": used.failed },
        "rate_limit": {
            "requests_per_minute": per_minute,
            // CueAPI's command line looks here.
            "limit": per_minute,
            "current_usage": rates.used(rates.of_headers(&headers), now),
        },
        "upgrade_url": "",
    })))
}

fn percent(used: u32, of: u32) -> f64 {
    f64::from(used) / f64::from(of.max(1)) * 100.0
}

/// A calendar month in UTC, as it stands on one of its days.
pub(super) struct Month {
    first: NaiveDate,
    last: NaiveDate,
    today: NaiveDate,
}

impl Month {
    pub fn of(now: DateTime<Utc>) -> Month {
        let today = now.date_naive();
        let first = today.with_day(1).unwrap_or(today);
        let last = first.checked_add_months(Months::new(1)).and_then(|next| next.checked_sub_days(Days::new(1)));
        Month { first, last: last.unwrap_or(first), today }
    }

    pub fn begins(&self) -> Ms {
        Ms(self.first.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis())
    }

    fn days_left(&self) -> u32 {
        self.last.day() - self.today.day()
    }

    /// What will have been used at its end, if it goes on like this.
    fn projected(&self, used: u32) -> u64 {
        u64::from(used) * u64::from(self.last.day()) / u64::from(self.today.day())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(now: &str) -> Month {
        Month::of(now.parse().unwrap())
    }

    #[test]
    fn a_month_begins_ends_and_goes_on_like_this() {
        let middle = month("2026-11-20T19:25:15Z");
        assert_eq!((middle.first.to_string(), middle.last.to_string()), ("2026-11-01".into(), "2026-11-30".into()));
        assert_eq!((middle.days_left(), middle.projected(20)), (10, 30));
        assert_eq!(middle.begins().utc().unwrap().to_rfc3339(), "2026-11-01T00:00:00+00:00");
        let leap = month("2028-02-29T23:59:59Z");
        assert_eq!((leap.last.to_string(), leap.days_left(), leap.projected(58)), ("2028-02-29".into(), 0, 58));
        assert_eq!(month("2026-12-01T00:00:00Z").last.to_string(), "2026-12-31");
    }

    #[test]
    fn a_month_begins_at_its_first_midnight() {
        let month_of = |now: Ms| Month::of(now.utc().unwrap()).begins();
        assert_eq!(month_of(Ms(1_795_202_716_500)), Ms(1_793_491_200_000), "2026-11-20 belongs to 2026-11-01");
        assert_eq!(month_of(Ms(1_793_491_200_000)), Ms(1_793_491_200_000));
    }
}
