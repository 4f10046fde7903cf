//! The host's firewall around the agents: one nftables table for each installation.
//!
//! Docker's `internal` networks keep a container from the outside, but not from the host: every service that listens on any of
//! the host's addresses, and every other bridge's address, is reachable through INPUT, which Docker's own chains never see.
//! So, from a bridge of ours, only two things may pass: answers to connections that the host began, and TCP from the agent's
//! own address to the door on its own bridge. Everything else to the host is rejected, and nothing is forwarded, over IPv4
//! and IPv6 alike.
//!
//! The rules match bridges by the installation's *prefix* of their names, and the doors by a set of exact tuples: a bridge that
//! the set does not know is closed, not open, and the set is the only thing that changes when agents come and go.
//! The table has its own hooks at priority −10, so the engine's reloads never touch it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt;
use vivier_core::agent::DOOR_PORT;
use vivier_core::id::{DeploymentId, InstallationId};
use vivier_core::runtime::{RuntimeError, RuntimeErrorKind, Subnet};

use crate::fault;

/// How long a listing may be used by looks that run at the same time.
const FRESH: Duration = Duration::from_secs(1);
const PRIORITY: i64 = -10;

/// The name of a bridge: at most 15 letters (the kernel's limit), derived from the installation and the deployment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bridge(String);

impl Bridge {
    pub fn of(installation: InstallationId, deployment: DeploymentId) -> Self {
        let digits = hex::encode(Sha256::digest(format!("{installation} {deployment}")));
        // 8 letters of 4 bits after a prefix of 24 bits would collide at a few ten thousand agents; 10 in base 32 do not.
        let number = u64::from_str_radix(&digits[..13], 16).unwrap_or_default();
        let tail: String =
            (0..9).map(|place| char::from(b"0123456789abcdefghjkmnpqrstvwxyz"[usize::try_from((number >> (place * 5)) & 31).unwrap_or_default()])).collect();
        Self(format!("{}{tail}", prefix(installation)))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the names of all bridges of an installation begin with.
fn prefix(installation: InstallationId) -> String {
    format!("v{}", &hex::encode(Sha256::digest(installation.to_string()))[..5])
}

/// The table of one installation.
pub struct Firewall {
    nft: PathBuf,
    table: String,
    prefix: String,
    /// One change or listing at a time; holds the last listing.
    last: tokio::sync::Mutex<Option<(Instant, Table)>>,
}

/// What `nft` lists, as far as it decides anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Table {
    /// Base chains and rules, without handles and counters.
    rules: BTreeSet<String>,
    doors: BTreeSet<String>,
}

impl Firewall {
    pub fn new(nft: PathBuf, installation: InstallationId) -> Self {
        let prefix = prefix(installation);
        Self { nft, table: format!("vivier_{}", &prefix[1..]), prefix, last: tokio::sync::Mutex::new(None) }
    }

    pub fn table(&self) -> &str {
        &self.table
    }

    /// The rules are loaded, and the door of exactly this bridge and subnet is in them. May be up to a second old.
    ///
    /// # Errors
    /// When the rules cannot be listed.
    pub async fn holds(&self, bridge: &Bridge, subnet: Subnet) -> Result<bool, RuntimeError> {
        let mut last = self.last.lock().await;
        let fresh = last.as_ref().is_some_and(|(at, _)| at.elapsed() < FRESH);
        if !fresh {
            *last = Some((Instant::now(), self.list().await?));
        }
        Ok(last.as_ref().is_some_and(|(_, table)| self.is_whole(table) && table.doors.contains(&door(bridge, subnet))))
    }

    /// What is wrong with the rules for this bridge, read now; nothing when all is well.
    ///
    /// # Errors
    /// When the rules cannot be listed.
    pub async fn differences(&self, bridge: &Bridge, subnet: Subnet) -> Result<Vec<String>, RuntimeError> {
        let mut last = self.last.lock().await;
        let table = self.list().await?;
        let mut found: Vec<String> = self.expected().difference(&table.rules).map(|rule| format!("missing {rule}")).collect();
        found.extend(table.rules.difference(&self.expected()).map(|rule| format!("strange {rule}")));
        let own = door(bridge, subnet);
        if !table.doors.contains(&own) {
            found.push(format!("missing door {own}"));
        }
        let strange = |each: &&String| **each != own && each.starts_with(&format!("{} ", bridge.as_str()));
        found.extend(table.doors.iter().filter(strange).map(|each| format!("strange door {each}")));
        *last = Some((Instant::now(), table));
        Ok(found)
    }

