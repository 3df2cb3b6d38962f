//! Sends one ping: finds out where to, and reads from the answer what is to become of it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cuetower_engine::desk::wire::PingUrl;
use cuetower_engine::spool::{Addressee, Spooled};
use reqwest::{StatusCode, Url};
use serde_json::json;

use crate::owner::{Owner, root_of};
use crate::presence;

const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// Where this machine's tower listens unless told otherwise.
const AGENTS: &str = "http://127.0.0.1:8737";

/// When what is told happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The tower's own clock tells it best: this machine's may go wrong.
    Now,
    /// It is told late, and so with its instant.
    Earlier,
}

/// What became of one ping.
#[derive(Debug)]
pub enum Told {
    Yes,
    /// Not now; why, without the key.
    Later(String),
    /// Nor ever.
    Never(String),
}

pub struct Post {
    http: reqwest::Client,
    /// The data folder, by which this machine's tower is found.
    folder: Option<PathBuf>,
    urls: HashMap<Addressee, Url>,
}

impl Post {
    /// `to`: whom most of it is for.
    pub async fn open(folder: Option<PathBuf>, to: &Addressee) -> Result<Post, String> {
        let local = is_local(to);
        // To read the system's certificates takes a while, which the command's output must not wait for.
        let http = tokio::task::spawn_blocking(move || {
            let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
            let http = if local { http.no_proxy() } else { http };
            http.connect_timeout(CONNECT_LIMIT).build().map_err(|error| root_of(&error))
        });
        let http = http.await.map_err(|error| error.to_string())??;
        Ok(Post { http, folder, urls: HashMap::new() })
    }

    /// Takes as long as the tower lets it; the caller has a limit.
    pub async fn send(&mut self, ping: &Spooled, when: When) -> Told {
        let base = match self.url_of(&ping.to).await {
            Ok(base) => base,
            Err(told) => return told,
        };
        let origin = base.origin().ascii_serialization();
        let request = self.http.post(with_what_is_said(base, ping, when));
        let request =
            request.header("content-type", "text/plain; charset=utf-8").body(ping.words().unwrap_or_default());
        match request.send().await {
            Ok(response) => judged(response.status(), &origin),
            Err(error) => {
                Told::Later(format!("the tower at {origin} did not answer ({})", root_of(&error.without_url())))
            }
        }
    }

    async fn url_of(&mut self, to: &Addressee) -> Result<Url, Told> {
        if let Some(url) = self.urls.get(to) {
            return Ok(url.clone());
        }
        let url = match to {
            Addressee::Url(url) => url.clone(),
            Addressee::Key(key) => format!("{}/ping/{key}", agents_door(self.folder.as_deref())),
            Addressee::Cue(named) => self.url_of_cue(named).await?,
        };
        let url = Url::parse(&url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = url.ok_or_else(|| Told::Never("the ping URL is none that can be called".to_owned()))?;
        self.urls.insert(to.clone(), url.clone());
        Ok(url)
    }

    async fn url_of_cue(&self, named: &str) -> Result<String, Told> {
        let folder = self.folder.clone();
        let owner = tokio::task::spawn_blocking(move || Owner::of_tower_on(folder)).await;
        let owner = owner.map_err(|error| Told::Later(error.to_string()))?.map_err(Told::Later)?;
        let cues = owner.cues().await.map_err(Told::Later)?;
        let cue = cues.iter().find(|cue| cue.id == named).or_else(|| cues.iter().find(|cue| cue.name == named));
        let cue = cue.ok_or_else(|| Told::Never(format!("there is no cue `{named}`")))?;
        let ping: PingUrl = owner.ask("cue_ping_url", json!({ "cue_id": cue.id })).await.map_err(Told::Later)?;
        Ok(ping.url)
    }
}

/// On this machine, where no proxy belongs in between.
fn is_local(to: &Addressee) -> bool {
    let Addressee::Url(url) = to else { return true };
    let url = Url::parse(url).ok();
    let host = url.as_ref().and_then(Url::host_str).map(|host| host.trim_matches(['[', ']']));
    host.is_some_and(|host| host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()))
}

