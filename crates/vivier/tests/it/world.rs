//! A stand-in server, a home directory of its own, and the binary.

use std::path::PathBuf;
use std::process::Stdio;

use assert_cmd::Command;
use serde_json::{Value, json};
use vivier_core::lifecycle::State;
use vivier_core::time::Timestamp;
use vivier_core::wire::agents::DeploymentOut;
use wiremock::matchers::{method, path, query_param};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

pub const TOKEN: &str = "viv_0123456789abcdef";
pub const ADA: &str = "dep_01k0000000000000000000000a";
pub const BOB: &str = "dep_01k0000000000000000000000b";
pub const OLD: &str = "dep_01k0000000000000000000000c";
const ACCOUNT: &str = "acc_01k0000000000000000000000a";
const USER: &str = "usr_01k0000000000000000000000a";
const IMAGE: &str = "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

pub struct World {
    pub server: MockServer,
    pub home: tempfile::TempDir,
    token: Option<&'static str>,
}

/// What a command left behind.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {:?}", self.out))
    }

    /// The output with this run's own address and ids of machines replaced.
    pub fn snapshot(&self, world: &World) -> String {
        let text = format!("exit {}\n--- stdout\n{}--- stderr\n{}", self.code, self.out, self.err);
        // The day and the time at which a fixture was made.
        let made = ago(3 * 86_400 + 60);
        let text = text.lines().map(|line| if line.starts_with("created ") && line.contains(&made[..10]) { "created   (3 d ago)" } else { line });
        let text = text.collect::<Vec<_>>().join("\n");
        text.replace(&world.server.uri(), "http://SERVER").replace(&world.home.path().display().to_string(), "HOME")
    }
}

impl World {
    /// Signed in, with two living agents and a deleted one.
    pub async fn new() -> Self {
        let world = Self::signed_out().await;
        let list = |deleted: bool, items| {
            let answer = ResponseTemplate::new(200).set_body_json(json!({ "items": items }));
            Mock::given(method("GET")).and(path("/v1/deployments")).and(query_param("deleted", deleted.to_string())).respond_with(answer)
        };
        list(true, vec![ada(), bob(), old()]).mount(&world.server).await;
        list(false, vec![ada(), bob()]).mount(&world.server).await;
        for deployment in [ada(), bob(), old()] {
            world.answer("GET", &format!("/v1/deployments/{}", deployment["id"].as_str().expect("an id")), 200, deployment.clone()).await;
        }
        Self { token: Some(TOKEN), ..world }
    }

    pub async fn signed_out() -> Self {
        Self { server: MockServer::start().await, home: tempfile::tempdir().expect("a directory"), token: None }
    }

    pub async fn answer(&self, verb: &str, at: &str, status: u16, body: Value) {
        let template = ResponseTemplate::new(status);
        let template = if status == 204 { template } else { template.set_body_json(body) };
        Mock::given(method(verb)).and(path(at)).respond_with(template).mount(&self.server).await;
    }

    pub async fn refuse(&self, verb: &str, at: &str, problem: Value) {
        let status = u16::try_from(problem["status"].as_u64().expect("a status")).expect("a status");
        let template = ResponseTemplate::new(status).set_body_raw(problem.to_string(), "application/problem+json");
        Mock::given(method(verb)).and(path(at)).respond_with(template).mount(&self.server).await;
    }

    pub fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_vivier"));
        command.args(arguments).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", self.home.path());
        command.env("VIVIER_URL", self.server.uri()).current_dir(self.home.path()).stdin(Stdio::null());
        if let Some(token) = self.token {
            command.env("VIVIER_TOKEN", token);
        }
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    /// Runs the binary with `stdin`.
    pub fn run_with(&self, arguments: &[&str], stdin: &str) -> Ran {
        finished(Command::from_std(self.command(arguments)).write_stdin(stdin.to_owned()))
    }

    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.home.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    }

    pub fn settings(&self) -> PathBuf {
        self.home.path().join(".config/vivier/config.toml")
    }

    /// Every request that `verb` and `at` name, oldest first.
    pub async fn requests(&self, verb: &str, at: &str) -> Vec<Request> {
        let all = self.server.received_requests().await.expect("recording is on");
        all.into_iter().filter(|request| request.method.as_str() == verb && request.url.path() == at).collect()
    }

    pub async fn only_body(&self, verb: &str, at: &str) -> Value {
        let requests = self.requests(verb, at).await;
        assert_eq!(requests.len(), 1, "{verb} {at}");
        serde_json::from_slice(&requests[0].body).expect("JSON")
    }
}

