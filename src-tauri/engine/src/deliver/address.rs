//! What kind of address a delivery would go to, and whether it may: pure, judged for every address before it is connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where an address leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Public,
    /// This machine.
    Loopback,
    /// The network around this machine, and those of carriers: RFC 1918, RFC 6598, unique local, site-local, benchmarks.
    Private,
    LinkLocal,
    /// Where clouds hand out the credentials of the machine.
    Metadata,
    /// `0.0.0.0` and `::`, which systems understand differently.
    Unspecified,
    Multicast,
    /// Set aside for examples, for later, or for nothing.
    Reserved,
    /// Not public, which is all that a strict tower asks.
    Barred,
}

impl Kind {
    /// As in "192.168.1.20 is …".
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Kind::Public => "a public address",
            Kind::Loopback => "this machine",
            Kind::Private => "a private address",
            Kind::LinkLocal => "a link-local address",
            Kind::Metadata => "a cloud metadata address",
            Kind::Unspecified => "the address of nobody",
            Kind::Multicast => "a multicast address",
            Kind::Reserved => "a reserved address",
            Kind::Barred => "not a public address",
        }
    }

    /// Whether a delivery may go there. Agents live on this machine and in the world; everything in between takes the
    /// owner's grant, and what cannot be an agent's address is never called.
    #[must_use]
    pub fn permitted(self, allow_private: bool) -> bool {
        match self {
            Kind::Public | Kind::Loopback => true,
            Kind::Private | Kind::LinkLocal | Kind::Metadata => allow_private,
            Kind::Unspecified | Kind::Multicast | Kind::Reserved | Kind::Barred => false,
        }
    }
}

/// Judges address by address. The client of every delivery asks [`kind`].
pub type Judge = fn(IpAddr) -> Kind;

/// Why a delivery to this address of this host is refused. The host is the address itself when no name was written.
#[must_use]
pub fn refusal(host: &str, address: IpAddr, kind: Kind) -> String {
    let what = match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(written) if written == address => format!("{address} is {}", kind.in_words()),
        Ok(_) | Err(_) => format!("{host} is {address}, {}", kind.in_words()),
    };
    match kind {
        Kind::Public | Kind::Loopback => format!("{what}; it is not called"),
        Kind::Private | Kind::LinkLocal | Kind::Metadata => {
            format!("{what}; grant it in the cue with `callback.allow_private`")
        }
        Kind::Unspecified => format!("{what}; write 127.0.0.1 for this machine"),
        Kind::Multicast | Kind::Reserved => format!("{what}; no agent can be called there"),
        Kind::Barred => format!("{what}; this tower runs with `--strict-addresses` and calls public ones only"),
    }
}

#[must_use]
pub fn kind(address: IpAddr) -> Kind {
    match address {
        IpAddr::V4(address) => kind_v4(address),
        IpAddr::V6(address) => kind_v6(address),
    }
}

/// For a tower that calls public addresses only, whatever its cues grant.
#[must_use]
pub fn kind_strictly(address: IpAddr) -> Kind {
    match kind(address) {
        Kind::Public => Kind::Public,
        _ => Kind::Barred,
    }
}

/// Metadata first: these lie inside of larger ranges, some of them public ones.
fn kind_v4(address: Ipv4Addr) -> Kind {
    match address.octets() {
        // AWS, GCP, Azure and most others; AWS for containers and pods; its resolver; Scaleway; Tencent.
        [169, 254, 169, 253 | 254] | [169, 254, 170, 2 | 23] | [169, 254, 42, 42] | [169, 254, 0, 23] => Kind::Metadata,
        // Alibaba, Oracle, Azure's host.
        [100, 100, 100, 200] | [192, 0, 0, 192] | [168, 63, 129, 16] => Kind::Metadata,
        [0, 0, 0, 0] => Kind::Unspecified,
        [127, ..] => Kind::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] | [198, 18 | 19, ..] => Kind::Private,
        [169, 254, ..] => Kind::LinkLocal,
        [224..=239, ..] => Kind::Multicast,
        [0, ..] | [240..=255, ..] => Kind::Reserved,
        [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 51, 100, _] | [203, 0, 113, _] => Kind::Reserved,
        _ => Kind::Public,
    }
}

fn kind_v6(address: Ipv6Addr) -> Kind {
    let groups = address.segments();
    match groups {
        [0, 0, 0, 0, 0, 0, 0, 0] => Kind::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => Kind::Loopback,
        // IPv4-mapped reaches the address itself; IPv4-compatible once did.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => kind_v4(inner(high, low)),
        // Translated (RFC 2765), NAT64, 6to4, and Teredo, where the client's address is written upside down.
        [0, 0, 0, 0, 0xffff, 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => kind_behind(inner(high, low)),
        [0x2002, high, low, ..] => kind_behind(inner(high, low)),
        [0x2001, 0, .., high, low] => kind_behind(inner(!high, !low)),
        // NAT64 of the network around us: where it leads is that network's secret.
        [0x64, 0xff9b, 1, ..] => Kind::Private,
        // AWS, Google, Scaleway, OpenStack.
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254]
        | [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254]
        | [0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42]
        | [0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe] => Kind::Metadata,
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => Kind::Private,
        [0xfe80..=0xfebf, ..] => Kind::LinkLocal,
        [0xff00..=0xffff, ..] => Kind::Multicast,
        // Examples, and what is set aside inside of the range that is given out.
        [0x2001, 0xdb8, ..] | [0x2001, 1..=0x1ff, ..] | [0x3fff, 0..=0xfff, ..] => Kind::Reserved,
        [0x2000..=0x3fff, ..] => Kind::Public,
        _ => Kind::Reserved,
    }
}

