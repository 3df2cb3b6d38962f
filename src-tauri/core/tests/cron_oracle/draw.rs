//! Chance for the oracle: expressions, zones and instants, most of them where crons go wrong.

use chrono::{DateTime, Datelike, NaiveDateTime, Timelike};
use chrono_tz::Tz;

use super::debian;

/// Repeatable chance (splitmix64).
pub struct Chance(pub u64);

impl Chance {
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From `low` to `high`, both included.
    pub fn within(&mut self, low: i64, high: i64) -> i64 {
        low + i64::try_from(self.bits() % u64::try_from(high - low + 1).expect("low <= high")).expect("small")
    }

    pub fn percent(&mut self, percent: i64) -> bool {
        self.within(1, 100) <= percent
    }

    pub fn one<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.within(0, from.len() as i64 - 1) as usize]
    }
}

/// Zones with a trap, and the years in which they have it.
const TRAPS: [(Tz, i32, i32); 46] = [
    (Tz::Europe__Berlin, 1940, 2036),
    (Tz::Europe__London, 1940, 2036),
    (Tz::Europe__Dublin, 1965, 2036),
    (Tz::America__New_York, 1966, 2036),
    (Tz::America__Sao_Paulo, 2000, 2019),
    (Tz::Asia__Tehran, 2008, 2022),
    // Folds and gaps at midnight, or across it.
    (Tz::America__Havana, 1990, 2036),
    (Tz::Atlantic__Azores, 1975, 2036),
    (Tz::America__Scoresbysund, 1980, 2036),
    (Tz::America__Asuncion, 1990, 2024),
    (Tz::America__Santiago, 1990, 2036),
    (Tz::Asia__Beirut, 1990, 2036),
    (Tz::Asia__Amman, 1990, 2022),
    (Tz::Asia__Damascus, 1990, 2022),
    (Tz::Asia__Gaza, 2008, 2060),
    (Tz::Africa__Cairo, 2008, 2036),
    (Tz::America__Nuuk, 2000, 2036),
    // A minute past midnight; half hours; quarters.
    (Tz::America__St_Johns, 1987, 2036),
    (Tz::America__Moncton, 1993, 2010),
    (Tz::Australia__Lord_Howe, 1981, 2036),
    (Tz::Australia__Adelaide, 1990, 2036),
    (Tz::Asia__Kolkata, 1940, 1946),
    (Tz::Asia__Kathmandu, 1986, 1986),
    (Tz::Asia__Pyongyang, 2015, 2018),
    (Tz::Pacific__Chatham, 1990, 2036),
    (Tz::Pacific__Norfolk, 2014, 2036),
    (Tz::Pacific__Marquesas, 1912, 1912),
    (Tz::America__Caracas, 2007, 2016),
    // Ramadan.
    (Tz::Africa__Casablanca, 2008, 2087),
    (Tz::Africa__El_Aaiun, 2008, 2087),
    // Two hours and more at once, lost days and days twice.
    (Tz::Antarctica__Troll, 2005, 2036),
    (Tz::Antarctica__Casey, 2009, 2024),
    (Tz::Antarctica__Vostok, 1994, 2023),
    (Tz::Asia__Chita, 2014, 2016),
    (Tz::America__Metlakatla, 2015, 2019),
    (Tz::Pacific__Apia, 2009, 2021),
    (Tz::Pacific__Apia, 2011, 2011),
    (Tz::Pacific__Fakaofo, 2011, 2011),
    (Tz::Pacific__Kiritimati, 1994, 1995),
    (Tz::Pacific__Kwajalein, 1993, 1993),
    (Tz::Pacific__Kwajalein, 1969, 1969),
    (Tz::America__Juneau, 1980, 1983),
    // Seconds in the offset.
    (Tz::Africa__Monrovia, 1972, 1972),
    (Tz::Europe__Amsterdam, 1916, 1940),
    (Tz::Asia__Riyadh, 1947, 1947),
    (Tz::UTC, 2000, 2036),
];

/// A zone and the first instant after one of its changes, or any instant where it has none that year.
pub fn change(chance: &mut Chance) -> (Tz, i64) {
    let (zone, first_year, last_year) = match chance.percent(75) {
        true => chance.one(&TRAPS),
        false => (chance.one(&chrono_tz::TZ_VARIANTS), 1900, 2040),
    };
    let year = chance.within(first_year.into(), last_year.into());
    let start_s = (year - 1970) * 31_556_952;
    let half_days = (0..732).map(|n| start_s + n * 43_200);
    let offset = |at_s: i64| debian::reading(zone, at_s) - at_s;
    let changes: Vec<i64> = half_days.filter(|at_s| offset(*at_s) != offset(at_s + 43_200)).collect();
    if changes.is_empty() {
        return (zone, start_s + chance.within(0, 31_556_952));
    }
    let before_s = chance.one(&changes);
    let old = offset(before_s);
    let at_s = (before_s..=before_s + 43_200).find(|at_s| offset(*at_s) != old);
    (zone, at_s.expect("it changes within"))
}

