//! `vivierd up` where it cannot work.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

#[test]
fn up_without_root_says_what_it_needs_before_anything_starts() {
    let folder = tempfile::tempdir().expect("a directory");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).expect("open to all");
    // Where nobody may read it, whatever directory this was built in.
    let program = folder.path().join("vivierd");
    if std::fs::hard_link(env!("CARGO_BIN_EXE_vivierd"), &program).is_err() {
        std::fs::copy(env!("CARGO_BIN_EXE_vivierd"), &program).expect("a copy");
    }
    let data = folder.path().join("data");
    let ran = Command::new(&program).current_dir(folder.path()).arg("--data-dir").arg(&data).arg("up").uid(65_534).gid(65_534).output().expect("it runs");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(!ran.status.success() && said.contains("`vivierd up` needs root") && said.contains("sudo"), "{said}");
    assert!(!data.exists() && !said.contains("Vivier is up"), "{said}");
}
