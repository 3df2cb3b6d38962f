//! What the machine can do at the moment: durable writes, plain computing, and who else is at work on it.

use std::fmt;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::sys::time::TimeValLike as _;
use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;

const SYNCED_BYTES: [u8; 4096] = [7; 4096];
const LOOK: Duration = Duration::from_millis(700);

#[derive(Debug, Clone, Copy)]
pub struct Machine {
    /// Appended blocks of 4 KiB, each made durable.
    pub fdatasync_per_s: f64,
    /// Rounds of a plain integer loop on one thread.
    pub cpu_rounds_per_us: f64,
    /// Average number of runnable threads over the last minute.
    pub load: f64,
}

impl Machine {
    #[must_use]
    pub fn look(folder: &Path) -> Machine {
        Machine { fdatasync_per_s: fdatasync_per_s(folder), cpu_rounds_per_us: cpu_rounds_per_us(), load: load() }
    }

    #[must_use]
    pub fn worse(self, other: Machine) -> Machine {
        Machine {
            fdatasync_per_s: self.fdatasync_per_s.min(other.fdatasync_per_s),
            cpu_rounds_per_us: self.cpu_rounds_per_us.min(other.cpu_rounds_per_us),
            load: self.load.max(other.load),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine { fdatasync_per_s, cpu_rounds_per_us, load } = self;
        write!(out, "{fdatasync_per_s:.0} fdatasync/s, {cpu_rounds_per_us:.0} rounds/us, load {load:.2}")
    }
}

/// Returns once everything that was written by anybody is on the disk.
pub fn written_out() {
    let synced = std::process::Command::new("sync").status();
    assert!(synced.is_ok_and(|status| status.success()), "`sync` is part of every system");
}

/// Appended blocks of 4 KiB, each made durable; looks for 0.7 s.
pub fn fdatasync_per_s(folder: &Path) -> f64 {
    let path = folder.join("fdatasync");
    let mut file = std::fs::File::create(&path).expect("the folder for the stores can be written to");
    let (begun, mut count) = (Instant::now(), 0.0);
    while begun.elapsed() < LOOK {
        file.write_all(&SYNCED_BYTES).and_then(|()| file.sync_data()).expect("a file can be written and synced");
        count += 1.0;
    }
    let rate = count / begun.elapsed().as_secs_f64();
    std::fs::remove_file(path).expect("a file of our own can be removed");
    rate
}

fn cpu_rounds_per_us() -> f64 {
    const ROUNDS: u32 = 100_000_000;
    let begun = Instant::now();
    let mut value = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..ROUNDS {
        value ^= value << 13;
        value ^= value >> 7;
        value ^= value << 17;
    }
    std::hint::black_box(value);
    f64::from(ROUNDS) / begun.elapsed().as_secs_f64() / 1e6
}

fn load() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(f64::NAN)
}

/// Processor time that a process has used, all threads, in microseconds.
#[must_use]
pub fn cpu_us(pid: u32) -> f64 {
    let pid = Pid::from_raw(i32::try_from(pid).expect("process ids are small"));
    let used = clock_getcpuclockid(pid).and_then(clock_gettime).expect("a running process has a clock");
    used.num_nanoseconds() as f64 / 1e3
}

/// Unix microseconds.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a benchmark is about the machine's own clock")]
pub fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    i64::try_from(since.as_micros()).expect("it is before the year 200 000")
}

/// The next whole minute that is at least `ahead` away, in Unix microseconds.
#[must_use]
pub fn minute_ahead(ahead: Duration) -> i64 {
    const MINUTE_US: i64 = 60_000_000;
    let from = now_us() + i64::try_from(ahead.as_micros()).expect("it is near");
    (from / MINUTE_US + 1) * MINUTE_US
}

/// Waits until then; not at all if it has passed.
pub async fn sleep_until(at_us: i64) {
    let left = u64::try_from(at_us - now_us()).unwrap_or(0);
    tokio::time::sleep(Duration::from_micros(left)).await;
}
