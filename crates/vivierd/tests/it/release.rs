//! What `vivierd release …` prints and does, on the real engine with an image of a few bytes.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::product::{docker, enter, root};

struct Small {
    data: tempfile::TempDir,
    image: String,
    version: String,
}

impl Small {
    /// A data directory with one signed release.
    async fn new() -> Self {
        let data = tempfile::tempdir().expect("a directory");
        let version = format!("0.0.0-{}", data.path().file_name().and_then(|name| name.to_str()).expect("a name").trim_start_matches(".tmp"));
        let file = data.path().join("version");
        std::fs::write(&file, &version).expect("writes");
        let tar = data.path().join("image.tar");
        assert!(Command::new("tar").arg("-C").arg(data.path()).arg("-cf").arg(&tar).arg("version").status().expect("tar runs").success());
        let label = format!("LABEL io.vivier.openclaw.version={version} io.vivier.complete=yes");
        let image = docker(&["import", "--change", &label, &tar.display().to_string()]).trim().to_owned();
        enter(data.path(), &image, &version).await;
        Self { data, image, version }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        vivierd(self.data.path(), arguments)
    }

    fn said(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        docker(&["image", "rm", "--force", &self.image]);
    }
}

fn vivierd(data: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vivierd")).current_dir(root()).arg("--data-dir").arg(data).arg("release").args(arguments).output().expect("vivierd runs")
}

fn complaint(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn real_a_release_is_listed_withdrawn_and_taken_back_by_the_operator_at_the_machine() {
    let small = Small::new().await;
    let line = small.said(&["list"]);
    for part in [small.image.as_str(), &small.version, "signed by ", "not scanned: accepted by the operator: a test"] {
        assert!(line.contains(part), "`{part}` is not in: {line}");
    }
    assert_eq!(small.said(&["list", "--quiet"]).trim(), small.image);
    let listed: Value = serde_json::from_str(&small.said(&["list", "--json"])).expect("JSON");
    assert_eq!((&listed[0]["image"], &listed[0]["verdict"]), (&small.image.as_str().into(), &"unscanned".into()), "{listed:#}");

    assert!(complaint(&small.run(&["withdraw", &small.version])).contains("--reason"));
    assert!(complaint(&small.run(&["withdraw", "1.2.3", "--reason", "x"])).contains("there is no release \"1.2.3\""));
    let told = small.said(&["withdraw", &small.version, "--reason", "it eats letters"]);
    assert!(told.contains("is withdrawn") && told.contains("No agent runs it."), "{told}");
    assert!(small.said(&["list"]).contains("WITHDRAWN: it eats letters"));
    assert_eq!(small.said(&["list", "--quiet"]), "", "it is not one that would be started");
    assert!(small.said(&["withdraw", &small.image[..20], "--undo"]).contains("may be started again"));
    assert_eq!(small.said(&["list", "--quiet"]).trim(), small.image);

    // Tampered with: listed with what is wrong, and never as one that is started.
    let bill = small.data.path().join("images").join(small.image.trim_start_matches("sha256:")).join("sbom.cdx.json");
    std::fs::write(&bill, "{}").expect("writes");
    let line = small.said(&["list"]);
    assert!(line.contains("not started: the sbom.cdx.json of the release") && line.contains("is not the one that was signed"), "{line}");
    assert_eq!(small.said(&["list", "--quiet"]), "");
    let listed: Value = serde_json::from_str(&small.said(&["list", "--json"])).expect("JSON");
    assert!(listed[0]["flaw"].as_str().is_some_and(|flaw| flaw.contains("not the one that was signed")), "{listed:#}");
}

#[test]
fn real_a_key_pair_is_made_where_one_asks_and_never_over_another() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("ops").join("release.key");
    let out = path.display().to_string();
    let made = vivierd(folder.path(), &["key", "--out", &out]);
    assert!(made.status.success() && String::from_utf8_lossy(&made.stdout).starts_with("sha256:"), "{made:?}");
    let public = std::fs::read_to_string(path.with_extension("pub")).expect("the public key");
    assert!(public.starts_with("-----BEGIN PUBLIC KEY-----"), "{public}");
    assert!(complaint(&vivierd(folder.path(), &["key", "--out", &out])).contains("never replaced"));
    assert_eq!(std::fs::read_to_string(path.with_extension("pub")).expect("the public key"), public);
}

#[test]
fn real_an_image_from_before_releases_were_signed_is_signed_without_being_built() {
    let built = tempfile::tempdir().expect("a directory");
    let made = vivierd(built.path(), &["build", "--accept-unscanned", "a test"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    // As an older Vivier has left it: a note and a schema, and nothing signed.
    let image = String::from_utf8_lossy(&vivierd(built.path(), &["list", "--quiet"]).stdout).trim().to_owned();
    let folder = built.path().join("images").join(image.trim_start_matches("sha256:"));
    for entry in std::fs::read_dir(&folder).expect("papers").map(|entry| entry.expect("an entry")) {
        if !["release.json", "config.schema.json"].contains(&entry.file_name().to_str().expect("a name")) {
            std::fs::remove_file(entry.path()).expect("removed");
        }
    }
    std::fs::remove_dir_all(built.path().join("keys")).expect("removed");
    let again = |recipe: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vivierd"));
        command.env("VIVIER_HOST__IMAGE_RECIPE", recipe).current_dir(root()).arg("--data-dir").arg(built.path());
        // By its old name, as scripts of that time have it.
        command.args(["image", "build", "--if-absent", "--accept-unscanned", "it was here before"]).output().expect("vivierd runs")
    };
    let signed = again("/nowhere/build");
    assert!(signed.status.success(), "{}", String::from_utf8_lossy(&signed.stderr));
    let line = String::from_utf8_lossy(&vivierd(built.path(), &["list"]).stdout).into_owned();
    assert!(line.contains(&image) && line.contains("accepted by the operator: it was here before"), "{line}");
}
