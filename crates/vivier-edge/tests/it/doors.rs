//! The inner doors: model, Telegram, CONNECT, and everything that is not for this agent.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use vivier_core::channel::ChannelKind;
use vivier_core::provider::KeyHeader;
use vivier_core::secret::Secret;
use vivier_core::wire::edge::{ChannelDoor, Doors, ModelDoor};
use vivier_edge::Config;

use crate::world::{Answer, Fake, Town, ask, begin, eventually, route, within};

const VIRTUAL: &str = "vk-0123456789";
const REAL: &str = "sk-REAL-9876543210";

fn lets_loopback(config: &mut Config) {
    config.allow_private = vec!["127.0.0.1".parse().expect("an address")];
}

fn model(base_url: String, key_header: KeyHeader) -> ModelDoor {
    ModelDoor { virtual_key: Secret::new(VIRTUAL), base_url, key: Some(Secret::new(REAL)), key_header }
}

async fn furnish(town: &Town, doors: Doors) {
    town.change(|table| {
        let mut ada = route("ada", 1, Some(town.upstream));
        ada.subnet = Some("10.77.0.0/28".parse().expect("a subnet"));
        ada.doors = doors;
        table.routes[0] = ada;
    })
    .await;
    town.door_open().await;
}

async fn with_model(key_header: KeyHeader) -> (Town, Fake) {
    let town = Town::with(lets_loopback).await;
    let provider = Fake::default();
    let address = provider.listen(Ipv4Addr::LOCALHOST.into()).await;
    furnish(&town, Doors { model: Some(model(format!("http://{address}/v1"), key_header)), channels: Vec::new() }).await;
    (town, provider)
}

fn channel(kind: ChannelKind) -> ChannelDoor {
    ChannelDoor { kind, api_root: None }
}

async fn through(town: &Town, request: Request<Full<Bytes>>) -> Answer {
    ask(town.knock(town.tenant).await, request).await
}

fn call(target: &str) -> http::request::Builder {
    Request::post(target).header("host", "10.77.0.1:18790").header("authorization", format!("Bearer {VIRTUAL}"))
}

fn empty(builder: http::request::Builder) -> Request<Full<Bytes>> {
    builder.body(Full::default()).expect("a request")
}

