//! The settings: defaults, under the file, under the environment, under the flags.
//!
//! `vivier.example.toml` documents every one of them, and a test holds that it does.
//!
//! Each role owns its part as a typed `Config` with defaults. What more than one role must know (where the data is, the public
//! address, the agents' domain, the pool of subnets) is set once at the top and handed to each.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};
use vivier_core::runtime::net::SubnetPool;

use crate::cli::Arguments;
use crate::logging::Format;

/// The file that is read when none is named and it exists.
const DEFAULT_FILE: &str = "vivier.toml";
/// What the environment's names begin with; `__` goes one level down: `VIVIER_EDGE__LISTEN`.
const PREFIX: &str = "VIVIER_";

/// What is set at the top, for every role that must know it.
const SHARED: [&str; 4] = ["data_dir", "public_url", "base_domain", "subnet_pool"];

#[derive(Clone, Debug)]
pub struct Settings {
    pub data_dir: PathBuf,
    pub public_url: String,
    pub base_domain: String,
    pub subnet_pool: String,
    pub log: Log,
    pub host: vivier_host::Config,
    pub edge: vivier_edge::Config,
    pub server: vivier_server::Config,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// A level, or a list such as `vivier_server=debug,info`.
    pub filter: String,
    pub format: Format,
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info".to_owned(), format: Format::Auto }
    }
}

/// The document's own shape; the sections are typed by their roles.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Document {
    data_dir: PathBuf,
    public_url: String,
    base_domain: String,
    subnet_pool: String,
    log: Log,
    edge: Table,
    host: Table,
    server: Table,
}

impl Default for Document {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from(".vivier"),
            public_url: "http://localhost:8080".to_owned(),
            base_domain: "localhost".to_owned(),
            subnet_pool: "10.90.0.0/16".to_owned(),
            log: Log::default(),
            edge: Table::new(),
            host: Table::new(),
            server: Table::new(),
        }
    }
}

/// Reads the settings in force.
///
/// # Errors
/// When the file cannot be read, or a setting is unknown or has the wrong type; the message names it.
pub fn load(arguments: &Arguments) -> anyhow::Result<Settings> {
    let mut table = match &arguments.config {
        Some(path) => read(path)?,
        None if Path::new(DEFAULT_FILE).exists() => read(Path::new(DEFAULT_FILE))?,
        None => Table::new(),
    };
    apply_environment(&mut table, std::env::vars())?;
    let flags = [
        (["data_dir"].as_slice(), arguments.data_dir.as_ref().map(|path| path.display().to_string())),
        (["edge", "listen"].as_slice(), arguments.listen.clone()),
        (["public_url"].as_slice(), arguments.public_url.clone()),
    ];
    for (path, value) in flags {
        if let Some(value) = value {
            set(&mut table, path, Value::String(value))?;
        }
    }
    from_table(table)
}

fn read(path: &Path) -> anyhow::Result<Table> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read the settings file {}", path.display()))?;
    text.parse().with_context(|| format!("the settings file {} is not valid TOML", path.display()))
}

