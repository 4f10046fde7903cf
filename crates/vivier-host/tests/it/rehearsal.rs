//! Rehearsals with the real OpenClaw: what would work is told from what would not, and the agent does not notice.

use serde_json::json;
use vivier_core::runtime::{ContainerPhase, Drain, Runtime, Scope, Stage};

use crate::support::{Bench, docker};

#[tokio::test]
async fn a_change_is_tried_on_a_copy_while_the_real_agent_works_on() {
    let bench = Bench::real();
    let spec = bench.spec();
    let id = spec.deployment;
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    let before = bench.until_started(id).await.container.expect("a container");
    let state = bench.runtime.layout().state(id);
    std::fs::write(state.join("letter"), "as it was").expect("the agent's data");

    let mut good = spec.clone();
    good.generation += 1;
    let rehearsal = bench.runtime.rehearse(&good, None).await.expect("it can be tried");
    assert!(rehearsal.passed, "{rehearsal:#?}");

    let mut bad = spec.clone();
    bad.config["nonsense"] = json!(1);
    let rehearsal = bench.runtime.rehearse(&bad, None).await.expect("it can be tried");
    assert!(!rehearsal.passed && rehearsal.findings.iter().any(|finding| finding.contains("nonsense")), "{rehearsal:#?}");
    assert_eq!(rehearsal.findings[0], "openclaw config validate ended with code 1");

    let look = bench.until_started(id).await;
    let after = look.container.expect("a container");
    assert_eq!((after.id, look.config), (before.id, Some(spec.config_digest())));
    assert!(matches!(after.phase, ContainerPhase::Running { .. }), "{:?}", after.phase);
    assert_eq!(std::fs::read_to_string(state.join("letter")).expect("it is there"), "as it was");
    // Asked to finish, a gateway that does nothing is idle at once and takes no call any more; told to go on, it takes the next.
    assert_eq!(bench.runtime.drain(id).await.expect("asked"), Drain::Idle);
    let gateway = spec.subnet.agent_socket();
    let fenced = vivier_host::gateway::rpc(gateway, "config.get", json!({})).await.expect_err("it is closed");
    assert!(fenced.to_string().contains("suspend"), "{fenced}");
    assert_eq!(bench.runtime.drain(id).await.expect("asked again"), Drain::Idle);
    bench.runtime.undrain(id).await.expect("taken back");
    vivier_host::gateway::rpc(gateway, "config.get", json!({})).await.expect("it is open again");
    // Nothing is left of it: neither the copy of the data nor that of the secrets, nor a container.
    assert!(!bench.runtime.layout().rehearsal(id).exists() && !bench.runtime.layout().rehearsal_secrets(id).exists());
    assert_eq!(docker(&["ps", "-aq", "--filter", &format!("name=vivier-rehearsal-{id}")]), "");
    bench.runtime.remove(id, Scope::Everything).await.expect("removes");
    assert_eq!(bench.left_over(), Vec::<String>::new());
}
