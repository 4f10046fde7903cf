//! A `serve` that has been taken over asks for what it must not have.

use serde_json::{Value, json};
use vivier_core::plan::{PlanName, Plans};
use vivier_core::runtime::{RuntimeErrorKind, Stage, WorkloadSpec};
use vivier_host::{Config, policy};

/// A specification as `serve` makes it.
fn honest() -> WorkloadSpec {
    of(PlanName::Starter)
}

fn of(plan: PlanName) -> WorkloadSpec {
    use vivier_core::config::{Document, Surroundings, render};
    let subnet: vivier_core::runtime::Subnet = "10.90.0.16/28".parse().expect("a subnet");
    let limits = Plans::default().get(plan).limits;
    let tuning = vivier_core::agent::Tuning::of(limits.memory_bytes);
    let around = Surroundings { origin: "http://ada.localhost:8080", subnet, tuning: &tuning, provider: None, channels: &[] };
    WorkloadSpec {
        deployment: vivier_core::id::DeploymentId::from_uuid(uuid::Uuid::from_u128(1)),
        account: vivier_core::id::AccountId::from_uuid(uuid::Uuid::from_u128(2)),
        generation: 1,
        image: vivier_core::digest::Digest::of("image"),
        limits,
        subnet,
        config: render(&Document::parse("{}").expect("a document"), &around),
        node_flags: tuning.node_flags,
        env: tuning.env,
        secrets: vivier_core::runtime::SecretsDocument::default(),
    }
}

#[test]
fn what_every_plan_asks_for_is_granted() {
    for plan in PlanName::ALL {
        policy::check(&of(plan), Stage::Workload, &Config::default()).unwrap_or_else(|error| panic!("{plan}: {error}"));
    }
}