    /// Loads the rules and opens the door of one bridge. Any other door of that bridge is closed.
    ///
    /// # Errors
    /// `Refused` when there is no `nft`; `Failed` when it does not take the rules.
    pub async fn ensure(&self, bridge: &Bridge, subnet: Subnet) -> Result<(), RuntimeError> {
        let mut last = self.last.lock().await;
        let table = self.list().await?;
        let mut doors = table.doors.clone();
        doors.retain(|each| !each.starts_with(&format!("{} ", bridge.as_str())));
        doors.insert(door(bridge, subnet));
        if self.is_whole(&table) {
            let stale: Vec<&String> = table.doors.difference(&doors).collect();
            let fresh: Vec<&String> = doors.difference(&table.doors).collect();
            if stale.is_empty() && fresh.is_empty() {
                *last = Some((Instant::now(), table));
                return Ok(());
            }
            let change = |verb: &str, set: &[&String]| {
                set.iter().map(|each| format!("{verb} element inet {} doors {{ {} }}\n", self.table, written(each))).collect::<String>()
            };
            self.load(&format!("{}{}", change("delete", &stale), change("add", &fresh))).await?;
        } else {
            self.load(&self.whole(&doors)).await?;
        }
        *last = None;
        drop(last);
        fault::point("firewall.ensure");
        Ok(())
    }

    /// Loads the rules for these doors: at the start of the host, since a reboot has lost them, and now and then, since an
    /// operator may have. With `only`, every other door is closed: right when no verb is under way, since a door is opened
    /// before its network is there.
    ///
    /// `doors` is read in turn with the other changes: what a network's removal has closed after it was listed must not be
    /// opened again.
    ///
    /// # Errors
    /// As [`Firewall::ensure`], and those of `doors`.
    pub async fn reset(&self, doors: impl Future<Output = Result<BTreeMap<Bridge, Subnet>, RuntimeError>>, only: bool) -> Result<(), RuntimeError> {
        let mut last = self.last.lock().await;
        let mut doors: BTreeSet<String> = doors.await?.iter().map(|(bridge, subnet)| door(bridge, *subnet)).collect();
        let table = self.list().await?;
        if !only {
            doors.extend(table.doors.iter().cloned());
        }
        if !self.is_whole(&table) || table.doors != doors {
            // One transaction: there is no moment without rules.
            self.load(&self.whole(&doors)).await?;
        }
        *last = None;
        drop(last);
        fault::point("firewall.reset");
        Ok(())
    }

    /// Closes the doors of one bridge. The rules for all bridges stay, so the bridge is shut, not open.
    ///
    /// # Errors
    /// As [`Firewall::ensure`].
    pub async fn close(&self, bridge: &Bridge) -> Result<(), RuntimeError> {
        let mut last = self.last.lock().await;
        let table = self.list().await?;
        let own: Vec<&String> = table.doors.iter().filter(|each| each.starts_with(&format!("{} ", bridge.as_str()))).collect();
        if !own.is_empty() {
            self.load(&own.iter().map(|each| format!("delete element inet {} doors {{ {} }}\n", self.table, written(each))).collect::<String>()).await?;
        }
        *last = None;
        drop(last);
        fault::point("firewall.close");
        Ok(())
    }

    /// Takes the whole table away: for an installation that is given up, and for tests.
    ///
    /// # Errors
    /// As [`Firewall::ensure`].
    pub async fn remove(&self) -> Result<(), RuntimeError> {
        let mut last = self.last.lock().await;
        *last = None;
        self.load(&format!("add table inet {0}\ndelete table inet {0}\n", self.table)).await
    }

    /// The gateways of the bridges whose doors are open.
    pub async fn gateways(&self) -> Result<Vec<std::net::Ipv4Addr>, RuntimeError> {
        let _turn = self.last.lock().await;
        Ok(self.list().await?.doors.iter().filter_map(|each| each.split(' ').nth(2)?.parse().ok()).collect())
    }

