//! A small world around one edge: its `serve`, one agent's gateway, a clock, a resolver, and loopback addresses that stand in
//! for tenant bridges.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener};
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use vivier_core::id::{AccountId, DeploymentId, SessionId};
use vivier_core::lifecycle::State;
use vivier_core::secret::Secret;
use vivier_core::time::Timestamp;
use vivier_core::wire::edge::{Authorize, Doors, Grant, Redeem, Route, RouteTable, RoutesAfter};
use vivier_edge::cookie::{CookieKey, Pass};
use vivier_edge::{Config, Edge, World};
use zeroize::Zeroizing;

pub const KEY: [u8; 32] = [7; 32];
pub const DEADLINE: Duration = Duration::from_secs(20);

pub fn account(number: u128) -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(number))
}

pub fn deployment(number: u128) -> DeploymentId {
    DeploymentId::from_uuid(Uuid::from_u128(number))
}

pub fn session(number: u128) -> SessionId {
    SessionId::from_uuid(Uuid::from_u128(number))
}

/// Waits until `done` says so, or fails with `what`.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut done: impl FnMut() -> F) {
    let end = tokio::time::Instant::now() + DEADLINE;
    while !done().await {
        assert!(tokio::time::Instant::now() < end, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("not in time: {what}"))
}

/// One request as a fake server saw it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    pub target: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// An agent's gateway, a provider or `serve`: remembers what it is asked, and answers by path.
#[derive(Clone, Default)]
pub struct Fake {
    pub seen: Arc<Mutex<Vec<Seen>>>,
    /// Connections that were ever made, and those that are open now.
    pub connections: Arc<AtomicUsize>,
    pub open: Arc<AtomicUsize>,
    pub streams: Arc<Mutex<Vec<mpsc::Receiver<Bytes>>>>,
    /// Headers of the answer to `/headers`.
    pub answer: Arc<Mutex<HeaderMap>>,
}

type FakeBody = BoxBody<Bytes, Infallible>;

fn text(text: impl Into<Bytes>) -> FakeBody {
    Full::new(text.into()).boxed()
}

impl Fake {
    pub fn last(&self) -> Seen {
        self.seen.lock().expect("no panic").last().cloned().expect("a request was seen")
    }

    pub fn count(&self) -> usize {
        self.seen.lock().expect("no panic").len()
    }

    /// The next `/stream` answers what is sent here; `closed()` resolves when its reader is gone.
    pub fn stream(&self) -> mpsc::Sender<Bytes> {
        let (sender, receiver) = mpsc::channel(4);
        self.streams.lock().expect("no panic").push(receiver);
        sender
    }

    async fn answer(self, mut request: Request<Incoming>) -> Result<Response<FakeBody>, Infallible> {
        let path = request.uri().path().to_owned();
        let upgrade = (path == "/ws").then(|| hyper::upgrade::on(&mut request));
        let (head, body) = request.into_parts();
        let body = if path == "/early" { Bytes::new() } else { body.collect().await.map(|body| body.to_bytes()).unwrap_or_default() };
        let seen = Seen { method: head.method.to_string(), target: head.uri.to_string(), headers: head.headers.clone(), body: body.clone() };
        self.seen.lock().expect("no panic").push(seen);
        let mut response = Response::new(text(format!("you asked {} {}", head.method, head.uri)));
        match path.as_str() {
            "/echo" => *response.body_mut() = text(body),
            "/stream" => {
                let receiver = self.streams.lock().expect("no panic").remove(0);
                let frames = futures_util::stream::unfold(receiver, |mut receiver| async {
                    receiver.recv().await.map(|bytes| (Ok::<_, Infallible>(Frame::data(bytes)), receiver))
                });
                response.headers_mut().insert("content-type", "text/event-stream".parse().expect("a value"));
                // Boxed as a whole: a stream of this kind is `Sync` through its mutex.
                *response.body_mut() = BodyExt::boxed(StreamBody::new(SyncStream(Mutex::new(Box::pin(frames)))));
            }
            "/headers" => *response.headers_mut() = self.answer.lock().expect("no panic").clone(),
            "/redirect" => {
                *response.status_mut() = StatusCode::FOUND;
                *response.headers_mut() = self.answer.lock().expect("no panic").clone();
            }
            "/ws" => {
                let key = head.headers.get("sec-websocket-key").map(|key| derive_accept_key(key.as_bytes())).unwrap_or_default();
                *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
                for (name, value) in [("connection", "Upgrade"), ("upgrade", "websocket"), ("sec-websocket-accept", key.as_str())] {
                    response.headers_mut().insert(name, value.parse().expect("a value"));
                }
                *response.body_mut() = text("");
                let upgrade = upgrade.expect("this path upgrades");
                tokio::spawn(async move {
                    let Ok(upgraded) = upgrade.await else { return };
                    let mut socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
                    while let Some(Ok(message)) = socket.next().await {
                        if message.is_close() || (message.is_text() && socket.send(message).await.is_err()) {
                            return;
                        }
                    }
                });
            }
            _ => {}
        }
        Ok(response)
    }

