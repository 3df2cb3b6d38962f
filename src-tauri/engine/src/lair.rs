//! Where a caller of the owner's door comes from: whether its process came out of a run. Only looks; what follows is `desk`'s.
//!
//! Linux tells: the caller's end of the connection is a socket with a number, some processes hold it open, and each has
//! parents. A run's processes stand below a launcher, which inherits those that lose their own parent; a worker's stand
//! below the worker, and carry the run's name in their environment. Whoever ends its launcher, cleans its environment and
//! has itself started by somebody else is not known any more: `docs/security.md` says so.

use std::net::SocketAddr;

use crate::line::Peer;

/// What is known of who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "no other system is asked"))]
pub(crate) enum Lair {
    /// Nobody who holds the connection came out of a run.
    Outside,
    /// One did: "python3 (process 4711)".
    Run { caller: String },
    /// It cannot be seen who holds it; of those that hide what they have open, one came out of a run.
    Hidden,
    /// Nobody holds the connection any more, so that nobody can be asked, and nobody would read the answer.
    Gone,
    /// The system does not tell.
    Unknown,
}

/// Who calls by this connection. Reads files of the system, for some milliseconds.
pub(crate) async fn of(peer: Peer) -> Lair {
    tokio::task::spawn_blocking(move || see(peer.from, peer.to)).await.unwrap_or(Lair::Unknown)
}

#[cfg(target_os = "linux")]
use linux::see;

#[cfg(not(target_os = "linux"))]
fn see(_: SocketAddr, _: SocketAddr) -> Lair {
    Lair::Unknown
}

#[cfg(target_os = "linux")]
mod linux {
    use super::{Lair, SocketAddr};
    use crate::truth::processes;

    /// A table that changes while it is read may leave a line out.
    const TRIES: usize = 3;
    /// What a run's processes are given; see `perform/command.rs` and the CLI's `worker/process.rs`.
    const OF_RUN: &[u8] = b"CUETOWER_RUN=";
    /// Longer chains of parents are not followed to their end.
    const PARENTS_MAX: usize = 1_000;

    pub fn see(from: SocketAddr, to: SocketAddr) -> Lair {
        let Some(inode) = (0..TRIES).find_map(|_| processes::socket_between(from, to)) else {
            return if processes::tells_of(to) { Lair::Gone } else { Lair::Unknown };
        };
        if inode == 0 {
            return Lair::Gone;
        }
        judged(&processes::holders(inode), is_of_run)
    }

    fn judged(holders: &processes::Holders, is_of_run: impl Fn(u32) -> bool) -> Lair {
        let of_run = |pids: &[u32]| pids.iter().copied().find(|pid| is_of_run(*pid));
        match of_run(&holders.pids) {
            Some(pid) => Lair::Run { caller: format!("{} (process {pid})", processes::name(pid)) },
            None if !holders.pids.is_empty() => Lair::Outside,
            // It may be the one, or not; another user's, or a browser's, is not asked why it hides.
            None if of_run(&holders.hidden).is_some() => Lair::Hidden,
            None => Lair::Unknown,
        }
    }

    fn is_of_run(pid: u32) -> bool {
        let line = std::iter::successors(Some(pid), |pid| processes::parent(*pid));
        line.take(PARENTS_MAX).any(|pid| processes::is_launcher(pid) || processes::was_given(pid, OF_RUN))
    }

    #[cfg(test)]
    mod tests {
        use std::net::{TcpListener, TcpStream};
        use std::os::unix::process::CommandExt as _;
        use std::path::Path;
        use std::process::{Child, Command, Stdio};

        use nix::sys::signal::{Signal, killpg};
        use nix::unistd::Pid;

        use super::*;

        /// Ended with the test and with all that it started.
        struct Caller(Child);

        impl Drop for Caller {
            fn drop(&mut self) {
                let group = Pid::from_raw(i32::try_from(self.0.id()).expect("process ids are small"));
                let _ = killpg(group, Signal::SIGKILL);
                drop(self.0.wait());
            }
        }

        /// A shell that calls the listener in a process of its own, which holds the line; and our end of that line.
        fn caller(listener: &TcpListener, shell: &Path, given: Option<(&str, &str)>) -> (Caller, TcpStream) {
            let port = listener.local_addr().unwrap().port();
            let line = format!("(exec 3<>/dev/tcp/127.0.0.1/{port}; exec sleep 300); true");
            let mut shell = Command::new(shell);
            shell.args(["-c", &line]).stdin(Stdio::null()).process_group(0).env_remove("CUETOWER_RUN").envs(given);
            let caller = Caller(shell.spawn().unwrap());
            (caller, listener.accept().unwrap().0)
        }

        fn seen(ours: &TcpStream) -> Lair {
            see(ours.peer_addr().unwrap(), ours.local_addr().unwrap())
        }

        #[test]
        fn a_caller_is_known_by_its_connection() {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let _theirs = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let ours = listener.accept().unwrap().0;
            let inode = processes::socket_between(ours.peer_addr().unwrap(), ours.local_addr().unwrap()).unwrap();
            assert_eq!(processes::holders(inode).pids, [std::process::id()]);

            let (_stranger, line) = caller(&listener, Path::new("bash"), None);
            assert_eq!(seen(&line), Lair::Outside);
        }

        #[test]
        fn what_came_out_of_a_run_is_known_by_what_it_was_given_and_by_who_started_it() {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let folder = tempfile::tempdir().unwrap();
            let launcher = folder.path().join("cuetower-launcher");
            std::os::unix::fs::symlink("/bin/bash", &launcher).unwrap();
            for (shell, given) in [(Path::new("bash"), Some(("CUETOWER_RUN", "7"))), (launcher.as_path(), None)] {
                let (_agent, line) = caller(&listener, shell, given);
                let Lair::Run { caller } = seen(&line) else { panic!("{shell:?}: {:?}", seen(&line)) };
                assert!(caller.contains("(process "), "{caller}");
            }
        }

        #[test]
        fn whoever_hides_is_not_accused_and_a_run_among_them_is_doubt_enough() {
            let seen = |pids: &[u32], hidden: &[u32]| {
                let holders = processes::Holders { pids: pids.to_vec(), hidden: hidden.to_vec() };
                judged(&holders, |pid| pid == 7)
            };
            assert_eq!(seen(&[], &[1, 7]), Lair::Hidden);
            assert_eq!(seen(&[], &[1]), Lair::Unknown);
            assert_eq!(seen(&[1], &[7]), Lair::Outside, "whoever holds it is seen");
            assert!(matches!(seen(&[1, 7], &[]), Lair::Run { .. }));
        }

        #[test]
        fn who_asked_and_went_away_is_gone() {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let theirs = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let ours = listener.accept().unwrap().0;
            drop(theirs);
            assert_eq!(seen(&ours), Lair::Gone);
        }

        #[tokio::test]
        async fn who_asked_and_cut_the_line_is_gone_too() {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let theirs = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (ours, from) = listener.accept().unwrap();
            theirs.set_zero_linger().unwrap();
            drop(theirs);
            // What was sent could be read all the same, though neither end of the line is to be seen.
            assert_eq!(see(from, ours.local_addr().unwrap()), Lair::Gone);
        }
    }
}
