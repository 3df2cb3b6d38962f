//! A web page whose name was made to point at this machine (DNS rebinding), and other ways to reach a door by a name that is not
//! its own. Whoever comes so is refused whatever credential is shown.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use super::wire::{Said, address, request, spoken};
use super::*;

/// Asks under these `Host` lines, with every credential of the owner's.
async fn under(tower: &Tower, base: &str, line: &str, hosts: &[&str]) -> Said {
    let bearer = if base == tower.desk { owners_token(tower) } else { tower.key.clone() };
    let bearer = format!("Bearer {bearer}");
    let mut headers: Vec<(&str, &str)> = hosts.iter().map(|host| ("Host", *host)).collect();
    headers.push(("Authorization", &bearer));
    let answer = spoken(base, &request(line, &headers, "")).await;
    answer.unwrap_or_else(|| panic!("{line} under {hosts:?} was not answered"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_was_made_to_point_here_opens_no_route_of_either_door() {
    let tower = Tower::start().await;
    let doors = [(&tower.agents, agents_routes()), (&tower.desk, owners_routes())];
    for (base, routes) in doors {
        let port = address(base).rsplit(':').next().unwrap();
        let evil = format!("evil.test:{port}");
        for (method, target) in routes {
            let said = under(&tower, base, &format!("{method} {target} HTTP/1.1"), &[&evil]).await;
            assert_eq!(said.status, 403, "{method} {target}: {}", said.body);
        }
    }
    is_well(&tower).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_spellings_of_this_machine_are_not_its_names() {
    let tower = Tower::start().await;
    for (base, target) in [(&tower.agents, "/v1/cues"), (&tower.desk, "/rpc/tower_status")] {
        let port = address(base).rsplit(':').next().unwrap();
        let method = if base == &tower.desk { "POST" } else { "GET" };
        let line = format!("{method} {target} HTTP/1.1");
        for host in [
            format!("0.0.0.0:{port}"),
            format!("[::]:{port}"),
            format!("[::ffff:127.0.0.1]:{port}"),
            format!("2130706433:{port}"),
            format!("0x7f000001:{port}"),
            format!("0177.0.0.1:{port}"),
            format!("127.1:{port}"),
            format!("127.0.0.2:{port}"),
            format!("localhost.:{port}"),
            format!("localhost.evil.test:{port}"),
            format!("tower.localhost:{port}"),
            format!("127.0.0.1:0{port}"),
            format!("127.0.0.1:{port}@evil.test"),
            format!("evil.test@127.0.0.1:{port}"),
            format!("127.0.0.1:{port}, evil.test"),
            "127.0.0.1".to_owned(),
            "localhost:80".to_owned(),
            "evil.test".to_owned(),
            String::new(),
        ] {
            let said = under(&tower, base, &line, &[&host]).await;
            assert_eq!((said.status, said.code().as_str()), (403, "host_not_allowed"), "{base} as `{host}`");
        }
        for host in [format!("127.0.0.1:{port}"), format!("localhost:{port}"), format!("[::1]:{port}")] {
            assert_eq!(under(&tower, base, &line, &[&host]).await.status, 200, "{base} as `{host}`");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_a_name_is_refused_in_both_versions_of_the_protocol() {
    let tower = Tower::start().await;
    for (base, target) in [(&tower.agents, "/v1/cues"), (&tower.desk, "/")] {
        for version in ["HTTP/1.1", "HTTP/1.0"] {
            let said = under(&tower, base, &format!("GET {target} {version}"), &[]).await;
            assert_eq!((said.status, said.code().as_str()), (403, "host_not_allowed"), "{base} by {version}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_names_none_is_believed_at_the_agents_door() {
    let tower = Tower::start().await;
    let own = address(&tower.agents);
    for hosts in [[own, "evil.test"], ["evil.test", own], [own, own]] {
        let said = under(&tower, &tower.agents, "GET /v1/cues HTTP/1.1", &hosts).await;
        assert_eq!((said.status, said.code().as_str()), (403, "host_not_allowed"), "{hosts:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_names_another_host_is_refused_at_the_agents_door() {
    let tower = Tower::start().await;
    let own = address(&tower.agents);
    for (target, host) in [
        ("http://evil.test/v1/cues".to_owned(), own),
        (format!("http://evil.test@{own}/v1/cues"), own),
        (format!("http://{own}/v1/cues"), "evil.test"),
    ] {
        let said = under(&tower, &tower.agents, &format!("GET {target} HTTP/1.1"), &[host]).await;
        assert_eq!((said.status, said.code().as_str()), (403, "host_not_allowed"), "{target} under {host}");
    }
    let said = under(&tower, &tower.agents, &format!("GET http://{own}/v1/cues HTTP/1.1"), &[own]).await;
    assert_eq!(said.status, 200, "a proxy's way of asking, with our own name");
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_door_is_a_proxy() {
    let tower = Tower::start().await;
    let agent = Server::start(|_, _| Answer::status(200)).await;
    let elsewhere = address(&agent.url);
    for base in [&tower.agents, &tower.desk] {
        let own = address(base);
        for line in [format!("CONNECT {elsewhere} HTTP/1.1"), format!("GET {}/ HTTP/1.1", agent.url)] {
            spoken(base, &request(&line, &[("Host", own)], "")).await;
        }
    }
    is_well(&tower).await;
    assert_eq!(agent.seen().len(), 0, "nothing is passed on");
}

/// An address of this machine that others can reach; None where there is no network at all. Nothing is sent.
fn outward() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|address| !address.is_loopback())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_listens_where_other_machines_could_knock() {
    let tower = Tower::start().await;
    let elsewhere = [Some(IpAddr::from([127, 0, 0, 2])), outward(), Some(std::net::Ipv6Addr::LOCALHOST.into())];
    for base in [&tower.agents, &tower.desk] {
        let own: SocketAddr = address(base).parse().unwrap();
        for other in elsewhere.into_iter().flatten() {
            let knocked = tokio::net::TcpStream::connect((other, own.port())).await;
            assert!(knocked.is_err(), "{other}:{} is open", own.port());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tower_that_would_listen_to_other_machines_does_not_start() {
    for (flag, other) in [("--listen", "--desk"), ("--desk", "--listen")] {
        for open in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
            let folder = tempfile::tempdir().unwrap();
            let args = ["serve", "--vault", "memory", "--no-notifications", flag, open, other, "127.0.0.1:0"];
            let refused = cuetower_tests::ctl_in(folder.path(), &args, "").await;
            assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""), "{flag} {open}");
            assert!(refused.err.contains("can be reached from other machines"), "{}", refused.err);
        }
    }
}
