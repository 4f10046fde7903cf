//! Requests that meet an agent on its way back: who waits, who does not, and how the waiting ends.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;
use vivier_core::lifecycle::State;
use vivier_core::wire::edge::Grant;

use crate::world::{Answer, Town, ask, begin, eventually, route, session, within};

/// Takes ada's route away, as the worker does before it stops a gateway.
async fn away(town: &Town, state: State) {
    town.change(|table| {
        table.routes[0].upstream = None;
        table.routes[0].state = state;
    })
    .await;
}

async fn back(town: &Town) {
    town.change(|table| table.routes[0] = route("ada", 1, Some(town.upstream))).await;
}

async fn held(town: &Town, count: usize) {
    eventually(&format!("{count} requests wait"), || async { town.health().await["open"]["held"] == count }).await;
}

/// Asks on a connection of its own, as a program or a page's script does.
fn start(town: &Town, number: u128, method: &str, target: &str, body: &'static str) -> JoinHandle<Answer> {
    let host = if number == 1 { "ada.localhost:8080" } else { "eve.localhost:8080" };
    let request = town.request(method, host, target).header("accept", "*/*").header("cookie", town.cookie(number));
    let (request, address) = (request.body(Full::new(Bytes::from(body))).expect("a request"), town.address);
    tokio::spawn(async move { ask(TcpStream::connect(address).await.expect("connects"), request).await })
}

async fn answered(request: JoinHandle<Answer>) -> Answer {
    within("the request is answered", request).await.expect("no panic")
}

#[tokio::test]
async fn a_request_waits_for_its_agent_to_come_back_and_is_answered_as_if_nothing_had_been() {
    let town = Town::new().await;
    for (round, state) in [State::Updating, State::Restarting, State::Running].into_iter().enumerate() {
        away(&town, state).await;
        let asked = [start(&town, 1, "POST", "/echo", "a question"), start(&town, 1, "GET", "/x", ""), start(&town, 1, "DELETE", "/y", "")];
        held(&town, 3).await;
        assert_eq!(town.agent.count(), round * 3, "nobody was asked");
        // Others change meanwhile, and it goes from one kind of absence to another.
        town.change(|table| table.routes[1].reason = Some(format!("round {round}"))).await;
        away(&town, State::Restarting).await;
        held(&town, 3).await;
        back(&town).await;
        for (request, body) in asked.into_iter().zip(["a question", "you asked GET /x", "you asked DELETE /y"]) {
            let answer = answered(request).await;
            assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, body));
        }
        held(&town, 0).await;
    }
    let metrics = town.inside("/metrics").await;
    for line in ["vivier_edge_held_requests 0", "vivier_edge_holds_total{outcome=\"resumed\"} 9", "vivier_edge_hold_seconds_count 9"] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
}

#[tokio::test]
async fn a_gateway_that_is_about_to_stop_is_rid_of_its_idle_connections_at_once() {
    let town = Town::new().await;
    let open = || async { town.agent.open.load(Ordering::SeqCst) };
    // One that reads a stream keeps what belongs to its agent; a second one has been answered.
    let stream = town.agent.stream();
    let reading = start(&town, 1, "GET", "/stream", "");
    eventually("the stream is open", || async { open().await == 1 }).await;
    assert_eq!(answered(start(&town, 1, "GET", "/x", "")).await.status, StatusCode::OK);
    assert_eq!(open().await, 2, "the second connection is kept");
    away(&town, State::Restarting).await;
    eventually("only the stream's connection is left", || async { open().await == 1 }).await;
    stream.send(Bytes::from("the end")).await.expect("somebody reads");
    drop(stream);
    assert_eq!(answered(reading).await.body, "the end", "what was under way is finished");
    eventually("that one is not kept either", || async { open().await == 0 }).await;
}

