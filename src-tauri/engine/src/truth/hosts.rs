//! Names of addresses, from /etc/hosts alone: asking the network could hang, and would tell it whom we look at.

use std::net::IpAddr;

/// The first name that the file gives this address; none for this machine, which has many.
pub fn name(address: IpAddr) -> Option<String> {
    if address.is_loopback() {
        return None;
    }
    read(&std::fs::read_to_string("/etc/hosts").ok()?, address)
}

fn read(text: &str, address: IpAddr) -> Option<String> {
    let mut lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    lines.find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next()?.parse::<IpAddr>().ok()? == address).then(|| words.next().map(str::to_owned))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_of_an_address_is_its_name() {
        let text = "127.0.0.1 localhost\n# 203.0.113.9 old\n203.0.113.9\tapi.x.com api # ours\n::1 ip6-localhost\n";
        assert_eq!(read(text, "203.0.113.9".parse().unwrap()).as_deref(), Some("api.x.com"));
        assert_eq!(read(text, "203.0.113.10".parse().unwrap()), None);
        assert_eq!(name("127.0.0.1".parse().unwrap()), None);
    }
}
