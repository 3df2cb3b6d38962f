//! Paces told as stories: agents that spend as usual, and one that does not.

use proptest::prelude::*;

use super::pace::*;
use crate::Ms;
use crate::alert::Severity;

const MINUTE: u64 = 60_000;

/// A pace, and the time that passes with its beats.
#[derive(Default)]
struct Beats {
    pace: Pace,
    now: i64,
}

impl Beats {
    fn hear(&mut self, tokens: u64, since_ms: Option<u64>) -> Option<Spike> {
        self.now = self.now.saturating_add(since_ms.unwrap_or(0).try_into().unwrap_or(i64::MAX));
        self.pace.hear(tokens, since_ms, Ms(self.now))
    }

    fn usual(&self) -> Option<f64> {
        self.pace.usual()
    }
}

/// An agent that has beaten once a minute and used `tokens` each time, `beats` of them with a rate.
fn steady(tokens: u64, beats: usize) -> Beats {
    let mut pace = Beats::default();
    assert_eq!(pace.hear(tokens, None), None, "the first beat has no rate");
    for _ in 0..beats {
        assert_eq!(pace.hear(tokens, Some(MINUTE)), None);
    }
    pace
}

#[test]
fn from_200_to_40_000_is_critical_at_the_first_such_beat() {
    let mut pace = steady(200, 10);
    let spike = pace.hear(40_000, Some(MINUTE)).expect("it is 200 times its usual");
    assert_eq!((spike.severity(), spike.usual, spike.times), (Severity::Critical, 200.0, 200.0));
    assert_eq!(spike.words(), "40,000 tokens per min, usually 200: 200 times");
}

#[test]
fn it_is_judged_from_the_tenth_rate_on() {
    assert_eq!(steady(200, 9).hear(40_000, Some(MINUTE)), None, "nine rates are known");
    assert!(steady(200, 10).hear(40_000, Some(MINUTE)).is_some());
    assert_eq!((steady(200, 9).usual(), steady(200, 9).pace.band()), (None, None));
    assert_eq!((steady(200, 10).usual(), steady(200, 10).pace.band()), (Some(200.0), Some((200.0, 200.0))));
}

#[test]
fn three_times_warns_and_ten_times_is_critical() {
    let severity = |tokens| steady(1_000, 20).hear(tokens, Some(MINUTE)).map(|spike| spike.severity());
    assert_eq!([2_999, 3_000, 9_999].map(severity), [None, Some(Severity::Warning), Some(Severity::Warning)]);
    assert_eq!(severity(10_000), Some(Severity::Critical));
    let said = |tokens| steady(1_000, 20).hear(tokens, Some(MINUTE)).unwrap().words();
    assert_eq!(said(3_456), "3,456 tokens per min, usually 1,000: 3.4 times");
    assert_eq!(said(9_999), "9,999 tokens per min, usually 1,000: 9.9 times", "it is not ten yet");
}

#[test]
fn two_beats_at_once_are_not_twice_the_work() {
    let mut pace = steady(1_000, 20);
    assert_eq!(pace.hear(1_000, Some(MINUTE)), None);
    assert_eq!(pace.hear(1_000, Some(800)), None, "the median gap counts, not the 0.8 s");
    assert_eq!(pace.hear(1_000, Some(0)), None);
    assert!(pace.hear(40_000, Some(800)).is_some(), "so much is a spike however soon it comes");
}

#[test]
fn many_short_gaps_in_a_row_are_found_out() {
    let mut pace = steady(200, 50);
    let found = (0..60).filter_map(|_| pace.hear(200, Some(500))).next().expect("120 times as often is a runaway");
    assert_eq!((found.rate, found.severity()), (24_000.0, Severity::Critical));
}

#[test]
fn what_came_while_it_was_quiet_for_long_is_spread_over_that_time() {
    assert_eq!(steady(1_000, 20).hear(50_000, Some(60 * MINUTE)), None);
}

