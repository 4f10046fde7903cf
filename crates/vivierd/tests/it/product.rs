//! One running product: `vivierd up` in a data directory, on a port and in a subnet pool of its own.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the root of the checkout")
}

/// A started process that ends with the test.
pub struct Process(pub Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A stand-in written in JavaScript; it says on its first line where it listens.
pub struct StandIn {
    pub url: String,
    _process: Process,
}

impl StandIn {
    pub fn start(script: &str, arguments: &[&str]) -> Self {
        let tools = root().join(".tools/node/bin/node");
        let node = if tools.exists() { tools } else { PathBuf::from("node") };
        let mut child = Command::new(node)
            .arg(root().join("images/testing").join(script))
            .args(["--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("its first line");
        let said: Value = serde_json::from_str(&line).expect("it says where it listens");
        Self { url: said["listening"].as_str().expect("an address").to_owned(), _process: Process(child) }
    }
}

/// The running product and a signed-in operator.
pub struct Product {
    pub url: String,
    pub port: u16,
    pub data: tempfile::TempDir,
    pub http: reqwest::Client,
    pub token: String,
    /// Settings of its own, as the environment's names and values; from the next [`Product::up`] on.
    pub settings: Vec<(&'static str, String)>,
    /// Images that the test has made; they go when their agents are gone.
    pub images: std::sync::Mutex<Vec<String>>,
    pool: String,
    up: Option<Process>,
}

/// Enters an image of the engine's into the releases of a data directory, signed with its key: unscanned, and accepted.
pub async fn enter(data: &std::path::Path, image: &str, version: &str) {
    let config = vivier_host::Config { data_dir: data.to_path_buf(), ..vivier_host::Config::default() };
    let draft = vivier_host::release::enter::Draft {
        release: vivier_host::release::papers::Release {
            image: image.parse().expect("a digest"),
            openclaw: version.to_owned(),
            node: "24.0.0".to_owned(),
            size_bytes: 1,
            notes: None,
        },
        schema: None,
        locks: Vec::new(),
        sbom: br#"{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"components":[]}"#.to_vec(),
        scan: b"{}".to_vec(),
        verdict: vivier_core::release::Verdict::Unscanned,
        accepted: Some("a test".to_owned()),
        started_on: vivier_core::time::Timestamp::from_millis(0),
    };
    vivier_host::release::enter::enter(&config, draft).await.expect("a release");
}

/// Waits until `look` says yes; fails with the last thing seen.
pub async fn until<T, F>(what: &str, seconds: u64, mut look: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, String>>,
{
    let deadline = Instant::now() + Duration::from_secs(seconds);
    loop {
        match look().await {
            Ok(found) => return found,
            Err(seen) if Instant::now() > deadline => panic!("{what}: not within {seconds} s; last seen: {seen}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

impl Product {
    /// Starts everything and makes the first operator.
    pub async fn start() -> Self {
        let data = tempfile::tempdir().expect("a directory");
        image(data.path(), &["build", "--if-absent", "--accept-unscanned", "a test"]);
        Self::run(data, Vec::new()).await
    }

    /// With the stand-in for OpenClaw's gateway as the only release: agents that cost next to nothing.
    pub async fn with_standin(settings: &[(&'static str, &str)]) -> Self {
        let data = tempfile::tempdir().expect("a directory");
        image(data.path(), &["build", "--if-absent", "--accept-unscanned", "a test"]);
        let real = image(data.path(), &["list", "--quiet"]);
        let made = Command::new(root().join("images/testing/standin-image")).arg(real.trim()).output().expect("the recipe runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let layout = vivier_host::layout::Layout::open(data.path()).expect("a data directory");
        std::fs::remove_dir_all(layout.image(&real.trim().parse().expect("a digest"))).expect("the real one is forgotten");
        enter(data.path(), String::from_utf8_lossy(&made.stdout).trim(), "0.0.0-standin").await;
        Self::run(data, settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()).await
    }

    async fn run(data: tempfile::TempDir, settings: Vec<(&'static str, String)>) -> Self {
        let _ = rustls_provider();
        let port = free_port();
        let pool = format!("10.{}.{}.0/20", 64 + port % 128, (port / 128 % 16) * 16);
        let mut product = Self {
            url: format!("http://localhost:{port}"),
            port,
            data,
            http: reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client"),
            token: String::new(),
            settings,
            images: std::sync::Mutex::default(),
            pool,
            up: None,
        };
        product.up().await;
        product.sign_up_operator().await;
        product
    }

    /// Starts `vivierd up` (again) and waits for its dashboard.
    pub async fn up(&mut self) {
        let log = std::fs::File::options().create(true).append(true).open(self.data.path().join("up.log")).expect("a log");
        let child = Command::new(env!("CARGO_BIN_EXE_vivierd"))
            .arg("--data-dir")
            .arg(self.data.path())
            .args(["--listen", &format!("127.0.0.1:{}", self.port), "--public-url", &self.url, "up"])
            .env("VIVIER_EDGE__ALLOW_PRIVATE", r#"["127.0.0.0/8"]"#)
            .env("VIVIER_SUBNET_POOL", &self.pool)
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("vivierd starts");
        self.up = Some(Process(child));
        let ready = format!("{}/readyz", self.url);
        until("the dashboard answers", 60, || async {
            match self.http.get(&ready).send().await {
                Ok(answer) if answer.status().is_success() => Ok(()),
                Ok(answer) => Err(format!("{} {}", answer.status(), self.log_tail())),
                Err(error) => Err(format!("{error}: {}", self.log_tail())),
            }
        })
        .await;
    }

    /// Ctrl-C, and waits for the end.
    pub async fn down(&mut self) {
        let Some(mut up) = self.up.take() else { return };
        let pid = nix::unistd::Pid::from_raw(i32::try_from(up.0.id()).expect("a pid"));
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).expect("it can be told");
        until("vivierd stops", 60, || {
            let ended = up.0.try_wait().expect("it can be waited for");
            async move { ended.map(|_| ()).ok_or_else(|| "still running".to_owned()) }
        })
        .await;
    }

    /// The pid of the running child with `role`.
    pub fn pid_of(&self, role: &str) -> i32 {
        self.find(role).unwrap_or_else(|| panic!("no {role} runs: {}", self.log_tail()))
    }

    fn find(&self, role: &str) -> Option<i32> {
        let up = self.up.as_ref().expect("it runs").0.id().to_string();
        let children = Command::new("pgrep").args(["-P", &up, "-f", &format!("vivierd {role} ")]).output().expect("pgrep runs");
        String::from_utf8_lossy(&children.stdout).lines().next().and_then(|line| line.trim().parse().ok())
    }

    /// Kills the child with `role`, as `kill -9` does.
    pub fn kill(&self, role: &str) {
        self.try_kill(role).unwrap_or_else(|why| panic!("{why}: {}", self.log_tail()));
    }

    /// The same; an error while there is none, as between a death and the next start.
    pub fn try_kill(&self, role: &str) -> Result<(), String> {
        let pid = self.find(role).map(nix::unistd::Pid::from_raw).ok_or_else(|| format!("no {role} runs"))?;
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).map_err(|error| error.to_string())
    }

    pub fn log_tail(&self) -> String {
        let log = std::fs::read_to_string(self.data.path().join("up.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(25)..].join("\n")
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.data.path().join("up.log")).expect("a log")
    }

    async fn sign_up_operator(&mut self) {
        let link = std::fs::read_to_string(self.data.path().join("run/setup-link")).expect("the first operator's link");
        let setup_token = link.trim().split_once("token=").expect("a token in the link").1.to_owned();
        let body = json!({"email": "operator@example.com", "password": "correct horse battery", "setup_token": setup_token});
        let answer = self.http.post(format!("{}/v1/auth/signup", self.url)).header("origin", &self.url).json(&body).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
        let cookie = answer.headers()["set-cookie"].to_str().expect("a cookie").split(';').next().expect("a pair").to_owned();
        let body = json!({"name": "tests", "scopes": ["read", "write", "chat"]});
        let answer =
            self.http.post(format!("{}/v1/tokens", self.url)).header("cookie", cookie).header("origin", &self.url).json(&body).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
        let made: Value = answer.json().await.expect("JSON");
        self.token = made["secret"].as_str().expect("a token").to_owned();
    }

    /// Calls the API as the operator and expects success.
    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.try_call(method, path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    pub async fn try_call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self.http.request(method.parse().expect("a method"), format!("{}{path}", self.url)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a body");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub async fn deployment(&self, id: &str) -> Value {
        self.call("GET", &format!("/v1/deployments/{id}"), None).await
    }

    /// Waits until `id` is in `state`, and returns it.
    pub async fn wait(&self, id: &str, state: &str, seconds: u64) -> Value {
        until(&format!("{id} becomes {state}"), seconds, || async {
            let seen = self.deployment(id).await;
            if seen["state"] == state { Ok(seen) } else { Err(format!("{} ({}); {}", seen["state"], seen["reason"], self.log_tail())) }
        })
        .await
    }

    /// The agent's own address, for requests through the edge. `*.localhost` is resolved here, whatever the machine's resolver thinks.
    pub fn agent(&self, slug: &str, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let name = format!("{slug}.localhost");
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .resolve(&name, std::net::SocketAddr::from(([127, 0, 0, 1], self.port)))
            .build()
            .expect("a client");
        client.request(method, format!("http://{name}:{}{path}", self.port))
    }

    /// One chat turn over the agent's own OpenAI-compatible endpoint.
    pub async fn chat(&self, slug: &str, text: &str) -> Result<String, String> {
        let body = json!({"model": "openclaw/default", "messages": [{"role": "user", "content": text}]});
        let answer =
            self.agent(slug, reqwest::Method::POST, "/v1/chat/completions").bearer_auth(&self.token).timeout(Duration::from_secs(180)).json(&body).send().await;
        let answer = answer.map_err(|error| error.to_string())?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| error.to_string())?;
        let parsed: Value = serde_json::from_str(&text).unwrap_or_default();
        parsed["choices"][0]["message"]["content"].as_str().map(str::to_owned).ok_or_else(|| format!("{status}: {text}"))
    }

    pub fn installation(&self) -> String {
        std::fs::read_to_string(self.data.path().join("installation")).unwrap_or_default().trim().to_owned()
    }

    /// Ids of this product's containers, running or not.
    pub fn containers(&self) -> Vec<String> {
        docker(&["ps", "-aq", "--no-trunc", "--filter", &format!("label=io.vivier.installation={}", self.installation())]).lines().map(str::to_owned).collect()
    }

    pub fn networks(&self) -> Vec<String> {
        docker(&["network", "ls", "-q", "--filter", &format!("label=io.vivier.installation={}", self.installation())]).lines().map(str::to_owned).collect()
    }
}

impl Drop for Product {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the product's last lines:\n{}", self.log_tail());
        }
        if let Some(up) = self.up.take() {
            if let Ok(pid) = i32::try_from(up.0.id()) {
                let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGTERM);
            }
            let mut up = up;
            let deadline = Instant::now() + Duration::from_secs(45);
            while matches!(up.0.try_wait(), Ok(None)) && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        let swept = Command::new(root().join("scripts/sweep")).arg(self.data.path()).status();
        if !matches!(&swept, Ok(status) if status.success()) {
            eprintln!("the sweep after the test failed: {swept:?}");
        }
        for made in self.images.get_mut().expect("no panic").drain(..) {
            let removed = Command::new("docker").args(["image", "rm", "--no-prune", &made]).stdout(Stdio::null()).status();
            if !matches!(&removed, Ok(status) if status.success()) {
                eprintln!("an image of the test's is left: {made}");
            }
        }
    }
}

/// What `vivierd image …` says.
fn image(data: &Path, arguments: &[&str]) -> String {
    let said = Command::new(env!("CARGO_BIN_EXE_vivierd"))
        .current_dir(root())
        .arg("--data-dir")
        .arg(data)
        .arg("image")
        .args(arguments)
        .output()
        .expect("vivierd runs");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8_lossy(&said.stdout).into_owned()
}

/// The output of one `docker` command that must work.
pub fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().expect("docker runs");
    assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn rustls_provider() -> Result<(), ()> {
    // reqwest needs one; the second test in a process finds it installed.
    rustls::crypto::aws_lc_rs::default_provider().install_default().map_err(drop)
}
