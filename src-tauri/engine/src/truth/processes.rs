//! Which processes hold a connection open, and whose children they are: for whoever has to know who calls (`lair`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::LazyLock;

use cuetower_launcher as launcher;

use super::linux::LAUNCHER;
use super::{proc, sockets};

/// The number of the socket at the end `from` of a connection to `to`; 0 if no process has it any more. None: there is
/// no such connection.
pub fn socket_between(from: SocketAddr, to: SocketAddr) -> Option<u64> {
    let table = if from.is_ipv4() { ["tcp", "tcp6"] } else { ["tcp6", "tcp"] };
    table.into_iter().find_map(|table| sockets::between(&read(table)?, from, to))
}

/// Whether the system shows connections to this listener of ours: it shows the listener itself.
pub fn tells_of(listener: SocketAddr) -> bool {
    let nobody: IpAddr = if listener.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    socket_between(listener, SocketAddr::new(nobody, 0)).is_some()
}

fn read(table: &str) -> Option<String> {
    std::fs::read_to_string(format!("/proc/self/net/{table}")).ok()
}

/// What can be seen of who holds a socket open.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Holders {
    pub pids: Vec<u32>,
    /// Processes that do not show what they have open.
    pub hidden: Vec<u32>,
}

/// Who holds the socket of this number open, among all processes of the machine.
pub fn holders(inode: u64) -> Holders {
    let wanted = format!("socket:[{inode}]");
    let mut found = Holders::default();
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    for pid in entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()) {
        // All of them: who has many open does not hide one among them.
        match std::fs::read_dir(format!("/proc/{pid}/fd")) {
            Ok(open) => {
                let mut links = open.flatten().filter_map(|entry| std::fs::read_link(entry.path()).ok());
                if links.any(|link| link.as_os_str() == wanted.as_str()) {
                    found.pids.push(pid);
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => found.hidden.push(pid),
            // It has ended meanwhile.
            Err(_) => {}
        }
    }
    found
}

/// "python3"; empty if it is gone.
pub fn name(pid: u32) -> String {
    proc::stat(pid).map(|stat| stat.name).unwrap_or_default()
}

/// None for the first of all processes, and for one that is gone.
pub fn parent(pid: u32) -> Option<u32> {
    proc::stat(pid).map(|stat| stat.parent).filter(|parent| *parent > 0)
}

/// Whether it stays with a run's command.
pub fn is_launcher(pid: u32) -> bool {
    static OWN: LazyLock<Option<PathBuf>> = LazyLock::new(|| launcher::launcher_path().ok()?.canonicalize().ok());
    // No process can have another one's name changed; the file may have been called otherwise.
    let by_name = proc::stat(pid).is_some_and(|stat| stat.name == LAUNCHER);
    let by_file =
        || OWN.as_ref().is_some_and(|own| std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == *own));
    by_name || by_file()
}

/// Whether its environment, as it was given, has an entry that begins like this.
pub fn was_given(pid: u32, entry: &[u8]) -> bool {
    let given = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    given.split(|byte| *byte == 0).any(|pair| pair.starts_with(entry))
}