#[tokio::test]
async fn a_websocket_waits_too() {
    let town = Town::new().await;
    away(&town, State::Restarting).await;
    let (address, cookie) = (town.address, town.cookie(1));
    let open = tokio::spawn(async move {
        let request = Request::get("ws://ada.localhost:8080/ws").header("host", "ada.localhost:8080").header("connection", "Upgrade");
        let request = request.header("upgrade", "websocket").header("sec-websocket-version", "13").header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        let request = request.header("cookie", cookie).header("origin", "http://ada.localhost:8080").body(()).expect("a request");
        tokio_tungstenite::client_async(request, TcpStream::connect(address).await.expect("connects")).await.expect("opens").0
    });
    held(&town, 1).await;
    back(&town).await;
    let mut socket = within("it opens", open).await.expect("no panic");
    socket.send(Message::text("hello")).await.expect("sends");
    assert_eq!(within("the echo", socket.next()).await.expect("open").expect("a message").into_text().expect("text").as_str(), "hello");
}

#[tokio::test]
async fn a_navigation_waits_briefly_and_then_sees_the_page_that_tries_again() {
    let town = Town::new().await;
    away(&town, State::Updating).await;
    let begun = Instant::now();
    let page = town.open("/").await;
    assert!(begun.elapsed() >= Duration::from_secs(2) && begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.body.contains("is being updated") && page.body.contains("http-equiv=\"refresh\""), "{}", page.body);
    // A short absence is not seen at all.
    let opened = async { town.open("/").await };
    let ((), page) = tokio::join!(
        async {
            held(&town, 1).await;
            back(&town).await;
        },
        opened
    );
    assert_eq!(page.status, StatusCode::OK);
}

#[tokio::test]
async fn who_will_not_come_back_by_itself_or_has_never_run_is_not_waited_for() {
    let town = Town::new().await;
    for (state, code) in [
        (State::Requested, "agent_preparing"),
        (State::Provisioning, "agent_preparing"),
        (State::Configuring, "agent_preparing"),
        (State::Starting, "agent_starting"),
        (State::Suspended, "agent_suspended"),
        (State::Failed, "agent_failed"),
        (State::Terminated, "agent_terminated"),
    ] {
        away(&town, state).await;
        let answer = answered(start(&town, 1, "POST", "/echo", "x")).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (StatusCode::SERVICE_UNAVAILABLE, Some(code)), "{state}");
        assert!(!answer.header("retry-after").is_empty(), "{state}");
    }
    assert!(town.inside("/metrics").await.contains("vivier_edge_hold_seconds_count 0") || !town.inside("/metrics").await.contains("hold_seconds_count"));
}

#[tokio::test]
async fn waiting_ends_at_once_when_the_agent_fails_is_suspended_or_deleted_or_the_session_ends() {
    let town = Town::new().await;
    for (state, code) in [(State::Failed, "agent_failed"), (State::Suspended, "agent_suspended"), (State::Terminated, "agent_terminated")] {
        away(&town, State::Updating).await;
        let waiting = start(&town, 1, "POST", "/echo", "x");
        held(&town, 1).await;
        town.serve.change(|table| table.routes[0].state = state);
        let answer = answered(waiting).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (StatusCode::SERVICE_UNAVAILABLE, Some(code)));
    }
    away(&town, State::Updating).await;
    let waiting = start(&town, 1, "GET", "/x", "");
    held(&town, 1).await;
    town.serve.change(|table| table.ended_sessions = vec![session(1)]);
    assert_eq!(answered(waiting).await.status, StatusCode::UNAUTHORIZED);
    town.change(|table| table.ended_sessions.clear()).await;
    let waiting = start(&town, 1, "GET", "/x", "");
    held(&town, 1).await;
    town.serve.change(|table| {
        table.routes.remove(0);
    });
    assert_eq!(answered(waiting).await.status, StatusCode::NOT_FOUND);
    held(&town, 0).await;
    assert_eq!(town.agent.count(), 0);
}

