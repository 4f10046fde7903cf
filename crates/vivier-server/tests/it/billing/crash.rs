//! Death between charge, books and runtime: after every commit, and after every effect at Stripe, for each of them. Another process takes
//! over, and books, Stripe and runtime agree as if nothing had happened.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use vivier_core::billing::Stage;
use vivier_core::id::DeploymentId;
use vivier_core::plan::PlanName;

use super::shop::Shop;
use crate::support::eventually;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Deed {
    Pay,
    Fail,
    PlanUp,
    Renew,
    CancelNow,
    Delete,
}

#[derive(Clone, Copy, Debug)]
enum Death {
    Commit(i64),
    Effect(u64),
}

/// Does `deed` in a shop whose process dies, and lets another finish. Whether it died at all.
async fn survives(deed: Deed, death: Death) -> bool {
    let mut shop = Shop::new().await;
    let (id, subscription, session) = match deed {
        Deed::Pay => {
            let id = shop.deploy("starter").await;
            let session = shop.checkout(id, None).await;
            (id, String::new(), session)
        }
        Deed::Fail | Deed::PlanUp | Deed::Renew | Deed::CancelNow | Deed::Delete => {
            let (id, subscription) = shop.paid("starter").await;
            shop.until_state(id, "running").await;
            (id, subscription, String::new())
        }
    };
    if deed == Deed::Renew {
        // Suspended by its owner: a month that is not billed.
        shop.api.post(&shop.who, &format!("/v1/deployments/{id}/suspend"), &serde_json::json!(null)).await.ok(202);
        eventually("it is stopped", || async { (!shop.world().fake.running(id)).then_some(()) }).await;
        shop.until_state(id, "suspended").await;
    }
    shop.applied().await;
    shop.api.world.stop().await;
    let before = shop.letters(if deed == Deed::Pay { 0 } else { 1 }).await.len();
    let mut invoice = String::new();
    // What happens outside.
    match deed {
        Deed::Pay => drop(shop.stripe.pay(&session)),
        Deed::Fail => drop(shop.stripe.fail(&subscription)),
        Deed::Renew => {
            shop.turn_days(30);
            invoice = shop.stripe.renew(&subscription, shop.world().now().as_millis() / 1_000 + 30 * 86_400);
        }
        Deed::CancelNow => shop.stripe.set_status(&subscription, "canceled", Some("cancellation_requested")),
        Deed::PlanUp => {
            let store = shop.world().test.reopen().await;
            let rules = shop.world().app.settings.rules();
            store.edit_deployment(&shop.world().actor, shop.account, id, None, Some(PlanName::Pro), &rules).await.expect("asked");
        }
        Deed::Delete => {
            let store = shop.world().test.reopen().await;
            store.ask(&shop.world().actor, shop.account, id, vivier_core::lifecycle::Ask::Terminate, &crate::support::store::RULES).await.expect("asked");
        }
    }
    shop.deliver().await;
    let blown = Arc::new(tokio::sync::Notify::new());
    match death {
        Death::Effect(n) => shop.stripe.set_fuse(Some(n)),
        Death::Commit(n) => {
            let fuse = Arc::new(AtomicI64::new(n));
            let told = blown.clone();
            let world = &mut shop.api.world;
            world.app.store = world.app.store.clone().with_commit_hook(Arc::new(move || {
                let (fuse, told) = (fuse.clone(), told.clone());
                Box::pin(async move {
                    if fuse.fetch_sub(1, Ordering::SeqCst) <= 0 {
                        told.notify_one();
                        std::future::pending::<()>().await;
                    }
                })
            }));
        }
    }
    shop.api.world.start();
    let died = tokio::select! {
        () = blown.notified() => true,
        () = eventually("the fuse blows", || async { shop.stripe.blown().then_some(()) }) => true,
        () = converged(&shop, deed, id, &invoice) => false,
    };
    shop.stripe.set_fuse(None);
    shop.api.world.kill().await;
    shop.api.world.start();
    converged(&shop, deed, id, &invoice).await;
    agree(&shop, deed, id, &subscription, &invoice, before).await;
    died
}

