//! What becomes of due instants when the machine sleeps, its clock jumps or the tower restarts: twelve things that happen,
//! under every policy. The expectations are SPEC section 3's, in the words of the ledger.

use cuetower_core::Ms;
use cuetower_core::cue::{CatchUpPolicy, Overlap};
use cuetower_core::input::Input;
use cuetower_core::schedule_spec::ScheduleSpec;
use cuetower_core::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};

use super::scene::Scene;

use CatchUpPolicy::{All, Ask, Latest, None as Nothing};
use Overlap::{Allow, Queue, Replace, Skip};

type Row = (&'static str, CatchUpPolicy, Overlap, &'static str);

const POLICIES: [CatchUpPolicy; 4] = [Latest, All, Nothing, Ask];
const OVERLAPS: [Overlap; 4] = [Skip, Queue, Allow, Replace];

fn hold(table: &[Row], happens: fn(&mut Scene)) {
    hold_for(table, Scene::new, happens);
}

/// Every row is lived through before any is complained of.
fn hold_for(table: &[Row], scene: fn(CatchUpPolicy, Overlap) -> Scene, happens: fn(&mut Scene)) {
    let mut wrong = String::new();
    for (name, catch_up, overlap, expected) in table {
        let mut scene = scene(*catch_up, *overlap);
        happens(&mut scene);
        let ledger = scene.ledger();
        if ledger != *expected {
            wrong += &format!("\n{name}, {catch_up:?}, {overlap:?}\n  expected {expected}\n  found    {ledger}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn asleep_for_a_second_over_a_due_instant_it_simply_runs() {
    for catch_up in POLICIES {
        for overlap in OVERLAPS {
            hold(&[("1 s asleep", catch_up, overlap, "12:10 ×2 ran")], |scene| {
                scene.live(9 * MINUTE_MS + 58 * SECOND_MS);
                scene.sleep(2 * SECOND_MS);
                scene.live(15 * MINUTE_MS);
            });
        }
    }
}

#[test]
fn asleep_for_ten_minutes() {
    let happens = |scene: &mut Scene| {
        scene.live(5 * MINUTE_MS);
        scene.sleep(10 * MINUTE_MS);
        scene.live(10 * MINUTE_MS);
    };
    for overlap in OVERLAPS {
        let table = [
            ("10 min asleep", Latest, overlap, "12:10 ×2 ran"),
            ("10 min asleep", All, overlap, "12:10 ×2 ran"),
            ("10 min asleep", Nothing, overlap, "12:10 missed (the machine was asleep); 12:20 ran"),
            ("10 min asleep", Ask, overlap, "12:10 asks; 12:20 ran"),
        ];
        hold(&table, happens);
    }
}

#[test]
fn asleep_for_eight_hours() {
    let happens = |scene: &mut Scene| {
        scene.live(5 * MINUTE_MS);
        scene.sleep(8 * HOUR_MS);
        scene.live(10 * MINUTE_MS);
    };
    for overlap in OVERLAPS {
        let table = [
            ("8 h asleep", Latest, overlap, "12:10 ×47 coalesced; 20:00 ×2 ran"),
            ("8 h asleep", All, overlap, "12:10 ×49 ran"),
            ("8 h asleep", Nothing, overlap, "12:10 ×48 missed (the machine was asleep); 20:10 ran"),
            ("8 h asleep", Ask, overlap, "12:10 ×47 coalesced; 20:00 asks; 20:10 ran"),
        ];
        hold(&table, happens);
    }
}

/// Without a window of its own, a ten-minute cue's instant is useful for five.
#[test]
fn asleep_for_an_hour_and_back_too_late_for_the_newest() {
    let happens = |scene: &mut Scene| {
        let cue = &scene.world.lanes[&scene.cue];
        let mut definition = (*cue.cue.definition).clone();
        definition.catch_up.within_ms = None;
        scene.give(Input::Edit { definition: Box::new(definition), revision: None });
        scene.live(7 * MINUTE_MS);
        scene.sleep(HOUR_MS);
        scene.live(10 * MINUTE_MS);
    };
    for overlap in OVERLAPS {
        let table = [
            ("too late", Latest, overlap, "12:10 ×6 missed (the machine was asleep); 13:10 ran"),
            ("too late", All, overlap, "12:10 ×7 ran"),
            ("too late", Ask, overlap, "12:10 ×5 coalesced; 13:00 asks; 13:10 ran"),
        ];
        hold(&table, happens);
    }
}

#[test]
fn asleep_for_thirty_days() {
    let happens = |scene: &mut Scene| {
        scene.live(5 * MINUTE_MS);
        scene.sleep(30 * DAY_MS);
        scene.live(10 * MINUTE_MS);
    };
    for overlap in OVERLAPS {
        let table = [
            ("30 d asleep", Latest, overlap, "12:10 ×4319 coalesced; 12:00 ×2 ran"),
            // One runs, a hundred wait behind it; there is room for no more.
            ("30 d asleep", All, overlap, "12:10 ×100 ran; 04:50 ×4220 missed (the machine was asleep); 12:10 ran"),
            ("30 d asleep", Nothing, overlap, "12:10 ×4320 missed (the machine was asleep); 12:10 ran"),
            ("30 d asleep", Ask, overlap, "12:10 ×4319 coalesced; 12:00 asks; 12:10 ran"),
        ];
        hold(&table, happens);
    }
}

/// Two seconds awake at 15:03 without a network, then asleep again: what began then is tried again in the evening.
#[test]
fn a_dark_wake_of_two_seconds_uses_nothing_up() {
    let happens = |scene: &mut Scene| {
        scene.live(5 * MINUTE_MS);
        scene.world.network = false;
        scene.sleep(2 * HOUR_MS + 58 * MINUTE_MS);
        scene.live(2 * SECOND_MS);
        scene.world.sleep(5 * HOUR_MS);
        scene.world.network = true;
        scene.live(10 * MINUTE_MS);
    };
    let table = [
        (
            "dark wake",
            Latest,
            Skip,
            "12:10 ×17 coalesced; 15:00 ran; 15:10 ×29 coalesced; 20:00 skipped (overlap); 20:10 ran",
        ),
        ("dark wake", Latest, Queue, "12:10 ×17 coalesced; 15:00 ran; 15:10 ×29 coalesced; 20:00 ×2 ran"),
        ("dark wake", Latest, Allow, "12:10 ×17 coalesced; 15:00 ran; 15:10 ×29 coalesced; 20:00 ×2 ran"),
        ("dark wake", Latest, Replace, "12:10 ×17 coalesced; 15:00 ran, stopped; 15:10 ×29 coalesced; 20:00 ×2 ran"),
        ("dark wake", All, Skip, "12:10 ×49 ran"),
        ("dark wake", All, Replace, "12:10 ×49 ran"),
        ("dark wake", Nothing, Skip, "12:10 ×48 missed (the machine was asleep); 20:10 ran"),
        ("dark wake", Ask, Skip, "12:10 ×47 coalesced; 20:00 asks; 20:10 ran"),
    ];
    hold(&table, happens);
}

#[test]
fn the_clock_is_set_forward_by_an_hour() {
    let happens = |scene: &mut Scene| {
        scene.live(5 * MINUTE_MS);
        scene.step(HOUR_MS as i64);
        scene.live(10 * MINUTE_MS);
    };
    for overlap in OVERLAPS {
        let table = [
            ("+1 h", Latest, overlap, "12:10 ×5 coalesced; 13:00 ×2 ran"),
            ("+1 h", All, overlap, "12:10 ×7 ran"),
            ("+1 h", Nothing, overlap, "12:10 ×6 missed (the clock was set forward over it); 13:10 ran"),
            ("+1 h", Ask, overlap, "12:10 ×5 coalesced; 13:00 asks; 13:10 ran"),
        ];
        hold(&table, happens);
    }
}

/// Nothing runs twice, and nothing is missed: the instants come again, and are in the ledger.
#[test]
fn the_clock_is_set_back_by_an_hour() {
    for catch_up in POLICIES {
        for overlap in OVERLAPS {
            hold(&[("-1 h", catch_up, overlap, "12:10 ×5 ran")], |scene| {
                scene.live(35 * MINUTE_MS);
                scene.step(-(HOUR_MS as i64));
                scene.live(80 * MINUTE_MS);
                assert_eq!(scene.runs(), (5, 5));
            });
        }
    }
}

#[test]
fn the_clock_goes_back_to_1970_and_comes_back_an_hour_later() {
    let happens = |scene: &mut Scene| {
        scene.live(35 * MINUTE_MS);
        let now = scene.world.now().0;
        scene.step(-now);
        scene.live(HOUR_MS);
        assert_eq!(scene.runs(), (3, 3), "nothing runs in 1970");
        scene.step(now);
        scene.live(10 * MINUTE_MS);
    };
    for overlap in OVERLAPS {
        let table = [
            ("1970", Latest, overlap, "12:10 ×3 ran; 12:40 ×5 coalesced; 13:30 ×2 ran"),
            ("1970", All, overlap, "12:10 ×10 ran"),
            ("1970", Nothing, overlap, "12:10 ×3 ran; 12:40 ×6 missed (the clock was set forward over it); 13:40 ran"),
            ("1970", Ask, overlap, "12:10 ×3 ran; 12:40 ×5 coalesced; 13:30 asks; 13:40 ran"),
        ];
        hold(&table, happens);
    }
}

fn nightly(now: Ms, catch_up: CatchUpPolicy, overlap: Overlap) -> Scene {
    Scene::of(now, ScheduleSpec::recurring("30 2 * * *", "Europe/Berlin"), catch_up, overlap)
}

/// Berlin, 2026-03-29: 02:30 is not there; the job runs at the gap's end, 03:00 = 01:00 UTC, once.
#[test]
fn the_hour_that_spring_takes_passes_asleep() {
    let evening = |catch_up, overlap| nightly(Ms(1_774_724_400_000), catch_up, overlap);
    let happens = |scene: &mut Scene| {
        scene.live(HOUR_MS);
        scene.sleep(10 * HOUR_MS);
        scene.live(3 * HOUR_MS);
    };
    for overlap in OVERLAPS {
        let table = [
            ("gap asleep", Latest, overlap, "01:00 ran"),
            ("gap asleep", All, overlap, "01:00 ran"),
            ("gap asleep", Nothing, overlap, "01:00 missed (the machine was asleep)"),
            ("gap asleep", Ask, overlap, "01:00 asks"),
        ];
        hold_for(&table, evening, happens);
    }
}

/// Berlin, 2026-10-25: 02:30 is there twice; the job runs the first time, 00:30 UTC, once.
#[test]
fn the_hour_that_autumn_gives_passes_asleep() {
    let evening = |catch_up, overlap| nightly(Ms(1_792_868_400_000), catch_up, overlap);
    let happens = |scene: &mut Scene| {
        scene.live(HOUR_MS);
        scene.sleep(10 * HOUR_MS);
        scene.live(3 * HOUR_MS);
    };
    for overlap in OVERLAPS {
        let table = [
            ("fold asleep", Latest, overlap, "00:30 ran"),
            ("fold asleep", All, overlap, "00:30 ran"),
            ("fold asleep", Nothing, overlap, "00:30 missed (the machine was asleep)"),
            ("fold asleep", Ask, overlap, "00:30 asks"),
        ];
        hold_for(&table, evening, happens);
    }
}

/// Its agent sleeps too, and reports a minute after the wake: the deadline stood still, the run is not silent.
#[test]
fn asleep_during_a_run() {
    let happens = |scene: &mut Scene| {
        scene.world.works_ms = Some(8 * HOUR_MS + MINUTE_MS);
        scene.live(10 * MINUTE_MS + 5 * SECOND_MS);
        scene.world.works_ms = Some(2_000);
        scene.sleep(8 * HOUR_MS);
        scene.live(9 * MINUTE_MS);
    };
    let table = [
        ("in a run", Latest, Skip, "12:10 ran; 12:20 ×47 coalesced; 20:10 skipped (overlap)"),
        ("in a run", Latest, Queue, "12:10 ran; 12:20 ×47 coalesced; 20:10 ran"),
        ("in a run", Latest, Allow, "12:10 ran; 12:20 ×47 coalesced; 20:10 ran"),
        ("in a run", Latest, Replace, "12:10 ran, stopped; 12:20 ×47 coalesced; 20:10 ran"),
        ("in a run", All, Skip, "12:10 ×49 ran"),
        ("in a run", All, Queue, "12:10 ×49 ran"),
        ("in a run", All, Allow, "12:10 ×49 ran"),
        ("in a run", All, Replace, "12:10 ×49 ran"),
        ("in a run", Nothing, Skip, "12:10 ran; 12:20 ×48 missed (the machine was asleep)"),
        ("in a run", Ask, Skip, "12:10 ran; 12:20 ×47 coalesced; 20:10 asks"),
    ];
    hold(&table, happens);
}

/// The newest question takes the place of the older one; the answer is the owner's, whenever it comes.
#[test]
fn asleep_while_an_occurrence_waits_for_the_owner() {
    let asked_twice = |scene: &mut Scene| {
        scene.live(5 * MINUTE_MS);
        scene.sleep(HOUR_MS);
        scene.sleep(HOUR_MS);
    };
    for overlap in OVERLAPS {
        hold(&[("asks", Ask, overlap, "12:10 ×11 coalesced; 14:00 asks")], asked_twice);
        hold(&[("asks, run", Ask, overlap, "12:10 ×11 coalesced; 14:00 ×2 ran")], |scene| {
            scene.live(5 * MINUTE_MS);
            scene.sleep(HOUR_MS);
            scene.sleep(HOUR_MS);
            scene.answer(true);
            scene.live(10 * MINUTE_MS);
        });
        hold(&[("asks, skip", Ask, overlap, "12:10 ×11 coalesced; 14:00 skipped (owner); 14:10 ran")], |scene| {
            scene.live(5 * MINUTE_MS);
            scene.sleep(HOUR_MS);
            scene.sleep(HOUR_MS);
            scene.answer(false);
            scene.live(10 * MINUTE_MS);
        });
    }
}

#[test]
fn asleep_again_while_catching_up() {
    let happens = |scene: &mut Scene| {
        scene.live(5 * MINUTE_MS);
        scene.sleep(8 * HOUR_MS);
        scene.live(20 * SECOND_MS);
        scene.sleep(HOUR_MS);
        scene.live(10 * MINUTE_MS);
    };
    for overlap in OVERLAPS {
        let table = [
            ("catching up", Latest, overlap, "12:10 ×47 coalesced; 20:00 ran; 20:10 ×5 coalesced; 21:00 ×2 ran"),
            ("catching up", All, overlap, "12:10 ×55 ran"),
            ("catching up", Nothing, overlap, "12:10 ×54 missed (the machine was asleep); 21:10 ran"),
            ("catching up", Ask, overlap, "12:10 ×53 coalesced; 21:00 asks; 21:10 ran"),
        ];
        hold(&table, happens);
    }
}

/// Ten restarts within two minutes around a due instant: it runs, once, whatever is lost on the way.
#[test]
fn a_reboot_loop_around_a_due_instant() {
    for catch_up in POLICIES {
        for overlap in OVERLAPS {
            for shift_ms in [0, 1_500, 3_000, 4_500, 7_000, 9_500] {
                let mut scene = Scene::new(catch_up, overlap);
                scene.live(9 * MINUTE_MS + shift_ms);
                for _ in 0..10 {
                    scene.crash(3 * SECOND_MS);
                    scene.live(9 * SECOND_MS);
                }
                scene.live(15 * MINUTE_MS);
                let name = format!("{catch_up:?}, {overlap:?}, killed first at 12:09 + {shift_ms} ms");
                assert_eq!(scene.ledger(), "12:10 ×2 ran", "{name}");
                assert_eq!(scene.runs(), (2, 2), "{name}");
            }
        }
    }
}