#[tokio::test]
async fn a_token_that_is_revoked_while_its_request_waits_opens_nothing() {
    let town = Town::new().await;
    let pass = town.pass(1);
    let soon = vivier_core::time::Timestamp::from_millis(town.now.load(Ordering::SeqCst)).plus_seconds(5);
    let grant = Grant { account: pass.account, deployment: pass.deployment, session: None, expires_at: soon };
    town.serve.tokens.lock().expect("no panic").insert("viv_soon".to_owned(), grant);
    away(&town, State::Updating).await;
    let request = town.request("POST", "ada.localhost", "/v1/chat/completions").header("authorization", "Bearer viv_soon");
    let (request, address) = (request.body(Full::new(Bytes::from("{}"))).expect("a request"), town.address);
    let waiting = tokio::spawn(async move { ask(TcpStream::connect(address).await.expect("connects"), request).await });
    held(&town, 1).await;
    town.now.fetch_add(10_000, Ordering::SeqCst);
    back(&town).await;
    assert_eq!(answered(waiting).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(town.agent.count(), 0);
}

#[tokio::test]
async fn no_more_wait_than_may_for_one_agent_and_for_all() {
    let town = Town::with(|config| {
        config.limits.held_per_agent = 2;
        config.limits.held = 3;
    })
    .await;
    town.change(|table| {
        for route in &mut table.routes {
            route.upstream = None;
            route.state = State::Updating;
        }
    })
    .await;
    let mut waiting = vec![start(&town, 1, "GET", "/x", ""), start(&town, 1, "GET", "/x", "")];
    held(&town, 2).await;
    let refuse = async |number| {
        let answer = answered(start(&town, number, "GET", "/x", "")).await;
        assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "5"));
    };
    refuse(1).await;
    waiting.push(start(&town, 2, "GET", "/x", ""));
    held(&town, 3).await;
    refuse(2).await;
    assert!(town.inside("/metrics").await.contains("vivier_edge_holds_total{outcome=\"full\"} 2"));
    town.change(|table| table.routes = vec![route("ada", 1, Some(town.upstream)), route("eve", 2, Some(town.upstream))]).await;
    for request in waiting {
        assert_eq!(answered(request).await.status, StatusCode::OK);
    }
    held(&town, 0).await;
}

