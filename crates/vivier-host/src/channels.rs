//! Which chat channels of an agent do not work, by its gateway's own account of them (RPC `health`), and in its words.
//!
//! `/readyz` alone is not enough: OpenClaw gives a lost connection two minutes of grace, and every further attempt that fails
//! begins them anew, so a Discord or Slack that cannot be reached is never listed (`docs/openclaw.md`, Probes).
//! The gateway's CPU is the tenant's: it is asked rarely, never while it starts, and never twice for one look. What it said
//! last stands until it says something else; what it has not said twice is not yet so, as any connection may be lost for a moment.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vivier_core::id::DeploymentId;
use vivier_core::runtime::Health;
use vivier_core::time::Timestamp;

use crate::gateway;

/// A process younger than this, in milliseconds, may still be connecting for the first time.
const YOUNG_MS: i64 = 120_000;
/// What is read of one gateway's channels. They come from inside the container.
const MOST: usize = 32;
/// Letters of a channel's own words that are shown.
const MOST_WORDS: usize = 240;

/// One process of a gateway: its container, and when it was started.
pub type Process = (String, Timestamp);

/// What the gateways have said.
pub struct Channels {
    every: Duration,
    known: Mutex<HashMap<DeploymentId, Known>>,
}

struct Known {
    process: Process,
    asked: Instant,
    account: Account,
    broken: Vec<String>,
    /// The words that are shown: kept while they differ in numbers only, or every look would be a change.
    words: BTreeMap<String, String>,
}

/// One answer of the gateway's. It makes one at most every minute and repeats it in between.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Account {
    /// When it was made, by the gateway's clock.
    at: i64,
    /// Channels that do not work.
    troubled: Vec<String>,
    /// What was last heard of a channel that went wrong.
    words: BTreeMap<String, String>,
}

impl Channels {
    /// Asks each gateway at most once in `every`; never when that is zero.
    pub fn new(every: Duration) -> Self {
        Self { every, known: Mutex::new(HashMap::new()) }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DeploymentId, Known>> {
        // Whatever another thread was doing when it panicked, each entry is whole.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn forget(&self, id: DeploymentId) {
        self.lock().remove(&id);
    }

    /// Adds to `health`, which a gateway that has started has just shown, what is known of its channels; asks when it is time to.
    pub async fn add_to(&self, health: &mut Health, id: DeploymentId, gateway: SocketAddr, process: Process, now: Timestamp) {
        if !health.started || self.every.is_zero() {
            return;
        }
        let is_old = now.millis_since(process.1) >= YOUNG_MS;
        if self.is_due(id, &process, is_old) {
            // No answer in time: a turn is using the processor. What is known stands.
            if let Ok(answer) = gateway::rpc_within(gateway, "health", json!({}), gateway::PROBE_TIMEOUT).await {
                let mut known = self.lock();
                if let Some(known) = known.get_mut(&id).filter(|known| known.process == process) {
                    known.hear(account(&answer), is_old);
                }
            }
        }
        if let Some(known) = self.lock().get(&id) {
            known.show(health);
        }
    }

    /// Whether to ask now. Notes that it is done, so that another look at the same time does not ask as well.
    fn is_due(&self, id: DeploymentId, process: &Process, is_old: bool) -> bool {
        let mut known = self.lock();
        match known.get_mut(&id).filter(|known| known.process == *process) {
            Some(known) if known.asked.elapsed() < self.every => false,
            Some(known) => {
                known.asked = Instant::now();
                true
            }
            None => {
                let fresh = Known { process: process.clone(), asked: Instant::now(), account: Account::default(), broken: Vec::new(), words: BTreeMap::new() };
                known.insert(id, fresh);
                is_old
            }
        }
    }
}

impl Known {
    /// `is_old`: the process may be believed at the first word, as after a restart of the host.
    fn hear(&mut self, account: Account, is_old: bool) {
        if account.at == self.account.at {
            return;
        }
        let at_once = is_old && self.account.at == 0;
        let is_so = |name: &&String| at_once || self.account.troubled.contains(*name) || self.broken.contains(*name);
        self.broken = account.troubled.iter().filter(is_so).cloned().collect();
        let same = |a: &str, b: &str| a.chars().filter(|letter| !letter.is_ascii_digit()).eq(b.chars().filter(|letter| !letter.is_ascii_digit()));
        self.words.retain(|name, words| account.words.get(name).is_some_and(|fresh| same(words, fresh)));
        for (name, words) in &account.words {
            self.words.entry(name.clone()).or_insert_with(|| words.clone());
        }
        self.account = account;
    }

