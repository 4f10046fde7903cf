//! What this host refuses, whoever asks. Pure: everything it knows is an argument.
//!
//! `serve` checks too, for kindness; this is for the day on which `serve` is not itself any more. Nothing in a specification can
//! name a path, a capability, a mount, a port or a user, so there is nothing of that kind to check here: the container's shape is
//! the host's own (see `docker::workload`). What remains is size, address, image, environment and the configuration's doors.

use serde_json::Value;
use vivier_core::agent;
use vivier_core::runtime::{Limits, RuntimeError, RuntimeErrorKind, Stage, WorkloadSpec};

use crate::config::Config;

/// The largest configuration, in bytes of compact JSON.
pub const MAX_CONFIG_BYTES: usize = 1024 * 1024;
/// The largest secrets document, in bytes.
pub const MAX_SECRETS_BYTES: usize = 256 * 1024;

/// A name, and whether a value will do.
type Variable = (&'static str, fn(&str) -> bool);

/// Environment that may be set, and what it may hold. Everything else is the image's or the host's.
const ENVIRONMENT: &[Variable] = &[
    ("MALLOC_ARENA_MAX", is_small_number),
    ("MALLOC_TRIM_THRESHOLD_", is_small_number),
    ("UV_THREADPOOL_SIZE", is_small_number),
    ("NODE_OPTIONS", |text| text.split(' ').all(is_node_flag)),
    ("NODE_DISABLE_COMPILE_CACHE", is_small_number),
    ("TZ", is_word),
    ("LANG", is_word),
    ("LC_ALL", is_word),
    ("OPENCLAW_GATEWAY_STARTUP_TRACE", is_small_number),
];

/// Flags of Node that only tune it. What loads code, opens a debugger or reads a file is not among them.
const NODE_FLAGS: &[&str] = &["--optimize-for-size", "--no-warnings", "--no-deprecation", "--expose-gc", "--lite-mode", "--single-threaded-gc"];
/// The same, with a number.
const NODE_NUMBERS: &[&str] = &[
    "--max-old-space-size",
    "--max-semi-space-size",
    "--min-semi-space-size",
    "--initial-old-space-size",
    "--stack-size",
    "--v8-pool-size",
    "--max-http-header-size",
    "--gc-interval",
    "--bytecode-old-age",
];

/// Parts of a configuration that must be exactly so; the gateway's address is checked beside them.
const EXACT: &[(&str, &str)] = &[
    ("gateway.mode", r#""local""#),
    ("gateway.bind", r#""lan""#),
    ("gateway.port", "18789"),
    ("gateway.auth.mode", r#""trusted-proxy""#),
    ("gateway.auth.trustedProxy.userHeader", r#""x-openclaw-user""#),
    ("gateway.auth.trustedProxy.requiredHeaders", r#"["x-forwarded-proto","x-forwarded-host"]"#),
    ("gateway.auth.trustedProxy.allowUsers", r#"["owner"]"#),
    ("logging.consoleStyle", r#""json""#),
    ("secrets.providers.vivier.source", r#""file""#),
    ("secrets.providers.vivier.path", r#""/run/openclaw/secrets.json""#),
    ("plugins.entries.admin-http-rpc.enabled", "true"),
];

/// Parts of a configuration that must not be there at all.
const ABSENT: &[&str] = &[
    "env",
    "gateway.allowRealIpFallback",
    "gateway.auth.token",
    "gateway.auth.password",
    "gateway.auth.allowTailscale",
    "gateway.customBindHost",
    "gateway.remote",
    "gateway.tailscale",
    "gateway.tls",
    "gateway.controlUi.allowInsecureAuth",
    "gateway.controlUi.dangerouslyAllowHostHeaderOriginFallback",
    "gateway.controlUi.dangerouslyDisableDeviceAuth",
    "logging.file",
    "plugins.installs",
    "plugins.load",
    "tools.exec.host",
    "update.auto",
    "update.channel",
];

/// Checks what `spec` would bring about at `stage` against what the operator allows and what no operator may. The configuration
/// and the secrets are checked when they are to be delivered.
///
/// # Errors
/// `Refused`, with the field.
pub fn check(spec: &WorkloadSpec, stage: Stage, host: &Config) -> Result<(), RuntimeError> {
    let WorkloadSpec { deployment: _, account: _, generation: _, image: _, limits, subnet, node_flags, env, config, secrets } = spec;
    check_limits(limits, host)?;
    if !host.subnet_pool.contains(*subnet) {
        return refuse("subnet", format!("{subnet} is not in this host's pool {}", host.subnet_pool));
    }
    if node_flags.len() > 16 {
        return refuse("node_flags", "has more than 16 flags");
    }
    if let Some(flag) = node_flags.iter().find(|flag| !is_node_flag(flag)) {
        return refuse("node_flags", format!("holds {}, which is not on the list of flags that only tune Node", shown(flag)));
    }
    for (key, value) in env {
        match ENVIRONMENT.iter().find(|(known, _)| known == key) {
            None => return refuse("env", format!("sets {}, which this host does not allow", shown(key))),
            Some((_, holds)) if value.len() > 1024 || !holds(value) => return refuse("env", format!("sets {key} to something that this host does not allow")),
            Some(_) => {}
        }
    }
    if stage == Stage::Storage {
        return Ok(());
    }
    check_config(config, spec)?;
    let bytes: usize = secrets.values.iter().map(|(path, secret)| path.len() + secret.expose().len()).sum();
    if bytes > MAX_SECRETS_BYTES {
        return refuse("secrets", format!("holds {bytes} bytes; at most {MAX_SECRETS_BYTES} are accepted"));
    }
    if let Some(path) = secrets.values.keys().find(|path| path.is_empty() || path.split('.').any(str::is_empty)) {
        return refuse("secrets", format!("holds the path {}, which has an empty part", shown(path)));
    }
    Ok(())
}

fn check_limits(limits: &Limits, host: &Config) -> Result<(), RuntimeError> {
    let Limits { cpu_millis, memory_bytes, storage_bytes, pids } = *limits;
    let bounds: [(&str, u64, u64, u64); 4] = [
        ("limits.cpu_millis", cpu_millis.into(), 10, host.max_cpu_millis.into()),
        // Below this the engine itself refuses, or Node cannot even begin.
        ("limits.memory_bytes", memory_bytes, 32 * 1024 * 1024, host.max_memory_bytes),
        ("limits.storage_bytes", storage_bytes, 1, host.max_storage_bytes),
        ("limits.pids", pids.into(), 16, host.max_pids.into()),
    ];
    for (field, asked, least, most) in bounds {
        if asked < least || asked > most {
            return refuse(field, format!("is {asked}; this host grants {least} to {most}"));
        }
    }
    Ok(())
}

fn check_config(config: &Value, spec: &WorkloadSpec) -> Result<(), RuntimeError> {
    if !config.is_object() {
        return refuse("config", "must be an object");
    }
    if config.to_string().len() > MAX_CONFIG_BYTES {
        return refuse("config", format!("is longer than {MAX_CONFIG_BYTES} bytes"));
    }
    let gateway = serde_json::json!([spec.subnet.gateway().to_string()]);
    let exact = EXACT.iter().map(|(path, value)| (*path, serde_json::from_str::<Value>(value).unwrap_or_default()));
    for (path, wanted) in exact.chain([("gateway.trustedProxies", gateway)]) {
        if at(config, path) != Some(&wanted) {
            return refuse("config", format!("must have {path} = {wanted}"));
        }
    }
    if let Some(path) = ABSENT.iter().find(|path| at(config, path).is_some()) {
        return refuse("config", format!("must not have {path}"));
    }
    // Only the owner is anybody, and only the platform's own origin may open the Control UI.
    for (user, _) in at(config, "gateway.identityScopes").and_then(Value::as_object).into_iter().flatten() {
        if user != agent::OWNER {
            return refuse("config", format!("must not give scopes to {} in gateway.identityScopes", shown(user)));
        }
    }
    let origins = at(config, "gateway.controlUi.allowedOrigins").and_then(Value::as_array);
    if !origins.is_some_and(|origins| origins.len() == 1 && origins.iter().all(|origin| origin.as_str().is_some_and(|origin| !origin.contains('*')))) {
        return refuse("config", "must have exactly one origin, without a wildcard, in gateway.controlUi.allowedOrigins");
    }
    for (name, provider) in at(config, "secrets.providers").and_then(Value::as_object).into_iter().flatten() {
        if name != "vivier" && at(provider, "source").and_then(Value::as_str) == Some("exec") {
            return refuse("config", format!("must not have a secret provider that runs a program ({})", shown(name)));
        }
    }
    Ok(())
}

/// The value at a dotted path. A scalar on the way counts as the value, so that nothing hides behind it.
fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, part| if value.is_object() { value.get(part) } else { Some(value) })
}

fn is_node_flag(flag: &str) -> bool {
    NODE_FLAGS.contains(&flag) || flag.split_once('=').is_some_and(|(name, number)| NODE_NUMBERS.contains(&name) && is_small_number(number))
}

fn is_small_number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && !text.contains("..")
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_+-.".contains(&byte))
        && !text.starts_with('/')
}

/// A text from outside, in a message: bounded, on one line.
fn shown(text: &str) -> String {
    let short: String = text.chars().take(64).collect();
    format!("{short:?}")
}

fn refuse(field: &str, why: impl std::fmt::Display) -> Result<(), RuntimeError> {
    Err(RuntimeError::new(RuntimeErrorKind::Refused, format!("the host refuses this: {field} {why}")))
}