#[tokio::test]
async fn waiting_has_an_end_and_can_be_switched_off() {
    let town = Town::with(|config| config.limits.hold_seconds = 1).await;
    away(&town, State::Updating).await;
    let begun = Instant::now();
    let answer = answered(start(&town, 1, "POST", "/echo", "x")).await;
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!((answer.status, answer.json()["code"].as_str(), answer.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, Some("agent_updating"), "5"));
    assert!(town.inside("/metrics").await.contains("vivier_edge_holds_total{outcome=\"late\"} 1"));

    let town = Town::with(|config| config.limits.hold_seconds = 0).await;
    away(&town, State::Updating).await;
    let begun = Instant::now();
    assert_eq!(answered(start(&town, 1, "POST", "/echo", "x")).await.json()["code"], "agent_updating");
    assert_eq!(town.open("/").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(begun.elapsed() < Duration::from_secs(2), "nobody waited");
}

#[tokio::test]
async fn a_waiting_body_stays_with_the_client_until_the_agent_is_there() {
    const SIZE: usize = 32 << 20;
    let town = Town::new().await;
    away(&town, State::Updating).await;
    let mut stream = TcpStream::connect(town.address).await.expect("connects");
    let head = format!("POST /x HTTP/1.1\r\nhost: ada.localhost\r\ncookie: {}\r\ncontent-length: {SIZE}\r\nconnection: close\r\n\r\n", town.cookie(1));
    stream.write_all(head.as_bytes()).await.expect("writes");
    held(&town, 1).await;
    // What the kernel's buffers of both sides take is a few megabytes.
    let piece = vec![b'x'; 1 << 16];
    let mut sent = 0;
    while let Ok(written) = tokio::time::timeout(Duration::from_millis(500), stream.write(&piece)).await {
        sent += written.expect("open");
        assert!(sent < SIZE / 2, "{sent} bytes of the body were read while it waited");
    }
    back(&town).await;
    while sent < SIZE {
        sent += within("it is read now", stream.write(&piece[..piece.len().min(SIZE - sent)])).await.expect("open");
    }
    let mut answer = String::new();
    within("the answer", stream.read_to_string(&mut answer)).await.expect("text");
    assert!(answer.starts_with("HTTP/1.1 200") && town.agent.last().body.len() == SIZE, "{answer}");
}

#[tokio::test]
async fn a_client_that_leaves_does_not_go_on_waiting() {
    let town = Town::new().await;
    away(&town, State::Updating).await;
    for body in
        ["", "content-length: 5\r\n", "content-length: 5\r\n\r\nwhole", "content-length: 1000000\r\n\r\n", "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"]
    {
        let method = if body.is_empty() { "GET" } else { "POST" };
        let mut stream = TcpStream::connect(town.address).await.expect("connects");
        let head = format!("{method} /echo HTTP/1.1\r\nhost: ada.localhost\r\ncookie: {}\r\n{body}", town.cookie(1));
        stream.write_all(head.as_bytes()).await.expect("writes");
        if body.is_empty() || !body.contains("\r\n\r\n") {
            stream.write_all(b"\r\n").await.expect("writes");
        }
        if body.contains("1000000") {
            // More than hyper takes from the socket by itself, and less than the kernel does.
            stream.write_all(&vec![b'x'; 40_000]).await.expect("writes");
        }
        held(&town, 1).await;
        drop(stream);
        eventually(&format!("it is noticed: {body:?}"), || async { town.health().await["open"]["held"] == 0 }).await;
    }
    assert!(town.inside("/metrics").await.contains("vivier_edge_holds_total{outcome=\"left\"} 5"));
    assert_eq!(town.agent.count(), 0);
}

/// A gateway that reads one request's head, says so, and goes away without a word.
async fn breaks_off() -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let gone = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") && !head.ends_with(b"{}") {
            let mut byte = [0];
            stream.read_exact(&mut byte).await.expect("a head");
            head.push(byte[0]);
        }
    });
    (address, gone)
}

#[tokio::test]
async fn a_get_that_its_gateway_lost_is_sent_again_and_a_post_never() {
    let town = Town::new().await;
    let (address, gone) = breaks_off().await;
    town.change(|table| table.routes[0].upstream = Some(address)).await;
    let get = start(&town, 1, "GET", "/x?y=z", "");
    within("it was asked", gone).await.expect("no panic");
    held(&town, 1).await;
    away(&town, State::Updating).await;
    back(&town).await;
    let answer = answered(get).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "you asked GET /x?y=z"));
    let seen = town.agent.last();
    assert_eq!((&seen.headers["host"], &seen.headers["x-openclaw-user"]), (&"ada.localhost:8080".parse().unwrap(), &"owner".parse().unwrap()));
    assert!(!seen.headers.contains_key("cookie"));

    let (address, gone) = breaks_off().await;
    town.change(|table| table.routes[0].upstream = Some(address)).await;
    let post = start(&town, 1, "POST", "/echo", "{}");
    within("it was asked", gone).await.expect("no panic");
    let answer = answered(post).await;
    assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::BAD_GATEWAY, "2"));
    assert_eq!(town.agent.count(), 1, "nothing that may have been done is done twice");
}

#[tokio::test]
async fn a_get_that_brings_its_gateway_down_does_so_twice_at_most() {
    let town = Town::new().await;
    let (address, gone) = breaks_off().await;
    town.change(|table| table.routes[0].upstream = Some(address)).await;
    let get = start(&town, 1, "GET", "/x", "");
    within("it was asked", gone).await.expect("no panic");
    held(&town, 1).await;
    let (address, gone) = breaks_off().await;
    town.change(|table| table.routes[0].upstream = Some(address)).await;
    within("it was asked again", gone).await.expect("no panic");
    assert_eq!(answered(get).await.status, StatusCode::BAD_GATEWAY);
}

