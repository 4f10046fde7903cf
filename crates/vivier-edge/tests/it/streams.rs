//! What lasts: streams and WebSockets, through swaps, ends and shutdowns.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_util::task::TaskTracker;

use crate::world::{Town, begin, eventually, route, session, within};

async fn connect(town: &Town, host: &str, cookie: Option<String>, origin: Option<&str>) -> Result<WebSocketStream<TcpStream>, Error> {
    let mut request = Request::get(format!("ws://{host}/ws")).header("host", host).header("connection", "keep-alive, Upgrade").header("upgrade", "websocket");
    request = request.header("sec-websocket-version", "13").header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==").header("x-openclaw-user", "root");
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    let stream = TcpStream::connect(town.address).await.expect("connects");
    tokio_tungstenite::client_async(request.body(()).expect("a request"), stream).await.map(|(socket, _)| socket)
}

async fn ada(town: &Town) -> WebSocketStream<TcpStream> {
    connect(town, "ada.localhost:8080", Some(town.cookie(1)), Some("http://ada.localhost:8080")).await.expect("opens")
}

async fn echo(socket: &mut WebSocketStream<TcpStream>, text: &str) {
    socket.send(Message::text(text)).await.expect("sends");
    let answer = within("the echo", socket.next()).await.expect("open").expect("a message");
    assert_eq!(answer.into_text().expect("text").as_str(), text);
}

async fn closed(socket: &mut WebSocketStream<TcpStream>) {
    let end = within("the WebSocket is cut", socket.next()).await;
    assert!(matches!(end, None | Some(Err(_)) | Some(Ok(Message::Close(_)))), "{end:?}");
}

#[tokio::test]
async fn a_websocket_opens_from_the_agents_own_page_only() {
    let town = Town::new().await;
    echo(&mut ada(&town).await, "hello").await;
    let seen = town.agent.last();
    assert_eq!(seen.headers["x-openclaw-user"], "owner");
    assert_eq!(seen.headers["origin"], "http://ada.localhost:8080");
    assert_eq!(seen.headers["x-forwarded-for"], "192.0.2.1");
    assert!(!seen.headers.contains_key("cookie"));
    let cookie = || Some(town.cookie(1));
    for (cookie, origin, status) in [
        (cookie(), Some("http://eve.localhost:8080"), 403),
        (cookie(), Some("https://ada.localhost:8080"), 403),
        (cookie(), Some("http://ada.localhost:8080.evil.example"), 403),
        (cookie(), Some("null"), 403),
        (cookie(), None, 403),
        (None, Some("http://ada.localhost:8080"), 401),
        (Some(town.cookie(2)), Some("http://ada.localhost:8080"), 401),
    ] {
        let refused = connect(&town, "ada.localhost:8080", cookie, origin).await.expect_err("refused");
        let Error::Http(answer) = refused else { panic!("{origin:?}: {refused}") };
        assert_eq!(answer.status().as_u16(), status, "{origin:?}");
    }
    assert_eq!(town.agent.count(), 1);
}

#[tokio::test]
async fn a_thousand_swaps_of_the_table_drop_no_websocket() {
    let town = Town::new().await;
    let mut sockets = Vec::new();
    for _ in 0..10 {
        sockets.push(ada(&town).await);
    }
    eventually("all are open", || async { town.health().await["open"]["tunnels"] == 10 }).await;
    let churn = async {
        for round in 0..1000u128 {
            town.serve.change(|table| {
                // Others come, go and move.
                table.routes.truncate(2);
                table.routes[1].upstream = (round % 2 == 0).then_some(town.upstream);
                table.routes.push(route(&format!("other-{round}"), 100 + round, None));
                table.ended_sessions = vec![session(1000 + round)];
            });
            if round % 50 == 0 {
                town.settled().await;
            } else {
                tokio::task::yield_now().await;
            }
        }
        town.settled().await;
    };
    let talk = async {
        for round in 0..100 {
            for socket in &mut sockets {
                echo(socket, &format!("{round}")).await;
            }
        }
    };
    tokio::join!(churn, talk);
    for socket in &mut sockets {
        echo(socket, "still here").await;
    }
    assert_eq!(town.health().await["open"]["tunnels"], 10);
    assert!(town.inside("/metrics").await.contains("vivier_edge_open_web_sockets 10"));
}

#[tokio::test]
async fn a_websocket_is_cut_when_its_session_ends_and_when_its_agent_goes() {
    let town = Town::new().await;
    let mut socket = ada(&town).await;
    echo(&mut socket, "hello").await;
    town.change(|table| table.routes[0].upstream = None).await;
    echo(&mut socket, "an unrouted agent is cut by its own end, not by the table").await;
    town.change(|table| table.routes[0].upstream = Some(town.upstream)).await;
    town.serve.change(|table| table.ended_sessions = vec![session(1)]);
    closed(&mut socket).await;
    town.change(|table| table.ended_sessions.clear()).await;

    let mut socket = ada(&town).await;
    echo(&mut socket, "hello").await;
    town.serve.change(|table| {
        table.routes.remove(0);
    });
    closed(&mut socket).await;
    eventually("none is counted", || async { town.health().await["open"]["tunnels"] == 0 }).await;
}

#[tokio::test]
async fn a_websocket_ends_with_its_pass() {
    let town = Town::new().await;
    let mut pass = town.pass(1);
    pass.expires_at = vivier_core::time::Timestamp::from_millis(town.now.load(Ordering::SeqCst)).plus_millis(700);
    let mut socket = connect(&town, "ada.localhost:8080", Some(town.cookie_of(&pass)), Some("http://ada.localhost:8080")).await.expect("opens");
    echo(&mut socket, "hello").await;
    closed(&mut socket).await;
}

