//! Signing in and out, and API tokens.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;
use wiremock::matchers::{body_json, header, header_exists, method, path};
use wiremock::{Mock, ResponseTemplate};

use crate::world::{TOKEN, World, account, ago, problem};

const TOKEN_ID: &str = "tok_01k0000000000000000000000a";

fn token_out(secret: Option<&str>) -> serde_json::Value {
    let mut token = json!({
        "id": TOKEN_ID, "name": "vivier on here", "scopes": ["read", "write", "chat"], "hint": "viv_0123", "made_by": "ada@example.com", "created_at": ago(600),
        "expires_at": null, "last_used_at": ago(180)
    });
    if let Some(secret) = secret {
        token["secret"] = json!(secret);
    }
    token
}

async fn server_with_passwords() -> World {
    let world = World::signed_out().await;
    Mock::given(method("POST"))
        .and(path("/v1/auth/login"))
        .and(header_exists("idempotency-key"))
        .and(body_json(json!({ "email": "ada@example.com", "password": "correct horse battery" })))
        .respond_with(ResponseTemplate::new(200).insert_header("set-cookie", "vivier_session=abc123; HttpOnly; Path=/").set_body_json(account()))
        .mount(&world.server)
        .await;
    world.refuse("POST", "/v1/auth/login", problem(401, "wrong_credentials", "The address or the password is wrong.")).await;
    let origin = world.server.uri();
    let session =
        |verb: &str, at: &str| Mock::given(method(verb)).and(path(at)).and(header("cookie", "vivier_session=abc123")).and(header("origin", origin.as_str()));
    session("GET", "/v1/auth/me").respond_with(ResponseTemplate::new(200).set_body_json(account())).mount(&world.server).await;
    session("POST", "/v1/tokens").respond_with(ResponseTemplate::new(201).set_body_json(token_out(Some(TOKEN)))).mount(&world.server).await;
    session("POST", "/v1/auth/logout").respond_with(ResponseTemplate::new(204)).mount(&world.server).await;
    let bearer = format!("Bearer {TOKEN}");
    Mock::given(method("GET"))
        .and(path("/v1/auth/me"))
        .and(header("authorization", bearer.as_str()))
        .respond_with(ResponseTemplate::new(200).set_body_json(account()))
        .mount(&world.server)
        .await;
    world.refuse("GET", "/v1/auth/me", problem(401, "unauthenticated", "Sign in first.")).await;
    world
}

#[tokio::test]
async fn a_login_keeps_a_token_for_this_server_in_a_private_file_and_ends_its_session() {
    let world = server_with_passwords().await;
    let ran = world.run_with(&["login", "--email", "ada@example.com", "--password-stdin"], "correct horse battery\n");
    insta::assert_snapshot!("login", ran.snapshot(&world));
    let mode = |path: &std::path::Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&world.settings()), 0o600);
    assert_eq!(mode(world.settings().parent().expect("a folder")), 0o700);
    let kept = std::fs::read_to_string(world.settings()).expect("readable");
    assert!(kept.contains(TOKEN) && !kept.contains("correct horse"), "{kept}");
    assert_eq!(world.requests("POST", "/v1/auth/logout").await.len(), 1);
    let asked = world.only_body("POST", "/v1/tokens").await;
    assert_eq!(asked["scopes"], json!(["read", "write", "chat"]));

    let who = world.run(&["whoami", "--json"]);
    assert_eq!((who.code, &who.json()["user"]["email"]), (0, &json!("ada@example.com")), "{}", who.err);
}