/// The end that the deed leads to has been reached, whatever way it went.
async fn converged(shop: &Shop, deed: Deed, id: DeploymentId, invoice: &str) {
    eventually(&format!("{deed:?} ends"), || async {
        let store = shop.world().test.store.clone();
        let bill = store.billed(id).await.expect("the store")?;
        let waiting = store.event_backlog().await.expect("the store").0;
        let running = shop.world().fake.running(id);
        let reached = match deed {
            Deed::Pay => bill.stage == Stage::Good && running && !shop.stripe.live().is_empty(),
            Deed::Fail => bill.stage == Stage::Grace && running,
            Deed::PlanUp => bill.plan == PlanName::Pro && bill.wanted.is_none(),
            Deed::Renew => store.invoice(invoice).await.expect("the store")?.settled_at.is_some(),
            Deed::CancelNow => bill.stage == Stage::Suspended && !running && bill.final_of.is_some(),
            Deed::Delete => bill.stage == Stage::Ended && !running && bill.final_of.is_some(),
        };
        (reached && waiting == 0).then_some(())
    })
    .await;
}

async fn agree(shop: &Shop, deed: Deed, id: DeploymentId, subscription: &str, invoice: &str, letters_before: usize) {
    let customer = shop.stripe.customers().remove(0);
    let letters = match deed {
        Deed::Pay | Deed::Fail | Deed::CancelNow => letters_before + 1,
        Deed::PlanUp | Deed::Renew | Deed::Delete => letters_before,
    };
    assert_eq!(shop.letters(letters).await.len(), letters, "each letter once");
    match deed {
        Deed::Pay => assert_eq!((shop.stripe.live().len(), shop.stripe.charged(), shop.stripe.credit(&customer)), (1, 900, 0)),
        Deed::Fail => assert_eq!(shop.stripe.live().len(), 1),
        Deed::PlanUp => {
            assert_eq!(shop.stripe.subscription(subscription)["items"]["data"][0]["price"]["id"], "price_pro");
            let moves = shop.stripe.effects().iter().filter(|effect| effect.starts_with("POST /v1/subscriptions/")).count();
            assert_eq!(moves, 1, "charged once");
        }
        Deed::Renew => {
            let lines = shop.stripe.lines(invoice);
            let ours: Vec<_> = lines.iter().filter(|line| line["metadata"]["vivier"] == "unbilled").filter_map(|line| line["amount"].as_i64()).collect();
            assert!(ours.len() == 1 && (-900..=-898).contains(&ours[0]), "taken off once: {lines:?}");
            assert_eq!(shop.stripe.credit(&customer), 0);
        }
        Deed::CancelNow | Deed::Delete => {
            assert!(shop.stripe.live().is_empty());
            let gifts = shop.stripe.effects().iter().filter(|effect| effect.ends_with("/balance_transactions")).count();
            assert_eq!(gifts, 1, "given back once");
            assert!((890..=900).contains(&shop.stripe.credit(&customer)), "{}", shop.stripe.credit(&customer));
            assert!(!shop.world().fake.running(id));
        }
    }
}

async fn every_death(deed: Deed) {
    let mut commits = 0;
    while survives(deed, Death::Commit(commits)).await {
        commits += 1;
    }
    let mut effects = 0;
    while survives(deed, Death::Effect(effects)).await {
        effects += 1;
    }
    println!("{deed:?}: died after each of {commits} commits and {effects} effects at Stripe");
    assert!(commits >= 2, "{deed:?} has {commits} commits");
}

macro_rules! deaths {
    ($($name:ident: $deed:ident),* $(,)?) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            every_death(Deed::$deed).await;
        })*
    };
}

deaths! {
    a_payment_survives_a_death_at_every_step: Pay,
    a_failed_payment_survives_a_death_at_every_step: Fail,
    a_change_of_plan_survives_a_death_at_every_step: PlanUp,
    an_invoice_survives_a_death_at_every_step: Renew,
    a_cancellation_survives_a_death_at_every_step: CancelNow,
    a_deletion_survives_a_death_at_every_step: Delete,
}