#[test]
fn an_idle_agent_that_starts_to_work_is_no_alarm() {
    let mut idle = steady(0, 500);
    assert_eq!(idle.usual(), None, "without tokens there is no rate");
    assert_eq!(idle.hear(30_000, Some(MINUTE)), None);
    let mut nearly = steady(3, 50);
    assert_eq!(nearly.hear(999, Some(MINUTE)), None, "less than 1,000 a minute harms nobody");
    assert_eq!(nearly.hear(1_000, Some(MINUTE)).map(|spike| spike.severity()), Some(Severity::Critical));
    // It worked by day, was idle by night, and works again.
    let mut daily = steady(8_000, 50);
    (0..600).for_each(|_| assert_eq!(daily.hear(0, Some(MINUTE)), None));
    assert_eq!((daily.usual(), daily.hear(9_000, Some(MINUTE))), (Some(8_000.0), None));
}

#[test]
fn a_large_call_now_and_then_is_its_habit() {
    let mut pace = steady(300, 20);
    let call = |beat: u64| if beat.is_multiple_of(20) { 12_000 + beat } else { 300 };
    let heard: Vec<u64> = (1..2_000).filter(|beat| pace.hear(call(*beat), Some(MINUTE)).is_some()).collect();
    assert_eq!(heard, [20, 40, 60], "told three times, then known");
    assert!(pace.hear(120_000, Some(MINUTE)).is_some(), "ten times its large ones is still a spike");
    (0..200).for_each(|_| assert_eq!(pace.hear(300, Some(MINUTE)), None));
    assert!(!pace.pace.is_high());
    let row: Vec<bool> = (0..10).map(|_| pace.hear(12_000, Some(MINUTE)).is_some()).collect();
    assert_eq!(
        row,
        [false, false, false, false, false, true, true, true, true, true],
        "and so is one that does not end"
    );
    // Weeks without one, and it is news again.
    (0..80_000).for_each(|_| assert_eq!(pace.hear(300, Some(MINUTE)), None));
    assert!(pace.hear(12_000, Some(MINUTE)).is_some());
}

#[test]
fn work_by_day_is_told_for_three_mornings() {
    let mut pace = Beats::default();
    let mut mornings = Vec::new();
    for minute in 0..14 * 1_440_u64 {
        let works = (540..1_020).contains(&(minute % 1_440));
        if pace.hear(if works { 5_000 } else { 100 }, Some(MINUTE)).is_some() && minute % 1_440 == 540 {
            mornings.push(minute / 1_440);
        }
    }
    assert_eq!(mornings, [0, 1, 2]);
}

#[test]
fn a_spike_goes_on_until_it_has_lasted_for_hours() {
    let mut pace = steady(200, 50);
    let spikes = (0..1_000).take_while(|_| pace.hear(40_000, Some(MINUTE)).is_some()).count();
    assert_eq!(spikes, 6 * 60);
    assert_eq!((pace.hear(40_000, Some(MINUTE)), pace.usual()), (None, Some(40_000.0)));
    let mut quick = steady(200, 50);
    (0..10_000).for_each(|_| assert!(quick.hear(40_000, Some(500)).is_some(), "however many beats that is"));
}

#[test]
fn one_that_runs_away_by_turns_does_not_talk_itself_calm() {
    for between in [0, 0, 200] {
        let mut pace = steady(200, 20);
        for turn in 0..120 {
            let spike = pace.hear(40_000, Some(MINUTE)).unwrap_or_else(|| panic!("turn {turn} is its habit"));
            assert_eq!(spike.severity(), Severity::Critical);
            assert_eq!(pace.hear(between, Some(MINUTE)), None);
            assert!(pace.pace.is_high());
        }
        // All of it was one occasion.
        let calm = (0..).take_while(|_| pace.hear(200, Some(MINUTE)).is_none() && pace.pace.is_high()).count();
        assert!((100..=120).contains(&calm), "six hours at most: {calm}");
        assert!(pace.hear(40_000, Some(MINUTE)).is_some());
    }
}

#[test]
fn what_was_high_while_nothing_was_known_is_one_occasion() {
    let mut pace = Beats::default();
    pace.hear(0, None);
    (0..10).for_each(|beat| assert_eq!(pace.hear(if beat < 4 { 40_000 } else { 200 }, Some(MINUTE)), None));
    assert!(pace.hear(40_000, Some(MINUTE)).is_some());
}

