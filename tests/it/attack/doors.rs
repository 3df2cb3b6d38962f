//! What both doors bear since they are served by one loop: heads that trickle or flood, connections held for nothing, browsers
//! that speak for other sites; and whoever comes out of a run and would speak for the owner.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::wire::{Said, address, asked, heard, request, spoken};
use super::*;

async fn under(base: &str, line: &str, hosts: &[&str], bearer: &str) -> Said {
    let mut headers: Vec<(&str, &str)> = hosts.iter().map(|host| ("Host", *host)).collect();
    headers.push(("Authorization", bearer));
    spoken(base, &request(line, &headers, "")).await.expect("an answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_names_none_is_believed_at_the_owners_door_either() {
    let tower = Tower::start().await;
    let (own, owner) = (address(&tower.desk), format!("Bearer {}", owners_token(&tower)));
    let line = "POST /rpc/tower_pause HTTP/1.1";
    for hosts in [[own, "evil.test"], ["evil.test", own], [own, own]] {
        let said = under(&tower.desk, line, &hosts, &owner).await;
        assert_eq!((said.status, said.code().as_str()), (403, "host_not_allowed"), "{hosts:?}");
    }
    for target in ["http://evil.test/rpc/tower_pause".to_owned(), format!("http://evil.test@{own}/rpc/tower_pause")] {
        let said = under(&tower.desk, &format!("POST {target} HTTP/1.1"), &[own], &owner).await;
        assert_eq!((said.status, said.code().as_str()), (403, "host_not_allowed"), "{target}");
    }
    is_well(&tower).await;
}

/// A form or a picture without an `Origin`: the browser itself says for whom it asks.
#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_asks_for_another_site_is_turned_away() {
    let tower = Tower::start().await;
    let (owner, key) = (format!("Bearer {}", owners_token(&tower)), format!("Bearer {}", tower.key));
    let watched = json!({ "name": "watched", "transport": "watch", "schedule": { "type": "manual" } });
    let watched = tower.owner("cue_create", &json!({ "definition": watched })).await;
    let ping = tower.owner("cue_ping_url", &json!({ "cue_id": watched["id"] })).await;
    let ping = ping["url"].as_str().unwrap().strip_prefix(&tower.agents).unwrap().to_owned();
    for site in ["cross-site", "same-site", "CROSS-SITE", "anything"] {
        for (base, method, target, bearer) in [
            (&tower.agents, "GET", "/v1/cues", &key),
            (&tower.agents, "GET", ping.as_str(), &key),
            (&tower.desk, "POST", "/rpc/tower_pause", &owner),
            (&tower.desk, "GET", "/events?from=0", &owner),
        ] {
            let headers = [("Authorization", bearer.as_str()), ("Sec-Fetch-Site", site)];
            let said = asked(base, method, target, &headers, "").await;
            assert_eq!((said.status, said.code().as_str()), (403, "cross_site"), "{method} {target} for {site}");
        }
    }
    for site in ["same-origin", "none"] {
        let headers = [("Authorization", owner.as_str()), ("Sec-Fetch-Site", site)];
        assert_eq!(asked(&tower.desk, "POST", "/rpc/tower_status", &headers, "").await.status, 200, "{site}");
    }
    // The link that the terminal printed, opened from a mail: shown, and nothing of the owner's is done.
    let visit = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")];
    assert_eq!(asked(&tower.desk, "GET", "/", &visit, "").await.status, 200);
    for dest in ["iframe", "embed", "image", "script", "empty"] {
        let framed = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", dest)];
        assert_eq!(asked(&tower.desk, "GET", "/", &framed, "").await.status, 403, "{dest}");
    }
    is_well(&tower).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_loads_no_plugin_and_shares_no_window() {
    let tower = Tower::start().await;
    let said = asked(&tower.desk, "GET", "/", &[], "").await;
    let policy = said.header("content-security-policy").unwrap();
    assert!(policy.contains("object-src 'none'"), "{policy}");
    assert_eq!(said.header("cross-origin-opener-policy"), Some("same-origin"));
}

#[tokio::test(flavor = "multi_thread")]
async fn more_headers_than_any_client_sends_are_refused() {
    let tower = Tower::start().await;
    for base in [&tower.agents, &tower.desk] {
        let many: Vec<String> = (0..70).map(|number| format!("X-{number}")).collect();
        let mut headers = vec![("Host", address(base))];
        headers.extend(many.iter().map(|name| (name.as_str(), "1")));
        let said = spoken(base, &request("GET / HTTP/1.1", &headers, "")).await.expect("an answer");
        assert_eq!(said.status, 431, "{base}");
        let long = "a".repeat(80 * 1024);
        let said = spoken(base, &request("GET / HTTP/1.1", &[("Host", address(base)), ("X-Long", &long)], "")).await;
        assert!(said.is_none_or(|said| said.status == 431), "{base}");
    }
}

/// A head that comes letter by letter holds a seat for seconds, not for as long as its sender likes.
#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_trickles_in_is_hung_up_on() {
    let tower = Tower::start().await;
    for base in [tower.agents.clone(), tower.desk.clone()] {
        let line = TcpStream::connect(address(&base)).await.unwrap();
        let (mut reading, mut writing) = line.into_split();
        let head = format!("GET /health HTTP/1.1\r\nHost: {}\r\nX-Slow: {}", address(&base), "a".repeat(4_000));
        let trickling = tokio::spawn(async move {
            for byte in head.into_bytes() {
                if writing.write_all(&[byte]).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        let mut said = Vec::new();
        let reading = tokio::io::AsyncReadExt::read_to_end(&mut reading, &mut said);
        let over = tokio::time::timeout(Duration::from_secs(90), reading).await;
        assert!(over.is_ok(), "{base} still listens to a head of 4,000 letters at ten a second");
        trickling.abort();
    }
    is_well(&tower).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_who_say_nothing_keep_nobody_out() {
    let tower = Tower::start().await;
    let agent = Agent::start(&tower, "beating", json!({})).await;
    let held = agent.run(&tower).await;
    let mut silent = Vec::new();
    for base in [&tower.agents, &tower.desk] {
        for _ in 0..300 {
            // The system's backlog may be full as well; whoever is in it waits like the others.
            let knock = tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(address(base))).await;
            silent.extend(knock.ok().and_then(Result::ok));
        }
    }
    assert!(silent.len() > 500, "{} came in", silent.len());
    // Within the limit that any client of ours has: `send` waits for half a minute.
    let beat = json!({ "execution_id": held.run, "message": "still here" });
    let (status, answer) = speak(&tower, &held.token, Method::POST, "/v1/heartbeats", Some(&beat)).await;
    assert_eq!(status, 200, "{answer}");
    is_well(&tower).await;
    drop(silent);
}

/// Each has sent half of a request and holds its breath.
#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_half_requests_keep_nobody_out() {
    let tower = Tower::start().await;
    let mut half = Vec::new();
    for base in [&tower.agents, &tower.desk] {
        for _ in 0..300 {
            let knock = tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(address(base))).await;
            let Ok(Ok(mut line)) = knock else { continue };
            drop(line.write_all(format!("GET / HTTP/1.1\r\nHost: {}\r\nX-", address(base)).as_bytes()).await);
            half.push(line);
        }
    }
    assert_eq!(tower.get("/health").await.0, 200);
    is_well(&tower).await;
    drop(half);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_of_changes_are_bounded_and_one_that_closes_makes_room() {
    let tower = Tower::start().await;
    let owner = format!("Bearer {}", owners_token(&tower));
    let headers = [("Host", address(&tower.desk)), ("Authorization", owner.as_str())];
    // One that asks for what is long gone is told so and ends.
    let board = tower.owner("board", &json!({ "from_ms": 0, "to_ms": 1 })).await;
    let target = format!("GET /events?from={} HTTP/1.1", board["seq"]);
    let mut open = Vec::new();
    let mut refused = 0;
    for _ in 0..80 {
        let mut line = TcpStream::connect(address(&tower.desk)).await.unwrap();
        let text = String::from_utf8(request(&target, &headers, "")).unwrap();
        line.write_all(text.replace("Connection: close\r\n", "").as_bytes()).await.unwrap();
        let mut first = [0; 12];
        tokio::io::AsyncReadExt::read_exact(&mut line, &mut first).await.unwrap();
        match &first {
            b"HTTP/1.1 200" => open.push(line),
            b"HTTP/1.1 503" => refused += 1,
            other => panic!("{}", String::from_utf8_lossy(other)),
        }
    }
    assert_eq!((open.len(), refused), (64, 16));
    is_well(&tower).await;
    open.clear();
    let again = until("room for a stream", SOON, async || {
        let mut line = TcpStream::connect(address(&tower.desk)).await.ok()?;
        let bytes = request(&target, &headers, "");
        line.write_all(&bytes).await.ok()?;
        let mut first = [0; 12];
        tokio::io::AsyncReadExt::read_exact(&mut line, &mut first).await.ok()?;
        (&first == b"HTTP/1.1 200").then_some(line)
    });
    drop(again.await);
}

/// The bound is 30 s for a whole body, so this case takes as long.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_never_comes_is_not_waited_for_at_the_owners_door() {
    let tower = Tower::start().await;
    let owner = format!("Bearer {}", owners_token(&tower));
    let headers = [("Host", address(&tower.desk)), ("Authorization", owner.as_str()), ("Content-Length", "1000")];
    let mut line = TcpStream::connect(address(&tower.desk)).await.unwrap();
    line.write_all(&request("POST /rpc/board HTTP/1.1", &headers, "")).await.unwrap();
    let said = heard(&mut line).await;
    assert!(said.is_none_or(|said| said.status == 408));
    is_well(&tower).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_to_other_machines_is_not_opened_by_halves() {
    for flags in [
        &["--expose", "0.0.0.0:0"][..],
        &["--expose", "0.0.0.0:0", "--allow-host", "tower.test"],
        &[
            "--expose",
            "0.0.0.0:0",
            "--allow-host",
            "tower.test",
            "--tls-cert",
            "/nowhere.pem",
            "--tls-key",
            "/nowhere.key",
        ],
        &["--allow-host", "tower.test"],
        &["--desk", "0.0.0.0:0", "--behind-proxy", "--allow-host", "tower.test"],
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut args = vec!["serve", "--vault", "memory", "--no-notifications", "--listen", "127.0.0.1:0"];
        if !flags.contains(&"--desk") {
            args.extend(["--desk", "127.0.0.1:0"]);
        }
        args.extend(flags);
        let refused = cuetower_tests::ctl_in(folder.path(), &args, "").await;
        assert!(matches!(refused.code, Some(1 | 2)), "{flags:?}: {:?}", refused.code);
        assert_eq!(refused.out, "", "{flags:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_widens_the_names_and_nothing_else() {
    let flags = ["--behind-proxy", "--allow-host", "tower.test"];
    let tower = Tower::start_with(None, &flags, &[]).await;
    let key = format!("Bearer {}", tower.key);
    let line = "GET /v1/cues HTTP/1.1";
    assert_eq!(under(&tower.agents, line, &["tower.test"], &key).await.status, 200);
    assert_eq!(under(&tower.agents, line, &["evil.test"], &key).await.status, 403);
    let said = under(
        &tower.desk,
        "POST /rpc/tower_status HTTP/1.1",
        &["tower.test"],
        &format!("Bearer {}", owners_token(&tower)),
    )
    .await;
    assert_eq!(said.status, 403, "the owner's door has its own names alone");
    let forwarded = [
        ("Authorization", key.as_str()),
        ("X-Forwarded-Host", "evil.test"),
        ("X-Forwarded-For", "203.0.113.7"),
        ("Forwarded", "host=evil.test"),
    ];
    let said = asked(&tower.agents, "GET", "/v1/info", &forwarded, "").await;
    assert_eq!(said.status, 200);
    assert!(!said.body.contains("evil.test"), "{}", said.body);
}

/// A program that the tower started finds the owner's token, as any program of the same user does, and uses it.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_came_out_of_a_run_does_not_speak_for_the_owner() {
    let (tower, work) = (Tower::start().await, tempfile::tempdir().unwrap());
    let ways = [
        // As the command line would; by a grandchild; by one that has left its session and lost its parent.
        "$CTL --data $DATA call tower_pause > said 2>&1; echo $? > code",
        "sh -c 'sh -c \"$CTL --data $DATA secret set STOLEN < /dev/null\"' > said 2>&1; echo $? > code",
        "(setsid sh -c '$CTL --data $DATA key add mallory --scopes cues,commands > said 2>&1; echo $? > code' &); while [ ! -s code ]; do sleep 0.05; done",
        "$CTL --data $DATA desk-link > said 2>&1; echo $? > code",
    ];
    for (number, script) in ways.into_iter().enumerate() {
        let folder = work.path().join(number.to_string());
        std::fs::create_dir(&folder).unwrap();
        let cue = json!({
            "name": format!("climbs {number}"), "transport": "command", "schedule": { "type": "manual" }, "confirm": "exit_code",
            "retry": { "max_attempts": 1 },
            "command": { "shell": script, "cwd": folder, "env": { "CTL": cuetower_tests::binary("cuetowerctl"), "DATA": tower.data } },
        });
        let made = tower.owner("cue_create", &json!({ "definition": cue })).await;
        ended(&tower, &fired(&tower, made["id"].as_str().unwrap()).await).await;
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert_ne!(read("code").trim(), "0", "{script}: {}", read("said"));
        assert!(!read("said").contains("ticket=") && !read("said").contains("cue_sk_"), "{script}: {}", read("said"));
    }
    is_well(&tower).await;
    let keys = tower.owner("keys", &json!({})).await;
    assert!(!keys.to_string().contains("mallory"), "{keys}");
    // To look is no harm: whoever may read the folder may read the store.
    let cue = json!({
        "name": "looks", "transport": "command", "schedule": { "type": "manual" }, "confirm": "exit_code",
        "command": { "argv": [cuetower_tests::binary("cuetowerctl"), "--data", tower.data, "status"] },
    });
    let made = tower.owner("cue_create", &json!({ "definition": cue })).await;
    let story = ended(&tower, &fired(&tower, made["id"].as_str().unwrap()).await).await;
    assert_eq!(story["state"], "confirmed", "{}", story["attempts"][0]);
}