#[tokio::test]
async fn a_request_that_found_the_door_just_closed_waits_with_its_body() {
    let town = Town::new().await;
    let dead = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address")
    };
    // The gateway has stopped, and the table does not say so yet.
    town.change(|table| table.routes[0].upstream = Some(dead)).await;
    let post = start(&town, 1, "POST", "/echo", "a question");
    held(&town, 1).await;
    away(&town, State::Restarting).await;
    held(&town, 1).await;
    back(&town).await;
    let answer = answered(post).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "a question"));
}

#[tokio::test]
async fn what_is_under_way_finishes_after_the_route_was_taken_away() {
    let town = Town::new().await;
    let sender = town.agent.stream();
    let request = town.request("GET", "ada.localhost", "/stream").header("cookie", town.cookie(1)).body(Full::default()).expect("a request");
    let mut body = begin(TcpStream::connect(town.address).await.expect("connects"), request).await.into_body();
    sender.send(Bytes::from("one")).await.expect("it reads");
    assert_eq!(within("the first", body.frame()).await.expect("open").expect("a frame").into_data().expect("data"), "one");
    away(&town, State::Updating).await;
    sender.send(Bytes::from("two")).await.expect("it reads");
    drop(sender);
    assert_eq!(within("the second", body.frame()).await.expect("open").expect("a frame").into_data().expect("data"), "two");
    assert!(within("the end", body.frame()).await.is_none(), "it ended well");
}

#[tokio::test]
async fn an_edge_that_stops_keeps_nobody_waiting() {
    let mut town = Town::new().await;
    away(&town, State::Updating).await;
    let waiting = start(&town, 1, "POST", "/echo", "x");
    held(&town, 1).await;
    let begun = Instant::now();
    town.end().await;
    assert_eq!(answered(waiting).await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(begun.elapsed() < Duration::from_secs(2));
}

/// An agent's gateway that stops as a container does: takes no more, finishes what it has.
struct Gateway {
    stop: CancellationToken,
    kill: CancellationToken,
    work: TaskTracker,
}

impl Gateway {
    /// Always at the same address, as an agent's is.
    fn start(address: SocketAddr, asked: &Arc<AtomicUsize>) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("an option");
        socket.bind(address).expect("its address");
        let listener = socket.listen(1024).expect("listens");
        let gateway = Self { stop: CancellationToken::new(), kill: CancellationToken::new(), work: TaskTracker::new() };
        let (stop, kill, work, asked) = (gateway.stop.clone(), gateway.kill.clone(), gateway.work.clone(), asked.clone());
        gateway.work.spawn(async move {
            loop {
                let stream = tokio::select! {
                    () = stop.cancelled() => return,
                    () = kill.cancelled() => return,
                    accepted = listener.accept() => accepted.expect("a connection").0,
                };
                let (stop, kill, asked) = (stop.clone(), kill.clone(), asked.clone());
                work.spawn(async move {
                    let service = service_fn(move |request: Request<Incoming>| {
                        asked.fetch_add(1, Ordering::SeqCst);
                        async move {
                            let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
                            tokio::time::sleep(Duration::from_millis(3)).await;
                            Ok::<_, Infallible>(Response::new(Full::new(body)))
                        }
                    });
                    let mut connection = std::pin::pin!(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
                    tokio::select! {
                        _ = connection.as_mut() => return,
                        () = kill.cancelled() => return,
                        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
                    }
                    let _ = connection.await;
                });
            }
        });
        gateway
    }

    /// Everything at once, in the middle of whatever it does.
    async fn kill(self) {
        self.kill.cancel();
        self.work.close();
        within("it is dead", self.work.wait()).await;
    }

    async fn stop(self) {
        self.stop.cancel();
        self.work.close();
        within("it finishes what it has", self.work.wait()).await;
    }
}

async fn connection(address: SocketAddr) -> SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(address).await.expect("connects");
    let (sender, driver) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("a handshake");
    tokio::spawn(driver);
    sender
}

const ROLLOUTS: usize = 20;
const AT_ONCE: usize = 24;