#[tokio::test]
async fn events_arrive_one_by_one_and_leaving_is_noticed_by_the_agent() {
    let town = Town::new().await;
    let sender = town.agent.stream();
    let request = town.request("GET", "ada.localhost", "/stream").header("cookie", town.cookie(1)).body(Full::default()).expect("a request");
    let response = begin(TcpStream::connect(town.address).await.expect("connects"), request).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    for number in 0..5 {
        let event = format!("data: {number}\n\n");
        sender.send(Bytes::from(event.clone())).await.expect("it reads");
        let frame = within("the event", body.frame()).await.expect("open").expect("a frame");
        assert_eq!(frame.into_data().expect("data"), event, "not held back for the next one");
    }
    drop(body);
    // The client's connection is driven by a task that ends with its response; then the agent's side must end too.
    within("the agent notices", sender.closed()).await;
}

#[tokio::test]
async fn an_open_stream_ends_with_its_session() {
    let town = Town::new().await;
    let sender = town.agent.stream();
    let request = town.request("GET", "ada.localhost", "/stream").header("cookie", town.cookie(1)).body(Full::default()).expect("a request");
    let mut body = begin(TcpStream::connect(town.address).await.expect("connects"), request).await.into_body();
    sender.send(Bytes::from("one")).await.expect("it reads");
    assert!(within("the event", body.frame()).await.expect("open").is_ok());
    town.change(|table| table.ended_sessions = vec![session(1)]).await;
    let _ = sender.send(Bytes::from("two")).await;
    let end = within("the end", body.frame()).await;
    assert!(!matches!(&end, Some(Ok(frame)) if frame.data_ref().is_some_and(|data| data == "two")), "{end:?}");
}

#[tokio::test]
async fn connections_to_an_agent_are_reused_and_dropped_when_its_address_changes() {
    // Each thread has its own.
    let town = Town::with(|config| config.threads = 1).await;
    for _ in 0..20 {
        assert_eq!(town.open("/").await.status, StatusCode::OK);
    }
    assert_eq!(town.agent.connections.load(Ordering::SeqCst), 1);
    let second = crate::world::Fake::default();
    let upstream = second.listen(std::net::Ipv4Addr::LOCALHOST.into()).await;
    town.change(|table| table.routes[0].upstream = Some(upstream)).await;
    assert_eq!(town.open("/").await.status, StatusCode::OK);
    assert_eq!((second.count(), town.agent.count()), (1, 20));
}

#[tokio::test]
async fn many_requests_at_once_all_get_their_own_answer() {
    let town = std::sync::Arc::new(Town::new().await);
    let tasks = TaskTracker::new();
    for number in 0..100 {
        let town = town.clone();
        tasks.spawn(async move {
            let body = format!("{number}").repeat(1 + number * 500);
            let request =
                town.request("POST", "ada.localhost", "/echo").header("cookie", town.cookie(1)).body(Full::new(Bytes::from(body.clone()))).expect("a request");
            let answer = town.ask(request).await;
            assert_eq!(answer.status, StatusCode::OK);
            assert!(answer.body == body, "{number}");
        });
    }
    tasks.close();
    within("all are answered", tasks.wait()).await;
    assert_eq!(town.agent.count(), 100);
}

#[tokio::test]
async fn http2_reaches_the_same_rooms() {
    let town = Town::new().await;
    let stream = TcpStream::connect(town.address).await.expect("connects");
    let (mut sender, driver) =
        hyper::client::conn::http2::handshake(hyper_util::rt::TokioExecutor::new(), hyper_util::rt::TokioIo::new(stream)).await.expect("a handshake");
    tokio::spawn(driver);
    let cookie = town.cookie(1);
    let request = Request::post("http://ada.localhost:8080/echo")
        .header("cookie", "a=1")
        .header("cookie", &cookie)
        .body(Full::new(Bytes::from("two")))
        .expect("a request");
    let response = within("an answer", sender.send_request(request)).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.into_body().collect().await.expect("a body").to_bytes(), "two");
    let seen = town.agent.last();
    assert_eq!(seen.headers["host"], "ada.localhost:8080");
    assert_eq!(seen.target, "/echo");
    assert_eq!(seen.headers["cookie"], "a=1");
}

#[tokio::test]
async fn what_can_finish_finishes_before_the_edge_ends_and_the_rest_is_closed() {
    let mut town = Town::new().await;
    let mut socket = ada(&town).await;
    echo(&mut socket, "hello").await;
    let sender = town.agent.stream();
    let request = town.request("GET", "ada.localhost", "/stream").header("cookie", town.cookie(1)).body(Full::default()).expect("a request");
    let mut body = begin(TcpStream::connect(town.address).await.expect("connects"), request).await.into_body();
    town.stop.cancel();
    eventually("it accepts no more", || async { TcpStream::connect(town.address).await.is_err() }).await;
    sender.send(Bytes::from("last words")).await.expect("it reads");
    drop(sender);
    let frame = within("the last words", body.frame()).await.expect("open").expect("a frame");
    assert_eq!(frame.into_data().expect("data"), "last words");
    assert!(within("the end", body.frame()).await.is_none(), "the stream ended well");
    let begun = tokio::time::Instant::now();
    town.end().await;
    assert!(begun.elapsed() < Duration::from_secs(5));
    closed(&mut socket).await;
    assert!(!town.config.edge_socket().exists());
}