/// Behind a gateway: its loopback is not ours.
fn kind_behind(inside: Ipv4Addr) -> Kind {
    match kind_v4(inside) {
        Kind::Loopback => Kind::Reserved,
        other => other,
    }
}

fn inner(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn kinds(expected: Kind, addresses: &[&str]) {
        for written in addresses {
            assert_eq!(kind(written.parse().expect("an address")), expected, "{written}");
        }
    }

    #[test]
    fn every_address_is_what_it_is() {
        kinds(Kind::Public, &["1.1.1.1", "93.184.216.34", "172.32.0.1", "100.128.0.1", "192.0.1.1", "2606:4700::1111"]);
        kinds(Kind::Loopback, &["127.0.0.1", "127.255.255.254", "::1"]);
        kinds(Kind::Private, &["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.20", "100.64.0.1", "198.18.0.7"]);
        kinds(Kind::Private, &["fc00::1", "fdff:ffff::1", "fec0::1", "64:ff9b:1::808:808"]);
        kinds(Kind::LinkLocal, &["169.254.0.1", "169.254.255.255", "fe80::1", "febf::1"]);
        kinds(Kind::Metadata, &["169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192", "168.63.129.16"]);
        kinds(Kind::Metadata, &["fd00:ec2::254", "fd20:ce::254", "fe80::a9fe:a9fe"]);
        kinds(Kind::Unspecified, &["0.0.0.0", "::"]);
        kinds(Kind::Multicast, &["224.0.0.1", "239.255.255.255", "ff02::1"]);
        kinds(Kind::Reserved, &["0.1.2.3", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.51.100.1", "203.0.113.9"]);
        kinds(Kind::Reserved, &["2001:db8::1", "3fff::1", "100::1", "5f00::1", "4000::1"]);
    }

    #[test]
    fn an_address_inside_of_another_is_judged_by_what_is_inside() {
        kinds(Kind::Loopback, &["::ffff:127.0.0.1", "::127.0.0.1"]);
        kinds(Kind::Private, &["::ffff:10.0.0.1", "::10.0.0.1", "64:ff9b::192.168.1.20", "2002:c0a8:0114::1"]);
        kinds(Kind::Private, &["::ffff:0:10.0.0.1", "2001:0:4136:e378:8000:63bf:3f57:feeb"]);
        kinds(Kind::Metadata, &["::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::"]);
        kinds(Kind::Unspecified, &["::ffff:0.0.0.0"]);
        kinds(Kind::Reserved, &["64:ff9b::127.0.0.1", "2002:7f00:1::1", "64:ff9b::255.255.255.255"]);
        kinds(Kind::Public, &["::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2002:0101:0101::1"]);
    }

    #[test]
    fn a_disguised_address_is_read_as_what_it_is() {
        for written in
            ["http://2852039166/", "http://0xa9fea9fe/", "http://0251.0376.0251.0376/", "http://169.254.43518/"]
        {
            let url = Url::parse(written).expect("a URL");
            assert_eq!(url.host_str(), Some("169.254.169.254"), "{written}");
        }
        assert_eq!(Url::parse("http://①②⑦.1/").expect("a URL").host_str(), Some("127.0.0.1"));
    }

    #[test]
    fn a_refusal_says_what_was_refused_and_what_to_do() {
        let refused = |host: &str, address: &str| {
            let address = address.parse().expect("an address");
            refusal(host, address, kind(address))
        };
        assert_eq!(
            refused("crm.lan", "192.168.1.20"),
            "crm.lan is 192.168.1.20, a private address; grant it in the cue with `callback.allow_private`"
        );
        assert_eq!(
            refused("169.254.169.254", "169.254.169.254"),
            "169.254.169.254 is a cloud metadata address; grant it in the cue with `callback.allow_private`"
        );
        assert_eq!(refused("[ff02::1]", "ff02::1"), "ff02::1 is a multicast address; no agent can be called there");
        assert_eq!(refused("0.0.0.0", "0.0.0.0"), "0.0.0.0 is the address of nobody; write 127.0.0.1 for this machine");
    }

    #[test]
    fn a_grant_opens_the_network_around_and_nothing_else() {
        for kind in [Kind::Private, Kind::LinkLocal, Kind::Metadata] {
            assert!(!kind.permitted(false) && kind.permitted(true), "{kind:?}");
        }
        for kind in [Kind::Unspecified, Kind::Multicast, Kind::Reserved] {
            assert!(!kind.permitted(true), "{kind:?}");
        }
        assert!(Kind::Public.permitted(false) && Kind::Loopback.permitted(false));
    }

    #[test]
    fn a_strict_tower_calls_public_addresses_only_whatever_is_granted() {
        for (written, called) in [("127.0.0.1", false), ("::1", false), ("192.168.1.20", false), ("1.1.1.1", true)] {
            let address = written.parse().expect("an address");
            assert_eq!(kind_strictly(address).permitted(true), called, "{written}");
        }
        let loopback = "127.0.0.1".parse().expect("an address");
        assert_eq!(
            refusal("localhost", loopback, kind_strictly(loopback)),
            "localhost is 127.0.0.1, not a public address; this tower runs with `--strict-addresses` and calls public ones only"
        );
    }
}
