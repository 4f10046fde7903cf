//! What still works while `serve` is down.

use std::os::unix::fs::PermissionsExt;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::Full;
use vivier_core::provider::KeyHeader;
use vivier_core::secret::Secret;
use vivier_core::wire::edge::{Doors, Grant, ModelDoor};

use crate::world::{Town, ask, eventually, route};

#[tokio::test]
async fn while_serve_is_down_agents_stay_reachable_and_the_dashboard_says_so() {
    let mut town = Town::new().await;
    let pass = town.pass(1);
    town.serve.tokens.lock().expect("no panic").insert(
        "viv_known".to_owned(),
        Grant { account: pass.account, deployment: pass.deployment, session: None, expires_at: pass.expires_at.plus_seconds(3600) },
    );
    let program = |town: &Town, token: &str| {
        town.request("GET", "ada.localhost", "/v1/models").header("authorization", format!("Bearer {token}")).body(Full::<Bytes>::default())
    };
    assert_eq!(town.ask(program(&town, "viv_known").expect("a request")).await.status, StatusCode::OK);
    town.serve_down();
    eventually("the edge notices", || async { town.health().await["serve"] == "down" }).await;
    assert_eq!(town.open("/").await.status, StatusCode::OK);
    assert_eq!(town.ask(program(&town, "viv_known").expect("a request")).await.status, StatusCode::OK, "known tokens still open");
    let unknown = town.ask(program(&town, "viv_unknown").expect("a request")).await;
    assert_eq!((unknown.status, unknown.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "2"));

    let page = town.ask(town.request("GET", "localhost", "/").header("accept", "text/html").body(Full::default()).expect("a request")).await;
    assert_eq!((page.status, page.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "2"));
    assert!(page.body.contains("restarting"));
    let problem = town.ask(town.request("GET", "localhost", "/v1/deployments").body(Full::default()).expect("a request")).await;
    assert_eq!(problem.json()["code"], "serve_down");
    let code =
        town.ask(town.request("GET", "ada.localhost", "/.vivier/session?code=c").header("accept", "text/html").body(Full::default()).expect("a request")).await;
    assert_eq!(code.status, StatusCode::SERVICE_UNAVAILABLE);

    // A new serve counts from 1 again, in another epoch: its table is taken all the same.
    town.serve.change(|table| {
        table.epoch = 2;
        table.version = 0;
        table.routes.truncate(1);
    });
    town.serve_up();
    town.settled().await;
    assert_eq!(town.health().await["routes"]["agents"], 1);
    assert_eq!(town.ask(town.request("GET", "localhost", "/").body(Full::default()).expect("a request")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_edge_that_restarts_alone_lets_signed_in_browsers_through_and_keeps_no_secret_on_disk() {
    let mut town = Town::new().await;
    town.change(|table| {
        let mut ada = route("ada", 1, Some(town.upstream));
        ada.subnet = Some("10.77.0.0/28".parse().expect("a subnet"));
        ada.doors = Doors {
            model: Some(ModelDoor {
                virtual_key: Secret::new("virtual-SECRET-1"),
                base_url: "http://127.0.0.1:1/v1".to_owned(),
                key: Some(Secret::new("real-SECRET-2")),
                key_header: KeyHeader::Bearer,
            }),
            channels: Vec::new(),
        };
        table.routes[0] = ada;
        table.ended_sessions = vec![crate::world::session(5)];
    })
    .await;
    town.end().await;
    town.serve_down();

    let folder = town.config.data_dir.join("edge");
    let table = std::fs::read_to_string(folder.join("routes.json")).expect("it is remembered");
    let key = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, crate::world::KEY);
    for secret in ["SECRET", &key] {
        assert!(!table.contains(secret), "{secret} is on disk");
    }
    for name in ["routes.json", "cookie-key"] {
        let mode = std::fs::metadata(folder.join(name)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }

    town.start().await;
    eventually("the edge is up", || async { town.health().await["ok"] == true }).await;
    assert_eq!(town.health().await["serve"], "down");
    assert_eq!(town.open("/").await.status, StatusCode::OK);
    let request = town.request("GET", "ada.localhost", "/").header("cookie", town.cookie(2)).body(Full::default()).expect("a request");
    assert_eq!(town.ask(request).await.status, StatusCode::UNAUTHORIZED);

    town.door_open().await;
    let call = |token: &str| {
        http::Request::post("/model/chat/completions").header("host", "door").header("authorization", format!("Bearer {token}")).body(Full::<Bytes>::default())
    };
    let answer = ask(town.knock(town.tenant).await, call("virtual-SECRET-1").expect("a request")).await;
    assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "5"));
    assert_eq!(answer.json()["error"]["code"], "gateway_waiting");

    town.serve_up();
    eventually("serve is back", || async { town.health().await["serve"] == "up" }).await;
    let answer = ask(town.knock(town.tenant).await, call("virtual-SECRET-1").expect("a request")).await;
    assert_eq!(answer.json()["error"]["code"], "private_address", "the key is known again");
}

#[tokio::test]
async fn a_spoilt_memory_is_no_reason_not_to_start() {
    let mut town = Town::new().await;
    town.end().await;
    std::fs::write(town.config.data_dir.join("edge/routes.json"), "{\"version\":").expect("writes");
    town.start().await;
    town.settled().await;
    assert_eq!(town.open("/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn two_edges_do_not_fight_for_one_folder() {
    let town = Town::new().await;
    let second = vivier_edge::Edge::bind(town.config.clone(), vivier_edge::World::default()).await;
    assert!(second.err().expect("refused").to_string().contains("another edge"));
}