#[test]
fn a_clock_that_was_set_ends_a_row_and_breaks_nothing() {
    let mut pace = steady(200, 50);
    pace.now += 400 * 24 * 60 * MINUTE as i64;
    assert!(pace.hear(40_000, Some(MINUTE)).is_some());
    pace.now = 0;
    assert!(pace.hear(40_000, Some(MINUTE)).is_some());
    assert_eq!(pace.usual(), Some(200.0));
}

#[test]
fn it_survives_a_restart_and_stays_small() {
    let mut pace = steady(123, 1_000);
    let kept = serde_json::to_string(&pace.pace).unwrap();
    assert!(kept.len() < 2_000, "{}", kept.len());
    (0..1_000).for_each(|_| assert!(pace.hear(40_123, Some(1_234)).is_some()));
    let kept = serde_json::to_string(&pace.pace).unwrap();
    assert!(kept.len() < 3_500, "{}", kept.len());
    let again: Pace = serde_json::from_str(&kept).unwrap();
    assert_eq!(again, pace.pace);
    let mut again = Beats { pace: again, now: pace.now };
    assert_eq!(again.hear(90_000, Some(MINUTE)), pace.hear(90_000, Some(MINUTE)));
    assert_eq!(serde_json::from_str::<Pace>("{}").unwrap(), Pace::default());
}

/// Twenty agents for a week each, whose beats use what calls of models use: many small ones, some large. The dice are fixed.
#[test]
fn a_week_of_uneven_work_is_told_a_few_times_on_its_first_day_and_hardly_after() {
    let mut dice = 0x2545_f491_4f6c_dd1d_u64;
    let mut roll = move || {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        (dice >> 11) as f64 / (1_u64 << 53) as f64
    };
    let (mut first_day, mut later, mut caught) = (0, 0, 0);
    for _ in 0..20 {
        let mut pace = Beats::default();
        let mut before = false;
        for minute in 0..7 * 1_440 {
            // About a bell curve, of logarithms: a tenth of the beats are four times the median, and one in a thousand twenty.
            let bell: f64 = (0..12).map(|_| roll()).sum::<f64>() - 6.0;
            let gap = 50_000 + (roll() * 20_000.0) as u64;
            let is_spike = pace.hear((2_000.0 * bell.exp()) as u64, Some(gap)).is_some();
            match minute {
                _ if !is_spike || before => {}
                ..1_440 => first_day += 1,
                _ => later += 1,
            }
            before = is_spike;
        }
        caught += usize::from(pace.hear(2_000 * 200, Some(MINUTE)).is_some());
    }
    assert!(first_day <= 100 && later <= 20, "{first_day} on the first day, {later} in the six after it");
    assert_eq!(caught, 20, "and 200 times the usual is still a spike");
}

proptest! {
    /// Jitter of a third either way, in tokens and in time, with a burst or a pause now and then: nobody is woken for it.
    #[test]
    fn ordinary_jitter_never_alarms(beats in proptest::collection::vec((600..1_400_u64, 40_000..80_000_u64, 0..60_u8), 20..300)) {
        let mut pace = Beats::default();
        pace.hear(0, None);
        for (beat, (tokens, gap, chance)) in beats.into_iter().enumerate() {
            let gap = match chance { 0..4 if beat % 7 == 3 => 300, 4..8 if beat % 7 == 3 => gap * 20, _ => gap };
            prop_assert_eq!(pace.hear(tokens, Some(gap)), None);
        }
    }

    #[test]
    fn ten_times_the_most_it_ever_used_is_always_critical(rates in proptest::collection::vec(200..5_000_u64, 10..50)) {
        let mut pace = Beats::default();
        pace.hear(0, None);
        for tokens in &rates {
            pace.hear(*tokens, Some(MINUTE));
        }
        let most = *rates.iter().max().unwrap();
        prop_assert_eq!(pace.hear(most * 10, Some(MINUTE)).map(|spike| spike.severity()), Some(Severity::Critical));
    }

    #[test]
    fn nothing_breaks_it(beats in proptest::collection::vec((any::<u64>(), proptest::option::of(any::<u64>())), 0..120)) {
        let mut pace = Beats::default();
        for (tokens, since) in beats {
            if let Some(spike) = pace.hear(tokens, since) {
                prop_assert!(spike.times >= WARN_TIMES && spike.rate.is_finite() && spike.words().len() < 200);
            }
        }
        prop_assert!(serde_json::to_string(&pace.pace).is_ok());
    }
}