    fn show(&self, health: &mut Health) {
        for name in &self.broken {
            if !health.failing.contains(name) {
                health.failing.push(name.clone());
            }
        }
        for name in &health.failing {
            if let Some(words) = self.words.get(name) {
                health.reasons.insert(name.clone(), words.clone());
            }
        }
    }
}

/// The channels that an answer tells of.
fn account(answer: &Value) -> Account {
    let mut account = Account { at: answer["ts"].as_i64().unwrap_or(1), ..Account::default() };
    for (name, channel) in answer["channels"].as_object().into_iter().flatten().take(MOST) {
        let managed = channel["enabled"] != Value::Bool(false) && channel["configured"] != Value::Bool(false);
        if !managed {
            continue;
        }
        let name = plain(name, 64);
        if is_troubled(channel) {
            account.troubled.push(name.clone());
        }
        let words = plain(&without_tokens(channel["lastError"].as_str().unwrap_or_default()), MOST_WORDS);
        if !words.is_empty() {
            account.words.insert(name, words);
        }
    }
    account
}

/// OpenClaw's own verdict (`healthState`), and beside it what that one is always too patient for: connecting again and again.
fn is_troubled(channel: &Value) -> bool {
    let verdict = channel["healthState"].as_str().unwrap_or_default();
    let lifecycle = channel["lifecycle"].as_str().unwrap_or_default();
    matches!(verdict, "terminal-disconnect" | "blocked" | "ingress-unavailable" | "not-running" | "disconnected" | "stuck")
        || lifecycle == "blocked"
        || (lifecycle == "recovering" && channel["connected"] == Value::Bool(false))
}

fn plain(text: &str, most: usize) -> String {
    let mut plain: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(most).collect();
    if text.chars().count() > most {
        plain.push('…');
    }
    plain.trim().to_owned()
}

/// A library may quote an address with the token in it. Nothing that a person should read is one word of so many such letters.
fn without_tokens(text: &str) -> String {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.' | ':' | '~' | '+' | '=');
    let hidden =
        |word: &str| (word.len() >= 32 && word.bytes().any(|byte| byte.is_ascii_digit())) || ["xoxb-", "xapp-"].iter().any(|start| word.starts_with(start));
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        out.push_str(if hidden(word) { "…" } else { word });
        let next = after.find(is_part).unwrap_or(after.len());
        out.push_str(&after[..next]);
        rest = &after[next..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As OpenClaw 2026.9.6 answered, with no network, 50 s and 3 min after its start; what does not matter is left out.
    fn answer(at: i64, discord: &Value, telegram: &str) -> Account {
        account(&json!({ "ok": true, "ts": at, "channels": {
            "discord": discord,
            "slack": { "enabled": false, "configured": true, "running": false, "healthState": "not-running" },
            "telegram": { "enabled": true, "configured": true, "running": true, "connected": false, "lifecycle": "starting", "lastError": null,
                "healthState": telegram },
        }}))
    }

    fn trying_again(seconds: u32) -> Value {
        json!({ "enabled": true, "configured": true, "running": true, "connected": false, "lifecycle": "recovering",
            "lastError": format!("Gateway reconnect scheduled in {seconds}000ms (close, resume=false)") })
    }

    fn known() -> Known {
        Known {
            process: ("c".to_owned(), Timestamp::from_millis(0)),
            asked: Instant::now(),
            account: Account::default(),
            broken: Vec::new(),
            words: BTreeMap::new(),
        }
    }

    fn shown(known: &Known, failing: &[&str]) -> Health {
        let mut health = Health { started: true, ready: true, failing: failing.iter().map(|&name| name.to_owned()).collect(), ..Health::default() };
        known.show(&mut health);
        health
    }

    #[test]
    fn a_channel_that_connects_again_and_again_is_broken_when_two_accounts_say_so() {
        let mut known = known();
        known.hear(answer(100, &trying_again(4), ""), false);
        assert_eq!(shown(&known, &[]).failing, Vec::<String>::new());
        // The same account, repeated, is no second one.
        known.hear(answer(100, &trying_again(4), ""), false);
        assert_eq!(shown(&known, &[]).failing, Vec::<String>::new());
        known.hear(answer(200, &trying_again(16), ""), false);
        let before = shown(&known, &[]);
        assert_eq!(before.failing, ["discord"]);
        assert_eq!(before.reasons["discord"], "Gateway reconnect scheduled in 4000ms (close, resume=false)");
        known.hear(answer(300, &trying_again(8), ""), false);
        assert_eq!(shown(&known, &[]), before, "another number is no change");
        known.hear(answer(400, &json!({ "running": true, "connected": true, "lifecycle": "ready", "lastError": null }), ""), false);
        assert_eq!(shown(&known, &[]), Health { started: true, ready: true, ..Health::default() });
    }

    #[test]
    fn after_a_restart_of_the_host_an_old_process_is_believed_at_its_first_word() {
        let mut known = known();
        known.hear(answer(100, &trying_again(4), "disconnected"), true);
        assert_eq!(shown(&known, &["telegram"]).failing, ["telegram", "discord"]);
    }

    #[test]
    fn words_are_bounded_and_carry_no_token() {
        let token = "123456789:AAabcdefghijklmnopqrstuvwxyz012345678";
        let text = format!("Call to https://api.telegram.org/bot{token}/getMe failed: 401; xoxb-1-a\u{7}; {}", "word ".repeat(200));
        let words = plain(&without_tokens(&text), MOST_WORDS);
        assert!(words.starts_with("Call to https://api.telegram.org/…/getMe failed: 401; … ; word"), "{words}");
        assert!(words.ends_with('…') && words.chars().count() <= MOST_WORDS + 1);
    }
}
