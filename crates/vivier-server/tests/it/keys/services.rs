//! A whole store on each of the services, and what each of them can do wrong.

use std::sync::Arc;

use serde_json::json;
use vivier_core::id::{AccountId, DeploymentId};
use vivier_server::keys::{DataKey, KeyEncryption as _, KeyError, KeyKind, KeyRing, KeySettings, Owner, Wrapped, aws::AwsKms, transit::Transit};
use vivier_server::store::Store;
use vivier_server::vault::Vault;

use super::moto::Moto;
use super::vault::VaultStandIn;
use crate::support::TestStore;
use crate::support::store::{RULES, account, agent};

fn owner(number: u128) -> Owner {
    Owner::Account(AccountId::from_uuid(uuid::Uuid::from_u128(number)))
}

/// The store of `test` as a process with these settings opens it, with no key in memory.
async fn open(test: &TestStore, settings: &KeySettings) -> Result<Store, String> {
    let ring = KeyRing::open(&test.dir.path().join("keys"), settings).map_err(|error| error.to_string())?;
    let store = Store::open(test.url.as_deref(), test.dir.path(), test.clock.clone(), Arc::new(Vault::new(ring))).await.expect("a store");
    store.open_keys().await.map_err(|error| error.to_string())?;
    Ok(store)
}

