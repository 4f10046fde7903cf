//! Looking at agents: ls, status, stats, open, proof, operator.

use serde_json::json;
use wiremock::matchers::{path, query_param};
use wiremock::{Mock, ResponseTemplate};

use crate::world::{ADA, BOB, World, ada, ago, event, problem};

const IMAGE: &str = "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

#[tokio::test]
async fn ls_shows_living_agents_and_with_all_the_deleted_ones() {
    let world = World::new().await;
    insta::assert_snapshot!("ls", world.run(&["ls"]).snapshot(&world));
    insta::assert_snapshot!("ls_all", world.run(&["ls", "--all"]).snapshot(&world));
    let listed = world.run(&["ls", "--json"]).json();
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
    assert_eq!(listed[0]["id"], ADA);
}

#[tokio::test]
async fn ls_reads_every_page_and_says_how_to_begin_when_there_is_nothing() {
    let world = World::signed_out().await;
    let page = |body| ResponseTemplate::new(200).set_body_json(body);
    Mock::given(path("/v1/deployments")).and(query_param("cursor", "two")).respond_with(page(json!({ "items": [ada()] }))).mount(&world.server).await;
    Mock::given(path("/v1/deployments")).respond_with(page(json!({ "items": [], "next_cursor": "two" }))).mount(&world.server).await;
    let mut command = world.command(&["ls", "--json"]);
    command.env("VIVIER_TOKEN", "viv_x");
    let ran = crate::world::finished(&mut assert_cmd::Command::from_std(command));
    assert_eq!(ran.json().as_array().map(Vec::len), Some(1), "{}", ran.err);

    let empty = World::signed_out().await;
    empty.answer("GET", "/v1/deployments", 200, json!({ "items": [] })).await;
    let mut command = empty.command(&["ls"]);
    command.env("VIVIER_TOKEN", "viv_x");
    assert_eq!(crate::world::finished(&mut assert_cmd::Command::from_std(command)).out, "You have no agents yet. Make one with `vivier deploy`.\n");
}

#[tokio::test]
async fn status_tells_what_does_not_work_and_how_long_each_step_took() {
    let world = World::new().await;
    let events = json!({ "items": [
        event(4, "state", "noted", "running", None),
        event(3, "step", "failed", "The image could not be verified\u{1b}[2J", Some(61_000)),
        event(2, "step", "done", "Volume, network and firewall are ready", Some(840)),
        event(1, "ask", "noted", "Asked for", None),
    ]});
    world.answer("GET", &format!("/v1/deployments/{BOB}/events"), 200, events).await;
    insta::assert_snapshot!("status", world.run(&["status", "bob-the-bot"]).snapshot(&world));
    let json = world.run(&["status", BOB, "--json"]).json();
    assert_eq!(json["deployment"]["id"], BOB);
    assert_eq!(json["events"].as_array().map(Vec::len), Some(4));
}

#[tokio::test]
async fn a_name_may_be_a_slug_a_name_or_an_id_and_ambiguity_lists_the_candidates() {
    let world = World::signed_out().await;
    let mut twin = ada();
    twin["id"] = json!(BOB);
    twin["slug"] = json!("ada-2");
    world.answer("GET", "/v1/deployments", 200, json!({ "items": [ada(), twin] })).await;
    let run = |arguments: &[&str]| {
        let mut command = world.command(arguments);
        command.env("VIVIER_TOKEN", "viv_x");
        crate::world::finished(&mut assert_cmd::Command::from_std(command))
    };
    insta::assert_snapshot!("ambiguous", run(&["stats", "ada"]).snapshot(&world));
    insta::assert_snapshot!("unknown_name", run(&["stats", "ada2"]).snapshot(&world));
    world.answer("GET", &format!("/v1/deployments/{BOB}/stats"), 200, stats()).await;
    assert_eq!(run(&["stats", "ada-2"]).code, 0, "a slug that is nobody's name is enough");
    assert_eq!(world.requests("GET", &format!("/v1/deployments/{ADA}")).await.len(), 0);
}

fn stats() -> serde_json::Value {
    json!({
        "at": "2026-11-21T07:00:00.000Z", "cpu_millis": 137, "cpu_limit_millis": 500, "memory_bytes": 629_145_600, "memory_limit_bytes": 1_073_741_824,
        "pids": 31, "network_received_bytes": 2_048, "network_sent_bytes": 1_048_576
    })
}

