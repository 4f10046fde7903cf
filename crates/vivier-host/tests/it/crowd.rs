//! A whole host of tenants: 250 networks with their doors on one machine, made all at once, lost, mended and taken away.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use vivier_core::agent::GATEWAY_PORT;
use vivier_core::id::DeploymentId;
use vivier_core::runtime::{Runtime, RuntimeErrorKind, Scope, Stage, WorkloadSpec};
use vivier_host::firewall::Bridge;

use crate::hostile::attempts;
use crate::support::{Bench, run};

const TENANTS: usize = 250;
/// In all. Two cores need a minute for it; the same ones, with this test running twice and others beside it, 160 s.
const PATIENCE: Duration = Duration::from_secs(300);
/// How many look at the same time, as `serve` would.
const LOOKS: usize = 16;

/// Says how long a part took; `cargo nextest run --no-capture` shows it.
struct Watch(Instant);

impl Watch {
    fn lap(&mut self, what: &str) {
        eprintln!("{what}: {:.1} s", self.0.elapsed().as_secs_f64());
        self.0 = Instant::now();
    }
}

/// Volume, network and firewall for `spec`; on other addresses when these are in use on this machine, as `serve` does it.
async fn prepare(bench: &Bench, mut spec: WorkloadSpec) -> WorkloadSpec {
    loop {
        match bench.runtime.apply(&spec, Stage::Storage).await {
            Ok(()) => return spec,
            Err(error) if error.kind == RuntimeErrorKind::Conflict => {
                bench.runtime.remove(spec.deployment, Scope::Workload).await.expect("nothing is left of the try");
                spec.subnet = bench.subnet();
            }
            Err(error) => panic!("{error}: {}", error.detail),
        }
    }
}

/// The doors that the kernel's table has open, by bridge, as `nft` itself tells them.
fn doors(bench: &Bench) -> BTreeMap<String, String> {
    let listed: serde_json::Value =
        serde_json::from_str(&run("nft", &["-j", "list", "set", "inet", bench.runtime.firewall().table(), "doors"])).expect("a listing");
    let set = listed["nftables"].as_array().expect("items").iter().find_map(|item| item.get("set")).expect("the set");
    let words = |element: &serde_json::Value| -> Vec<String> {
        element["concat"].as_array().expect("a tuple").iter().map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned)).collect()
    };
    set["elem"].as_array().into_iter().flatten().map(words).map(|words| (words[0].clone(), words[1..].join(" "))).collect()
}

/// The doors that `specs` shall have.
fn wanted(bench: &Bench, specs: &[WorkloadSpec]) -> BTreeMap<String, String> {
    let door = |spec: &WorkloadSpec| {
        let bridge = Bridge::of(bench.runtime.installation(), spec.deployment).as_str().to_owned();
        (bridge, format!("{} {} {}", spec.subnet.agent(), spec.subnet.gateway(), spec.subnet.door_socket().port()))
    };
    specs.iter().map(door).collect()
}

/// The bridges of this installation that the kernel has.
fn bridges(bench: &Bench) -> BTreeSet<String> {
    let prefix = Bridge::of(bench.runtime.installation(), DeploymentId::from_uuid(uuid::Uuid::nil())).as_str()[..6].to_owned();
    let names = std::fs::read_dir("/sys/class/net").expect("the kernel's devices").map(|entry| entry.expect("an entry").file_name());
    names.map(|name| name.to_string_lossy().into_owned()).filter(|name| name.starts_with(&prefix)).collect()
}