#[tokio::test]
async fn xdg_config_home_is_honoured_and_an_open_file_is_closed_again() {
    let world = server_with_passwords().await;
    let folder = world.home.path().join("xdg");
    std::fs::create_dir_all(folder.join("vivier")).expect("made");
    let file = folder.join("vivier/config.toml");
    std::fs::write(&file, "").expect("written");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("opened");
    let mut command = world.command(&["login", "--token"]);
    command.env("XDG_CONFIG_HOME", &folder);
    let ran = crate::world::finished(assert_cmd::Command::from_std(command).write_stdin(format!("{TOKEN}\n")));
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(std::fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
    assert!(!world.settings().exists());
}

#[tokio::test]
async fn a_wrong_password_and_a_wrong_token_are_exit_3_and_keep_nothing() {
    let world = server_with_passwords().await;
    let ran = world.run_with(&["login", "--email", "ada@example.com", "--password-stdin"], "wrong\n");
    insta::assert_snapshot!("login_wrong_password", ran.snapshot(&world));
    let ran = world.run_with(&["login", "--token"], "viv_wrong\n");
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(!world.settings().exists());
    assert!(!ran.err.contains("viv_wrong"), "no error repeats a secret: {}", ran.err);
}

#[tokio::test]
async fn without_a_terminal_login_says_how_to_go_on() {
    let world = World::signed_out().await;
    insta::assert_snapshot!("login_without_terminal", world.run(&["login"]).snapshot(&world));
}

#[tokio::test]
async fn a_token_is_never_sent_to_another_server_than_its_own() {
    let world = server_with_passwords().await;
    assert_eq!(world.run_with(&["login", "--token"], TOKEN).code, 0);
    let other = World::signed_out().await;
    let ran = world.run(&["whoami", "--url", &other.server.uri()]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(other.server.received_requests().await.expect("recorded").is_empty());
}

const OWN: &str = "/v1/tokens/current";

#[tokio::test]
async fn logout_revokes_the_token_that_login_made_without_a_password_and_forgets_it() {
    let world = server_with_passwords().await;
    world.run_with(&["login", "--email", "ada@example.com", "--password-stdin"], "correct horse battery\n");
    world.answer("DELETE", OWN, 204, json!(null)).await;
    insta::assert_snapshot!("logout", world.run(&["logout"]).snapshot(&world));
    let asked = world.requests("DELETE", OWN).await;
    assert_eq!((asked.len(), asked[0].headers["authorization"].to_str().ok()), (1, Some(format!("Bearer {TOKEN}").as_str())));
    assert!(!std::fs::read_to_string(world.settings()).expect("there").contains(TOKEN));
    let again = world.run(&["logout", "--json"]);
    assert_eq!((again.code, again.json()["signed_out"].clone()), (0, json!(false)));
    assert_eq!(world.run(&["whoami"]).code, 3);
}

#[tokio::test]
async fn logout_keeps_a_token_that_it_could_not_revoke_unless_it_is_forced() {
    let world = server_with_passwords().await;
    world.run_with(&["login", "--email", "ada@example.com", "--password-stdin"], "correct horse battery\n");
    world.refuse("DELETE", OWN, problem(500, "internal", "Something broke here.")).await;
    insta::assert_snapshot!("logout_kept", world.run(&["logout"]).snapshot(&world));
    assert!(std::fs::read_to_string(world.settings()).expect("there").contains(TOKEN));
    insta::assert_snapshot!("logout_forced", world.run(&["logout", "--force"]).snapshot(&world));
    assert!(!std::fs::read_to_string(world.settings()).expect("there").contains(TOKEN));
}

#[tokio::test]
async fn logout_from_a_server_that_is_away_says_so_and_keeps_or_forgets_as_told() {
    let world = server_with_passwords().await;
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    let gone = format!("http://127.0.0.1:{port}");
    world.run_with(&["login", "--email", "ada@example.com", "--password-stdin"], "correct horse battery\n");
    let file = world.settings();
    let moved = std::fs::read_to_string(&file).expect("there").replace(&world.server.uri(), &gone);
    std::fs::write(&file, moved).expect("written");
    let run = |arguments: &[&str]| {
        let mut command = world.command(arguments);
        command.env("VIVIER_URL", &gone);
        crate::world::finished(&mut assert_cmd::Command::from_std(command))
    };
    let kept = run(&["logout", "--json"]);
    assert_eq!(kept.code, 6, "{}", kept.err);
    assert!(kept.err.contains("--force") && std::fs::read_to_string(&file).expect("there").contains(TOKEN), "{}", kept.err);
    let forced = run(&["logout", "--force", "--json"]);
    assert_eq!((forced.code, forced.json()["revoked"].clone()), (0, json!(false)), "{}", forced.err);
    assert!(!std::fs::read_to_string(&file).expect("there").contains(TOKEN));
}

#[tokio::test]
async fn logout_with_a_token_that_is_worth_nothing_any_more_forgets_it() {
    let world = server_with_passwords().await;
    world.run_with(&["login", "--email", "ada@example.com", "--password-stdin"], "correct horse battery\n");
    world.refuse("DELETE", OWN, problem(401, "unauthorized", "The API token is unknown.")).await;
    let ran = world.run(&["logout"]);
    assert_eq!((ran.code, ran.out.contains("not valid any more")), (0, true), "{} {}", ran.out, ran.err);
    assert!(!std::fs::read_to_string(world.settings()).expect("there").contains(TOKEN));
}

#[tokio::test]
async fn a_broken_settings_file_is_named_without_being_quoted() {
    let world = server_with_passwords().await;
    std::fs::create_dir_all(world.settings().parent().expect("a folder")).expect("made");
    std::fs::write(world.settings(), format!("default = \"x\"\n[servers.\"x\"]\ntoken = {TOKEN}\n")).expect("written");
    let ran = world.run(&["whoami"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("line 3") && !ran.err.contains(TOKEN), "{}", ran.err);
}

#[tokio::test]
async fn tokens_are_listed_made_and_revoked() {
    let world = World::new().await;
    world.answer("GET", "/v1/tokens", 200, json!({ "items": [token_out(None)] })).await;
    world.answer("POST", "/v1/tokens", 201, token_out(Some("viv_new"))).await;
    world.answer("DELETE", &format!("/v1/tokens/{TOKEN_ID}"), 204, json!(null)).await;
    insta::assert_snapshot!("tokens_ls", world.run(&["tokens", "ls"]).snapshot(&world));
    assert_eq!(world.run(&["tokens", "ls", "--json"]).json()[0]["id"], TOKEN_ID);
    let made = world.run(&["tokens", "create", "ci", "--scope", "read", "--scope", "chat", "--expires-in-days", "30"]);
    insta::assert_snapshot!("tokens_create", made.snapshot(&world));
    assert_eq!(world.only_body("POST", "/v1/tokens").await, json!({ "name": "ci", "scopes": ["read", "chat"], "expires_in_days": 30 }));
    let revoked = world.run(&["tokens", "rm", TOKEN_ID]);
    assert_eq!((revoked.code, revoked.out.as_str()), (0, "tok_01k0000000000000000000000a is revoked.\n"));
    assert_eq!(world.run(&["tokens", "create", "ci"]).code, 2, "a token without a scope makes no sense");
}

#[tokio::test]
async fn what_only_a_person_may_do_asks_for_the_password_and_ends_its_session() {
    let world = server_with_passwords().await;
    assert_eq!(world.run_with(&["login", "--token"], TOKEN).code, 0);
    let detail = "An API token cannot do this. Sign in with the account's address and password.";
    Mock::given(method("POST"))
        .and(path("/v1/tokens"))
        .and(header_exists("authorization"))
        .respond_with(ResponseTemplate::new(403).set_body_raw(problem(403, "session_required", detail).to_string(), "application/problem+json"))
        .with_priority(1)
        .mount(&world.server)
        .await;
    insta::assert_snapshot!("tokens_create_without_terminal", world.run(&["tokens", "create", "ci", "--scope", "read"]).snapshot(&world));
    let ran = world.run_with(&["tokens", "create", "ci", "--scope", "read", "--password-stdin"], "correct horse battery\n");
    assert_eq!((ran.code, ran.out.trim()), (0, TOKEN), "{}", ran.err);
    assert_eq!(world.requests("POST", "/v1/auth/logout").await.len(), 1);
}

#[tokio::test]
async fn without_a_terminal_a_second_factor_leads_to_a_token() {
    let world = World::signed_out().await;
    let step = |kinds: &[&str]| json!({ "token": "first-step", "kinds": kinds, "expires_at": ago(-300) });
    Mock::given(method("POST"))
        .and(path("/v1/auth/login"))
        .respond_with(ResponseTemplate::new(202).set_body_json(step(&["app", "recovery_code"])))
        .mount(&world.server)
        .await;
    let ran = world.run_with(&["login", "--email", "ada@example.com", "--password-stdin"], "correct horse battery\n");
    insta::assert_snapshot!("login_second_factor", ran.snapshot(&world));
    assert!(!world.settings().exists(), "nobody is signed in");
}

#[tokio::test]
async fn jobs_are_listed_tried_again_and_thrown_away() {
    const JOB: &str = "job_01k0000000000000000000000a";
    let world = World::new().await;
    let job = |state: &str, error: Option<&str>| json!({ "id": JOB, "kind": "mail", "state": state, "attempts": 20, "created_at": ago(7_300), "run_at": ago(600), "error": error });
    let dead = job("dead", Some("mail.example.com:587 does not take mail for this address: no such \u{1b}[31muser"));
    serde_json::from_value::<vivier_core::wire::jobs::JobOut>(dead.clone()).expect("the language of the real one");
    Mock::given(method("GET"))
        .and(path("/v1/operator/jobs"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "items": [dead] })))
        .mount(&world.server)
        .await;
    Mock::given(method("POST"))
        .and(path(format!("/v1/operator/jobs/{JOB}/retry")))
        .respond_with(ResponseTemplate::new(200).set_body_json(job("waiting", None)))
        .mount(&world.server)
        .await;
    Mock::given(method("DELETE")).and(path(format!("/v1/operator/jobs/{JOB}"))).respond_with(ResponseTemplate::new(204)).mount(&world.server).await;
    insta::assert_snapshot!("operator_jobs", world.run(&["operator", "jobs"]).snapshot(&world));
    insta::assert_snapshot!("operator_job_retry", world.run(&["operator", "job", "retry", JOB]).snapshot(&world));
    insta::assert_snapshot!("operator_job_discard", world.run(&["operator", "job", "discard", JOB]).snapshot(&world));
}
