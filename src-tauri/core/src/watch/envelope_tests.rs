//! Envelopes told as stories: what is outside, what only looks so, and in which words.

use proptest::prelude::*;

use super::envelope::*;
use crate::spend::Nanousd;

fn tokens(count: u64) -> Sample {
    Sample { tokens: Some(count), ..Sample::default() }
}

/// Fifty runs that used 600 to 1,100 tokens, 800 at the median.
fn usual() -> Envelope {
    Envelope::of((0..50).map(|run| tokens([600, 650, 720, 780, 800, 800, 830, 900, 1_000, 1_100][run % 10])))
}

fn said(envelope: &Envelope, sample: &Sample) -> Vec<String> {
    envelope.outside(sample).iter().map(Outside::words).collect()
}

#[test]
fn the_words_give_the_numbers() {
    let words = said(&usual(), &tokens(9_400));
    assert_eq!(words, ["It used 9,400 tokens; its last 50 runs used 800 at the median, 600 to 1,100."]);
    let minutes = |of: u64| Sample { duration_ms: Some(of * 60_000), ..Sample::default() };
    let slow = Envelope::of([6, 7, 8, 8, 9, 9, 9, 10, 11, 12].map(minutes));
    let took = said(&slow, &Sample { duration_ms: Some(41 * 60_000 + 7_000), ..Sample::default() });
    assert_eq!(took, ["It took 41 min; its last 10 runs took 9 min at the median, 6 to 12 min."]);
}

#[test]
fn each_measure_has_its_words() {
    let sample = |duration_ms, tokens, usd: f64, steps, processed| Sample {
        duration_ms: Some(duration_ms),
        tokens: Some(tokens),
        cost: Nanousd::of_usd(usd),
        steps: Some(steps),
        processed: Some(processed),
    };
    let envelope = Envelope::of((0..12).map(|_| sample(60_000, 5_000, 0.042, 12, 200.0)));
    assert_eq!(
        said(&envelope, &sample(1_500, 1, 4.1, 120, 3.0)),
        [
            "It took 1.5 s; its last 12 runs took 1 min.",
            "It used 1 token; its last 12 runs used 5,000.",
            "It cost $4.10; its last 12 runs cost $0.042.",
            "It made 120 steps; its last 12 runs made 12.",
            "It processed 3 records; its last 12 runs processed 200.",
        ]
    );
    let outside = envelope.outside(&sample(1_500, 1, 4.1, 120, 3.0));
    let less: Vec<bool> = outside.iter().map(|outside| outside.value < outside.band.low).collect();
    assert_eq!(less, [true, true, false, false, true]);
    assert_eq!(said(&envelope, &sample(60_000, 5_000, 0.042, 12, 200.0)), Vec::<String>::new());
}

#[test]
fn ten_values_of_a_measure_are_needed() {
    let nine = Envelope::of((0..9).map(|_| tokens(800)).chain((0..40).map(|_| Sample::default())));
    assert_eq!((nine.band(Measure::Tokens), nine.high(Measure::Tokens)), (None, None));
    assert_eq!(nine.outside(&tokens(1_000_000)), []);
    let ten = Envelope::of((0..10).map(|_| tokens(800)));
    assert_eq!(ten.outside(&tokens(1_000_000)).len(), 1);
    assert_eq!(ten.outside(&Sample::default()), [], "what was not said is not 0");
    assert_eq!(ten.band(Measure::Cost), None);
}

#[test]
fn cheap_can_mean_undone() {
    let words = said(&usual(), &tokens(0));
    assert_eq!(words, ["It used 0 tokens; its last 50 runs used 800 at the median, 600 to 1,100."]);
    // Spread so wide that five deviations reach below zero.
    let wide = Envelope::of((0..50).map(|run| tokens(2_000 + run * 400)));
    let band = wide.band(Measure::Tokens).unwrap();
    assert_eq!((band.low, wide.outside(&tokens(499)).len(), wide.outside(&tokens(500)).len()), (500.0, 1, 0));
}