#[test]
fn hostile_requests_are_refused_by_field() {
    type Change = Box<dyn Fn(&mut WorkloadSpec)>;
    fn env(key: &'static str, value: &'static str) -> Change {
        Box::new(move |spec| drop(spec.env.insert(key.to_owned(), value.to_owned())))
    }
    fn flag(flag: &'static str) -> Change {
        Box::new(move |spec| spec.node_flags.push(flag.to_owned()))
    }
    fn set(path: &'static str, value: Value) -> Change {
        Box::new(move |spec| {
            let mut node = &mut spec.config;
            for part in path.split('.') {
                node = &mut node[part];
            }
            *node = value.clone();
        })
    }
    fn change(work: impl Fn(&mut WorkloadSpec) + 'static) -> Change {
        Box::new(work)
    }
    let cases: Vec<(&str, &str, Change)> = vec![
        ("too much memory", "limits.memory_bytes", change(|spec| spec.limits.memory_bytes = u64::MAX)),
        ("no memory", "limits.memory_bytes", change(|spec| spec.limits.memory_bytes = 0)),
        ("too much cpu", "limits.cpu_millis", change(|spec| spec.limits.cpu_millis = u32::MAX)),
        ("no cpu limit", "limits.cpu_millis", change(|spec| spec.limits.cpu_millis = 0)),
        ("a fork bomb", "limits.pids", change(|spec| spec.limits.pids = u32::MAX)),
        ("no process limit", "limits.pids", change(|spec| spec.limits.pids = 0)),
        ("too much storage", "limits.storage_bytes", change(|spec| spec.limits.storage_bytes = u64::MAX)),
        ("another's subnet", "subnet", change(|spec| spec.subnet = "192.168.0.0/28".parse().expect("a subnet"))),
        ("code by NODE_OPTIONS", "env", env("NODE_OPTIONS", "--require /home/node/.openclaw/x.js")),
        ("code by import", "env", env("NODE_OPTIONS", "--import=data:text/javascript,1")),
        ("a debugger", "env", env("NODE_OPTIONS", "--inspect=0.0.0.0:9229")),
        ("two blanks", "env", env("NODE_OPTIONS", "--no-warnings  --eval")),
        ("a library", "env", env("LD_PRELOAD", "/home/node/.openclaw/x.so")),
        ("another state", "env", env("OPENCLAW_STATE_DIR", "/tmp")),
        ("another config", "env", env("OPENCLAW_CONFIG_PATH", "/tmp/x")),
        ("the flags twice", "env", env("VIVIER_NODE_FLAGS", "--eval=1")),
        ("a token", "env", env("OPENCLAW_GATEWAY_TOKEN", "x")),
        ("a path as time zone", "env", env("TZ", "../../etc/passwd")),
        ("a key with =", "env", env("TZ=x\nPATH", "x")),
        ("a number with more", "env", env("MALLOC_ARENA_MAX", "2\nX=1")),
        ("a module", "node_flags", flag("--require=/home/node/x.js")),
        ("a loader", "node_flags", flag("--experimental-loader=x")),
        ("an evaluation", "node_flags", flag("--eval=process.exit()")),
        ("an inspector", "node_flags", flag("--inspect-brk=0.0.0.0")),
        ("two flags in one", "node_flags", flag("--no-warnings --eval=1")),
        ("no number", "node_flags", flag("--max-old-space-size=1;x")),
        ("an empty number", "node_flags", flag("--max-old-space-size=")),
        ("a script", "node_flags", flag("/home/node/x.js")),
        ("many flags", "node_flags", change(|spec| spec.node_flags = vec!["--no-warnings".to_owned(); 17])),
        ("no authentication", "gateway.auth.mode", set("gateway.auth.mode", json!("none"))),
        ("a password", "gateway.auth.password", set("gateway.auth.password", json!("x"))),
        ("everybody's proxy", "gateway.trustedProxies", set("gateway.trustedProxies", json!(["0.0.0.0/0"]))),
        ("one proxy more", "gateway.trustedProxies", set("gateway.trustedProxies", json!(["10.90.0.17", "10.90.0.18"]))),
        ("another's proxy", "gateway.trustedProxies", change(|spec| spec.subnet = "10.90.0.32/28".parse().expect("a subnet"))),
        ("another user", "gateway.auth.trustedProxy.allowUsers", set("gateway.auth.trustedProxy.allowUsers", json!(["owner", "eve"]))),
        ("another header", "gateway.auth.trustedProxy.userHeader", set("gateway.auth.trustedProxy.userHeader", json!("x-mine"))),
        ("scopes for eve", "identityScopes", set("gateway.identityScopes.eve", json!(["operator.admin"]))),
        ("every origin", "allowedOrigins", set("gateway.controlUi.allowedOrigins", json!(["*"]))),
        ("no origins", "allowedOrigins", set("gateway.controlUi.allowedOrigins", json!([]))),
        ("no device auth", "dangerouslyDisableDeviceAuth", set("gateway.controlUi.dangerouslyDisableDeviceAuth", json!(true))),
        ("another bind", "gateway.bind", set("gateway.bind", json!("custom"))),
        ("a gateway that is a text", "gateway.mode", set("gateway", json!("open"))),
        ("host commands", "tools.exec.host", set("tools.exec.host", json!("gateway"))),
        ("tools that are a text", "tools.exec.host", set("tools", json!("all"))),
        ("environment by config", "env", set("env", json!({ "A": "b" }))),
        ("foreign plugins", "plugins.load", set("plugins.load", json!({ "paths": ["/home/node/.openclaw/x"] }))),
        ("secrets by program", "secret provider", set("secrets.providers.other", json!({ "source": "exec", "command": "x" }))),
        ("secrets from elsewhere", "secrets.providers.vivier.path", set("secrets.providers.vivier.path", json!("/etc/passwd"))),
        ("no object", "config", change(|spec| spec.config = json!([]))),
        ("a huge config", "config", change(|spec| spec.config["x"] = json!("x".repeat(2 << 20)))),
        ("a huge secret", "secrets", change(|spec| drop(spec.secrets.values.insert("a".to_owned(), vivier_core::secret::Secret::new("x".repeat(1 << 20)))))),
        ("a path with holes", "secrets", change(|spec| drop(spec.secrets.values.insert("a..b".to_owned(), vivier_core::secret::Secret::new("x"))))),
    ];
    for (what, field, change) in cases {
        let mut spec = honest();
        change(&mut spec);
        let error = policy::check(&spec, Stage::Workload, &Config::default()).expect_err(what);
        assert_eq!(error.kind, RuntimeErrorKind::Refused, "{what}");
        assert!(error.message.contains(field), "{what}: {error}");
    }
}

proptest::proptest! {
    #[test]
    fn no_flag_outside_the_list_ever_passes(flag in "-{0,2}[a-z=/ -]{0,30}") {
        let mut spec = honest();
        spec.node_flags = vec![flag.clone()];
        if policy::check(&spec, Stage::Workload, &Config::default()).is_ok() {
            proptest::prop_assert!(!flag.contains(' ') && !["require", "import", "inspect", "eval", "loader"].iter().any(|word| flag.contains(word)), "{}", flag);
        }
    }
}