/// Every one of `specs` looks as it shall: its data is there, and its network (with its door), or is missed.
async fn looks(bench: &Bench, specs: &[WorkloadSpec], network: bool) {
    let look = |spec: &WorkloadSpec| {
        let (id, subnet) = (spec.deployment, spec.subnet);
        async move {
            let seen = bench.runtime.observe(id).await?;
            assert!(seen.data, "{id} has no data");
            assert_eq!(seen.network, network.then_some(subnet), "{id}");
            Ok::<_, vivier_core::runtime::RuntimeError>(())
        }
    };
    let each: Vec<_> = specs.iter().map(look).collect();
    stream::iter(each).buffer_unordered(LOOKS).try_collect::<Vec<()>>().await.expect("looks work");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_and_fifty_tenants_live_on_one_host_each_behind_a_wall_of_its_own() {
    let bench = Bench::crowd();
    let began = Instant::now();
    let mut watch = Watch(began);

    // All at once: how many of them go to the engine at a time is the driver's affair.
    let asked: Vec<WorkloadSpec> = (0..TENANTS).map(|_| bench.spec()).collect();
    let specs: Vec<WorkloadSpec> = futures_util::future::join_all(asked.into_iter().map(|spec| prepare(&bench, spec))).await;
    watch.lap("250 networks made");
    let subnets: BTreeSet<_> = specs.iter().map(|spec| spec.subnet).collect();
    let ids: BTreeSet<_> = specs.iter().map(|spec| spec.deployment).collect();
    assert_eq!((subnets.len(), ids.len(), bridges(&bench).len()), (TENANTS, TENANTS, TENANTS));
    let here: BTreeSet<_> = bench.runtime.inventory().await.expect("an inventory").into_iter().filter_map(|resident| resident.deployment).collect();
    assert_eq!(here, ids);
    watch.lap("inventory");
    assert_eq!(doors(&bench), wanted(&bench, &specs));
    looks(&bench, &specs, true).await;
    watch.lap("250 looks");
    for spec in &specs {
        let bridge = Bridge::of(bench.runtime.installation(), spec.deployment);
        assert_eq!(bench.runtime.firewall().differences(&bridge, spec.subnet).await.expect("a reading"), Vec::<String>::new());
    }
    watch.lap("250 readings of the rules");
    // What is there already costs little to ask for again.
    let again = specs.iter().map(|spec| bench.runtime.apply(spec, Stage::Storage));
    futures_util::future::try_join_all(again).await.expect("applies again");
    watch.lap("250 asked for again");

    // Two of them, picked at random, run: neither reaches the other, nor the other's bridge.
    let random = usize::from(u16::from_ne_bytes(uuid::Uuid::new_v4().as_bytes()[..2].try_into().expect("two bytes")));
    let (one, other) = (&specs[random % TENANTS], &specs[(random + 1 + random % (TENANTS - 1)) % TENANTS]);
    for spec in [one, other] {
        bench.runtime.apply(spec, Stage::Workload).await.expect("applies");
    }
    let unreachable = || {
        for (from, to) in [(one, other), (other, one)] {
            let tries = [format!("tcp {} {GATEWAY_PORT}", to.subnet.agent()), format!("tcp {} {}", to.subnet.gateway(), to.subnet.door_socket().port())];
            assert_eq!(attempts(from.deployment, &tries), ["closed", "closed"], "{tries:?}");
            // The probe works: its own gateway's door is open to it, though nobody listens.
            assert_eq!(attempts(from.deployment, &[format!("tcp {} {}", from.subnet.gateway(), from.subnet.door_socket().port())]), ["refused"]);
        }
    };
    for spec in [one, other] {
        bench.until_started(spec.deployment).await;
    }
    unreachable();
    watch.lap("two of them run, and reach nobody");

    // Somebody flushes the rules while the host runs; and they are gone when it begins, as after a reboot.
    for begins in [false, true] {
        run("nft", &["delete", "table", "inet", bench.runtime.firewall().table()]);
        bench.until(one.deployment, "missed", |look| look.network.is_none()).await;
        looks(&bench, &specs, false).await;
        match begins {
            false => bench.runtime.mend().await.expect("mends"),
            true => bench.runtime.begin().await.expect("begins"),
        }
        assert_eq!(doors(&bench), wanted(&bench, &specs));
        looks(&bench, &specs, true).await;
        unreachable();
        watch.lap(if begins { "lost, and begun anew" } else { "lost, and mended" });
    }

    let gone = specs.iter().map(|spec| bench.runtime.remove(spec.deployment, Scope::Everything));
    futures_util::future::try_join_all(gone).await.expect("all are removed");
    watch.lap("250 removed");
    assert_eq!((bench.left_over(), doors(&bench), bridges(&bench)), (Vec::new(), BTreeMap::new(), BTreeSet::new()));
    assert_eq!(bench.runtime.inventory().await.expect("an inventory"), Vec::new());
    for folder in ["volumes", "delivered"] {
        let left = std::fs::read_dir(bench.runtime.layout().root().join(folder)).expect("a folder").count();
        assert_eq!(left, 0, "{folder}");
    }
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_door_that_is_closed_while_the_rules_are_looked_after_stays_closed() {
    let bench = Bench::new();
    let firewall = bench.runtime.firewall();
    let (going, staying) = (bench.spec(), bench.spec());
    let bridge = |spec: &WorkloadSpec| Bridge::of(bench.runtime.installation(), spec.deployment);
    for spec in [&going, &staying] {
        firewall.ensure(&bridge(spec), spec.subnet).await.expect("opens");
    }
    // The networks are listed, one of them goes, and its door is closed before what was listed is loaded.
    let gone = bridge(&going);
    let (listing, listed) = tokio::sync::oneshot::channel();
    let known: BTreeMap<_, _> = [&going, &staying].map(|spec| (bridge(spec), spec.subnet)).into();
    let mend = firewall.reset(
        async {
            listed.await.expect("told");
            Ok(known)
        },
        false,
    );
    let close = async {
        listing.send(()).expect("heard");
        firewall.close(&gone).await
    };
    let (mended, closed) = tokio::join!(mend, close);
    mended.expect("mends");
    closed.expect("closes");
    assert_eq!(doors(&bench), wanted(&bench, &[staying]));
}