#[tokio::test]
async fn the_model_door_changes_the_virtual_key_for_the_real_one() {
    let (town, provider) = with_model(KeyHeader::Bearer).await;
    let request = call("/model/chat/completions?beta=1")
        .header("x-api-key", "leak")
        .header("cookie", "a=b")
        .header("x-forwarded-for", "1.1.1.1")
        .header("x-custom", "kept");
    let answer = through(&town, request.body(Full::new(Bytes::from("{\"model\":\"m\"}"))).expect("a request")).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let seen = provider.last();
    assert_eq!((seen.method.as_str(), seen.target.as_str(), &seen.body[..]), ("POST", "/v1/chat/completions?beta=1", &b"{\"model\":\"m\"}"[..]));
    assert_eq!(seen.headers["authorization"], format!("Bearer {REAL}"));
    assert!(seen.headers["host"].to_str().expect("text").starts_with("127.0.0.1:"));
    assert_eq!(seen.headers["x-custom"], "kept");
    for name in ["x-api-key", "cookie", "x-forwarded-for"] {
        assert!(!seen.headers.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn a_provider_of_the_other_kind_gets_its_own_header() {
    let (town, provider) = with_model(KeyHeader::XApiKey).await;
    let request = Request::post("/model/messages").header("host", "door").header("x-api-key", VIRTUAL).header("anthropic-version", "2023-06-01");
    assert_eq!(through(&town, empty(request)).await.status, StatusCode::OK);
    let seen = provider.last();
    assert_eq!((&seen.headers["x-api-key"], &seen.headers["anthropic-version"]), (&HeaderValue::from_static(REAL), &HeaderValue::from_static("2023-06-01")));
    assert!(!seen.headers.contains_key("authorization"));
}

#[tokio::test]
async fn a_wrong_virtual_key_opens_nothing_and_no_answer_tells_a_key() {
    let (town, provider) = with_model(KeyHeader::Bearer).await;
    for authorization in ["", "Bearer", "Bearer ", "Bearer wrong", "Basic vk-0123456789", "Bearer vk-012345678", "Bearer vk-01234567890"] {
        let mut request = Request::post("/model/chat/completions").header("host", "door");
        if !authorization.is_empty() {
            request = request.header("authorization", authorization);
        }
        let answer = through(&town, empty(request)).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{authorization}");
        assert_eq!(answer.json()["error"]["code"], "wrong_virtual_key");
        assert!(!answer.body.contains(REAL) && !answer.body.contains(VIRTUAL));
    }
    assert_eq!(provider.count(), 0);
}

#[tokio::test]
async fn no_path_leads_out_of_the_providers_base() {
    let (town, provider) = with_model(KeyHeader::Bearer).await;
    for target in ["/model/../admin", "/model/%2e%2e/admin", "/model/..%2fadmin", "/model/a/../../admin"] {
        assert_eq!(through(&town, empty(call(target))).await.status, StatusCode::BAD_REQUEST, "{target}");
    }
    assert_eq!(through(&town, empty(call("/modelx"))).await.status, StatusCode::NOT_FOUND);
    assert_eq!(provider.count(), 0);
}

#[tokio::test]
async fn redirects_of_a_provider_are_not_followed_and_say_what_to_check() {
    let (town, provider) = with_model(KeyHeader::Bearer).await;
    provider.answer.lock().expect("no panic").insert("location", "http://169.254.169.254/".parse().expect("a value"));
    let answer = through(&town, empty(call("/model/../redirect").uri("/model/redirect"))).await;
    // The fake answers `/redirect` only; the base path comes before it, so ask for it bare.
    assert_eq!(answer.status, StatusCode::OK);
    let bare = provider.listen(Ipv4Addr::LOCALHOST.into()).await;
    furnish(&town, Doors { model: Some(model(format!("http://{bare}"), KeyHeader::Bearer)), channels: Vec::new() }).await;
    let answer = through(&town, empty(call("/model/redirect"))).await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
    assert_eq!(answer.json()["error"]["code"], "provider_redirects");
    assert!(!answer.headers.contains_key("location"));
}

#[tokio::test]
async fn answers_of_a_provider_stream_unbuffered_and_leaving_cancels_the_call() {
    let (town, provider) = with_model(KeyHeader::Bearer).await;
    let bare = provider.listen(Ipv4Addr::LOCALHOST.into()).await;
    furnish(&town, Doors { model: Some(model(format!("http://{bare}"), KeyHeader::Bearer)), channels: Vec::new() }).await;
    let sender = provider.stream();
    let mut body = begin(town.knock(town.tenant).await, empty(call("/model/stream"))).await.into_body();
    for number in 0..3 {
        sender.send(Bytes::from(format!("data: {number}\n\n"))).await.expect("it reads");
        let frame = within("a piece", body.frame()).await.expect("open").expect("a frame");
        assert_eq!(frame.into_data().expect("data"), format!("data: {number}\n\n"));
    }
    drop(body);
    within("the provider notices", sender.closed()).await;
}

#[tokio::test]
async fn private_addresses_are_refused_after_resolution_unless_allowed() {
    let town = Town::new().await;
    let provider = Fake::default();
    let address = provider.listen(Ipv4Addr::LOCALHOST.into()).await;
    town.names.lock().expect("no panic").insert("rebind.example".to_owned(), address);
    for base in [
        format!("http://{address}/v1"),
        format!("http://rebind.example:{}/v1", address.port()),
        "http://169.254.169.254/".to_owned(),
        "http://10.77.0.1:18790/".to_owned(),
        "http://[::1]:1/".to_owned(),
        "http://[::ffff:127.0.0.1]:1/".to_owned(),
    ] {
        furnish(&town, Doors { model: Some(model(base.clone(), KeyHeader::Bearer)), channels: Vec::new() }).await;
        let answer = through(&town, empty(call("/model/x"))).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{base}: {answer:?}");
        assert_eq!(answer.json()["error"]["code"], "private_address");
        assert!(answer.body.contains("edge.allow_private") && !answer.body.contains(REAL));
    }
    furnish(&town, Doors { model: Some(model("http://nowhere.example/".to_owned(), KeyHeader::Bearer)), channels: Vec::new() }).await;
    let answer = through(&town, empty(call("/model/x"))).await;
    assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (StatusCode::BAD_GATEWAY, Some("name_not_found")));
    assert_eq!(provider.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_provider_behind_tls_is_called_when_its_certificate_is_trusted() {
    let (root, acceptor) = certificate("models.example");
    for trusted in [true, false] {
        let town = Town::with_roots(lets_loopback, if trusted { vec![root.clone()] } else { Vec::new() }).await;
        let provider = Fake::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        town.names.lock().expect("no panic").insert("models.example".to_owned(), listener.local_addr().expect("an address"));
        let (fake, acceptor) = (provider.clone(), acceptor.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Ok(stream) = acceptor.accept(stream).await {
                    tokio::spawn(fake.clone().serve_one(stream));
                }
            }
        });
        furnish(&town, Doors { model: Some(model("https://models.example/v1".to_owned(), KeyHeader::Bearer)), channels: Vec::new() }).await;
        let answer = through(&town, empty(call("/model/chat/completions"))).await;
        if trusted {
            assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
            assert_eq!(provider.last().headers["host"], "models.example");
            through(&town, empty(call("/model/chat/completions"))).await;
            assert_eq!(provider.connections.load(Ordering::SeqCst), 1, "the connection is kept");
        } else {
            assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (StatusCode::BAD_GATEWAY, Some("tls_failed")));
            assert_eq!(provider.count(), 0);
        }
    }
}

#[tokio::test]
async fn the_telegram_door_leads_to_the_deployments_own_server_with_the_bots_path() {
    let town = Town::with(lets_loopback).await;
    let telegram = Fake::default();
    let address = telegram.listen(Ipv4Addr::LOCALHOST.into()).await;
    furnish(&town, Doors::default()).await;
    let ask_me = || empty(Request::post("/telegram/bot123:abc/getUpdates?timeout=50").header("host", "door"));
    assert_eq!(through(&town, ask_me()).await.status, StatusCode::NOT_FOUND, "no channel, no door");
    let door = ChannelDoor { kind: ChannelKind::Telegram, api_root: Some(format!("http://{address}")) };
    furnish(&town, Doors { model: None, channels: vec![door] }).await;
    assert_eq!(through(&town, ask_me()).await.status, StatusCode::OK);
    assert_eq!(telegram.last().target, "/bot123:abc/getUpdates?timeout=50");
    assert_eq!(through(&town, empty(call("/model/x"))).await.status, StatusCode::NOT_FOUND);
    // Without a server of its own it is Telegram's, whose name leads nowhere here.
    furnish(&town, Doors { model: None, channels: vec![channel(ChannelKind::Telegram)] }).await;
    let answer = through(&town, ask_me()).await;
    assert_eq!((answer.status, answer.json()["ok"].as_bool()), (StatusCode::BAD_GATEWAY, Some(false)));
    assert!(answer.json()["description"].as_str().is_some_and(|text| text.contains("api.telegram.org")) && !answer.body.contains("123:abc"));
}

#[tokio::test]
async fn only_the_agent_of_the_network_is_served() {
    let (town, provider) = with_model(KeyHeader::Bearer).await;
    let [a, b, c, _] = town.tenant.octets();
    for source in [Ipv4Addr::LOCALHOST, Ipv4Addr::new(a, b, c, 3)] {
        let mut stream = town.knock(source).await;
        let _ = stream.write_all(b"POST /model/x HTTP/1.1\r\nHost: door\r\n\r\n").await;
        let mut answer = Vec::new();
        let _ = within("it closes", stream.read_to_end(&mut answer)).await;
        assert!(answer.is_empty(), "{source}");
    }
    assert_eq!(provider.count(), 0);
    assert!(town.inside("/metrics").await.contains("vivier_edge_door_refusals_total{why=\"peer\"}"));
}

#[tokio::test]
async fn a_door_closes_with_its_deployment_and_opens_for_the_next() {
    let (town, _provider) = with_model(KeyHeader::Bearer).await;
    let mut open = town.knock(town.tenant).await;
    town.serve.change(|table| table.routes[0].subnet = None);
    let mut rest = Vec::new();
    let _ = within("open connections end", open.read_to_end(&mut rest)).await;
    eventually("the door is closed", || async { TcpStream::connect(town.door).await.is_err() }).await;
    town.serve.change(|table| {
        table.routes[1].subnet = Some("10.77.0.0/28".parse().expect("a subnet"));
    });
    town.door_open().await;
    assert_eq!(through(&town, empty(call("/model/x"))).await.status, StatusCode::NOT_FOUND, "the other agent has no model");
}

#[tokio::test]
async fn a_door_whose_address_is_taken_opens_when_it_is_free() {
    let town = Town::new().await;
    let squatter = std::net::TcpListener::bind(town.door).expect("the address is free");
    town.change(|table| table.routes[0].subnet = Some("10.77.0.0/28".parse().expect("a subnet"))).await;
    drop(squatter);
    town.door_open().await;
}

#[tokio::test]
async fn everything_else_is_refused_in_one_line() {
    let (town, _provider) = with_model(KeyHeader::Bearer).await;
    for (request, status, code) in [
        (Request::get("/"), StatusCode::NOT_FOUND, "no_such_door"),
        (Request::get("/healthz"), StatusCode::NOT_FOUND, "no_such_door"),
        (Request::get("http://example.com/"), StatusCode::FORBIDDEN, "plain_http_refused"),
        (Request::get("http://169.254.169.254/latest/meta-data"), StatusCode::FORBIDDEN, "plain_http_refused"),
    ] {
        let answer = through(&town, empty(request.header("host", "x"))).await;
        assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (status, Some(code)));
        assert_eq!(answer.body.lines().count(), 1);
    }
    // A client that was told to use a proxy for all: our own address in absolute form is the door itself.
    let answer = through(&town, empty(call(&format!("http://{}/model/x", town.door)))).await;
    assert_eq!(answer.status, StatusCode::OK);
}