    pub async fn serve_one(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        self.connections.fetch_add(1, Ordering::SeqCst);
        self.open.fetch_add(1, Ordering::SeqCst);
        let open = self.open.clone();
        let service = service_fn(move |request| self.clone().answer(request));
        let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades().await;
        open.fetch_sub(1, Ordering::SeqCst);
    }

    /// Serves on a free port of `address`.
    pub async fn listen(&self, address: IpAddr) -> SocketAddr {
        let listener = TcpListener::bind((address, 0)).await.expect("a free port");
        let local = listener.local_addr().expect("an address");
        let fake = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(fake.clone().serve_one(stream));
            }
        });
        local
    }
}

struct SyncStream<S>(Mutex<std::pin::Pin<Box<S>>>);

impl<S: futures_util::Stream> futures_util::Stream for SyncStream<S> {
    type Item = S::Item;

    fn poll_next(self: std::pin::Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<Option<S::Item>> {
        self.get_mut().0.get_mut().expect("no panic").as_mut().poll_next(cx)
    }
}

/// The control side of `serve`.
#[derive(Clone)]
pub struct Serve {
    table: watch::Sender<RouteTable>,
    pub codes: Arc<Mutex<HashMap<String, Grant>>>,
    pub tokens: Arc<Mutex<HashMap<String, Grant>>>,
    pub authorize_calls: Arc<AtomicU64>,
}

impl Serve {
    fn new(table: RouteTable) -> Self {
        Self { table: watch::Sender::new(table), codes: Arc::default(), tokens: Arc::default(), authorize_calls: Arc::default() }
    }

    /// Changes the table and counts it as a new version.
    pub fn change(&self, change: impl FnOnce(&mut RouteTable)) {
        self.table.send_modify(|table| {
            change(table);
            table.version += 1;
        });
    }

    pub fn version(&self) -> u64 {
        self.table.borrow().version
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let path = request.uri().path().to_owned();
        let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let answer = match path.as_str() {
            "/routes" => {
                let asked: RoutesAfter = serde_json::from_slice(&body).expect("the contract");
                let mut table = self.table.subscribe();
                let wait = Duration::from_secs(u64::from(asked.wait_seconds));
                let _ = tokio::time::timeout(wait, table.wait_for(|table| asked.after.is_none_or(|after| table.version > after))).await;
                Some(serde_json::to_vec(&*self.table.borrow()).expect("serialises"))
            }
            "/redeem" => {
                let asked: Redeem = serde_json::from_slice(&body).expect("the contract");
                self.codes.lock().expect("no panic").remove(asked.code.expose()).map(|grant| serde_json::to_vec(&grant).expect("serialises"))
            }
            "/authorize" => {
                self.authorize_calls.fetch_add(1, Ordering::SeqCst);
                let asked: Authorize = serde_json::from_slice(&body).expect("the contract");
                self.tokens.lock().expect("no panic").get(asked.token.expose()).map(|grant| serde_json::to_vec(grant).expect("serialises"))
            }
            other => panic!("the edge asked {other}"),
        };
        let mut response = Response::new(Full::new(Bytes::from(answer.clone().unwrap_or_default())));
        if answer.is_none() {
            *response.status_mut() = StatusCode::NOT_FOUND;
        }
        Ok(response)
    }
}

/// One edge and everything around it. Dropped, it ends all of it.
pub struct Town {
    pub address: SocketAddr,
    pub config: Config,
    pub agent: Fake,
    pub upstream: SocketAddr,
    pub dashboard: Fake,
    pub serve: Serve,
    pub now: Arc<AtomicI64>,
    pub names: Arc<Mutex<HashMap<String, SocketAddr>>>,
    pub stop: CancellationToken,
    pub door: SocketAddr,
    pub tenant: Ipv4Addr,
    pub stopped: Option<tokio::task::JoinHandle<()>>,
    world: World,
    serve_up: Option<CancellationToken>,
    _folder: Arc<tempfile::TempDir>,
}

impl Drop for Town {
    fn drop(&mut self) {
        self.stop.cancel();
        self.serve_down();
    }
}

impl Town {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A town whose edge has other settings.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::with_roots(change, Vec::new()).await
    }

