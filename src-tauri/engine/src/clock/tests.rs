//! The clock moved by hand, and the machine's own: really set, and told of sleep over a real bus.

use futures::FutureExt as _;

use super::moves::Moves;
use super::*;

const NOON: Ms = Ms(1_772_193_600_000);
const HOUR_MS: u64 = 3_600_000;

/// What passed on the wall, with sleep, and awake.
fn passed(clock: &ManualClock, moved: impl FnOnce(&ManualClock)) -> (i64, u64, u64) {
    let before = clock.reading();
    moved(clock);
    let after = clock.reading();
    (after.wall.0 - before.wall.0, after.elapsed_ms - before.elapsed_ms, after.awake_ms - before.awake_ms)
}

#[test]
fn three_clocks_tell_apart_time_awake_a_sleep_and_a_set_clock() {
    let clock = ManualClock::at(NOON);
    assert_eq!(clock.now(), NOON);
    assert_eq!(passed(&clock, |clock| clock.advance(1_500)), (1_500, 1_500, 1_500));
    assert_eq!(passed(&clock, |clock| clock.sleep_machine(HOUR_MS)), (3_600_000, HOUR_MS, 0));
    assert_eq!(passed(&clock, |clock| clock.step(-90_000)), (-90_000, 0, 0));
    assert_eq!(passed(&clock, |clock| clock.step(90_000)), (90_000, 0, 0));
    assert_eq!(passed(&clock, |clock| clock.set(clock.now().plus(10))), (10, 10, 10));
    assert_eq!(passed(&clock, |clock| clock.set(NOON)), (-3_601_510, 0, 0), "backwards is a set clock");
}

#[tokio::test]
async fn a_sleeper_wakes_with_every_move_and_not_without() {
    let clock = ManualClock::at(NOON);
    let moves: [fn(&ManualClock); 4] =
        [|clock| clock.advance(1), |clock| clock.sleep_machine(1), |clock| clock.step(-1), |clock| clock.set(NOON)];
    for moved in moves {
        for at in [None, Some(NOON.plus(HOUR_MS))] {
            let mut sleeper = clock.sleep_until(at);
            assert_eq!(sleeper.as_mut().now_or_never(), None, "nothing moved");
            moved(&clock);
            assert_eq!(sleeper.now_or_never(), Some(()));
        }
    }
    assert_eq!(clock.sleep_until(Some(clock.now())).now_or_never(), Some(()), "due");
}

#[tokio::test]
async fn a_move_between_two_sleeps_is_not_missed() {
    let clock = ManualClock::at(NOON);
    drop(clock.sleep_until(None));
    clock.step(60_000);
    assert_eq!(clock.sleep_until(None).now_or_never(), Some(()));
    assert_eq!(clock.sleep_until(None).now_or_never(), None, "it is heard once");
}

#[tokio::test]
async fn all_who_sleep_wake_by_one_move() {
    let moves = Moves::from(0);
    let (one, other) = (moves.moved(), moves.moved());
    moves.value().send_replace(1);
    assert_eq!((one.now_or_never(), other.now_or_never()), (Some(()), Some(())));
}

#[test]
fn the_machines_clocks_go_on_and_no_more_is_slept_than_lived() {
    let clock = SystemClock::new();
    let (before, after) = (clock.reading(), clock.reading());
    assert!(after.elapsed_ms >= before.elapsed_ms && after.awake_ms >= before.awake_ms, "{before:?} {after:?}");
    assert!(before.awake_ms <= after.elapsed_ms, "{before:?} {after:?}");
}

#[tokio::test]
async fn an_instant_that_has_come_is_not_waited_for() {
    let clock = SystemClock::new();
    clock.sleep_until(Some(clock.now().minus(1))).await;
}

#[cfg(target_os = "linux")]
mod on_linux {
    use std::os::unix::net::UnixListener;
    use std::process::Stdio;
    use std::time::Duration;

    use nix::errno::Errno;
    use nix::time::{ClockId, clock_gettime, clock_settime};
    use tokio::io::{AsyncBufReadExt as _, BufReader};
    use tokio::process::{Child, Command};
    use zbus::connection::Builder;

    use super::super::ears::{Heard, Sources};
    use super::*;

    /// The timer alone; no bus is where it is looked for.
    fn timed() -> SystemClock {
        let bus = Some("unix:path=/nonexistent/bus".to_owned());
        SystemClock::that_only_listens_to(Sources { timer: true, bus })
    }

    /// logind alone, so that whoever sets this machine's clock meanwhile does not disturb.
    fn told_by(bus: &str) -> SystemClock {
        SystemClock::that_only_listens_to(Sources { timer: false, bus: Some(bus.to_owned()) })
    }

    /// A test that waits for what never comes fails, instead of standing for ever.
    async fn comes<T>(what: impl Future<Output = T>) -> T {
        tokio::time::timeout(Duration::from_secs(60), what).await.expect("it comes")
    }

    /// Waits, on the same channel that wakes the sleepers.
    async fn heard(clock: &SystemClock, enough: impl FnMut(&Heard) -> bool) -> Heard {
        let mut heard = clock.ears().heard.value().subscribe();
        *comes(heard.wait_for(enough)).await.expect("the clock is there")
    }