#[tokio::test]
async fn stats_proof_and_open_show_what_the_server_says() {
    let world = World::new().await;
    world.answer("GET", &format!("/v1/deployments/{ADA}/stats"), 200, stats()).await;
    insta::assert_snapshot!("stats", world.run(&["stats", "Ada"]).snapshot(&world));
    assert_eq!(world.run(&["stats", "ada", "--json"]).json(), stats());

    let link = json!({ "url": "http://ada.localhost:8080/.vivier/session?code=abc", "expires_at": ago(-59) });
    world.answer("POST", &format!("/v1/deployments/{ADA}/open"), 200, link.clone()).await;
    let ran = world.run(&["open", "ada"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "http://ada.localhost:8080/.vivier/session?code=abc\n"), "{}", ran.err);
    assert_eq!(world.run(&["open", "ada", "--json"]).json(), link);

    let check = |name: &str, expected: &str, found: &str| json!({ "name": name, "expected": expected, "found": found, "holds": expected == found });
    let mounts = ["/home/node/.openclaw rw", "/etc/openclaw ro", "/run/openclaw ro", "/tmp tmpfs noexec,nosuid,size=256m", "/dev/shm tmpfs"].join(" | ");
    let proof = |holds: bool, found: &str| {
        json!({ "holds": holds, "proof": {
            "at": "2026-11-21T07:00:00.000Z", "container": "0123456789abcdef0123", "started_at": "2026-11-21T06:59:00.000Z", "image": IMAGE,
            "checks": [check("capabilities", "", found), check("user", "1000:1000", "1000:1000"), check("mounts", &mounts, &mounts)]
        }})
    };
    world.answer("GET", &format!("/v1/deployments/{ADA}/proof"), 200, proof(true, "")).await;
    insta::assert_snapshot!("proof", world.run(&["proof", "ada"]).snapshot(&world));
    let all = world.run(&["proof", "ada", "--all"]);
    assert!(all.out.lines().all(|line| line.chars().count() <= 100), "{}", all.out);
    insta::assert_snapshot!("proof_all", all.snapshot(&world));
    assert_eq!(world.run(&["proof", "ada", "--json"]).json(), proof(true, ""));
    world.answer("GET", &format!("/v1/deployments/{BOB}/proof"), 200, proof(false, "CAP_SYS_ADMIN")).await;
    insta::assert_snapshot!("proof_that_does_not_hold", world.run(&["proof", BOB]).snapshot(&world));
}

#[tokio::test]
async fn an_operator_sees_hosts_deployments_releases_and_quarantine() {
    let world = World::new().await;
    let host = json!({
        "name": "here", "reachable": true, "observed_at": ago(125), "reserved_memory_bytes": 2_147_483_648_u64, "reserved_cpu_millis": 1000,
        "memory_ceiling": 0.8, "admits": false, "reason": "81 % of the memory is in use", "deployments": 2, "queue_length": 1,
        "capacity": {
            "at": ago(125), "driver": "docker", "engine_version": "20.10.24", "cpus": 2, "memory_total_bytes": 8_589_934_592_u64,
            "memory_available_bytes": 1_610_612_736, "disk_total_bytes": 107_374_182_400_u64, "disk_available_bytes": 53_687_091_200_u64,
            "containers_running": 2, "warnings": ["disk quotas are not enforced here"]
        }
    });
    world.answer("GET", "/v1/operator/hosts", 200, json!({ "items": [host] })).await;
    insta::assert_snapshot!("operator_hosts", world.run(&["operator", "hosts"]).snapshot(&world));

    let mut owned = ada();
    owned["owner"] = json!("ada@example.com");
    world.answer("GET", "/v1/operator/deployments", 200, json!({ "items": [owned] })).await;
    insta::assert_snapshot!("operator_deployments", world.run(&["operator", "deployments"]).snapshot(&world));

    world.answer("POST", &format!("/v1/operator/deployments/{ADA}/suspend"), 202, ada()).await;
    assert_eq!(world.run(&["operator", "suspend", ADA]).code, 0);
    assert_eq!(world.run(&["operator", "suspend", "ada"]).code, 2, "an operator names others' agents by id");

    let release = json!({
        "id": "rel_01k0000000000000000000000a", "image": IMAGE, "openclaw_version": "2026.9.6", "node_version": "24.21.0",
        "size_bytes": 730_857_472, "created_at": ago(7_300), "is_default": true, "deployments": 2,
        "verdict": "unscanned", "accepted": "no database here", "signed_by": "sha256:33446aa1b2c3d4e5"
    });
    world.answer("GET", "/v1/operator/releases", 200, json!({ "items": [release] })).await;
    insta::assert_snapshot!("operator_releases", world.run(&["operator", "releases"]).snapshot(&world));

    let stray = json!({ "container": "0123456789abcdef", "name": "vivier-dep_x", "deployment": null, "since": ago(3_605), "discard_at": ago(-600_000) });
    world.answer("GET", "/v1/operator/quarantine", 200, json!({ "items": [stray] })).await;
    insta::assert_snapshot!("operator_quarantine", world.run(&["operator", "quarantine"]).snapshot(&world));
    assert_eq!(world.run(&["operator", "quarantine", "--json"]).json()[0]["container"], "0123456789abcdef");
}

#[tokio::test]
async fn a_tenant_is_told_that_the_operators_commands_are_not_theirs() {
    let world = World::new().await;
    world.refuse("GET", "/v1/operator/hosts", problem(404, "not_found", "There is nothing at this address.")).await;
    let ran = world.run(&["operator", "hosts"]);
    assert_eq!(ran.code, 4, "{}", ran.err);
}

#[tokio::test]
async fn completions_exist_for_each_shell_and_need_no_server() {
    let world = World::signed_out().await;
    for shell in ["bash", "zsh", "fish"] {
        let ran = world.run(&["completions", shell]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.out.contains("vivier") && ran.out.contains("deploy"), "{shell}");
    }
    assert_eq!(world.run(&["completions", "tcl"]).code, 2);
    insta::assert_snapshot!("help", world.run(&["--help"]).snapshot(&world));
}