/// A five-field expression, or six with the seconds last, that often has something due around `near`.
pub fn expression(chance: &mut Chance, near: NaiveDateTime, six: bool) -> String {
    let hours: Vec<u32> = [23, 0, 1, 2, 3].into_iter().chain((0..4).map(|n| (near.hour() + 22 + n) % 24)).collect();
    let minutes = [0, 0, 1, 15, 29, 30, 31, 45, 59];
    let mut fields = vec![
        field(chance, (0, 59), 30, &minutes, ""),
        field(chance, (0, 23), 25, &hours, ""),
        days(chance, near),
        field(chance, (1, 12), 75, &[near.month()], MONTHS),
        weekdays(chance, near),
    ];
    if six {
        fields.push(field(chance, (0, 59), 20, &[0, 0, 30, 59], ""));
    }
    fields.join(" ")
}

/// Day of month, month and day of week of any year, at noon.
pub fn days_expression(chance: &mut Chance) -> String {
    let near = DateTime::from_timestamp(chance.within(0, 4_000_000_000), 0).expect("in range").naive_utc();
    format!("0 12 {} {} {}", days(chance, near), field(chance, (1, 12), 60, &[2], MONTHS), weekdays(chance, near))
}

const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
const WEEKDAYS: &str = "SunMonTueWedThuFriSat";

fn days(chance: &mut Chance, near: NaiveDateTime) -> String {
    match chance.within(1, 100) {
        1..=50 => "*".to_owned(),
        51..=62 => chance.one(&["L", "LW", "l", "L/2", "LW,15", "L,1", "29,L", "*,L", "*/10,L", "lw"]).to_owned(),
        _ => field(chance, (1, 31), 10, &[near.day(), near.day(), 29, 30, 31], ""),
    }
}

fn weekdays(chance: &mut Chance, near: NaiveDateTime) -> String {
    let today = near.weekday().num_days_from_sunday();
    match chance.within(1, 100) {
        1..=50 => "*".to_owned(),
        51..=57 => format!("{today}#{}", near.day().div_ceil(7)),
        58..=62 => format!("{}L", chance.within(0, 7)),
        63..=67 => format!("{}#{},{today}L", chance.one(&["sun", "MON", "7", "5"]), chance.within(1, 5)),
        68..=72 => chance.one(&["5-7", "sun-tue", "SAT-7", "0-7/3", "7", "sun,7", "5#5", "0#5"]).to_owned(),
        _ => field(chance, (0, 7), 10, &[today, (today + 6) % 7, 0, 7], WEEKDAYS),
    }
}

fn field(chance: &mut Chance, range: (u32, u32), star_percent: i64, likely: &[u32], names: &str) -> String {
    if chance.percent(star_percent) {
        return "*".to_owned();
    }
    let items = chance.one(&[1, 1, 1, 1, 2, 2, 3]);
    let items: Vec<String> = (0..items).map(|_| item(chance, range, likely, names)).collect();
    items.join(",")
}

fn item(chance: &mut Chance, (low, high): (u32, u32), likely: &[u32], names: &str) -> String {
    let number = |chance: &mut Chance| match chance.percent(70) {
        true => chance.one(likely),
        false => chance.within(low.into(), high.into()) as u32,
    };
    let said = |chance: &mut Chance, number: u32| {
        let at = 3 * number.wrapping_sub(if low == 1 { 1 } else { 0 }) as usize;
        match names.get(at..at + 3).filter(|_| chance.percent(40)) {
            Some(name) => match chance.within(0, 2) {
                0 => name.to_uppercase(),
                1 => name.to_lowercase(),
                _ => name.to_owned(),
            },
            None => number.to_string(),
        }
    };
    let step = chance.one(&[1, 2, 3, 5, 7, 10, 12, 15, 20, 30, 31, 59, 100]);
    match chance.within(1, 100) {
        1..=45 => {
            let only = number(chance);
            said(chance, only)
        }
        46..=60 => format!("*/{step}"),
        61..=64 => "*".to_owned(),
        65..=72 => {
            let from = number(chance);
            format!("{}/{step}", said(chance, from))
        }
        _ => {
            let (one, other) = (number(chance), number(chance));
            let span = format!("{}-{}", said(chance, one.min(other)), said(chance, one.max(other)));
            if chance.percent(35) { format!("{span}/{step}") } else { span }
        }
    }
}
