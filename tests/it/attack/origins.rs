//! Web pages of other sites, in the owner's own browser: their scripts, their forms, their pictures and links.

use super::wire::{address, asked, request, spoken};
use super::*;

/// What the owner's browser keeps: "name=value".
async fn cookie(tower: &Tower) -> String {
    let target = tower.desk_link.strip_prefix(&tower.desk).unwrap();
    let said = asked(&tower.desk, "GET", target, &[], "").await;
    assert_eq!(said.status, 303, "{}", said.body);
    let kept = said.header("set-cookie").expect("a fresh link gives a session");
    assert!(kept.contains("; httponly") && kept.contains("; samesite=strict"), "{kept}");
    // The value is hex and a number, which small letters leave as it is; its name has none but small ones.
    kept.split(';').next().unwrap().to_owned()
}

/// Every origin that a page of elsewhere can have, for a door at this port.
fn foreign(port: &str) -> Vec<String> {
    vec![
        "null".to_owned(),
        "http://evil.test".to_owned(),
        format!("http://evil.test:{port}"),
        "http://127.0.0.1:1".to_owned(),
        "http://localhost".to_owned(),
        format!("https://127.0.0.1:{port}"),
        format!("http://127.0.0.1:{port}.evil.test"),
        format!("http://0.0.0.0:{port}"),
        "file://".to_owned(),
        "chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_owned(),
        "tauri://localhost".to_owned(),
        String::new(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_of_another_page_reaches_no_route_of_either_door() {
    let tower = Tower::start().await;
    let (cookie, key) = (cookie(&tower).await, format!("Bearer {}", tower.key));
    for (base, routes) in [(&tower.agents, agents_routes()), (&tower.desk, owners_routes())] {
        let credential =
            if base == &tower.desk { ("Cookie", cookie.as_str()) } else { ("Authorization", key.as_str()) };
        for (method, target) in routes {
            let headers = [credential, ("X-Cuetower-Desk", "1"), ("Origin", "http://evil.test")];
            let said = asked(base, &method, &target, &headers, "").await;
            assert_eq!(said.status, 403, "{method} {target}: {}", said.body);
            assert!(!said.opens_to_pages(), "{method} {target}");
        }
    }
    is_well(&tower).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_origin_but_the_doors_own_is_foreign() {
    let tower = Tower::start().await;
    let (owner, key) = (format!("Bearer {}", owners_token(&tower)), format!("Bearer {}", tower.key));
    for (base, method, target, bearer) in
        [(&tower.agents, "GET", "/v1/cues", &key), (&tower.desk, "POST", "/rpc/tower_status", &owner)]
    {
        let port = address(base).rsplit(':').next().unwrap();
        for origin in foreign(port) {
            let headers = [("Authorization", bearer.as_str()), ("Origin", origin.as_str())];
            let said = asked(base, method, target, &headers, "").await;
            assert_eq!((said.status, said.code().as_str()), (403, "origin_not_allowed"), "{base} from `{origin}`");
        }
        let own = [("Authorization", bearer.as_str()), ("Origin", base.as_str())];
        assert_eq!(asked(base, method, target, &own, "").await.status, 200, "{base} from itself");
    }
}

/// A form needs no permission to be sent, and brings the cookie along where the browser lets it.
#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_another_page_changes_nothing() {
    let tower = Tower::start().await;
    let cookie = cookie(&tower).await;
    let cue = hook("forged", NOBODY, json!({})).to_string();
    let multipart = format!("--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n{cue}\r\n--x--\r\n");
    let bodies = [
        ("application/x-www-form-urlencoded", "name=forged&callback=http%3A%2F%2F127.0.0.1%3A9"),
        ("multipart/form-data; boundary=x", multipart.as_str()),
        // A form's field `{"name": "…", "x": "` with the value `"}` makes JSON of it.
        ("text/plain", cue.as_str()),
    ];
    for (kind, body) in bodies {
        for origin in [Some("http://evil.test"), Some("null"), None] {
            let mut headers = vec![("Content-Type", kind), ("Cookie", cookie.as_str())];
            headers.extend(origin.map(|origin| ("Origin", origin)));
            for target in ["/rpc/tower_pause", "/rpc/cue_create", "/rpc/key_add", "/rpc/secret_set", "/ticket"] {
                let said = asked(&tower.desk, "POST", target, &headers, body).await;
                let expected = if origin.is_some() { 403 } else { 401 };
                assert_eq!(said.status, expected, "{target} as {kind} from {origin:?}: {}", said.body);
            }
            let said = asked(&tower.agents, "POST", "/v1/cues", &headers, body).await;
            let expected = if origin.is_some() { 403 } else { 401 };
            assert_eq!(said.status, expected, "/v1/cues as {kind} from {origin:?}: {}", said.body);
        }
    }
    assert_eq!(tower.get("/v1/cues").await.1["total"], 0);
    is_well(&tower).await;
}

/// Such addresses are their own credential and lie in scripts and crontabs, where a page may have seen them.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_knows_a_trigger_or_ping_url_cannot_use_it() {
    let tower = Tower::start().await;
    let cue = made(&tower, &hook("triggered", NOBODY, json!({}))).await;
    let trigger = tower.owner("cue_trigger", &json!({ "cue_id": cue, "change": "renew" })).await;
    let trigger = trigger["url"].as_str().unwrap().strip_prefix(&tower.agents).unwrap().to_owned();
    let watched = json!({ "name": "watched", "transport": "watch", "schedule": { "type": "manual" } });
    let watched = tower.owner("cue_create", &json!({ "definition": watched })).await;
    let ping = tower.owner("cue_ping_url", &json!({ "cue_id": watched["id"] })).await;
    let ping = ping["url"].as_str().unwrap().strip_prefix(&tower.agents).unwrap().to_owned();
    for (method, target) in [("POST", &trigger), ("GET", &ping), ("POST", &ping)] {
        let said = asked(&tower.agents, method, target, &[("Origin", "http://evil.test")], "").await;
        assert_eq!((said.status, said.code().as_str()), (403, "origin_not_allowed"), "{method} {target}");
    }
    assert_eq!(tower.get("/v1/executions").await.1["total"], 0, "nothing was fired");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_to_a_preflight_or_to_anything_else_lets_a_page_in() {
    let tower = Tower::start().await;
    for (base, routes) in [(&tower.agents, agents_routes()), (&tower.desk, owners_routes())] {
        for (method, target) in routes {
            let wishes = [
                ("Access-Control-Request-Method", method.as_str()),
                ("Access-Control-Request-Headers", "authorization, x-cuetower-desk"),
                ("Access-Control-Request-Private-Network", "true"),
            ];
            for origin in ["http://evil.test", base.as_str()] {
                let headers = [&wishes[..], &[("Origin", origin)]].concat();
                let said = asked(base, "OPTIONS", &target, &headers, "").await;
                assert!(!said.opens_to_pages(), "OPTIONS {target} from {origin}");
                assert!(said.status >= 400, "OPTIONS {target} from {origin}: {}", said.status);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_something_is_not_done_by_a_link() {
    let tower = Tower::start().await;
    let (cookie, key) = (cookie(&tower).await, format!("Bearer {}", tower.key));
    let cue = made(&tower, &hook("linked", NOBODY, json!({}))).await;
    for (name, ..) in cuetower_engine::desk::COMMANDS {
        let headers = [("Cookie", cookie.as_str()), ("X-Cuetower-Desk", "1")];
        let said = asked(&tower.desk, "GET", &format!("/rpc/{name}"), &headers, "").await;
        assert_eq!(said.status, 405, "GET /rpc/{name}");
    }
    for target in [format!("/v1/cues/{cue}/fire"), "/v1/cues/bulk-delete".to_owned()] {
        let said = asked(&tower.agents, "GET", &target, &[("Authorization", &key)], "").await;
        assert!(matches!(said.status, 404 | 405), "GET {target}: {}", said.status);
    }
    let tricks = [("X-HTTP-Method-Override", "DELETE"), ("X-Http-Method", "DELETE"), ("Authorization", key.as_str())];
    asked(&tower.agents, "POST", &format!("/v1/cues/{cue}?_method=DELETE"), &tricks, "{}").await;
    assert_eq!(tower.get(&format!("/v1/cues/{cue}")).await.0, 200, "it is still there");
    is_well(&tower).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_door_becomes_a_web_socket() {
    let tower = Tower::start().await;
    let owner = format!("Bearer {}", owners_token(&tower));
    for (base, target) in [(&tower.desk, "/events?from=0"), (&tower.desk, "/rpc/board"), (&tower.agents, "/v1/cues")] {
        let headers = [
            ("Host", address(base)),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("Origin", "http://evil.test"),
            ("Authorization", owner.as_str()),
        ];
        let said = spoken(base, &request(&format!("GET {target} HTTP/1.1"), &headers, "")).await;
        assert_eq!(said.expect("an answer").status, 403, "{target}");
    }
}

/// A page may try to show the window inside of itself, or have it load something of its own.
#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_bound_by_a_policy_that_allows_nothing_from_elsewhere() {
    let tower = Tower::start().await;
    for target in ["/", "/index.html", "/no/such/page", "/?ticket=nonsense", "/rpc/none"] {
        let said = asked(&tower.desk, "GET", target, &[], "").await;
        let policy =
            said.header("content-security-policy").unwrap_or_else(|| panic!("{target} has no policy")).to_owned();
        for part in ["default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"] {
            assert!(policy.contains(part), "{target}: {part} is not in {policy}");
        }
        let scripts = policy.split(';').find(|part| part.trim().starts_with("script-src")).unwrap_or_default();
        for hole in ["unsafe-inline", "unsafe-eval", "http:", "https:", "*", "data:"] {
            assert!(!scripts.contains(hole), "{target}: {scripts}");
        }
        assert!(!policy.contains("http") && !policy.contains('*') && !policy.contains("unsafe-eval"), "{policy}");
        assert_eq!(said.header("x-content-type-options"), Some("nosniff"), "{target}");
        assert_eq!(said.header("referrer-policy"), Some("no-referrer"), "{target}");
        assert_eq!(said.header("cross-origin-resource-policy"), Some("same-origin"), "{target}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_good_at_its_own_door_and_nowhere_else() {
    let (tower, other) = (Tower::start().await, Tower::start().await);
    let cookie = cookie(&tower).await;
    let as_page = [("Cookie", cookie.as_str()), ("X-Cuetower-Desk", "1")];
    assert_eq!(asked(&tower.desk, "POST", "/rpc/tower_status", &as_page, "").await.status, 200);
    assert_eq!(
        asked(&tower.agents, "GET", "/v1/cues", &as_page, "").await.status,
        401,
        "the agents' door knows no session"
    );
    assert_eq!(
        asked(&other.desk, "POST", "/rpc/tower_status", &as_page, "").await.status,
        401,
        "nor does another tower"
    );
    let said = asked(&tower.desk, "POST", "/ticket", &as_page, "").await;
    assert_eq!(said.status, 401, "a browser makes no links for other browsers");
    let (name, session) = cookie.split_once('=').unwrap();
    let (until, mark) = session.split_once('.').unwrap();
    let later: i64 = until.parse::<i64>().unwrap() + 1;
    for forged in [
        format!("{name}={later}.{mark}"),
        format!("{name}={until}."),
        format!("{name}=."),
        format!("{name}={until}.{}", "0".repeat(64)),
    ] {
        let headers = [("Cookie", forged.as_str()), ("X-Cuetower-Desk", "1")];
        assert_eq!(asked(&tower.desk, "POST", "/rpc/tower_status", &headers, "").await.status, 401, "{forged}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_good_once_and_no_other_word_opens_the_desk() {
    let tower = Tower::start().await;
    let target = tower.desk_link.strip_prefix(&tower.desk).unwrap().to_owned();
    let owner = owners_token(&tower);
    for guess in [
        format!("/?ticket={owner}"),
        format!("/?ticket={}", tower.key),
        "/?ticket=".to_owned(),
        format!("/?ticket={}", "0".repeat(64)),
    ] {
        assert_eq!(asked(&tower.desk, "GET", &guess, &[], "").await.header("set-cookie"), None, "{guess}");
    }
    assert!(asked(&tower.desk, "GET", &target, &[], "").await.header("set-cookie").is_some());
    assert_eq!(asked(&tower.desk, "GET", &target, &[], "").await.header("set-cookie"), None, "it was used");
    for target in
        [format!("/rpc/tower_status?token={owner}"), format!("/rpc/tower_status?authorization=Bearer%20{owner}")]
    {
        assert_eq!(
            asked(&tower.desk, "POST", &target, &[], "").await.status,
            401,
            "no credential is read from an address"
        );
    }
}