    pub async fn with_roots(change: impl FnOnce(&mut Config), extra_roots: Vec<rustls::pki_types::CertificateDer<'static>>) -> Self {
        let folder = Arc::new(tempfile::tempdir().expect("a folder"));
        let mut config = Config {
            listen: "127.0.0.1:0".parse().expect("an address"),
            public_url: "http://localhost:8080".to_owned(),
            data_dir: folder.path().join("data"),
            ..Config::default()
        };
        config.limits.drain_seconds = 2;
        change(&mut config);
        std::fs::create_dir_all(config.data_dir.join("run")).expect("a folder");

        let agent = Fake::default();
        let upstream = agent.listen(Ipv4Addr::LOCALHOST.into()).await;
        // Loopback stands in for a tenant's bridge: .1 is its gateway, .2 its agent.
        let [a, b, ..] = *Uuid::new_v4().as_bytes();
        let (gateway, tenant) = (Ipv4Addr::new(127, 64 | (a & 63), b, 1), Ipv4Addr::new(127, 64 | (a & 63), b, 2));
        let door = {
            let probe = std::net::TcpListener::bind((gateway, 0)).expect("a free port");
            probe.local_addr().expect("an address")
        };
        let now = Arc::new(AtomicI64::new(1_790_000_000_000));
        let names: Arc<Mutex<HashMap<String, SocketAddr>>> = Arc::default();
        let (clock, book) = (now.clone(), names.clone());
        let world = World {
            now: Arc::new(move || Timestamp::from_millis(clock.load(Ordering::SeqCst))),
            resolve: Arc::new(move |host, port| {
                let known = book.lock().expect("no panic").get(&host).copied();
                let literal = host.parse().ok().map(|address: IpAddr| SocketAddr::new(address, port));
                Box::pin(async move { known.or(literal).map(|address| vec![address]).ok_or_else(|| std::io::Error::other("no such name")) })
            }),
            door_address: Arc::new(move |_| door),
            door_peer: Arc::new(move |_| IpAddr::V4(tenant)),
            extra_roots,
        };
        let table = RouteTable {
            version: 1,
            epoch: 1,
            cookie_key: Secret::new(base64::Engine::encode(&base64::engine::general_purpose::STANDARD, KEY)),
            routes: vec![route("ada", 1, Some(upstream)), route("eve", 2, Some(upstream))],
            ended_sessions: Vec::new(),
        };
        let mut town = Self {
            address: config.listen,
            config,
            agent,
            upstream,
            dashboard: Fake::default(),
            serve: Serve::new(table),
            now,
            names,
            stop: CancellationToken::new(),
            door,
            tenant,
            stopped: None,
            world,
            serve_up: None,
            _folder: folder,
        };
        town.serve_up();
        town.start().await;
        town.settled().await;
        town
    }

    /// Starts the edge, on whatever the folder holds.
    pub async fn start(&mut self) {
        let edge = Edge::bind(self.config.clone(), self.world.clone()).await.expect("binds");
        self.address = edge.address().expect("an address");
        self.stop = CancellationToken::new();
        self.stopped = Some(tokio::spawn(edge.run(self.stop.clone())));
    }

    pub async fn end(&mut self) {
        self.stop.cancel();
        within("the edge ends", self.stopped.take().expect("it runs")).await.expect("it ends well");
    }

    pub fn serve_up(&mut self) {
        let up = CancellationToken::new();
        let run = self.config.data_dir.join("run");
        let (serve, dashboard) = (self.serve.clone(), self.dashboard.clone());
        let control = listen(run.join("control.sock"));
        let public = listen(run.join("serve.sock"));
        let stop = up.clone();
        tokio::spawn(async move {
            loop {
                let (serve, dashboard, stop) = (serve.clone(), dashboard.clone(), stop.clone());
                tokio::select! {
                    () = stop.cancelled() => return,
                    Ok((stream, _)) = control.accept() => {
                        tokio::spawn(async move {
                            let service = service_fn(move |request| serve.clone().answer(request));
                            let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                            tokio::select! { _ = connection => {}, () = stop.cancelled() => {} }
                        });
                    }
                    Ok((stream, _)) = public.accept() => {
                        tokio::spawn(async move { tokio::select! { () = dashboard.serve_one(stream) => {}, () = stop.cancelled() => {} } });
                    }
                }
            }
        });
        self.serve_up = Some(up);
    }

