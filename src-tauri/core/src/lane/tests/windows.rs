//! Windows that let several runs go at once.

use super::*;
use crate::occurrence::SkipPolicy;
use crate::schedule_spec::{Part, Rate, Weekdays};

/// Three at once from 12:00 to 12:10, one at any other time.
fn crowded(overlap: Overlap) -> Field {
    Field::with(|cue| {
        cue.overlap = overlap;
        cue.schedule.parts = vec![Part {
            days: Weekdays::ALL,
            from_s: 43_200,
            to_s: 43_800,
            timezone: None,
            rate: Rate::Otherwise,
            at_once: Some(3),
        }];
    })
}

#[test]
fn overlap_begins_above_the_number_that_goes_at_once() {
    let mut field = crowded(Overlap::Skip);
    field.until(181);
    assert_eq!(field.lane.runs.len(), 3);
    field.until(241);
    assert_eq!(field.ends(), [(240, End::Skipped { policy: SkipPolicy::Overlap })]);
}

#[test]
fn replace_stops_the_oldest_of_them() {
    let mut field = crowded(Overlap::Replace);
    field.until(61);
    let oldest = field.lane.runs.keys().next().unwrap().clone();
    field.until(241);
    assert_eq!(field.verdict(&oldest), Some(Verdict::Stopped));
    assert_eq!(field.lane.live_runs().count(), 3);
}

#[test]
fn the_queue_shrinks_by_as_many_as_the_opening_window_lets_go() {
    let mut field = Field::with(|cue| {
        cue.overlap = Overlap::Queue;
        cue.schedule.parts = vec![Part {
            days: Weekdays::ALL,
            from_s: 43_200 + 300,
            to_s: 46_800,
            timezone: None,
            rate: Rate::Otherwise,
            at_once: Some(3),
        }];
    });
    field.until(299);
    assert_eq!((field.lane.live_runs().count(), field.lane.held.len()), (1, 3));
    field.until(300);
    assert_eq!((field.lane.live_runs().count(), field.lane.held.len()), (3, 2), "12:05 opens, and is due itself");
}
