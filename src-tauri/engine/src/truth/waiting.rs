//! What a process waits on, from what its threads are in.

use std::collections::HashMap;

use super::proc::{self, THREADS_MAX};
use super::sockets::Sockets;
use super::syscall::{self, Call, Function};
use super::{State, Wait, locks};

/// Descriptors of one process that are looked at.
const DESCRIPTORS_MAX: usize = 1_024;

/// The processes of one tree, and what is known of all of them.
pub struct Around<'a> {
    pub sockets: &'a Sockets,
    /// Who in the tree has which pipe open: "pipe:[7]" to pids and names.
    pub pipes: &'a HashMap<String, Vec<(u32, String)>>,
}

/// None if it is at work, or nothing can be seen.
pub fn of(pid: u32, state: State, around: &Around<'_>) -> Option<Wait> {
    match state {
        State::Running | State::Stopped | State::Traced | State::Zombie => return None,
        State::Sleeping | State::Uninterruptible => {}
    }
    let main = of_thread(pid, pid, around);
    // The main thread often only waits for the ones that do the work.
    if !matches!(main, Some(Wait::Thread) | None) {
        return main;
    }
    let others = proc::threads(pid, THREADS_MAX).into_iter().filter(|tid| *tid != pid);
    let waits: Vec<Wait> = others.filter_map(|tid| of_thread(pid, tid, around)).collect();
    let telling = |wait: &&Wait| !matches!(wait, Wait::Thread | Wait::Timer | Wait::Events);
    waits.iter().find(telling).cloned().or(main)
}

fn of_thread(pid: u32, tid: u32, around: &Around<'_>) -> Option<Wait> {
    match syscall::of(pid, tid) {
        Some(Call::Descriptor(fd)) => Some(descriptor(pid, fd, around)),
        Some(Call::Lock(fd)) => Some(lock(pid, proc::descriptor(pid, fd))),
        Some(Call::Several(fds)) => Some(several(pid, &fds, around)),
        Some(Call::Epoll(fd)) => Some(several(pid, &syscall::watched(pid, fd), around)),
        Some(Call::Child) => Some(Wait::Child),
        Some(Call::Thread) => Some(Wait::Thread),
        Some(Call::Timer) => Some(Wait::Timer),
        Some(Call::Open) => Some(Wait::Other("a file that does not open".to_owned())),
        Some(Call::Other) | None => roughly(pid, syscall::by_function(pid, tid)?, around),
    }
}

fn descriptor(pid: u32, fd: u64, around: &Around<'_>) -> Wait {
    match proc::descriptor(pid, fd) {
        Some(what) => named(pid, fd, &what, around),
        None => Wait::Events,
    }
}

fn named(pid: u32, fd: u64, what: &str, around: &Around<'_>) -> Wait {
    if let Some(inode) = proc::socket(what) {
        return around.sockets.wait(inode);
    }
    if what.starts_with("pipe:") {
        let mut others = around.pipes.get(what).into_iter().flatten().filter(|(other, _)| *other != pid);
        let other = others.next_back().map(|(other, name)| format!(" from {name} ({other})")).unwrap_or_default();
        let what = if fd == 0 { "its standard input" } else { "a pipe" };
        return Wait::Other(format!("{what}{other}"));
    }
    if what.starts_with("/dev/pts/") || what.starts_with("/dev/tty") {
        return Wait::Other("its terminal".to_owned());
    }
    match what.strip_prefix('/') {
        Some(_) => Wait::File(what.to_owned()),
        None => Wait::Events,
    }
}

fn lock(pid: u32, file: Option<String>) -> Wait {
    let file = file.filter(|file| file.starts_with('/')).unwrap_or_else(|| "a file".to_owned());
    Wait::Lock { file, holder: locks::holder(pid) }
}

/// One connection among what is watched is what it waits for; of several nobody knows which.
fn several(pid: u32, fds: &[u64], around: &Around<'_>) -> Wait {
    let known: Vec<(u64, String)> = fds.iter().filter_map(|fd| Some((*fd, proc::descriptor(pid, *fd)?))).collect();
    let inodes = || known.iter().filter_map(|(_, what)| proc::socket(what));
    if let Some(listening) = around.sockets.listening(inodes()) {
        return listening;
    }
    let mut peers = around.sockets.peers(inodes());
    match (peers.len(), known.as_slice()) {
        (0, [(fd, what)]) => named(pid, *fd, what, around),
        (0, []) if fds.is_empty() => Wait::Timer,
        (0, _) => Wait::Events,
        (1, _) => Wait::Peer(peers.remove(0)),
        _ => Wait::Peers(peers),
    }
}

/// Without the call itself: what it has open of that kind, if that is only one.
pub fn roughly(pid: u32, function: Function, around: &Around<'_>) -> Option<Wait> {
    let open = || proc::descriptors(pid, DESCRIPTORS_MAX);
    let peers = || around.sockets.peers(open().iter().filter_map(|what| proc::socket(what)));
    let one_of = |mut peers: Vec<String>, none: Wait| match peers.len() {
        0 => none,
        1 => Wait::Peer(peers.remove(0)),
        _ => Wait::Peers(peers),
    };
    Some(match function {
        Function::Socket => one_of(peers(), Wait::Other("a socket".to_owned())),
        Function::UnixSocket => Wait::Other("a unix socket".to_owned()),
        Function::Pipe => Wait::Other("a pipe".to_owned()),
        Function::Lock => lock(pid, None),
        Function::Several => one_of(peers(), Wait::Events),
        Function::Child => Wait::Child,
        Function::Thread => Wait::Thread,
        Function::Timer => Wait::Timer,
    })
}