    pub fn serve_down(&mut self) {
        if let Some(up) = self.serve_up.take() {
            up.cancel();
            for name in ["control.sock", "serve.sock"] {
                let _ = std::fs::remove_file(self.config.data_dir.join("run").join(name));
            }
        }
    }

    /// What the edge says of itself.
    pub async fn inside(&self, path: &str) -> String {
        let Ok(stream) = tokio::net::UnixStream::connect(self.config.edge_socket()).await else { return String::new() };
        let Ok((mut sender, driver)) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await else { return String::new() };
        tokio::spawn(driver);
        let request = Request::get(path).header("host", "edge").body(Full::<Bytes>::default()).expect("a request");
        let response = sender.send_request(request).await.expect("an answer");
        String::from_utf8(response.into_body().collect().await.expect("a body").to_bytes().to_vec()).expect("text")
    }

    pub async fn health(&self) -> serde_json::Value {
        serde_json::from_str(&self.inside("/healthz").await).unwrap_or_default()
    }

    /// Waits until the edge has the table that `serve` has.
    pub async fn settled(&self) {
        eventually("the edge has the current table", || async {
            let health = self.health().await;
            health["serve"] == "up" && health["routes"]["version"] == self.serve.version()
        })
        .await;
    }

    /// Changes the table, and waits until the edge has it.
    pub async fn change(&self, change: impl FnOnce(&mut RouteTable)) {
        self.serve.change(change);
        self.settled().await;
    }

    /// A value of the cookie header that opens `number`'s agent.
    pub fn cookie(&self, number: u128) -> String {
        self.cookie_of(&self.pass(number))
    }

    pub fn pass(&self, number: u128) -> Pass {
        let expires_at = Timestamp::from_millis(self.now.load(Ordering::SeqCst)).plus_seconds(3600);
        Pass { account: account(number), deployment: deployment(number), session: session(number), expires_at }
    }

    pub fn cookie_of(&self, pass: &Pass) -> String {
        format!("vivier_agent={}", pass.seal(&key()))
    }

    pub fn request(&self, method: &str, host: &str, target: &str) -> http::request::Builder {
        Request::builder().method(method).uri(target).header("host", host)
    }

    pub async fn ask(&self, request: Request<Full<Bytes>>) -> Answer {
        ask(TcpStream::connect(self.address).await.expect("connects"), request).await
    }

    /// GET as a browser that opens a page of `ada`, signed in.
    pub async fn open(&self, target: &str) -> Answer {
        let request = self.request("GET", "ada.localhost:8080", target).header("accept", "text/html").header("cookie", self.cookie(1));
        self.ask(request.body(Full::default()).expect("a request")).await
    }

    /// A connection to the tenant's door, from `source`.
    pub async fn knock(&self, source: Ipv4Addr) -> TcpStream {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("an option");
        socket.bind(SocketAddr::new(source.into(), 0)).expect("a source");
        within("the door is open", socket.connect(self.door)).await.expect("connects")
    }

    /// Waits until the door takes connections.
    pub async fn door_open(&self) {
        eventually("the door is open", || async { TcpStream::connect(self.door).await.is_ok() }).await;
    }
}

fn listen(path: PathBuf) -> UnixListener {
    let _ = std::fs::remove_file(&path);
    UnixListener::bind(path).expect("a socket")
}

pub fn key() -> CookieKey {
    CookieKey::from_bytes(Zeroizing::new(KEY.to_vec())).expect("32 bytes")
}

pub fn route(slug: &str, number: u128, upstream: Option<SocketAddr>) -> Route {
    Route {
        slug: slug.parse().expect("a slug"),
        deployment: deployment(number),
        account: account(number),
        upstream,
        state: if upstream.is_some() { State::Running } else { State::Starting },
        reason: None,
        subnet: None,
        doors: Doors::default(),
    }
}

/// An answer, whole.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// Sends one request over `stream`, and reads the whole answer.
pub async fn ask(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, request: Request<Full<Bytes>>) -> Answer {
    let response = begin(stream, request).await;
    let (head, body) = response.into_parts();
    let body = within("the body ends", body.collect()).await.expect("a body").to_bytes();
    Answer { status: head.status, headers: head.headers, body: String::from_utf8_lossy(&body).into_owned() }
}

/// Sends one request over `stream`, and gives the answer when its head is there.
pub async fn begin(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, request: Request<Full<Bytes>>) -> Response<Incoming> {
    let (mut sender, driver) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("a handshake");
    tokio::spawn(driver);
    within("an answer comes", sender.send_request(request)).await.expect("an answer")
}