pub fn finished(command: &mut Command) -> Ran {
    let output = command.timeout(std::time::Duration::from_secs(60)).output().expect("the binary runs");
    Ran {
        code: output.status.code().expect("it ended by itself"),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// A point in time before now, by this machine's clock: ages in snapshots stay the same.
pub fn ago(seconds: i64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_millis();
    Timestamp::from_millis(i64::try_from(now).expect("this century")).plus_seconds(-seconds).to_string()
}

pub fn ada() -> Value {
    deployment(ADA, "Ada", "ada", State::Running)
}

pub fn bob() -> Value {
    let mut bob = deployment(BOB, "Bob the bot", "bob-the-bot", State::Running);
    bob["degraded"] = json!([{
        "part": "telegram", "reason": "Telegram does not accept the bot token.", "remedy": "Copy the token again from BotFather and set it as a secret."
    }]);
    bob["channels"] = json!([{ "kind": "telegram", "allow_from": ["42"] }]);
    bob["last_known_good_revision"] = json!(2);
    bob["revision"] = json!(3);
    bob
}

pub fn old() -> Value {
    let mut old = deployment(OLD, "Old", "old", State::Terminated);
    old["purge_at"] = json!(ago(-90_000));
    old
}

pub fn deployment(id: &str, name: &str, slug: &str, state: State) -> Value {
    let value = json!({
        "id": id, "account": ACCOUNT, "name": name, "slug": slug, "url": format!("http://{slug}.localhost:8080"), "plan": "starter",
        "template": "assistant", "limits": { "cpu_millis": 500, "memory_bytes": 1_073_741_824, "storage_bytes": 10_737_418_240_u64, "pids": 256 },
        "state": state, "observed_at": ago(125), "openclaw_version": "2026.9.6", "image": IMAGE, "revision": 1, "last_known_good_revision": 1,
        "provider": { "kind": "openai", "model": "gpt-5-mini" }, "channels": [], "created_at": ago(3 * 86_400 + 60), "expires_at": null, "purge_at": null
    });
    // The stand-in must speak the language of the real one.
    serde_json::from_value::<DeploymentOut>(value.clone()).expect("a deployment");
    value
}

pub fn event(number: u32, kind: &str, outcome: &str, message: &str, duration_ms: Option<u64>) -> Value {
    let mut event = json!({
        "id": format!("evt_01k000000000000000000000{number:02}"), "at": format!("2026-11-21T07:00:{number:02}.000Z"),
        "kind": kind, "outcome": outcome, "message": message, "actor": "system"
    });
    if let Some(millis) = duration_ms {
        event["duration_ms"] = json!(millis);
    }
    serde_json::from_value::<vivier_core::wire::agents::EventOut>(event.clone()).expect("an event");
    event
}

pub fn problem(status: u16, code: &str, detail: &str) -> Value {
    json!({ "code": code, "title": "Refused", "status": status, "detail": detail, "request_id": "req-1" })
}

/// A body of server-sent events: id and data of each.
pub fn sse(messages: &[(&str, Value)]) -> ResponseTemplate {
    let body: String = messages.iter().map(|(id, data)| format!("id: {id}\ndata: {data}\n\n")).collect();
    ResponseTemplate::new(200).set_body_raw(format!("retry: 1\n: hello\n\n{body}"), "text/event-stream")
}

pub fn account() -> Value {
    json!({
        "user": { "id": USER, "email": "ada@example.com", "operator": false, "email_verified_at": null, "created_at": "2026-11-20T07:00:00.000Z" },
        "account": { "id": ACCOUNT, "name": "ada", "role": "owner", "created_at": "2026-11-20T07:00:00.000Z" },
    })
}
