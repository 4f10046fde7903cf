//! What no honest client sends, over bare TCP.

use std::time::Duration;

use http::StatusCode;
use http_body_util::Full;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::{DEADLINE, Town, within};

/// Sends bytes, and reads until the edge closes (or says no more for a second).
async fn raw(town: &Town, bytes: &str) -> String {
    let mut stream = TcpStream::connect(town.address).await.expect("connects");
    stream.write_all(bytes.as_bytes()).await.expect("writes");
    let mut answer = Vec::new();
    while let Ok(Ok(1..)) = tokio::time::timeout(Duration::from_secs(1), stream.read_buf(&mut answer)).await {}
    String::from_utf8_lossy(&answer).into_owned()
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|text| text.parse().ok()).unwrap_or_default()
}

#[tokio::test]
async fn two_framings_of_one_body_are_refused_and_nothing_is_smuggled() {
    let town = Town::new().await;
    let cookie = town.cookie(1);
    let smuggled = "GET /smuggled HTTP/1.1\r\nHost: ada.localhost\r\n\r\n";
    let head = format!("POST /echo HTTP/1.1\r\nHost: ada.localhost\r\nCookie: {cookie}\r\n");
    let attempts = [
        format!("{head}Content-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}", 5 + smuggled.len()),
        format!("{head}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n{smuggled}"),
        format!("{head}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd{smuggled}"),
        format!("{head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{smuggled}"),
        format!("{head}Transfer-Encoding : chunked\r\nContent-Length: 0\r\n\r\n{smuggled}"),
        format!("{head}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{smuggled}"),
        format!("{head}Content-Length: +4\r\n\r\nabcd{smuggled}"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{smuggled}"),
        format!("{head}X: a\r\n\tb\r\n\r\n"),
        format!("{head}X: a\0b\r\n\r\n"),
    ];
    for attempt in attempts {
        let answer = raw(&town, &attempt).await;
        assert!((400..500).contains(&status(&answer)), "{attempt:?} → {answer:?}");
        let seen: Vec<String> = town.agent.seen.lock().expect("no panic").iter().map(|seen| seen.target.clone()).collect();
        assert!(!seen.contains(&"/smuggled".to_owned()), "{attempt:?}");
        assert!(answer.matches("HTTP/1.1").count() <= 1, "{attempt:?} → {answer:?}");
    }
    // The same, a byte at a time, so that no read holds a whole line: whatever is answered, nothing is smuggled.
    let mut stream = TcpStream::connect(town.address).await.expect("connects");
    stream.set_nodelay(true).expect("an option");
    for byte in format!("{head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}").bytes() {
        if stream.write_all(&[byte]).await.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    let mut answer = Vec::new();
    let _ = within("it closes", stream.read_to_end(&mut answer)).await;
    assert!(!town.agent.seen.lock().expect("no panic").iter().any(|seen| seen.target == "/smuggled"));
}

#[tokio::test]
async fn games_with_the_host_are_refused() {
    let town = Town::new().await;
    let cookie = town.cookie(1);
    // At once: the edge keeps these connections open, so that each waits out its second of silence.
    let attempts = [
        (format!("GET / HTTP/1.1\r\nCookie: {cookie}\r\n\r\n"), 400),
        (format!("GET / HTTP/1.1\r\nHost: ada.localhost\r\nHost: eve.localhost\r\nCookie: {cookie}\r\n\r\n"), 400),
        (format!("GET / HTTP/1.1\r\nHost: ada.localhost\r\nHost: ada.localhost\r\nCookie: {cookie}\r\n\r\n"), 400),
        (format!("GET http://eve.localhost/ HTTP/1.1\r\nHost: ada.localhost\r\nCookie: {cookie}\r\n\r\n"), 400),
        (format!("GET http://ada.localhost/abs HTTP/1.1\r\nHost: ada.localhost\r\nCookie: {cookie}\r\n\r\n"), 200),
        (format!("GET http://user@ada.localhost/ HTTP/1.1\r\nHost: ada.localhost\r\nCookie: {cookie}\r\n\r\n"), 400),
        (format!("GET / HTTP/1.0\r\nCookie: {cookie}\r\n\r\n"), 400),
        ("GET / HTTP/1.1\r\nHost: \r\n\r\n".to_owned(), 400),
        ("OPTIONS * HTTP/1.1\r\nHost: ada.localhost\r\n\r\n".to_owned(), 400),
        ("GET ada HTTP/1.1\r\nHost: ada.localhost\r\n\r\n".to_owned(), 400),
        ("CONNECT ada.localhost:443 HTTP/1.1\r\nHost: ada.localhost\r\n\r\n".to_owned(), 405),
    ];
    let answers = futures_util::future::join_all(attempts.iter().map(|(request, _)| raw(&town, request))).await;
    for ((request, wanted), answer) in attempts.iter().zip(answers) {
        assert_eq!(status(&answer), *wanted, "{request:?} → {answer:?}");
    }
    assert_eq!(town.agent.count(), 1, "only the one that is answered with 200 reaches the agent");
    assert_eq!(town.agent.last().target, "/abs", "an absolute target travels on as a path");
}

#[tokio::test]
async fn an_upgrade_to_anything_but_a_websocket_is_not_passed_on() {
    let town = Town::new().await;
    let head = format!(
        "GET / HTTP/1.1\r\nHost: ada.localhost\r\nCookie: {}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n",
        town.cookie(1)
    );
    assert_eq!(status(&raw(&town, &head).await), 200);
    let seen = town.agent.last();
    assert!(!seen.headers.contains_key("upgrade") && !seen.headers.contains_key("http2-settings"));
}

#[tokio::test]
async fn headers_that_are_too_many_or_too_long_are_refused() {
    let town = Town::new().await;
    let long = format!("GET / HTTP/1.1\r\nHost: ada.localhost\r\nX: {}\r\n\r\n", "a".repeat(100 << 10));
    assert_eq!(status(&raw(&town, &long).await), 431);
    let many = format!("GET / HTTP/1.1\r\nHost: ada.localhost\r\n{}\r\n", "X: 1\r\n".repeat(150));
    assert_eq!(status(&raw(&town, &many).await), 431);
    let target = format!("GET /{} HTTP/1.1\r\nHost: ada.localhost\r\n\r\n", "a".repeat(100 << 10));
    assert!((400..500).contains(&status(&raw(&town, &target).await)));
}

#[tokio::test]
async fn headers_that_come_drop_by_drop_are_cut_off_and_others_are_served_meanwhile() {
    let town = Town::with(|config| config.limits.header_seconds = 1).await;
    let mut slow = Vec::new();
    for _ in 0..50 {
        let mut stream = TcpStream::connect(town.address).await.expect("connects");
        stream.write_all(b"GET / HTTP/1.1\r\nHost: ada.loc").await.expect("writes");
        slow.push(stream);
    }
    let silent = TcpStream::connect(town.address).await.expect("connects");
    slow.push(silent);
    assert_eq!(town.open("/").await.status, StatusCode::OK);
    for mut stream in slow {
        let _ = stream.write_all(b"a").await;
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "the edge closes it");
    }
}

#[tokio::test]
async fn a_connection_that_is_idle_for_too_long_is_closed() {
    let town = Town::with(|config| (config.limits.header_seconds, config.limits.idle_seconds) = (1, 1)).await;
    let mut stream = TcpStream::connect(town.address).await.expect("connects");
    stream.write_all(b"GET / HTTP/1.1\r\nHost: nobody.localhost\r\n\r\n").await.expect("writes");
    let mut all = Vec::new();
    within("it closes", stream.read_to_end(&mut all)).await.expect("it ends well");
    assert!(all.starts_with(b"HTTP/1.1 404"));
}

#[tokio::test]
async fn bodies_are_bounded_whether_or_not_they_say_their_length() {
    let town = Town::with(|config| config.limits.body_bytes = 1000).await;
    let cookie = town.cookie(1);
    let fits = town.request("POST", "ada.localhost", "/echo").header("cookie", &cookie).body(Full::new("x".repeat(1000).into())).expect("a request");
    assert_eq!(town.ask(fits).await.body.len(), 1000);
    let told = format!("POST /echo HTTP/1.1\r\nHost: ada.localhost\r\nCookie: {cookie}\r\nContent-Length: 1001\r\n\r\n");
    assert_eq!(status(&raw(&town, &told).await), 413);
    let chunk = format!("258\r\n{}\r\n", "x".repeat(600));
    let untold = format!("POST /echo HTTP/1.1\r\nHost: ada.localhost\r\nCookie: {cookie}\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n");
    assert_eq!(status(&raw(&town, &untold).await), 413);
    assert_eq!(town.agent.count(), 1 + usize::from(town.agent.count() > 1), "the cut body was never a whole request");
}

#[tokio::test]
async fn a_body_that_stops_arriving_is_given_up() {
    let town = Town::with(|config| config.limits.stall_seconds = 1).await;
    let mut stream = TcpStream::connect(town.address).await.expect("connects");
    let head = format!("POST /echo HTTP/1.1\r\nHost: ada.localhost\r\nCookie: {}\r\nContent-Length: 100\r\n\r\nabc", town.cookie(1));
    stream.write_all(head.as_bytes()).await.expect("writes");
    let mut answer = Vec::new();
    let _ = within("it is answered", stream.read_buf(&mut answer)).await;
    assert_eq!(status(&String::from_utf8_lossy(&answer)), 408, "{}", String::from_utf8_lossy(&answer));
}
