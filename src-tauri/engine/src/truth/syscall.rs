//! The system call that a thread is in, as far as it says what the thread waits on.

use std::os::unix::fs::FileExt;

use nix::libc;

/// Descriptors of one `poll` or `select` that are looked at.
const WATCHED_MAX: u64 = 256;

/// What a call waits on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// One descriptor.
    Descriptor(u64),
    /// A lock on the file of a descriptor.
    Lock(u64),
    /// Any of several descriptors; none: it only lets time pass.
    Several(Vec<u64>),
    /// What an `epoll` descriptor watches.
    Epoll(u64),
    Child,
    Thread,
    Timer,
    /// It waits for a file to open, which has no descriptor yet.
    Open,
    Other,
}

/// None if it is not in a call, or may not be asked.
pub fn of(pid: u32, tid: u32) -> Option<Call> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/task/{tid}/syscall")).ok()?;
    let mut words = text.split_whitespace();
    let number: i64 = words.next()?.parse().ok()?;
    let args: Vec<u64> = words
        .take(6)
        .map(|word| u64::from_str_radix(word.trim_start_matches("0x"), 16))
        .collect::<Result<_, _>>()
        .ok()?;
    let args = <[u64; 6]>::try_from(args).ok()?;
    Some(call(number, args, |at, bytes| memory(pid, at, bytes)))
}

fn memory(pid: u32, at: u64, bytes: &mut [u8]) -> Option<()> {
    std::fs::File::open(format!("/proc/{pid}/mem")).ok()?.read_exact_at(bytes, at).ok()
}

/// `read` fills the buffer from the memory of the process.
fn call(number: i64, args: [u64; 6], read: impl Fn(u64, &mut [u8]) -> Option<()>) -> Call {
    let [first, second, third, ..] = args;
    match number {
        libc::SYS_read
        | libc::SYS_readv
        | libc::SYS_recvfrom
        | libc::SYS_recvmsg
        | libc::SYS_recvmmsg
        | libc::SYS_write
        | libc::SYS_writev
        | libc::SYS_sendto
        | libc::SYS_sendmsg
        | libc::SYS_accept
        | libc::SYS_accept4
        | libc::SYS_connect
        | libc::SYS_fsync
        | libc::SYS_fdatasync
        | libc::SYS_pread64
        | libc::SYS_pwrite64
        | libc::SYS_ioctl => Call::Descriptor(first),
        libc::SYS_flock => Call::Lock(first),
        libc::SYS_fcntl
            if [libc::F_SETLKW, libc::F_OFD_SETLKW].iter().any(|wait| u64::try_from(*wait) == Ok(second)) =>
        {
            Call::Lock(first)
        }
        libc::SYS_ppoll => Call::Several(polled(first, second, read)),
        libc::SYS_pselect6 => Call::Several(selected(first, [second, third], read)),
        libc::SYS_epoll_pwait | libc::SYS_epoll_pwait2 => Call::Epoll(first),
        libc::SYS_futex | libc::SYS_futex_waitv => Call::Thread,
        libc::SYS_wait4 | libc::SYS_waitid => Call::Child,
        libc::SYS_nanosleep | libc::SYS_clock_nanosleep => Call::Timer,
        libc::SYS_openat => Call::Open,
        _ => older(number, args, read),
    }
}