async fn provider_key(store: &Store, id: DeploymentId) -> Result<String, String> {
    let work = store.work(id).await.expect("a look").expect("there");
    store.work_secrets(&work).await.map(|secrets| secrets["provider.apiKey"].expose().to_owned()).map_err(|error| error.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_move_from_a_file_to_vault_follow_its_versions_and_move_back() {
    let (test, vault) = (TestStore::sqlite().await, VaultStandIn::start().await);
    test.release().await;
    let (account, actor) = test.account().await;
    let id = test.store.create_deployment(&actor, account, agent("Ada"), &RULES).await.expect("made").id;
    // While the process runs on: what it is told with the command is used at once.
    let moved = test.store.rotate_keys(&vault.settings).await.expect("moved");
    assert_eq!((moved.report.current.as_str(), moved.report.left(), moved.rewrapped), ("vault:transit/vivier:v1", 0, 2));
    assert_eq!(moved.retired.len(), 1);
    assert!(!test.dir.path().join("keys/kek").exists(), "nothing is wrapped by the file any more");
    let store = open(&test, &vault.settings).await.expect("opened");
    assert_eq!(provider_key(&store, id).await.as_deref(), Ok("sk-provider-key-in-clear"));
    // The same version again: there is nothing to do.
    assert_eq!(store.rotate_keys(&vault.settings).await.expect("rotated").rewrapped, 0);
    vault.rotate();
    assert_eq!(store.key_report().await.expect("a report").left(), 2);
    let rotated = store.rotate_keys(&vault.settings).await.expect("rotated");
    assert_eq!((rotated.report.current.as_str(), rotated.rewrapped, vault.calls("rewrap")), ("vault:transit/vivier:v2", 2, 2));
    // Without the section nothing starts, and nothing is made in its place.
    let refused = open(&test, &KeySettings::default()).await.err().expect("refused");
    assert!(refused.contains("2 data keys are wrapped by vault:transit/vivier:v2") && refused.contains("[server.keys.vault]"), "{refused}");
    let back = KeySettings { kind: KeyKind::File, ..vault.settings.clone() };
    let moved = store.rotate_keys(&back).await.expect("moved back");
    assert_eq!((moved.report.current.as_str(), moved.report.left()), ("file:1", 0));
    let store = open(&test, &KeySettings::default()).await.expect("Vault is needed no more");
    assert_eq!(provider_key(&store, id).await.as_deref(), Ok("sk-provider-key-in-clear"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vault_is_asked_once_for_each_account_and_may_then_be_away() {
    let (test, vault) = (TestStore::sqlite().await, VaultStandIn::start().await);
    test.release().await;
    let store = open(&test, &vault.settings).await.expect("opened");
    let mut made = Vec::new();
    for _ in 0..3 {
        let (account, actor) = account(&store).await;
        made.push((account, store.create_deployment(&actor, account, agent("Ada"), &RULES).await.expect("made").id, actor));
    }
    let store = open(&test, &vault.settings).await.expect("opened");
    let before = vault.calls("decrypt");
    for _ in 0..5 {
        for (_, id, _) in &made[..2] {
            provider_key(&store, *id).await.expect("opened");
        }
    }
    assert_eq!(vault.calls("decrypt") - before, 2);
    vault.with(|engine| engine.sealed = true);
    for (_, id, _) in &made[..2] {
        provider_key(&store, *id).await.expect("in memory");
    }
    store.platform_put("x", b"y").await.expect("the platform's own key is in memory too");
    let away = provider_key(&store, made[2].1).await.expect_err("not in memory");
    assert!(away.contains("does not answer") && away.contains("sealed") && away.contains("Agents that run go on"), "{away}");
    // What needs no key goes on, and what does leaves nothing half done.
    let (stranger, actor) = account(&store).await;
    let refused = store.create_deployment(&actor, stranger, agent("Eve"), &RULES).await.expect_err("no key");
    assert!(refused.to_string().contains("does not answer"), "{refused}");
    let error = store.rotate_keys(&vault.settings).await.expect_err("sealed");
    assert!(error.to_string().contains("sealed"), "{error}");
    vault.with(|engine| engine.sealed = false);
    provider_key(&store, made[2].1).await.expect("back");
    store.create_deployment(&actor, stranger, agent("Eve"), &RULES).await.expect("made");
}

#[tokio::test]
async fn every_fault_of_vaults_says_what_to_do_and_shows_no_token() {
    let vault = VaultStandIn::start().await;
    let settings = vault.settings.vault.clone().expect("settings");
    let transit = Transit::open(&settings).expect("a client");
    let key = DataKey::random().expect("a key");
    let wrapped = transit.wrap(owner(1), &key).await.expect("wrapped");
    assert_eq!(transit.unwrap(owner(1), &wrapped).await.expect("unwrapped"), key);
    // Bound to its owner, and to itself.
    assert!(matches!(transit.unwrap(owner(2), &wrapped).await, Err(KeyError::Open { .. })));
    assert!(matches!(transit.rewrap(owner(2), &wrapped).await, Err(KeyError::Open { .. })));
    let mut tampered = wrapped.clone();
    let last = tampered.bytes.len() - 6;
    tampered.bytes[last] = if tampered.bytes[last] == b'A' { b'B' } else { b'A' };
    assert!(matches!(transit.unwrap(owner(1), &tampered).await, Err(KeyError::Open { .. })));

    let say = async |what: &str| {
        let error = transit.unwrap(owner(1), &wrapped).await.expect_err(what);
        assert!(!error.to_string().contains("canary-token"), "{error}");
        (error.is_transient(), error.to_string())
    };
    vault.with(|engine| engine.token = "another".to_owned());
    let (transient, said) = say("a wrong token").await;
    assert!(!transient && said.contains("403 permission denied") && said.contains("transit/decrypt/vivier"), "{said}");
    std::fs::write(&settings.token_file, "another").expect("written");
    transit.unwrap(owner(1), &wrapped).await.expect("the file is read anew");
    std::fs::write(&settings.token_file, "\n").expect("written");
    let (_, said) = say("no token").await;
    assert!(said.contains("holds no token"), "{said}");
    std::fs::write(&settings.token_file, "another").expect("written");
    let versions = vault.with(|engine| std::mem::take(&mut engine.versions));
    let (transient, said) = say("a deleted key").await;
    assert!(!transient && said.contains("encryption key not found"), "{said}");
    vault.with(|engine| engine.versions = versions);
    vault.with(|engine| engine.sealed = true);
    let (transient, said) = say("sealed").await;
    assert!(transient && said.contains("unseal"), "{said}");
    vault.with(|engine| engine.sealed = false);
    vault.with(|engine| engine.slow = 3_000);
    let (transient, said) = say("slow").await;
    assert!(transient && said.contains("no answer within 1 s"), "{said}");
    let nobody = vivier_server::keys::TransitSettings { address: "http://127.0.0.1:9".to_owned(), ..settings };
    let error = Transit::open(&nobody).expect("a client").unwrap(owner(1), &wrapped).await.expect_err("nobody there");
    assert!(error.is_transient(), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_move_to_aws_kms_and_from_one_of_its_keys_to_another() {
    let (test, moto) = (TestStore::sqlite().await, Moto::start().await);
    test.release().await;
    let (account, actor) = test.account().await;
    let id = test.store.create_deployment(&actor, account, agent("Ada"), &RULES).await.expect("made").id;
    let (one, two) = (moto.key().await, moto.key().await);
    test.clock.turn_millis(1_000);
    let moved = test.store.rotate_keys(&moto.settings(&one)).await.expect("moved");
    assert_eq!((moved.report.current.to_string(), moved.report.left(), moved.rewrapped), (format!("aws_kms:{one}"), 0, 2));
    let store = open(&test, &moto.settings(&one)).await.expect("opened");
    assert_eq!(provider_key(&store, id).await.as_deref(), Ok("sk-provider-key-in-clear"));
    // KMS changes what is behind a key's id by itself: everything is wrapped anew.
    test.clock.turn_millis(1_000);
    assert_eq!(store.rotate_keys(&moto.settings(&one)).await.expect("rotated").rewrapped, 2);
    test.clock.turn_millis(1_000);
    assert_eq!(store.rotate_keys(&moto.settings(&two)).await.expect("rotated").rewrapped, 2);
    moto.kms("ScheduleKeyDeletion", json!({ "KeyId": one, "PendingWindowInDays": 7 })).await;
    let store = open(&test, &moto.settings(&two)).await.expect("the old key is needed no more");
    assert_eq!(provider_key(&store, id).await.as_deref(), Ok("sk-provider-key-in-clear"));
}

#[tokio::test]
async fn every_fault_of_kms_says_what_to_do_and_shows_no_secret() {
    let moto = Moto::start().await;
    let arn = moto.key().await;
    let settings = moto.settings(&arn).aws_kms.expect("settings");
    let kms = AwsKms::open(&settings).expect("a client");
    let key = DataKey::random().expect("a key");
    let wrapped = kms.wrap(owner(1), &key).await.expect("wrapped");
    assert_eq!(kms.unwrap(owner(1), &wrapped).await.expect("unwrapped"), key);
    assert!(matches!(kms.unwrap(owner(2), &wrapped).await, Err(KeyError::Open { .. })), "the encryption context is another");
    let mut tampered = wrapped.clone();
    let last = tampered.bytes.len() - 1;
    tampered.bytes[last] ^= 1;
    assert!(kms.unwrap(owner(1), &tampered).await.is_err());
    let gone = vivier_server::keys::KmsSettings { key_id: "11111111-2222-3333-4444-555555555555".to_owned(), ..settings.clone() };
    let error = AwsKms::open(&gone).expect("a client").wrap(owner(1), &key).await.expect_err("no such key");
    assert!(!error.is_transient() && error.to_string().contains("cannot come back"), "{error}");
    let nobody = vivier_server::keys::KmsSettings { endpoint: Some("http://127.0.0.1:9".to_owned()), ..settings.clone() };
    let error = AwsKms::open(&nobody).expect("a client").unwrap(owner(1), &wrapped).await.expect_err("nobody there");
    assert!(error.is_transient() && !error.to_string().contains("canary-aws-secret"), "{error}");
    std::fs::write(settings.credentials_file.expect("a file"), "[default]\n").expect("written");
    let error = kms.unwrap(owner(1), &Wrapped { ..wrapped }).await.expect_err("no credentials");
    assert!(error.to_string().contains("[vivier]"), "{error}");
}

#[tokio::test]
async fn a_request_is_signed_as_amazons_own_library_signs_it() {
    // moto believes every signature: what is sent is signed once more by botocore, which comes with it.
    const AGAIN: &str = "import json, sys\nfrom botocore.auth import SigV4Auth\nfrom botocore.awsrequest import AWSRequest\nfrom botocore.credentials import Credentials\n\
        said = json.load(sys.stdin)\nrequest = AWSRequest(method='POST', url=said['url'], data=said['body'].encode(), headers=said['headers'])\n\
        request.context['timestamp'] = said['headers']['x-amz-date']\nauth = SigV4Auth(Credentials('AKIDEXAMPLE', 'canary-aws-secret'), 'kms', 'eu-central-1')\n\
        print(auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request))";
    let moto = Moto::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (told, mut heard) = tokio::sync::mpsc::channel(1);
    let router = axum::Router::new().fallback(move |headers: axum::http::HeaderMap, body: String| async move {
        drop(told.send((headers, body)).await);
        axum::http::StatusCode::SERVICE_UNAVAILABLE
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    let settings = vivier_server::keys::KmsSettings { endpoint: Some(url.clone()), ..moto.settings("alias/vivier").aws_kms.expect("settings") };
    let kms = AwsKms::open(&settings).expect("a client");
    assert!(kms.wrap(owner(1), &DataKey::random().expect("a key")).await.is_err_and(|error| error.is_transient()));
    let (headers, body) = heard.recv().await.expect("a request");
    let header = |name: &str| headers[name].to_str().expect("text").to_owned();
    let signed: serde_json::Map<_, _> =
        ["content-type", "host", "x-amz-date", "x-amz-target"].iter().map(|name| ((*name).to_owned(), json!(header(name)))).collect();
    let said = json!({ "url": format!("{url}/"), "body": body, "headers": signed }).to_string();
    let again = Moto::python(AGAIN, &said);
    assert!(header("authorization").ends_with(&format!("Signature={}", again.trim())), "{} is not {again}", header("authorization"));
}