/// Asks for a tunnel, and gives the stream and the answer's first line.
async fn tunnel(town: &Town, to: &str) -> (TcpStream, String) {
    let mut stream = town.knock(town.tenant).await;
    stream.write_all(format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n").as_bytes()).await.expect("writes");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match within("an answer", stream.read_u8()).await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    (stream, head.lines().next().unwrap_or_default().to_owned())
}

fn certificate(name: &str) -> (CertificateDer<'static>, TlsAcceptor) {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).expect("a certificate");
    let root = made.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let config = config.with_no_client_auth().with_single_cert(vec![root.clone()], key).expect("a pair");
    (root, TlsAcceptor::from(Arc::new(config)))
}

fn connector(root: &CertificateDer<'static>) -> TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(root.clone()).expect("a root");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

/// A TLS server that greets and echoes; gives its address and root.
async fn discord(town: &Town) -> (SocketAddr, CertificateDer<'static>) {
    let (root, acceptor) = certificate("gateway.discord.gg");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let mut bytes = [0; 5];
                    while stream.read_exact(&mut bytes).await.is_ok() && stream.write_all(&bytes).await.is_ok() {}
                }
            });
        }
    });
    for name in ["gateway.discord.gg", "discord.com", "gateway-us-1.discord.gg"] {
        town.names.lock().expect("no panic").insert(name.to_owned(), address);
    }
    (address, root)
}