/// Twenty times another gateway at the same address, under a constant load. Gives the failures, and how many were asked.
async fn roll_out(town: &Town, method: impl Fn(usize) -> &'static str, drained: bool) -> (Vec<String>, usize, usize) {
    let [a, b, c, ..] = *Uuid::new_v4().as_bytes();
    let own = Ipv4Addr::new(127, 64 | (a & 63), b, c.max(3));
    let address = {
        let probe = std::net::TcpListener::bind((own, 0)).expect("a free port");
        probe.local_addr().expect("an address")
    };
    let asked: Arc<AtomicUsize> = Arc::default();
    let mut gateway = Gateway::start(address, &asked);
    town.change(|table| table.routes[0].upstream = Some(address)).await;

    let (over, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut load = Vec::new();
    for worker in 0..AT_ONCE {
        let (over, done, cookie, edge, method) = (over.clone(), done.clone(), town.cookie(1), town.address, method(worker));
        load.push(tokio::spawn(async move {
            let mut failures = Vec::new();
            let mut sender = connection(edge).await;
            while !over.load(Ordering::SeqCst) {
                let number = done.fetch_add(1, Ordering::SeqCst);
                let body = if method == "GET" { String::new() } else { format!("question {number}") };
                let request = Request::builder().method(method).uri("/x").header("host", "ada.localhost").header("cookie", &cookie);
                let request = request.body(Full::new(Bytes::from(body.clone()))).expect("a request");
                let answer = async {
                    sender.ready().await.map_err(|error| format!("{error}"))?;
                    let response = sender.send_request(request).await.map_err(|error| format!("{error}"))?;
                    let status = response.status();
                    let text = response.into_body().collect().await.map_err(|error| format!("{error}"))?.to_bytes();
                    if status == StatusCode::OK && text == body { Ok(()) } else { Err(format!("{status}: {}", String::from_utf8_lossy(&text))) }
                };
                if let Err(error) = within("an answer", answer).await {
                    failures.push(format!("{method} {number}: {error}"));
                    sender = connection(edge).await;
                }
            }
            failures
        }));
    }
    for rollout in 0..ROLLOUTS {
        let goal = done.load(Ordering::SeqCst) + 60;
        eventually("the load goes on", || async { done.load(Ordering::SeqCst) >= goal }).await;
        let state = if rollout % 2 == 0 { State::Updating } else { State::Restarting };
        if drained {
            away(town, state).await;
            held(town, AT_ONCE).await;
            gateway.stop().await;
        } else {
            gateway.kill().await;
            away(town, state).await;
            held(town, AT_ONCE).await;
        }
        gateway = Gateway::start(address, &asked);
        town.serve.change(|table| table.routes[0] = route("ada", 1, Some(address)));
        held(town, 0).await;
    }
    over.store(true, Ordering::SeqCst);
    let mut failures = Vec::new();
    for worker in load {
        failures.extend(within("the load ends", worker).await.expect("no panic"));
    }
    gateway.stop().await;
    (failures, done.load(Ordering::SeqCst), asked.load(Ordering::SeqCst))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_rollouts_under_load_fail_no_request() {
    let town = Town::new().await;
    let (failures, done, asked) = roll_out(&town, |worker| if worker % 2 == 0 { "GET" } else { "POST" }, true).await;
    assert!(failures.is_empty(), "{} of {done} requests failed: {failures:#?}", failures.len());
    assert!(done >= 1000, "{done}");
    assert_eq!(asked, done, "each was asked once");
    let waited = format!("vivier_edge_holds_total{{outcome=\"resumed\"}} {}", ROLLOUTS * AT_ONCE);
    assert!(town.inside("/metrics").await.contains(&waited));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_gateways_killed_under_load_lose_no_get() {
    let town = Town::new().await;
    let (failures, done, asked) = roll_out(&town, |_| "GET", false).await;
    assert!(failures.is_empty(), "{} of {done} requests failed: {failures:#?}", failures.len());
    assert!(done >= 1000 && asked >= done, "{asked} of {done}");
}