/// Calls that newer machines do without.
#[cfg(target_arch = "x86_64")]
fn older(number: i64, [first, second, third, ..]: [u64; 6], read: impl Fn(u64, &mut [u8]) -> Option<()>) -> Call {
    match number {
        libc::SYS_poll => Call::Several(polled(first, second, read)),
        libc::SYS_select => Call::Several(selected(first, [second, third], read)),
        libc::SYS_epoll_wait => Call::Epoll(first),
        libc::SYS_open => Call::Open,
        _ => Call::Other,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn older(_: i64, _: [u64; 6], _: impl Fn(u64, &mut [u8]) -> Option<()>) -> Call {
    Call::Other
}

/// The `pollfd`s at `at`: a descriptor of four bytes each, and what is waited for in two and two.
fn polled(at: u64, count: u64, read: impl Fn(u64, &mut [u8]) -> Option<()>) -> Vec<u64> {
    let count = usize::try_from(count.min(WATCHED_MAX)).unwrap_or(0);
    let mut bytes = vec![0; count * 8];
    if bytes.is_empty() || read(at, &mut bytes).is_none() {
        return Vec::new();
    }
    let fd = |entry: &[u8]| i32::from_ne_bytes([entry[0], entry[1], entry[2], entry[3]]);
    bytes.chunks_exact(8).filter_map(|entry| u64::try_from(fd(entry)).ok()).collect()
}

/// Bits of the sets at these addresses, those below `count`.
fn selected(count: u64, sets: [u64; 2], read: impl Fn(u64, &mut [u8]) -> Option<()>) -> Vec<u64> {
    let count = count.min(1_024);
    let mut found = Vec::new();
    for set in sets.into_iter().filter(|at| *at != 0) {
        let mut bytes = vec![0; usize::try_from(count.div_ceil(64) * 8).unwrap_or(0)];
        if bytes.is_empty() || read(set, &mut bytes).is_none() {
            continue;
        }
        let words: Vec<u64> =
            bytes.chunks_exact(8).map(|word| u64::from_ne_bytes(word.try_into().expect("eight bytes"))).collect();
        let is_set =
            |fd: &u64| words.get(usize::try_from(fd / 64).unwrap_or(0)).is_some_and(|word| word >> (fd % 64) & 1 == 1);
        found.extend((0..count).filter(is_set));
    }
    found
}

/// What an `epoll` descriptor watches, from its `fdinfo`: "tfd:        5 events: …".
pub fn watched(pid: u32, epoll: u64) -> Vec<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/fdinfo/{epoll}")).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.strip_prefix("tfd:"));
    let most = usize::try_from(WATCHED_MAX).unwrap_or(0);
    lines.filter_map(|line| line.split_whitespace().next()?.parse().ok()).take(most).collect()
}

/// The kernel's function that a thread sleeps in, where the call itself may not be asked for: less exact.
pub fn by_function(pid: u32, tid: u32) -> Option<Function> {
    let name = std::fs::read_to_string(format!("/proc/{pid}/task/{tid}/wchan")).ok()?;
    function(&name)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    Socket,
    UnixSocket,
    Pipe,
    Lock,
    Several,
    Child,
    Thread,
    Timer,
}

fn function(name: &str) -> Option<Function> {
    let names = [
        ("unix_", Function::UnixSocket),
        ("pipe_", Function::Pipe),
        ("futex", Function::Thread),
        ("do_wait", Function::Child),
        ("kernel_wait", Function::Child),
        ("nanosleep", Function::Timer),
        ("locks_lock", Function::Lock),
        ("flock", Function::Lock),
        ("setlk", Function::Lock),
        ("poll", Function::Several),
        ("select", Function::Several),
        ("wait_woken", Function::Socket),
        ("sk_wait", Function::Socket),
        ("inet_", Function::Socket),
        ("tcp_", Function::Socket),
    ];
    names.iter().find(|(part, _)| name.contains(part)).map(|(_, function)| *function)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing(_: u64, _: &mut [u8]) -> Option<()> {
        None
    }

    #[test]
    fn what_a_call_waits_on_is_in_its_arguments() {
        assert_eq!(call(libc::SYS_recvfrom, [4, 0, 0, 0, 0, 0], nothing), Call::Descriptor(4));
        assert_eq!(call(libc::SYS_flock, [3, 2, 0, 0, 0, 0], nothing), Call::Lock(3));
        assert_eq!(call(libc::SYS_fcntl, [3, 7, 0, 0, 0, 0], nothing), Call::Lock(3));
        assert_eq!(call(libc::SYS_fcntl, [3, 1, 0, 0, 0, 0], nothing), Call::Other);
        assert_eq!(call(libc::SYS_wait4, [0; 6], nothing), Call::Child);
        assert_eq!(call(9_999, [0; 6], nothing), Call::Other);
    }

    #[test]
    fn watched_descriptors_are_read_from_its_memory() {
        let polled = |_: u64, bytes: &mut [u8]| {
            bytes[..4].copy_from_slice(&5_i32.to_ne_bytes());
            bytes[8..12].copy_from_slice(&(-1_i32).to_ne_bytes());
            Some(())
        };
        assert_eq!(call(libc::SYS_ppoll, [1, 2, 0, 0, 0, 0], polled), Call::Several(vec![5]));
        let selected = |_: u64, bytes: &mut [u8]| {
            bytes[..8].copy_from_slice(&(1_u64 << 3 | 1 << 60).to_ne_bytes());
            Some(())
        };
        assert_eq!(
            call(libc::SYS_pselect6, [8, 1, 0, 0, 0, 0], selected),
            Call::Several(vec![3]),
            "60 is beyond its count"
        );
        assert_eq!(call(libc::SYS_ppoll, [1, u64::MAX, 0, 0, 0, 0], nothing), Call::Several(vec![]));
    }

    #[test]
    fn the_kernels_own_names_say_it_roughly() {
        let table = [
            ("wait_woken", Some(Function::Socket)),
            ("unix_stream_read_generic", Some(Function::UnixSocket)),
            ("anon_pipe_read", Some(Function::Pipe)),
            ("futex_wait_queue", Some(Function::Thread)),
            ("do_sys_poll", Some(Function::Several)),
            ("ep_poll", Some(Function::Several)),
            ("hrtimer_nanosleep", Some(Function::Timer)),
            ("locks_lock_inode_wait", Some(Function::Lock)),
            ("0", None),
        ];
        for (name, wanted) in table {
            assert_eq!(function(name), wanted, "{name}");
        }
    }
}
