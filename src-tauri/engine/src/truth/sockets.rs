//! Who is at the other end of a socket, from the tables of the process's own network.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Wait, hosts};

/// Longer tables are read no further: a look has to be over soon.
const LINES_MAX: usize = 20_000;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Socket {
    /// `sent`: it called, and nobody has answered yet.
    Tcp {
        local: SocketAddr,
        peer: SocketAddr,
        listens: bool,
        sent: bool,
    },
    Udp {
        peer: Option<SocketAddr>,
    },
    /// The path it is at, if it has one.
    Unix {
        path: Option<String>,
    },
}

/// Sockets by their inode.
#[derive(Debug, Default)]
pub struct Sockets(HashMap<u64, Socket>);

impl Sockets {
    /// All sockets of the network that `pid` is in.
    pub fn of(pid: u32) -> Sockets {
        let mut found = HashMap::new();
        for (table, udp) in [("tcp", false), ("tcp6", false), ("udp", true), ("udp6", true)] {
            let text = std::fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
            found.extend(text.lines().skip(1).take(LINES_MAX).filter_map(|line| internet(line, udp)));
        }
        let text = std::fs::read_to_string(format!("/proc/{pid}/net/unix")).unwrap_or_default();
        found.extend(text.lines().skip(1).take(LINES_MAX).filter_map(unix));
        Sockets(found)
    }

    /// What one waits on who waits on this socket. `inode` as in "socket:[inode]".
    pub fn wait(&self, inode: u64) -> Wait {
        match self.0.get(&inode) {
            Some(Socket::Tcp { local, listens: true, .. }) => Wait::Callers(format!(":{}", local.port())),
            Some(Socket::Tcp { peer, sent: true, .. }) => Wait::Connecting(named(*peer)),
            Some(Socket::Tcp { peer, .. }) => Wait::Peer(named(*peer)),
            Some(Socket::Udp { peer: Some(peer) }) => Wait::Peer(named(*peer)),
            Some(Socket::Udp { peer: None }) => Wait::Other("a UDP socket".to_owned()),
            Some(Socket::Unix { path: Some(path) }) => Wait::Other(format!("the unix socket {path}")),
            Some(Socket::Unix { path: None }) => Wait::Other("a unix socket".to_owned()),
            None => Wait::Other("a socket".to_owned()),
        }
    }

    /// Those of these that lead to another program: no calls waited for, nothing nameless.
    pub fn peers(&self, inodes: impl Iterator<Item = u64>) -> Vec<String> {
        let mut found: Vec<String> = inodes
            .filter_map(|inode| match self.wait(inode) {
                Wait::Peer(peer) | Wait::Connecting(peer) => Some(peer),
                _ => None,
            })
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The first of these that somebody may call.
    pub fn listening(&self, mut inodes: impl Iterator<Item = u64>) -> Option<Wait> {
        inodes.find_map(|inode| match self.wait(inode) {
            wait @ Wait::Callers(_) => Some(wait),
            _ => None,
        })
    }
}

/// "api.x.com:443", "203.0.113.9:443", "[2001:db8::1]:443".
fn named(peer: SocketAddr) -> String {
    match hosts::name(peer.ip()) {
        Some(name) => format!("{name}:{}", peer.port()),
        None => peer.to_string(),
    }
}

/// In a table of connections: the inode of the end `from` of the one to `to`, which is 0 once no process has it.
pub fn between(table: &str, from: SocketAddr, to: SocketAddr) -> Option<u64> {
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let (local, peer) = (address(fields.next()?)?, address(fields.next()?)?);
        // After the two addresses: state, queues, timer, retransmits, owner, probes, and the inode.
        (local == from && peer == to).then(|| fields.nth(6)?.parse().ok()).flatten()
    })
}

/// "   0: 0100007F:84BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 7217118 1 …"
fn internet(line: &str, udp: bool) -> Option<(u64, Socket)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (local, peer) = (address(fields.get(1)?)?, address(fields.get(2)?)?);
    let inode = fields.get(9)?.parse().ok()?;
    let connected = peer.port() != 0;
    let socket = match (udp, *fields.get(3)?) {
        (true, _) => Socket::Udp { peer: connected.then_some(peer) },
        (false, state) => Socket::Tcp { local, peer, listens: state == "0A", sent: state == "02" },
    };
    (inode != 0).then_some((inode, socket))
}

/// "0100007F:84BB": four bytes as the machine orders them in a word, then the port as it is read.
fn address(text: &str) -> Option<SocketAddr> {
    let (host, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let words: Vec<u32> = (0..host.len() / 8)
        .map(|at| u32::from_str_radix(&host[at * 8..at * 8 + 8], 16))
        .collect::<Result<_, _>>()
        .ok()?;
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let ip = match bytes.len() {
        4 => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?)),
        16 => {
            let six = Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?);
            six.to_ipv4_mapped().map_or(IpAddr::V6(six), IpAddr::V4)
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

/// "0000000000000000: 00000003 00000000 00000000 0001 03 23456 /run/x.sock"
fn unix(line: &str) -> Option<(u64, Socket)> {
    let mut fields = line.split_whitespace().skip(6);
    let inode = fields.next()?.parse().ok()?;
    Some((inode, Socket::Unix { path: fields.next().map(str::to_owned) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_endian = "little")]
    #[test]
    fn the_kernels_tables_are_read() {
        let line = "   1: 0100007F:8577 097100CB:01BB 01 00000000:00000000 00:00000000 00000000     0        0 7217115 1 0 100";
        let (inode, socket) = internet(line, false).expect("a socket");
        assert_eq!(inode, 7_217_115);
        let sockets = Sockets(HashMap::from([(inode, socket)]));
        assert_eq!(sockets.wait(inode), Wait::Peer("203.0.113.9:443".into()));
        assert_eq!(sockets.wait(1), Wait::Other("a socket".into()));
        let listens = internet(&line.replace(" 01 ", " 0A "), false).expect("a socket").1;
        let sockets = Sockets(HashMap::from([(1, listens)]));
        assert_eq!(sockets.wait(1), Wait::Callers(":34167".into()));
        assert_eq!(sockets.peers([1].into_iter()), [""; 0]);
        let mapped = "0000000000000000FFFF0000097100CB:01BB";
        assert_eq!(address(mapped), Some("203.0.113.9:443".parse().unwrap()));
        assert_eq!(address("00000000000000000000000001000000:0050"), Some("[::1]:80".parse().unwrap()));
        assert_eq!(address("nonsense"), None);
        let (from, to) = ("127.0.0.1:34167".parse().unwrap(), "203.0.113.9:443".parse().unwrap());
        let table = format!("  sl  local_address\n{line}\n");
        assert_eq!((between(&table, from, to), between(&table, to, from)), (Some(7_217_115), None));
    }

    #[test]
    fn a_unix_socket_is_named_by_its_path_if_it_has_one() {
        let named = unix("0000000000000000: 00000003 00000000 00000000 0001 03 23456 /run/x.sock").expect("a socket");
        let nameless = unix("0000000000000000: 00000003 00000000 00000000 0001 03 23457").expect("a socket");
        let sockets = Sockets(HashMap::from([named, nameless]));
        assert_eq!(sockets.wait(23456), Wait::Other("the unix socket /run/x.sock".into()));
        assert_eq!(sockets.wait(23457), Wait::Other("a unix socket".into()));
    }
}