    fn is_whole(&self, table: &Table) -> bool {
        table.rules == self.expected()
    }

    /// The ruleset, replaced as a whole.
    fn whole(&self, doors: &BTreeSet<String>) -> String {
        let Self { nft: _, table, prefix, last: _ } = self;
        let elements = if doors.is_empty() {
            String::new()
        } else {
            format!("elements = {{ {} }}", doors.iter().map(|each| written(each)).collect::<Vec<_>>().join(", "))
        };
        format!(
            "add table inet {table}\n\
             delete table inet {table}\n\
             table inet {table} {{\n\
               set doors {{ type ifname . ipv4_addr . ipv4_addr . inet_service; {elements}\n }}\n\
               chain input {{\n\
                 type filter hook input priority {PRIORITY}; policy accept;\n\
                 iifname \"{prefix}*\" jump agent\n\
               }}\n\
               chain agent {{\n\
                 ct state established,related accept\n\
                 iifname . ip saddr . ip daddr . tcp dport @doors accept\n\
                 counter reject with icmpx type admin-prohibited\n\
               }}\n\
               chain forward {{\n\
                 type filter hook forward priority {PRIORITY}; policy accept;\n\
                 iifname \"{prefix}*\" counter reject with icmpx type admin-prohibited\n\
                 oifname \"{prefix}*\" counter drop\n\
               }}\n\
             }}\n"
        )
    }

    /// What [`Firewall::list`] gives for [`Firewall::whole`].
    fn expected(&self) -> BTreeSet<String> {
        let wild = format!("{}*", self.prefix);
        let chain = |name: &str, hook: &str| format!("chain {name}: {hook} {PRIORITY} accept");
        [
            chain("input", "input"),
            chain("forward", "forward"),
            "chain agent".to_owned(),
            format!("input 0: match iifname == \"{wild}\"; jump \"agent\""),
            "agent 0: match ct state in [\"established\",\"related\"]; accept".to_owned(),
            "agent 1: match iifname . ip saddr . ip daddr . tcp dport == @doors; accept".to_owned(),
            "agent 2: counter; reject admin-prohibited".to_owned(),
            format!("forward 0: match iifname == \"{wild}\"; counter; reject admin-prohibited"),
            format!("forward 1: match oifname == \"{wild}\"; counter; drop"),
        ]
        .into()
    }

    async fn list(&self) -> Result<Table, RuntimeError> {
        let output = self.run(&["-j", "list", "table", "inet", &self.table], "").await?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr).into_owned();
            // No table is an answer, not a failure.
            return if words.contains("No such file or directory") { Ok(Table::default()) } else { Err(failed(words)) };
        }
        let value: Value = serde_json::from_slice(&output.stdout).map_err(failed)?;
        Ok(read(&value))
    }

    async fn load(&self, rules: &str) -> Result<(), RuntimeError> {
        let output = self.run(&["-f", "-"], rules).await?;
        if output.status.success() { Ok(()) } else { Err(failed(String::from_utf8_lossy(&output.stderr))) }
    }

    async fn run(&self, arguments: &[&str], input: &str) -> Result<std::process::Output, RuntimeError> {
        let work = async {
            let mut child = tokio::process::Command::new(&self.nft)
                .args(arguments)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .env("LC_ALL", "C")
                .kill_on_drop(true)
                .spawn()?;
            if let Some(mut stdin) = child.stdin.take() {
                stdin.write_all(input.as_bytes()).await?;
            }
            child.wait_with_output().await
        };
        match tokio::time::timeout(Duration::from_secs(10), work).await {
            Ok(Ok(output)) => Ok(output),
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => Err(RuntimeError::new(
                RuntimeErrorKind::Refused,
                "this host has no firewall program, so it starts no agents; install the package `nftables` (apt-get install nftables) and retry",
            )
            .with_detail(format!("{}: {error}", self.nft.display()))),
            Ok(Err(error)) => Err(failed(error)),
            Err(_elapsed) => Err(failed("nft took longer than 10 s")),
        }
    }
}

fn failed(detail: impl std::fmt::Display) -> RuntimeError {
    RuntimeError::new(RuntimeErrorKind::Failed, "the host's firewall rules could not be read or changed; the operator can run `nft list ruleset`")
        .with_detail(detail)
}