fn agents_door(folder: Option<&Path>) -> String {
    // What a killed tower left behind may lead to somebody else by now.
    let doors = folder.filter(|folder| presence::is_held(folder)).and_then(presence::doors);
    doors.map_or_else(|| AGENTS.to_owned(), |(doors, _)| doors.agents)
}

/// `…/ping/<key>` with the kind behind it and the facts in the query.
fn with_what_is_said(mut url: Url, ping: &Spooled, when: When) -> Url {
    if let Ok(mut parts) = url.path_segments_mut() {
        parts.pop_if_empty().extend(ping.kind.path());
    }
    let at = ping
        .at
        .utc()
        .filter(|_| when == When::Earlier)
        .map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true));
    let number = |number: Option<u64>| number.map(|number| number.to_string());
    let said = [
        ("rid", ping.rid.clone()),
        ("at", at),
        ("duration_ms", number(ping.duration_ms)),
        ("cpu_ms", number(ping.cpu_ms)),
        ("max_rss_bytes", number(ping.max_rss_bytes)),
    ];
    let said = said.into_iter().filter_map(|(name, value)| Some((name, value?)));
    url.query_pairs_mut().extend_pairs(said);
    url
}

fn judged(status: StatusCode, origin: &str) -> Told {
    let later = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];
    match status {
        _ if status.is_success() => Told::Yes,
        StatusCode::NOT_FOUND => Told::Never(format!("the tower at {origin} knows no such ping URL")),
        _ if status.is_server_error() || later.contains(&status) => {
            Told::Later(format!("the tower at {origin} answered with {status}"))
        }
        _ => Told::Never(format!("the tower at {origin} refused it with {status}")),
    }
}

#[cfg(test)]
mod tests {
    use cuetower_core::Ms;
    use cuetower_engine::spool::Kind;

    use super::*;

    fn ping(kind: Kind) -> Spooled {
        Spooled {
            to: Addressee::Key("k".to_owned()),
            kind,
            at: Ms(1_763_700_000_123),
            rid: Some("web 1-ab&c".to_owned()),
            duration_ms: Some(5),
            cpu_ms: None,
            max_rss_bytes: None,
            output: None,
            dropped: 0,
        }
    }

    #[test]
    fn the_facts_stand_in_the_url() {
        let said =
            |base: &str, kind| with_what_is_said(Url::parse(base).unwrap(), &ping(kind), When::Earlier).to_string();
        assert_eq!(
            said("http://h:1/ping/cue_1.1.ab", Kind::Start),
            "http://h:1/ping/cue_1.1.ab/start?rid=web+1-ab%26c&at=2025-11-21T04%3A40%3A00.123Z&duration_ms=5"
        );
        assert!(said("http://h/ping/k/", Kind::Exit(3)).starts_with("http://h/ping/k/3?rid="));
        assert!(said("http://h/ping/k?a=b", Kind::Success).starts_with("http://h/ping/k?a=b&rid="));
        let at_once = with_what_is_said(Url::parse("http://h/ping/k").unwrap(), &ping(Kind::Success), When::Now);
        assert_eq!(at_once.query(), Some("rid=web+1-ab%26c&duration_ms=5"));
    }

    #[test]
    fn an_answer_says_whether_to_try_again() {
        let later = |status: u16| matches!(judged(StatusCode::from_u16(status).unwrap(), "x"), Told::Later(_));
        let never = |status: u16| matches!(judged(StatusCode::from_u16(status).unwrap(), "x"), Told::Never(_));
        assert!([429, 500, 502, 503, 408].into_iter().all(later));
        assert!([301, 400, 401, 404, 413, 422].into_iter().all(never));
        assert!(matches!(judged(StatusCode::OK, "x"), Told::Yes));
    }
}