#[tokio::test]
async fn a_tunnel_leads_to_what_a_channel_needs_and_the_greeting_must_ask_for_the_same() {
    let town = Town::with(lets_loopback).await;
    furnish(&town, Doors { model: None, channels: vec![channel(ChannelKind::Discord)] }).await;
    let (_, root) = discord(&town).await;
    let name = || ServerName::try_from("gateway.discord.gg").expect("a name");
    let (stream, first) = tunnel(&town, "gateway.discord.gg:443").await;
    assert!(first.contains(" 200 "), "{first}");
    let mut tls = within("TLS", connector(&root).connect(name(), stream)).await.expect("the greeting passes");
    tls.write_all(b"hello").await.expect("writes");
    let mut bytes = [0; 5];
    within("the echo", tls.read_exact(&mut bytes)).await.expect("reads");
    assert_eq!(&bytes, b"hello");

    // Fronting: an allowed name for CONNECT, another one for TLS.
    let (stream, first) = tunnel(&town, "discord.com:443").await;
    assert!(first.contains(" 200 "), "{first}");
    assert!(within("it is cut", connector(&root).connect(name(), stream)).await.is_err());
    // No TLS at all.
    let (mut stream, _) = tunnel(&town, "discord.com:443").await;
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.expect("writes");
    let mut rest = Vec::new();
    let _ = within("it is cut", stream.read_to_end(&mut rest)).await;
    assert!(rest.is_empty());

    // The channel is taken away: the tunnel goes with it.
    town.serve.change(|table| table.routes[0].doors.channels.clear());
    let mut rest = Vec::new();
    let _ = within("it is cut", tls.read_to_end(&mut rest)).await;
    let (_, first) = tunnel(&town, "gateway.discord.gg:443").await;
    assert!(first.contains(" 403 "), "{first}");
}

