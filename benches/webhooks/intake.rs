//! The intake of webhooks: a server with its store on this machine, senders beside it, and at the end a count of what is kept.
//!
//! Usage: `webhooks [--events N] [--senders N] [--database-url URL]`. Each event is signed and sent once, one in twenty a second time.
//! Prints events a second and latencies; fails when an event that was answered is not kept, or is kept twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use vivier_core::runtime::fake::FakeRuntime;
use vivier_core::secret::Secret;
use vivier_server::billing::stripe::signature;
use vivier_server::billing::{Billing, BillingSettings, Provider};
use vivier_server::clock::{Clock as _, SystemClock};
use vivier_server::runtimes::FixedImages;
use vivier_server::store::Store;
use vivier_server::vault::Vault;
use vivier_server::{App, Config};

const SECRET: &str = "whsec_of_the_benchmark";

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let option = |name: &str| std::env::args().skip_while(|each| each != name).nth(1);
    let events: u64 = option("--events").map_or(Ok(20_000), |text| text.parse())?;
    let senders: u64 = option("--senders").map_or(Ok(32), |text| text.parse())?;
    let database = option("--database-url");

    let dir = tempfile::tempdir()?;
    let (key, hook) = (dir.path().join("key"), dir.path().join("hook"));
    std::fs::write(&key, "sk_of_the_benchmark")?;
    std::fs::write(&hook, SECRET)?;
    let billing = BillingSettings { provider: Provider::Stripe, secret_key_file: key, webhook_secret_file: hook, ..BillingSettings::default() };
    let settings = Config { data_dir: dir.path().to_owned(), billing: billing.clone(), ..Config::default() };
    let clock = Arc::new(SystemClock);
    let vault = Arc::new(Vault::open(&dir.path().join("keys"))?);
    let store = Store::open(database.as_deref(), dir.path(), clock.clone(), vault).await?;
    store.open_keys().await?;
    let before = store.count_events().await?;
    let runtime = FakeRuntime::new([], || SystemClock.now());
    let app = App::new(store.clone(), Arc::new(runtime), Arc::new(FixedImages::new(Vec::new())), clock, settings).with_billing(Billing::open(&billing)?);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/v1/billing/webhook", listener.local_addr()?);
    let router = vivier_server::http::router(app);
    let server = tokio::spawn(async move { axum::serve(listener, router).await });

    let run = uuid::Uuid::new_v4().simple().to_string();
    let next = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let workers: Vec<_> = (0..senders)
        .map(|_| {
            let (url, run, next) = (url.clone(), run.clone(), next.clone());
            tokio::spawn(async move { send(&url, &run, &next, events).await })
        })
        .collect();
    let mut took = Vec::new();
    for worker in workers {
        took.extend(worker.await??);
    }
    let elapsed = begun.elapsed();
    server.abort();

    let kept = store.count_events().await? - before;
    anyhow::ensure!(kept == events, "{events} events were answered, and {kept} are kept");
    took.sort_unstable();
    let at = |share: usize| took[(took.len() - 1) * share / 100].as_micros();
    let rate = u128::from(events) * 1_000_000 / elapsed.as_micros().max(1);
    println!(
        "{events} events, {} requests, {senders} senders: {rate} events/s; half within {} µs, 99 of 100 within {} µs; all kept, each once",
        took.len(),
        at(50),
        at(99)
    );
    Ok(())
}

/// Sends events until there are no more; how long each request took.
async fn send(url: &str, run: &str, next: &AtomicU64, events: u64) -> anyhow::Result<Vec<Duration>> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let secret = Secret::new(SECRET);
    let mut took = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= events {
            return Ok(took);
        }
        // As large as a subscription's is in life.
        let pad = "x".repeat(3_500);
        let object = serde_json::json!({ "id": format!("sub_{number}"), "object": "subscription", "pad": pad });
        let event =
            serde_json::json!({ "id": format!("evt_{run}_{number}"), "type": "customer.subscription.updated", "data": { "object": object } }).to_string();
        for _ in 0..if number.is_multiple_of(20) { 2 } else { 1 } {
            let signed = signature::sign(event.as_bytes(), &secret, SystemClock.now());
            let begun = Instant::now();
            let answer = client.post(url).header("stripe-signature", signed).body(event.clone()).send().await?;
            if !answer.status().is_success() {
                let status = answer.status();
                let text = answer.text().await?;
                anyhow::bail!("{status}: {text}");
            }
            took.push(begun.elapsed());
        }
    }
}