#[test]
fn little_is_never_news() {
    let flat = |sample: Sample| Envelope::of((0..50).map(|_| sample));
    let quick = flat(Sample { duration_ms: Some(300), ..Sample::default() });
    let took = |length| quick.outside(&Sample { duration_ms: Some(length), ..Sample::default() }).len();
    assert_eq!([10_300, 10_301, 0].map(took), [0, 1, 0], "ten seconds are one slow answer");
    let small = flat(tokens(40));
    assert_eq!([540, 541, 0].map(|count| small.outside(&tokens(count)).len()), [0, 1, 0]);
    let cheap = flat(Sample { cost: Nanousd::of_usd(0.001), ..Sample::default() });
    let cost = |usd| cheap.outside(&Sample { cost: Nanousd::of_usd(usd), ..Sample::default() }).len();
    assert_eq!([0.05, 0.06, 0.0].map(cost), [0, 1, 0]);
    let few = flat(Sample { steps: Some(8), ..Sample::default() });
    let made = |steps| few.outside(&Sample { steps: Some(steps), ..Sample::default() }).len();
    assert_eq!([2, 3, 13, 14].map(made), [1, 0, 0, 1]);
}

#[test]
fn heavy_mondays_are_normal_once_there_were_two() {
    let run = |day: u64| tokens(if day.is_multiple_of(7) { 60_000 } else { 4_000 });
    let known = Envelope::of((1..=50).map(run));
    assert_eq!(known.outside(&tokens(91_000)).len(), 1, "more than ever");
    assert_eq!(known.outside(&tokens(64_000)), []);
    let once = Envelope::of((1..=13).map(run));
    assert_eq!(once.outside(&tokens(60_000)).len(), 1, "one such run is no habit");
}

#[test]
fn one_wild_run_does_not_move_the_edges() {
    let before = usual();
    let mut after = before.clone();
    after.push(tokens(50_000_000));
    let [one, other] = [&before, &after].map(|envelope| envelope.band(Measure::Tokens).unwrap());
    assert!((other.high - one.high).abs() < one.median * 0.3, "{one:?} {other:?}");
    assert_eq!(after.outside(&tokens(9_400)).len(), 1);
}

#[test]
fn it_keeps_fifty_and_survives_a_restart() {
    let many = Envelope::of((0..500).map(tokens));
    let known: Vec<f64> = many.values(Measure::Tokens).flatten().collect();
    assert_eq!((many.len(), known[0], known[49]), (50, 450.0, 499.0));
    let kept = serde_json::to_string(&many).unwrap();
    assert_eq!(serde_json::from_str::<Envelope>(&kept).unwrap(), many);
}

fn sample() -> impl Strategy<Value = Sample> {
    let number = || proptest::option::of(0..10_000_000_u64);
    (number(), number(), number(), number(), proptest::option::of(any::<f64>())).prop_map(
        |(duration_ms, tokens, nano, steps, processed)| Sample {
            duration_ms,
            tokens,
            cost: nano.map(|nano| Nanousd(nano * 1_000)),
            steps,
            processed,
        },
    )
}

proptest! {
    #[test]
    fn the_middle_is_inside_and_the_edges_are_in_order(samples in proptest::collection::vec(sample(), 0..80)) {
        let envelope = Envelope::of(samples.clone());
        for measure in Measure::ALL {
            let Some(band) = envelope.band(measure) else { continue };
            prop_assert!(band.holds(band.median), "{:?}", band);
            prop_assert!(0.0 <= band.low && band.p5 <= band.median && band.median <= band.p95);
            let known: Vec<f64> = envelope.values(measure).flatten().collect();
            let outside = known.iter().filter(|value| !band.holds(**value)).count();
            prop_assert!(outside <= 2 * (known.len() / 20).max(1), "{} of {} are outside {:?}", outside, known.len(), band);
        }
        for outside in samples.iter().flat_map(|sample| envelope.outside(sample)) {
            prop_assert!(outside.words().ends_with('.'));
        }
    }

    #[test]
    fn ten_times_the_most_is_outside_and_so_is_a_tenth_of_the_least(counts in proptest::collection::vec(10_000..60_000_u64, 10..60)) {
        let envelope = Envelope::of(counts.iter().copied().map(tokens));
        let newest = &counts[counts.len().saturating_sub(50)..];
        prop_assert_eq!(envelope.outside(&tokens(newest.iter().max().unwrap() * 10)).len(), 1);
        prop_assert_eq!(envelope.outside(&tokens(newest.iter().min().unwrap() / 10)).len(), 1);
    }
}