    /// A sleeper that nothing wakes but what the clock hears from now on. What it heard before wakes the first; a few more
    /// are woken where somebody else sets this machine's clock just now.
    fn asleep(clock: &SystemClock) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        for _ in 0..100 {
            let mut sleeper = clock.sleep_until(Some(clock.now().plus(24 * HOUR_MS)));
            if sleeper.as_mut().now_or_never().is_none() {
                return sleeper;
            }
        }
        panic!("nobody can sleep on it, though nothing is heard");
    }

    /// The thread keeps a sender; when the last is gone, it has ended.
    async fn ends(clock: SystemClock) {
        let mut heard = clock.ears().heard.value().subscribe();
        drop(clock);
        comes(async { while heard.changed().await.is_ok() {} }).await;
    }

    /// A bus of the test's own, ended with it.
    async fn private_bus() -> Option<(Child, String)> {
        let mut daemon = Command::new("dbus-daemon");
        daemon.args(["--session", "--nofork", "--nopidfile", "--print-address"]);
        daemon.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut daemon = match daemon.kill_on_drop(true).spawn() {
            Ok(daemon) => daemon,
            Err(error) => {
                eprintln!("skipped: there is no dbus-daemon on this machine: {error}");
                return None;
            }
        };
        let said = daemon.stdout.take().expect("piped");
        let address = comes(BufReader::new(said).lines().next_line()).await.unwrap().expect("an address");
        Some((daemon, address))
    }

    async fn say_sleep(bus: &zbus::Connection, start: bool) {
        let (path, interface) = ("/org/freedesktop/login1", "org.freedesktop.login1.Manager");
        bus.emit_signal(None::<&str>, path, interface, "PrepareForSleep", &start).await.unwrap();
    }

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_wall_clock_is_set() {
        let clock = timed();
        heard(&clock, |heard| heard.hears_timer).await;
        for jumps in 1..=3 {
            let sleeper = asleep(&clock);
            // To what it shows: a set clock all the same, and nobody else on this machine is disturbed.
            let now = clock_gettime(ClockId::CLOCK_REALTIME).unwrap();
            match clock_settime(ClockId::CLOCK_REALTIME, now) {
                Ok(()) => {}
                Err(Errno::EPERM) => return eprintln!("skipped: the clock may not be set here"),
                Err(error) => panic!("{error}"),
            }
            comes(sleeper).await;
            heard(&clock, |heard| heard.jumps >= jumps).await;
        }
    }

    #[tokio::test]
    async fn a_sleeper_wakes_before_the_machine_sleeps_and_after() {
        let Some((_daemon, address)) = private_bus().await else { return };
        let connected = || async { Builder::address(address.as_str()).unwrap().build().await.unwrap() };
        let (logind, impostor) = (connected().await, connected().await);
        let clock = told_by(&address);
        heard(&clock, |heard| heard.hears_logind).await;
        // Also a logind that comes later than the tower is heard.
        logind.request_name("org.freedesktop.login1").await.unwrap();

        let sleeper = asleep(&clock);
        say_sleep(&impostor, true).await;
        zbus::fdo::DBusProxy::new(&impostor).await.unwrap().get_id().await.expect("the bus has taken what came before");
        say_sleep(&logind, true).await;
        comes(sleeper).await;
        let before = heard(&clock, |heard| heard.falls_asleep > 0).await;
        assert_eq!((before.falls_asleep, before.wakes), (1, 0), "who is not logind is not heard");

        let sleeper = asleep(&clock);
        say_sleep(&logind, false).await;
        comes(sleeper).await;
        let after = heard(&clock, |heard| heard.wakes > 0).await;
        assert_eq!((after.falls_asleep, after.wakes), (1, 1));
        ends(clock).await;
    }

    #[tokio::test]
    async fn a_bus_that_goes_away_is_told_once_and_keeps_nobody_awake() {
        let Some((mut daemon, address)) = private_bus().await else { return };
        let clock = told_by(&address);
        heard(&clock, |heard| heard.hears_logind).await;
        let sleeper = asleep(&clock);
        daemon.kill().await.unwrap();
        comes(sleeper).await;
        assert_eq!(heard(&clock, |heard| !heard.hears_logind).await, Heard::default());
        drop(asleep(&clock));
        ends(clock).await;
    }

    #[tokio::test]
    async fn without_a_bus_a_set_clock_is_heard_still() {
        let clock = timed();
        assert!(!heard(&clock, |heard| heard.hears_timer).await.hears_logind);
        ends(clock).await;
    }

    #[tokio::test]
    async fn a_bus_that_never_answers_delays_neither_the_start_nor_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bus");
        let _mute = UnixListener::bind(&path).unwrap();
        let bus = Some(format!("unix:path={}", path.display()));
        let clock = SystemClock::that_only_listens_to(Sources { timer: true, bus });
        assert!(!heard(&clock, |heard| heard.hears_timer).await.hears_logind);
        ends(clock).await;
    }
}