#[tokio::test]
async fn a_tunnel_to_the_door_itself_leads_to_the_same_doors_and_no_further() {
    let (town, provider) = with_model(KeyHeader::Bearer).await;
    let door = town.door.to_string();
    let (stream, line) = tunnel(&town, &door).await;
    assert!(line.contains("200"), "{line}");
    let answer = ask(stream, empty(call("/model/models"))).await;
    assert_eq!((answer.status, provider.last().target.as_str()), (StatusCode::OK, "/v1/models"));
    let (mut stream, _) = tunnel(&town, &door).await;
    stream.write_all(format!("CONNECT {door} HTTP/1.1\r\nHost: {door}\r\n\r\n").as_bytes()).await.expect("writes");
    let mut head = [0; 12];
    within("an answer", stream.read_exact(&mut head)).await.expect("reads");
    assert_eq!(&head, b"HTTP/1.1 403");
}

#[tokio::test]
async fn tunnels_to_anything_else_are_refused() {
    let town = Town::new().await;
    furnish(&town, Doors { model: None, channels: vec![channel(ChannelKind::Discord)] }).await;
    discord(&town).await;
    for to in [
        "example.com:443",
        "evildiscord.com:443",
        "discord.com.evil.example:443",
        "discord.gg:443",
        "slack.com:443",
        "discord.com:80",
        "discord.com:22",
        "127.0.0.1:443",
        "[::1]:443",
        "2130706433:443",
        "0x7f.1:443",
        // Allowed by name, but it leads to loopback here.
        "discord.com:443",
        "gateway-us-1.discord.gg:443",
    ] {
        let (_, first) = tunnel(&town, to).await;
        assert!(first.contains(" 403 "), "{to}: {first}");
    }
}

#[tokio::test]
async fn tunnels_of_one_agent_at_once_are_bounded() {
    let town = Town::with(|config| {
        lets_loopback(config);
        config.limits.connections_per_door = 1;
    })
    .await;
    furnish(&town, Doors { model: None, channels: vec![channel(ChannelKind::Discord)] }).await;
    discord(&town).await;
    let (first, line) = tunnel(&town, "discord.com:443").await;
    assert!(line.contains(" 200 "), "{line}");
    let (_, line) = tunnel(&town, "discord.com:443").await;
    assert!(line.contains(" 429 "), "{line}");
    drop(first);
    eventually("the place is free again", || async { tunnel(&town, "discord.com:443").await.1.contains(" 200 ") }).await;
}