fn from_table(table: Table) -> anyhow::Result<Settings> {
    let document: Document = table.try_into().context("settings; vivier.example.toml lists them all")?;
    let Document { data_dir, public_url, base_domain, subnet_pool, log, edge, host, server } = document;
    subnet_pool.parse::<SubnetPool>().map_err(|error| anyhow!("subnet_pool: {error}"))?;
    // Absolute: the children and the container engine do not share a working directory.
    let data_dir = std::path::absolute(&data_dir).with_context(|| format!("data_dir: {} is no path", data_dir.display()))?;
    let public_url = public_url.trim_end_matches('/').to_owned();
    let url = url::Url::parse(&public_url).map_err(|error| anyhow!("public_url: {error}; write it as http://localhost:8080 or https://agents.example.com"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() || url.path() != "/" {
        return Err(anyhow!("public_url must be http:// or https://, a name, and nothing after it but a port"));
    }
    let shared = |names: &[&str]| -> Vec<(&'static str, Value)> {
        let all = [
            ("data_dir", data_dir.display().to_string()),
            ("public_url", public_url.clone()),
            ("base_domain", base_domain.clone()),
            ("subnet_pool", subnet_pool.clone()),
        ];
        all.into_iter().filter(|(name, _)| names.contains(name)).map(|(name, text)| (name, Value::String(text))).collect()
    };
    let settings = Settings {
        host: section("host", host, &shared(&["data_dir", "subnet_pool"]))?,
        edge: section("edge", edge, &shared(&["data_dir", "public_url", "base_domain"]))?,
        server: section("server", server, &shared(&["data_dir", "public_url", "base_domain", "subnet_pool"]))?,
        data_dir,
        public_url,
        base_domain,
        subnet_pool,
        log,
    };
    within_the_host(&settings.server.plans, &settings.host)?;
    Ok(settings)
}

/// The host refuses what is larger than it grants; said here, nobody has to find that out from an agent that does not start.
fn within_the_host(plans: &vivier_core::plan::Plans, host: &vivier_host::Config) -> anyhow::Result<()> {
    for plan in plans.iter() {
        let vivier_core::runtime::Limits { cpu_millis, memory_bytes, storage_bytes, pids } = plan.limits;
        for (field, wanted, bound, most) in [
            ("cpu_millis", u64::from(cpu_millis), "max_cpu_millis", u64::from(host.max_cpu_millis)),
            ("memory_mib", memory_bytes >> 20, "max_memory_bytes", host.max_memory_bytes >> 20),
            ("storage_mib", storage_bytes >> 20, "max_storage_bytes", host.max_storage_bytes >> 20),
            ("pids", u64::from(pids), "max_pids", u64::from(host.max_pids)),
        ] {
            if wanted > most {
                return Err(anyhow!(
                    "server.plans.{}.{field} is {wanted}, but this host grants {most} at most: make it smaller, or raise host.{bound}",
                    plan.name
                ));
            }
        }
    }
    Ok(())
}

fn section<T: DeserializeOwned>(name: &str, mut table: Table, shared: &[(&str, Value)]) -> anyhow::Result<T> {
    for (key, value) in shared {
        if table.insert((*key).to_owned(), value.clone()).is_some() {
            return Err(anyhow!("{name}.{key} is set at the top of the file, as {key}"));
        }
    }
    table.try_into().with_context(|| format!("settings in [{name}]; vivier.example.toml lists them all"))
}

fn apply_environment(table: &mut Table, variables: impl Iterator<Item = (String, String)>) -> anyhow::Result<()> {
    for (name, text) in variables {
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        let path: Vec<String> = rest.split("__").map(str::to_lowercase).collect();
        let known = path.len() > 1 || SHARED.contains(&path[0].as_str());
        if known {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            set(table, &path, value_of(&text)).with_context(|| format!("the environment variable {name}"))?;
        }
    }
    Ok(())
}

/// A number, a boolean or a list where the text is one in TOML; a text otherwise.
fn value_of(text: &str) -> Value {
    let parsed = format!("value = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("value"));
    parsed.unwrap_or_else(|| Value::String(text.to_owned()))
}

fn set(table: &mut Table, path: &[&str], value: Value) -> anyhow::Result<()> {
    let [parents @ .., leaf] = path else { return Ok(()) };
    let mut node = table;
    for parent in parents {
        node = node.entry(*parent).or_insert_with(|| Value::Table(Table::new())).as_table_mut().ok_or_else(|| anyhow!("{parent} is a value, not a section"))?;
    }
    node.insert((*leaf).to_owned(), value);
    Ok(())
}

impl Settings {
    pub fn edge_listen(&self) -> SocketAddr {
        self.edge.listen
    }

    /// The dashboard's name as browsers send it in `Host`.
    pub fn public_host(&self) -> String {
        url::Url::parse(&self.public_url)
            .ok()
            .and_then(|url| url.host_str().map(|host| url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))))
            .unwrap_or_default()
    }

    fn document(&self) -> anyhow::Result<Table> {
        let Self { data_dir, public_url, base_domain, subnet_pool, log, host, edge, server } = self;
        let mut table = Table::new();
        for (name, text) in SHARED.into_iter().zip([&data_dir.display().to_string(), public_url, base_domain, subnet_pool]) {
            table.insert(name.to_owned(), Value::String(text.clone()));
        }
        table.insert("log".to_owned(), Value::try_from(log)?);
        for (name, mut section) in [("edge", Table::try_from(edge)?), ("host", Table::try_from(host)?), ("server", Table::try_from(server)?)] {
            for shared in SHARED {
                section.remove(shared);
            }
            table.insert(name.to_owned(), Value::Table(section));
        }
        Ok(table)
    }
}

/// `vivierd settings`.
pub fn print(settings: &Settings) -> anyhow::Result<()> {
    println!("# In force now. Set one in the file, or as VIVIER_<SECTION>__<NAME> in the environment; vivier.example.toml explains each.");
    print!("{}", toml::to_string_pretty(&settings.document()?)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defaults() -> Settings {
        from_table(Table::new()).expect("the defaults are valid")
    }

    /// The example with every commented setting (`# key = value`) switched on.
    fn example() -> Table {
        let text = include_str!("../../../vivier.example.toml");
        let uncommented: Vec<&str> = text
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(setting)
                    if setting
                        .split_once(" = ")
                        .is_some_and(|(key, _)| key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')) =>
                {
                    setting
                }
                _ => line,
            })
            .collect();
        uncommented.join("\n").parse().expect("the example is TOML")
    }

    fn keys(table: &Table, prefix: &str, into: &mut std::collections::BTreeSet<String>) {
        for (key, value) in table {
            let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
            match value {
                Value::Table(inner) => keys(inner, &path, into),
                Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) => {
                    into.insert(path);
                }
            }
        }
    }

    #[test]
    fn the_example_lists_every_setting_with_its_default() {
        let example = example();
        let (mut told, mut real) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
        keys(&example, "", &mut told);
        keys(&defaults().document().expect("serialises"), "", &mut real);
        let missing: Vec<_> = real.difference(&told).collect();
        assert!(missing.is_empty(), "vivier.example.toml does not tell of {missing:?}");
        // What the example tells is accepted, and is the default.
        let from_example = from_table(example).expect("the example is accepted").document().expect("serialises");
        assert_eq!(from_example, defaults().document().expect("serialises"));
    }

    #[test]
    fn the_environment_goes_over_the_file_and_keeps_types() {
        let mut table: Table = "public_url = 'http://a.test'\n[edge]\nlisten = '127.0.0.1:1'".parse().expect("TOML");
        let variables = [("VIVIER_EDGE__LISTEN", "127.0.0.1:9"), ("VIVIER_LOG__FILTER", "debug"), ("VIVIER_TOKEN", "secret"), ("HOME", "/")];
        apply_environment(&mut table, variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))).expect("applies");
        let settings = from_table(table).expect("valid");
        assert_eq!((settings.edge_listen().port(), settings.log.filter.as_str(), settings.public_url.as_str()), (9, "debug", "http://a.test"));
    }

    #[test]
    fn a_setting_that_does_not_exist_is_named() {
        for text in ["colour = 1", "[edge]\ncolour = 1", "[server]\ncolour = 1", "[host]\ncolour = 1", "[log]\ncolour = 1"] {
            let error = from_table(text.parse().expect("TOML")).expect_err(text);
            assert!(format!("{error:#}").contains("colour"), "{error:#}");
        }
    }

    #[test]
    fn a_plan_is_set_in_part_and_never_beyond_what_the_host_grants() {
        let read = |text: &str| from_table(text.parse().expect("TOML"));
        let settings = read("[server.plans.pro]\nmemory_mib = 3072\nprice_per_month = 1900").expect("valid");
        let pro = &settings.server.plans.pro;
        assert_eq!(
            (pro.limits.memory_bytes >> 20, pro.limits.cpu_millis, pro.price.map(|price| price.to_string())),
            (3_072, 1_000, Some("19.00 USD".to_owned()))
        );
        for (text, named) in [
            ("[server.plans.team]\nmemory_mib = 16384", "server.plans.team.memory_mib is 16384, but this host grants 8192"),
            ("[server.plans.team]\nmemory_mib = 16", "plans.team.memory_mib must be"),
            ("[server.plans.team]\ncolour = 1", "colour"),
        ] {
            let error = read(text).expect_err(text);
            assert!(format!("{error:#}").contains(named), "{error:#}");
        }
    }

    #[test]
    fn a_public_url_with_a_path_is_refused() {
        for url in ["localhost:8080", "ftp://a", "http://a/b"] {
            let table = format!("public_url = '{url}'").parse().expect("TOML");
            assert!(from_table(table).is_err(), "{url}");
        }
    }
}
