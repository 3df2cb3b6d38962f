//! The owner's door for a browser and for the CLI: the same commands and the same UI as the window, over loopback HTTP.
//!
//! `POST /rpc/{command}` takes a request's JSON and answers with the response's, or with a `DeskError`. `GET /events?from=SEQ`
//! is a stream of `change` events (a `DeskEvent` each) until a `gap`. A browser comes in with a one-time ticket and stays with a
//! cookie; the CLI shows the owner's token, from a file only the owner can read.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, FromRequest as _, Path, Query, Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, COOKIE, HOST, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::sse::{self, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use cuetower_core::gate::Face;
use futures::Stream;
use rust_embed::RustEmbed;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::session::Sessions;
use super::wire::DeskError;
use super::{Desk, from_runs};
use crate::feed::Change;
use crate::line::{self, Bounds, Foreign, OwnNames, Peer};

/// A request's body at most, in bytes.
const BODY_MAX: usize = 2 * 1024 * 1024;
/// For it to arrive.
const BODY_WAIT: Duration = Duration::from_secs(30);
/// Open at once; a browser has six of them.
const CONNECTIONS_MAX: usize = 256;
/// Streams of changes among them.
const STREAMS_MAX: usize = 64;
/// Opened by links from a terminal, a mail, another program.
const PAGES: &[&str] = &["/"];
/// A stream without news says so this often, so that a dead one is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Says that the page itself asked: no form and no plain link of a foreign page can set it.
const DESK_HEADER: &str = "x-cuetower-desk";
const CONTENT_SECURITY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    connect-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The built UI. Read from the folder in a debug build, inside the binary in a release one.
#[derive(RustEmbed)]
#[folder = "../../ui/dist"]
#[allow_missing = true]
struct Ui;

/// Serves one tower's desk. Cheap to clone.
#[derive(Clone)]
pub struct Host {
    shared: Arc<Shared>,
}

struct Shared {
    desk: Desk,
    sessions: Sessions,
    streams: Arc<Semaphore>,
    /// Open streams end when this turns true, so that a stop need not wait for them.
    closing: watch::Sender<bool>,
}

impl Host {
    /// `owner_token`: whoever shows it as a bearer is the owner.
    #[must_use]
    pub fn new(desk: Desk, owner_token: String) -> Host {
        let sessions = Sessions::new(desk.handle.tower_key().clone(), owner_token);
        let (streams, closing) = (Arc::new(Semaphore::new(STREAMS_MAX)), watch::Sender::new(false));
        Host { shared: Arc::new(Shared { desk, sessions, streams, closing }) }
    }

    /// A fresh link that opens the desk in one browser, once. `base`: "http://127.0.0.1:8738".
    #[must_use]
    pub fn link(&self, base: &str) -> String {
        format!("{base}/?ticket={}", self.shared.sessions.ticket(self.shared.desk.handle.now()))
    }

    /// Serves until `shutdown` is done, then ends open streams and waits for answers under way.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let called = Arc::new(OwnNames::at(listener.local_addr()?.port(), PAGES));
        let shared = Arc::clone(&self.shared);
        let router = Router::new()
            .route("/rpc/{command}", post(rpc))
            .route("/events", get(events))
            .route("/ticket", post(ticket))
            .fallback(page)
            .layer(DefaultBodyLimit::max(BODY_MAX))
            .layer(middleware::from_fn_with_state(called, guard))
            .with_state(self);
        let close = async move {
            shutdown.await;
            shared.closing.send_replace(true);
        };
        let bounds = Bounds { door: "the owner's door", connections: CONNECTIONS_MAX, tls: None };
        line::serve(listener, bounds, router, close).await;
        Ok(())
    }

    fn is_session(&self, headers: &HeaderMap) -> bool {
        let now = self.shared.desk.handle.now();
        text(headers, &COOKIE).is_some_and(|cookies| self.shared.sessions.is_session(cookies, now))
    }

    fn is_owner(&self, headers: &HeaderMap) -> bool {
        text(headers, &AUTHORIZATION).is_some_and(|bearer| self.shared.sessions.is_owner(bearer))
    }
}

