//! AWS on loopback: PyPI's `moto`, which `scripts/install test` puts into `.tools/moto`.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use vivier_server::keys::{KeyKind, KeySettings, KmsSettings};

pub struct Moto {
    process: Child,
    url: String,
    http: reqwest::Client,
    dir: tempfile::TempDir,
}

fn program() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/moto/bin/moto_server");
    let program = std::env::var_os("VIVIER_TEST_MOTO").map_or(own, PathBuf::from);
    assert!(program.exists(), "{} is missing: `scripts/install test` installs it, or name another with VIVIER_TEST_MOTO", program.display());
    program
}

impl Drop for Moto {
    fn drop(&mut self) {
        if let Err(error) = self.process.kill().and_then(|()| self.process.wait()) {
            eprintln!("moto was not ended: {error}");
        }
    }
}

impl Moto {
    pub async fn start() -> Self {
        let program = program();
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
        let process =
            Command::new(program).args(["-H", "127.0.0.1", "-p", &port.to_string()]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("credentials"), "[vivier]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = canary-aws-secret\n")
            .expect("written");
        let moto = Self { process, url: format!("http://127.0.0.1:{port}"), http: reqwest::Client::new(), dir };
        crate::support::eventually("moto answers", || async { moto.http.get(&moto.url).timeout(Duration::from_secs(2)).send().await.ok() }).await;
        moto
    }

    /// Runs a script in the Python that moto lives in.
    pub fn python(script: &str, input: &str) -> String {
        let mut child =
            Command::new(program().with_file_name("python")).args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        std::io::Write::write_all(&mut child.stdin.take().expect("a pipe"), input.as_bytes()).expect("written");
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "the script failed");
        String::from_utf8(output.stdout).expect("text")
    }

    /// What an administrator of the account does.
    pub async fn kms(&self, operation: &str, body: Value) -> Value {
        let request =
            self.http.post(&self.url).header("x-amz-target", format!("TrentService.{operation}")).header("content-type", "application/x-amz-json-1.1");
        let request =
            request.header("authorization", "AWS4-HMAC-SHA256 Credential=admin/20260101/eu-central-1/kms/aws4_request, SignedHeaders=host, Signature=0");
        let answer = request.body(body.to_string()).send().await.expect("an answer").text().await.expect("text");
        serde_json::from_str(&answer).unwrap_or_default()
    }

    /// A new key's ARN.
    pub async fn key(&self) -> String {
        let made = self.kms("CreateKey", json!({})).await;
        made["KeyMetadata"]["Arn"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
    }

    pub fn settings(&self, key: &str) -> KeySettings {
        let kms = KmsSettings {
            key_id: key.to_owned(),
            region: "eu-central-1".to_owned(),
            endpoint: Some(self.url.clone()),
            credentials_file: Some(self.dir.path().join("credentials")),
            profile: "vivier".to_owned(),
            timeout_seconds: 5,
        };
        KeySettings { kind: KeyKind::AwsKms, vault: None, aws_kms: Some(kms) }
    }
}