/// One door as it is compared: bridge, agent, gateway, port.
fn door(bridge: &Bridge, subnet: Subnet) -> String {
    format!("{} {} {} {DOOR_PORT}", bridge.as_str(), subnet.agent(), subnet.gateway())
}

/// One door as `nft` reads it.
fn written(door: &str) -> String {
    let mut parts = door.split(' ');
    let bridge = parts.next().unwrap_or_default();
    std::iter::once(format!("\"{bridge}\"")).chain(parts.map(str::to_owned)).collect::<Vec<_>>().join(" . ")
}

/// Reads the JSON of `nft -j list table`.
fn read(listing: &Value) -> Table {
    let mut table = Table::default();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for item in listing["nftables"].as_array().into_iter().flatten() {
        if let Some(chain) = item.get("chain") {
            let name = text(&chain["name"]);
            table.rules.insert(match chain.get("hook") {
                Some(hook) => format!("chain {name}: {} {} {}", text(hook), chain["prio"], text(&chain["policy"])),
                None => format!("chain {name}"),
            });
        } else if let Some(rule) = item.get("rule") {
            let chain = text(&rule["chain"]);
            let place = counts.entry(chain.clone()).or_default();
            let words: Vec<String> = rule["expr"].as_array().into_iter().flatten().map(statement).collect();
            table.rules.insert(format!("{chain} {place}: {}", words.join("; ")));
            *place += 1;
        } else if let Some(set) = item.get("set") {
            for element in set["elem"].as_array().into_iter().flatten() {
                let parts = element["concat"].as_array().into_iter().flatten().map(text);
                table.doors.insert(parts.collect::<Vec<_>>().join(" "));
            }
        }
    }
    table
}

/// One statement of a rule, without what changes by itself.
fn statement(statement: &Value) -> String {
    if statement.get("counter").is_some() {
        return "counter".to_owned();
    }
    if let Some(found) = statement.get("match") {
        let right = match &found["right"] {
            Value::String(name) if name.starts_with('@') => name.clone(),
            Value::Array(items) => {
                let mut sorted: Vec<String> = items.iter().map(Value::to_string).collect();
                sorted.sort();
                format!("[{}]", sorted.join(","))
            }
            other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => other.to_string(),
        };
        return format!("match {} {} {right}", expression(&found["left"]), text(&found["op"]));
    }
    if let Some(jump) = statement.get("jump") {
        return format!("jump {}", jump["target"]);
    }
    for verdict in ["accept", "drop"] {
        if statement.get(verdict).is_some() {
            return verdict.to_owned();
        }
    }
    if let Some(reject) = statement.get("reject") {
        return format!("reject {}", text(&reject["expr"]));
    }
    statement.to_string()
}

fn expression(expression: &Value) -> String {
    if let Some(meta) = expression.get("meta") {
        return text(&meta["key"]);
    }
    if let Some(payload) = expression.get("payload") {
        return format!("{} {}", text(&payload["protocol"]), text(&payload["field"]));
    }
    if let Some(ct) = expression.get("ct") {
        return format!("ct {}", text(&ct["key"]));
    }
    if let Some(parts) = expression.get("concat") {
        return parts.as_array().into_iter().flatten().map(self::expression).collect::<Vec<_>>().join(" . ");
    }
    expression.to_string()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bridge_names_fit_the_kernel_and_keep_installations_apart() {
        let ids: Vec<DeploymentId> = (0..2_000u128).map(|number| DeploymentId::from_uuid(uuid::Uuid::from_u128(number))).collect();
        let (one, other) = (InstallationId::from_uuid(uuid::Uuid::from_u128(1)), InstallationId::from_uuid(uuid::Uuid::from_u128(2)));
        let names: BTreeSet<Bridge> = ids.iter().map(|id| Bridge::of(one, *id)).collect();
        assert_eq!(names.len(), ids.len());
        for bridge in &names {
            assert_eq!(bridge.as_str().len(), 15);
            assert!(bridge.as_str().starts_with(&prefix(one)) && !bridge.as_str().starts_with(&prefix(other)));
        }
    }
}