/// Only pages of this door may speak to it, whatever name a foreign page has made point here.
async fn guard(State(called): State<Arc<OwnNames>>, request: Request, next: Next) -> Response {
    let mut response = match called.admit(request.method(), request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(foreign) => turned_away(foreign, &called),
    };
    for (name, value) in [
        ("content-security-policy", CONTENT_SECURITY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

fn turned_away(foreign: Foreign, called: &OwnNames) -> Response {
    let (code, message) = match foreign {
        Foreign::Name => {
            let names = called.all().join(", ");
            ("host_not_allowed", format!("This door answers to {names} only; the Host header must say so, once."))
        }
        Foreign::Origin => ("origin_not_allowed", "Pages of other sites may not speak to the tower.".to_owned()),
        Foreign::Site => ("cross_site", "Pages of other sites may not have a browser speak to the tower.".to_owned()),
    };
    refusal(StatusCode::FORBIDDEN, code, message)
}

async fn rpc(State(host): State<Host>, Path(command): Path<String>, request: Request) -> Response {
    let (headers, peer) = (request.headers().clone(), request.extensions().get::<Peer>().copied());
    // Read before anything is said, so that its sender gets to read that.
    let Ok(body) = tokio::time::timeout(BODY_WAIT, Bytes::from_request(request, &())).await else {
        let message = "The request did not arrive whole within 30 s.".to_owned();
        return refusal(StatusCode::REQUEST_TIMEOUT, "invalid", message);
    };
    let from_page = host.is_session(&headers) && headers.contains_key(DESK_HEADER);
    if !from_page && !host.is_owner(&headers) {
        return no_session();
    }
    let request = match body {
        Err(rejection) => return too_large(&rejection),
        Ok(body) if body.is_empty() => Value::Null,
        Ok(body) => match serde_json::from_slice(&body) {
            Ok(request) => request,
            Err(error) => {
                return refusal(StatusCode::BAD_REQUEST, "invalid", format!("The request is not JSON: {error}."));
            }
        },
    };
    if let Some(barred) = from_runs::barred(&command, peer).await {
        return barred;
    }
    let face = if from_page { Face::Browser } else { Face::Cli };
    match host.shared.desk.through(face).call(&command, request).await {
        Ok(response) => axum::Json(response).into_response(),
        Err(error) => (status_of(&error.code), axum::Json(error)).into_response(),
    }
}

#[derive(Deserialize)]
struct From {
    from: u64,
}

async fn events(State(host): State<Host>, asked: Result<Query<From>, QueryRejection>, headers: HeaderMap) -> Response {
    if !host.is_session(&headers) && !host.is_owner(&headers) {
        return no_session();
    }
    let Ok(Query(From { from })) = asked else {
        let message = "`from` is the sequence number after which changes are wanted: /events?from=120.".to_owned();
        return refusal(StatusCode::BAD_REQUEST, "invalid", message);
    };
    let Ok(seat) = Arc::clone(&host.shared.streams).try_acquire_owned() else {
        let message = format!("{STREAMS_MAX} streams of changes are open; close a window.");
        return refusal(StatusCode::SERVICE_UNAVAILABLE, "busy", message);
    };
    let stream = changes(&host, from, seat);
    Sse::new(stream).keep_alive(sse::KeepAlive::new().interval(KEEP_ALIVE)).into_response()
}

/// Ends after a gap: the face fetches everything again and asks anew. `seat`: given back when the stream is dropped.
fn changes(
    host: &Host,
    from: u64,
    seat: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<sse::Event, Infallible>> + use<> {
    let subscription = host.shared.desk.handle.feed().subscribe(from);
    let closing = host.shared.closing.subscribe();
    futures::stream::unfold(Some((subscription, closing, seat)), |state| async {
        let (mut subscription, mut closing, seat) = state?;
        let change = tokio::select! {
            change = subscription.next() => change?,
            _ = closing.wait_for(|closing| *closing) => return None,
        };
        match change {
            Change::Gap => Some((Ok(sse::Event::default().event("gap").data("{}")), None)),
            Change::Event(event) => {
                let text = serde_json::to_string(&*event).expect("a desk event is plain data");
                let sent = sse::Event::default().event("change").id(event.seq.to_string()).data(text);
                Some((Ok(sent), Some((subscription, closing, seat))))
            }
        }
    })
}

/// A fresh link, for the owner's CLI.
async fn ticket(State(host): State<Host>, request: Request) -> Response {
    let peer = request.extensions().get::<Peer>().copied();
    let base = format!("http://{}", text(request.headers(), &HOST).unwrap_or_default());
    if !host.is_owner(request.headers()) {
        return no_session();
    }
    drop(request);
    if let Some(barred) = from_runs::barred("ticket", peer).await {
        return barred;
    }
    axum::Json(json!({ "link": host.link(&base) })).into_response()
}

#[derive(Deserialize)]
struct Entry {
    ticket: Option<String>,
}

/// The UI's files. They hold no secrets, so they need no session; a page without one says how to get one.
async fn page(State(host): State<Host>, method: Method, uri: Uri, Query(entry): Query<Entry>) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return refusal(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "Pages are only fetched here.".to_owned(),
        );
    }
    if let Some(ticket) = entry.ticket {
        return enter(&host, &ticket);
    }
    let path = match uri.path().trim_start_matches('/') {
        "" => "index.html",
        path => path,
    };
    let Some(file) = Ui::get(path) else {
        let why = if path == "index.html" {
            "The UI was not built: run `cargo xtask run`."
        } else {
            "There is no such page."
        };
        return refusal(StatusCode::NOT_FOUND, "not_found", why.to_owned());
    };
    // Files under assets/ carry a hash of their content in their name.
    let kept = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    ([(CONTENT_TYPE, content_type(path)), (CACHE_CONTROL, kept)], file.data).into_response()
}

fn enter(host: &Host, ticket: &str) -> Response {
    let sessions = &host.shared.sessions;
    let to_desk = [(LOCATION, "/"), (CACHE_CONTROL, "no-store")];
    match sessions.redeem(ticket, host.shared.desk.handle.now()) {
        Some(session) => (StatusCode::SEE_OTHER, to_desk, [(SET_COOKIE, sessions.cookie(&session))]).into_response(),
        // A used link in a browser that has a session already just opens the desk; elsewhere the page says what to do.
        None => (StatusCode::SEE_OTHER, to_desk).into_response(),
    }
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn too_large(rejection: &BytesRejection) -> Response {
    let message = format!("The request's body could not be taken (2 MiB at most): {}.", rejection.body_text());
    refusal(rejection.status(), "invalid", message)
}

fn no_session() -> Response {
    let message = "This needs the owner's session. Get a fresh link with `cuetowerctl desk-link`.".to_owned();
    refusal(StatusCode::UNAUTHORIZED, "session", message)
}

pub(super) fn refusal(status: StatusCode, code: &str, message: String) -> Response {
    (status, axum::Json(DeskError { code: code.to_owned(), message, field: None })).into_response()
}

fn status_of(code: &str) -> StatusCode {
    match code {
        "invalid" => StatusCode::UNPROCESSABLE_ENTITY,
        "not_found" | "unknown_command" => StatusCode::NOT_FOUND,
        "conflict" | "refused" | "gate_settled" | "gate_changed" | "gate_withdrawn" => StatusCode::CONFLICT,
        "vault" | "busy" => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
