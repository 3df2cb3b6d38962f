//! A program as the leader of a process group, waited for by a thread.

use std::io;
use std::process::{Child, Command};
use std::sync::mpsc::{Sender, channel};

use super::Event;
use crate::death::Death;
use crate::evidence::Autopsy;
#[cfg(not(target_os = "linux"))]
use crate::process::Ask;

#[derive(Debug)]
pub struct Tree {
    pub pid: u32,
}

impl Tree {
    /// Starts the program as the leader of a group of its own. Its end comes as [`Event::Ended`].
    ///
    /// # Errors
    /// If the system refuses the start.
    pub fn start(mut command: Command, to: Sender<Event>) -> io::Result<Tree> {
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        // First the one who will wait: a program that nobody waits for must not be there.
        let (hand_over, child) = channel();
        std::thread::Builder::new().name("reaper".into()).spawn(move || {
            if let Ok(child) = child.recv() {
                reap(child, &to);
            }
        })?;
        let child = command.spawn()?;
        let pid = child.id();
        let _ = hand_over.send(child);
        Ok(Tree { pid })
    }
}

#[cfg(not(target_os = "linux"))]
impl Tree {
    /// Signals the program's group. Returns 1 if anybody was there.
    pub fn signal(&self, ask: Ask) -> usize {
        usize::from(ask.group(self.pid))
    }

    pub fn tells_when_alone(&self) -> bool {
        false
    }

    pub fn look(&self) -> Option<super::Look> {
        None
    }

    /// Whether anybody of the group does.
    pub fn lives(&self) -> bool {
        let group = i32::try_from(self.pid).map(nix::unistd::Pid::from_raw);
        group.is_ok_and(|group| nix::sys::signal::killpg(group, None).is_ok())
    }

    pub fn spent(&self) -> (Option<u64>, Option<u64>) {
        (None, None)
    }
}

/// Waits for the program, and buries every orphan that becomes the launcher's.
#[cfg(target_os = "linux")]
fn reap(mut child: Child, to: &Sender<Event>) {
    use nix::errno::Errno;
    use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
    let mut leader = Some(child.id());
    loop {
        // Left as a zombie at first, because /proc still tells of the program then.
        let ended = match waitid(Id::All, WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) {
            Ok(status) => status.pid(),
            // Somebody died of a signal without a name.
            Err(Errno::EINVAL) => None,
            Err(Errno::EINTR) => continue,
            Err(_) => break,
        };
        let is_it = |pid: &u32| match ended {
            Some(ended) => u32::try_from(ended.as_raw()) == Ok(*pid),
            None => crate::process::Seen::read(*pid).is_none(),
        };
        match (leader.filter(is_it), ended) {
            (Some(pid), _) => {
                leader = None;
                let autopsy = Autopsy::of(pid);
                let _ =
                    to.send(Event::Ended(Death { status: child.wait().map_err(|error| error.to_string()), autopsy }));
            }
            (None, pid) => drop(waitpid(pid, Some(WaitPidFlag::WNOHANG))),
        }
    }
    let _ = to.send(Event::Alone);
}

#[cfg(not(target_os = "linux"))]
fn reap(mut child: Child, to: &Sender<Event>) {
    let _ = to.send(Event::Ended(Death {
        status: child.wait().map_err(|error| error.to_string()),
        autopsy: Autopsy::default(),
    }));
}
