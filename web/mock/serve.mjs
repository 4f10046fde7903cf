// The API's contract in memory, and the built dashboard beside it under the strictest content policy: for screenshots, for
// accessibility checks and for working on the pages without a server. Nothing here is shipped.
// Usage: node mock/serve.mjs [--port 4180]. Any e-mail and password sign in; operator@… is the operator; empty@… has nothing.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { randomBytes } from "node:crypto";
import JSON5 from "json5";
import { openly, signedIn } from "./security.mjs";

const GIB = 1024 ** 3;
const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const letters = "0123456789abcdefghjkmnpqrstvwxyz";
let counter = 0;
const id = (prefix) => {
  counter += 1;
  const head = String(counter).padStart(8, "0");
  return `${prefix}_0${head}${Array.from(randomBytes(17), (byte) => letters[byte % 32]).join("")}`;
};
const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();
const soon = (seconds) => ago(-seconds);
const image = `sha256:${"b031729057b32c2ba6c02c59249891ce40bdf59d28e2567dc44c75e2348b54c1"}`;
// The second never starts: for the way back.
const releases = [
  { id: id("rel"), image: `sha256:${"7c".repeat(32)}`, openclaw_version: "2026.9.10", created_at: ago(3600 * 5), is_default: true, verdict: "passed", notes: "Faster start; Discord threads." },
  { id: id("rel"), image: `sha256:${"5e".repeat(32)}`, openclaw_version: "2026.9.7", created_at: ago(86400 * 2), is_default: false, verdict: "unscanned", accepted: "no database on this machine" },
  { id: id("rel"), image, openclaw_version: "2026.9.6", created_at: ago(86400 * 4), is_default: false, verdict: "passed" },
];
// One wave that has halted, with a canary that did not come through its second stage.
const counts = (some) => ({ waiting: 0, moving: 0, good: 0, failed: 0, skipped: 0, returning: 0, returned: 0, stuck: 0, ...some });
const inShort = ({ id, image, openclaw_version }) => ({ id, image, openclaw_version });
const wavePlan = { stages: ["1", "5%", "25%", "all"], min_success_percent: 90, max_failures: 3, soak_seconds: 600, concurrency: 2 };
const stage = (size, target, members, began_at = null, ended_at = null) => ({ size, target, members: counts(members), began_at, ended_at });
const halted = {
  id: id("wav"), channel: "stable", release: inShort(releases[1]), previous: inShort(releases[2]), plan: wavePlan, state: "halted",
  reason: "fewer than 90 % of stage 2 can work with it: 1 of 3 failed: it did not start on a copy of the data", stage: 2,
  stages: [stage("1", 1, { good: 1 }, ago(2400), ago(1700)), stage("5%", 3, { good: 1, failed: 1 }, ago(1700)), stage("25%", 13, {}), stage("all", 50, {})],
  members: counts({ good: 2, failed: 1, waiting: 46, skipped: 1 }), created_at: ago(2400), created_by: "operator operator@example.com", ended_at: null,
};
const waveMember = (name, more) => ({ deployment: id("dep"), name, slug: name.toLowerCase(), owner: "ada@example.com", state: "waiting", stage: null, revision: null, before: null, back: null, window: null, begun_at: null, decided_at: null, ...more });
const waveAgents = [
  waveMember("Coral", { state: "good", stage: 1, before: 3, revision: 4 }),
  waveMember("Drift", { state: "good", stage: 2, before: 1, revision: 2 }),
  waveMember("Ebb", { state: "failed", stage: 2, before: 6, revision: 7, reason: "it did not start on a copy of the data: OpenClaw refused its configuration: Unrecognized key agents.defaults.heartbeat" }),
  waveMember("Fathom", { state: "skipped", reason: "it is suspended" }),
  waveMember("Gulf", { window: "sat,sun 02:00-05:00 Europe/Berlin" }),
];
function waves(what, anyone, verb, method) {
  if (what === "channels") {
    const channel = (name, release, followers, behind, wave) => ({ name, release, promoted_at: release && ago(86400 * 9), promoted_by: release && "operator operator@example.com", followers, behind, ...(wave ? { wave } : {}), history: [] });
    return [200, { items: [channel("stable", inShort(releases[2]), 50, 2, halted.id), channel("canary", null, 3, 0)] }];
  }
  if (verb === "promote" && method === "GET")
    return [200, { channel: "stable", release: inShort(releases[0]), moves: 50, plan: wavePlan, targets: [1, 3, 13, 50], summary: "OpenClaw 2026.9.10 reaches 1, then 3, then 13, then all 50 agents, 2 at a time, with 10 min of quiet between stages. It stops at the first failure among the first 1, at failure 3, or when fewer than 90 % work. Those that fail come back by themselves, with their data. The channel has it when all are done." }];
  if (verb === "promote") return [202, { channel: waves("channels")[1].items[0], wave: halted }];
  if (verb === "revert" && method === "GET")
    return [200, { agents: [{ deployment: waveAgents[0].deployment, slug: "coral", plan: { revision: 3, config_version: 2, openclaw_version: "2026.9.6", other_release: true, data: "restore", snapshot: snapshot(4, 2300, 12), loses_since: ago(2300), summary: "" } }], summary: "2 agents go back to what they had before. The data of 2 is put back: what was written since the release came is lost to them, and kept as a snapshot for a while." }];
  const state = { pause: "paused", resume: "running", abort: "aborted", revert: "reverting" }[verb];
  if (state) halted.state = state;
  return anyone ? [200, { ...halted, agents: waveAgents }] : [200, { items: [halted] }];
}
const snapshot = (number, seconds, megabytes) => ({ number, taken_at: ago(seconds), bytes: Math.round(megabytes * 1024 ** 2), took_ms: 38, method: "reflink" });

// Tickets, the audit log, accounts and looks: one of each kind.
const fingerprint = (letter) => letter.repeat(64);
const auditRow = (seq, seconds, action, subject, more = {}) => ({ seq, at: ago(seconds), account: "acc_0ada", actor: "ada@example.com", user: "usr_0ada", action, subject, outcome: "done", from: "198.51.100.7", detail: {}, hash: fingerprint("a"), ...more });
const auditRows = [
  auditRow(1042, 60, "deployment.restart", "dep_01kb00000000000000000000ab"),
  auditRow(1041, 300, "account.look", "lok_01kb00000000000000000000ab", { actor: "operator ops@example.com", from: null, detail: { reason: "ticket 1002", until: soon(1500) } }),
  auditRow(1038, 4000, "request.refused", "POST /v1/deployments/{id}/restart", { outcome: "refused", actor: "bob@example.com", detail: { path: "/v1/deployments/dep_01kb/restart", why: "role_missing", left_out_before: 0 } }),
  auditRow(1030, 86400, "account.login", "usr_0ada", { outcome: "refused", detail: { why: "wrong_credentials", left_out_before: 12 } }),
  auditRow(7, 86400 * 30, "account.signup", "acc_0ada", { actor: null, user: null, from: null }),
];
const aLook = { id: "lok_01kb00000000000000000000ab", account: "acc_01kb00000000000000000000ab", account_name: "Ada's aquarium", operator: "ops@example.com", reason: "ticket 1002: Telegram does not answer", from: ago(300), until: soon(1500), now: true };
const aSnapshot = { taken_at: ago(30), name: "Coral", slug: "coral", plan: "starter", state: "running", openclaw_version: "2026.9.6", revision: 4, config: "{\n  channels: { telegram: { botToken: \"[hidden]\" } },\n}", events: [{ id: "evt_1", at: ago(60), kind: "step", action: "route", outcome: "done", message: "it can be reached", duration_ms: 12, actor: null }], log: [`${ago(50)} [telegram] getUpdates failed: 401 Unauthorized`, `${ago(45)} Authorization: Bearer [hidden]`] };
const aTicket = (number, state, subject, more = {}) => ({ id: `tkt_${number}`, number, account: aLook.account, account_name: aLook.account_name, deployment: null, subject, state, opened_by: "ada@example.com", created_at: ago(86400), updated_at: ago(3600), closed_at: null, has_snapshot: false, messages: [{ at: ago(86400), author: "ada@example.com", from_operator: false, internal: false, message: "Since noon the bot does not answer.\nNothing was changed." }], snapshot: null, snapshot_destroyed_at: null, ...more });
const allTickets = [
  aTicket(1003, "open", "How do I bring my own domain?"),
  aTicket(1002, "waiting", "Telegram does not answer", { has_snapshot: true, snapshot: aSnapshot, messages: [...aTicket(0, "open", "").messages, { at: ago(7200), author: "operator ops@example.com", from_operator: true, internal: true, message: "401: the token was revoked at BotFather." }, { at: ago(3600), author: "operator ops@example.com", from_operator: true, internal: false, message: "Telegram refuses the bot's token. Did you make a new one?" }] }),
  aTicket(1001, "closed", "An invoice with our address", { closed_at: ago(3000), snapshot_destroyed_at: ago(100) }),
];
const anAccount = { id: aLook.account, name: aLook.account_name, owner: "ada@example.com", created_at: ago(86400 * 90), closed_at: null, members: 2, deployments: 3, held: 1, open_tickets: 2 };
function tell(path, method, query, me, body) {
  const staff = path.startsWith("/v1/operator/");
  if (staff && me.role !== "operator") return null;
  const rest = path.replace("/v1/operator/", "/v1/").split("/").slice(2);
  if (rest[0] === "audit") {
    if (rest[1] === "export") return [200, "seq,at\r\n"];
    if (rest[1] === "verification") return [200, { rows: 1042, forgotten: 3, head: { place: 1042, hash: fingerprint("e"), chain: "c" }, findings: [], count: 0 }];
    return [200, { items: auditRows.filter((row) => (!query.get("outcome") || row.outcome === query.get("outcome")) && (!query.get("action") || row.action.startsWith(query.get("action")))) }];
  }
  if (path === "/v1/looks") return [200, { items: [aLook, { ...aLook, id: "lok_2", reason: "the installation was moved", from: ago(86400 * 9), until: ago(86400 * 9 - 900), now: false }] }];
  if (path === "/v1/auth/look") return delete me.look, [204];
  if (rest[0] === "tickets") {
    const visible = me.email.startsWith("empty@") ? [] : allTickets;
    const one = rest[1] && visible.find((ticket) => ticket.id === rest[1]);
    const shown = (ticket) => ({ ...ticket, messages: ticket.messages.filter((said) => staff || !said.internal) });
    if (one && rest[2] === "messages") {
      one.messages.push({ at: ago(0), author: me.email, from_operator: staff, internal: body.internal === true, message: body.message });
      if (!body.internal) one.state = body.solved ? "solved" : staff ? "waiting" : "open";
    }
    if (one && rest[2] === "close") one.state = "closed";
    if (one && rest[2] === "reopen") one.state = "open";
    if (one) return [200, shown(one)];
    if (method === "POST" && !staff) return allTickets.unshift(aTicket(1004, "open", body.subject, { messages: [{ at: ago(0), author: me.email, from_operator: false, internal: false, message: body.message }] })), [201, shown(allTickets[0])];
    const q = (query.get("q") ?? "").replace("#", "");
    return [200, { items: visible.filter((ticket) => (!query.get("state") || ticket.state === query.get("state")) && (!q || String(ticket.number) === q || ticket.subject.toLowerCase().includes(q.toLowerCase()))) }];
  }
  if (rest[2] === "support-snapshot") return [201, { id: "snp_1", expires_at: soon(3600), snapshot: aSnapshot }];
  if (staff && rest[0] === "reconciliations") {
    const differences = [
      { kind: "runs_unpaid", message: "Telegram helper runs on pro and has no subscription. Suspend it, or ask its owner to pay.", account: anAccount.id },
      { kind: "not_read", message: "The subscription of Research was last read 51 hours ago. Look at the jobs and at the payment provider's status page." },
    ];
    const found = (differences) => ({ id: "rec_1", at: ago(method === "POST" ? 0 : 36_000), count: differences.length, differences });
    return method === "POST" ? [200, found(differences)] : [200, { items: [found(differences), found([])] }];
  }
  if (staff && rest[0] === "margins") {
    const margin = (account, name, revenue, cost) => ({ account, name, revenue: usd(revenue), cost: usd(cost), margin: usd(revenue - cost) });
    return [200, { items: [margin(anAccount.id, anAccount.name, 5600, 2141), margin("acc_2", "bob", 0, 388)] }];
  }
  if (staff && rest[0] === "accounts") {
    if (rest[2] === "look") return (me.look = { ...aLook, reason: body.reason }), [201, me.look];
    if (rest[2]) return [200, { changed: 3, already: 0 }];
    if (rest[1]) return [200, { ...anAccount, people: [{ user: "usr_1", email: "ada@example.com", role: "owner", operator: false, email_verified_at: ago(99), since: ago(86400 * 90) }, { user: "usr_2", email: "bob@example.com", role: "viewer", operator: false, email_verified_at: null, since: ago(86400 * 3) }], agents: [...deployments.values()].slice(0, 3).map(shown), looks: [aLook], credits: 500, limits: [] }];
    return [200, { items: [anAccount, { ...anAccount, id: "acc_2", name: "bob", owner: "bob@example.com", held: 0, open_tickets: 0, deployments: 1 }] }];
  }
  return null;
}

const limits = (cpu_millis, memory, storage) => ({ cpu_millis, memory_bytes: memory * GIB, storage_bytes: storage * GIB, pids: 256 });
const usd = (amount) => ({ amount, currency: "usd" });
const plans = [
  { name: "trial", title: "Trial", limits: limits(500, 1, 10), log_retention_days: 7, deployments: 3, offered: true, price: usd(0), expires_after_hours: 24 },
  { name: "starter", title: "Starter", limits: limits(500, 1, 10), log_retention_days: 7, deployments: 100, offered: true, price: usd(900) },
  { name: "pro", title: "Pro", limits: limits(1000, 2, 25), log_retention_days: 30, deployments: 100, offered: true, price: usd(1900), model_budget: usd(2000) },
  { name: "team", title: "Team", limits: limits(2000, 4, 50), log_retention_days: 30, deployments: 100, offered: true, price: usd(4900), sleep_after_minutes: 720 },
];
const HOUR = 3_600_000;
/** A working week of two agents: busy by day, quiet at night and on Sundays. */
function usageOf(me, step) {
  const length = step === "hour" ? HOUR : 24 * HOUR;
  const to = Math.floor(Date.now() / length) * length + length;
  const from = to - 30 * length;
  const used = (share, part) => ({
    running_seconds: Math.round((part / 1000) * share), cpu_seconds: (part / 1000) * 0.09 * share, memory_gb_hours: (part / HOUR) * 0.62 * share,
    storage_gb_hours: (part / HOUR) * 1.4, egress_bytes: Math.round((part / HOUR) * 9e6 * share), ingress_bytes: Math.round((part / HOUR) * 21e6 * share),
  });
  const series = Array.from({ length: 30 }, (_, place) => ({ starts_at: new Date(from + place * length).toISOString(), ...used(place % 7 === 6 ? 0.2 : 0.6 + 0.35 * Math.sin(place), length) }));
  const sum = (share) => Object.fromEntries(Object.keys(used(1, 1)).map((key) => [key, series.reduce((total, each) => total + each[key], 0) * share]));
  const own = [...deployments.values()].filter((each) => each.account === me.id).slice(0, 2);
  const total = sum(1);
  return {
    from: new Date(from).toISOString(), to: new Date(to).toISOString(), step, total, series: own.length === 0 ? [] : series,
    deployments: own.map((each, place) => ({ deployment: each.id, name: each.name, ...sum(place === 0 ? 0.7 : 0.3) })),
  };
}
const accountLimits = [
  { limit: "trial_deployments", title: "trial deployments", used: 1, allowed: 3, frees_at: null, own: false },
  { limit: "pro_deployments", title: "Pro deployments", used: 2, allowed: 100, frees_at: null, own: false },
  { limit: "deploys_per_hour", title: "new deployments in an hour", used: 4, allowed: 10, frees_at: new Date(Date.now() + 1_500_000).toISOString(), own: false },
  { limit: "changes_per_hour", title: "changes of one deployment in an hour", used: null, allowed: 120, frees_at: null, own: false },
  { limit: "tokens", title: "API tokens", used: 2, allowed: 80, frees_at: null, own: true },
];
const credits = {
  balance: 1420, worth: { amount: 1420, currency: "usd" }, most: 100000, granted: 1500, redeemed: 80, expired: 0,
  grants: [
    { id: "crd_1", source: "trial", amount: 500, left: 420, created_at: ago(86400 * 20), expires_at: soon(86400 * 70) },
    { id: "crd_2", source: "operator", amount: 1000, left: 1000, created_at: ago(86400 * 3), expires_at: null, note: "Sorry for the outage of last week" },
  ],
};
const creditLines = [
  { id: "crd_2", at: ago(86400 * 3), kind: "granted", amount: 1000, source: "operator" },
  { id: "rdm_1", at: ago(86400 * 5), kind: "redeemed", amount: 80, invoice: "in_1Qd4", grant: "crd_1" },
  { id: "crd_1", at: ago(86400 * 20), kind: "granted", amount: 500, source: "trial", expires_at: soon(86400 * 70) },
];
const catalogue = {
  plans,
  templates: [
    { name: "assistant", title: "Personal assistant", description: "Chat with it in the browser. Needs a model key, nothing else." },
    { name: "telegram", title: "Telegram bot", description: "Answers in Telegram, and in the browser. Needs a bot token from BotFather.", channel: "telegram" },
    { name: "discord", title: "Discord bot", description: "Answers on your Discord server. Needs a bot token from Discord's developer portal; better with Pro, as Discord's client needs memory.", channel: "discord" },
    { name: "slack", title: "Slack assistant", description: "Answers in Slack over socket mode. Needs a bot token and an app token.", channel: "slack" },
    { name: "blank", title: "Blank", description: "Only the platform's settings; write the rest of the configuration yourself." },
  ],
  providers: [
    { kind: "openai", title: "OpenAI", default_base_url: "https://api.openai.com/v1", suggested_models: ["gpt-5.2", "gpt-5-mini"] },
    { kind: "anthropic", title: "Anthropic", default_base_url: "https://api.anthropic.com", suggested_models: ["claude-sonnet-4-5", "claude-haiku-4-5"] },
    { kind: "openrouter", title: "OpenRouter", default_base_url: "https://openrouter.ai/api/v1", suggested_models: ["anthropic/claude-sonnet-4.5"] },
    { kind: "openai_compatible", title: "OpenAI-compatible server", suggested_models: [] },
  ],
  channels: [
    { kind: "telegram", title: "Telegram", tokens: [{ name: "bot_token", title: "The Telegram bot token", shape: "the bot's number, a colon and at least 35 letters, digits, `_` or `-`, as BotFather shows it (123456789:AA…)" }] },
    { kind: "discord", title: "Discord", tokens: [{ name: "token", title: "The Discord bot token", shape: "three parts of letters, digits, `_` or `-` joined by dots, from the Bot page of the Discord developer portal" }] },
    { kind: "slack", title: "Slack", tokens: [{ name: "bot_token", title: "The Slack bot token", shape: "the Bot User OAuth Token, which begins with `xoxb-`" }, { name: "app_token", title: "The Slack app token", shape: "the App-Level Token with connections:write, which begins with `xapp-`" }] },
  ],
  signup: "open",
  billing: true,
  version: "0.1.0",
  base_domain: "localhost:4180",
  openclaw_version: "2026.9.6",
};

const DOCUMENT = `// Your agent's own OpenClaw configuration.\n{\n  ui: { assistant: { name: "Assistant" } },\n}\n`;
// Money: one agent that is paid, one whose payment is missing, one that ends, one that was never paid.
const bills = new Map();
function money(me, what, body) {
  if (what === "invoices" && me.email.startsWith("empty@")) return { items: [] };
  if (what === "invoices")
    return { items: [
      { id: "in_4", number: null, deployment: null, status: "draft", total: usd(1810), due: usd(1810), created_at: ago(600), paid_at: null, credits: 0, not_billed: { amount: usd(90), words: "Not billed: 34 h 12 min in which Pearl did not run, of the time from 2026-10-21 to 2026-11-21" }, url: null, pdf: null },
      { id: "in_3", number: "VIV-0003", deployment: null, status: "open", total: usd(900), due: usd(900), created_at: ago(86400), paid_at: null, credits: 0, not_billed: null, url: "https://invoice.example.com/in_3", pdf: "https://invoice.example.com/in_3.pdf" },
      { id: "in_2", number: "VIV-0002", deployment: null, status: "paid", total: usd(1900), due: usd(0), created_at: ago(86400 * 30), paid_at: ago(86400 * 30), credits: 500, not_billed: null, url: "https://invoice.example.com/in_2", pdf: "https://invoice.example.com/in_2.pdf" },
    ] };
  if (["checkout", "portal", "card"].includes(what)) return { url: "/billing?paid=" + (body?.deployment ?? ""), expires_at: soon(86400) };
  if (!bills.has(me.id)) {
    const own = [...deployments.values()].filter((each) => each.account === me.id).slice(0, 4);
    const one = (place, more) => own[place] && { deployment: own[place].id, name: own[place].name, slug: own[place].slug, plan: "starter", stage: "good", explanation: "Paid.", price: usd(900), period_ends_at: soon(86400 * 20), cancels: false, can_cancel: true, can_pay: false, ...more };
    bills.set(me.id, [
      one(0, { plan: "pro", price: usd(1900), moving_to: "team" }),
      one(1, { stage: "grace", pay_until: soon(86400 * 2 + 7200), explanation: "A payment is missing." }),
      one(2, { cancels: true }),
      one(3, { stage: "unpaid", can_cancel: false, can_pay: true, price: null, period_ends_at: null, pay_until: soon(86400 * 13), explanation: "It starts as soon as it is paid." }),
    ].filter(Boolean));
  }
  const all = bills.get(me.id);
  if (what === "cancel") {
    const found = all.find((each) => each.deployment === body.deployment);
    found.cancels = body.when === "period_end";
    if (body.when === "now") Object.assign(found, { stage: "suspending", can_cancel: false, can_pay: true, explanation: "It is being stopped." });
    return found;
  }
  return { account: me.id, card: { brand: "visa", last4: "4242", exp_month: 4, exp_year: 2030 }, subscriptions: all };
}
const sessions = new Map();
const accounts = new Map();
const deployments = new Map();
const streams = new Map();

const shownMe = (me) => ({
  user: { id: me.id.replace("acc_", "usr_"), email: me.email, operator: me.role === "operator", email_verified_at: null, created_at: me.created_at },
  account: me.look
    ? { id: me.look.account, name: me.look.account_name, role: "admin", created_at: me.created_at }
    : me.alone ? null : { id: me.works?.id ?? me.id, name: me.works?.name ?? me.name ?? me.email.split("@")[0], role: me.works?.role ?? me.role_here ?? "owner", created_at: me.created_at },
  ...(me.look ? { look: me.look } : {}),
});

/** People, invitations and sessions, as the account page wants them. */
function people(me, path, method, body, refuse) {
  const user = me.id.replace("acc_", "usr_");
  me.members ??= [
    { user, email: me.email, role: me.role_here ?? "owner", created_at: me.created_at, last_seen_at: ago(40) },
    { user: id("usr"), email: "grace@example.com", role: me.role_here ? "owner" : "admin", created_at: ago(86400 * 20), last_seen_at: ago(7200) },
    { user: id("usr"), email: "an.address.that.is.quite.long.indeed@mail.department.example.com", role: "viewer", created_at: ago(86400 * 3), last_seen_at: null },
  ];
  me.invitations ??= [
    { id: id("inv"), email: "linus@example.com", role: "member", invited_by: me.email, created_at: ago(86400), sent_at: ago(86400), expires_at: soon(86400 * 6), expired: false },
    { id: id("inv"), email: "barbara@example.com", role: "viewer", invited_by: "grace@example.com", created_at: ago(86400 * 9), sent_at: ago(86400 * 9), expires_at: ago(86400 * 2), expired: true },
  ];
  me.sessions ??= [
    { id: id("ses"), current: true, address: "192.0.2.7", browser: "Firefox on Linux", account: me.email.split("@")[0], created_at: ago(86400 * 2), last_seen_at: ago(30), expires_at: soon(86400 * 28) },
    { id: id("ses"), current: false, address: "2001:db8:4f1a::9", browser: "Safari on iPhone", account: me.email.split("@")[0], created_at: ago(86400 * 12), last_seen_at: ago(86400), expires_at: soon(86400 * 18) },
    { id: id("ses"), current: false, address: "203.0.113.80", browser: null, account: null, created_at: ago(86400 * 29), last_seen_at: ago(86400 * 8), expires_at: soon(86400 * 2) },
  ];
  me.accounts ??= [
    { id: me.id, name: me.email.split("@")[0], role: "owner", created_at: me.created_at },
    ...(me.email.startsWith("many@") ? [{ id: id("acc"), name: "Reef & Sons", role: "member", created_at: ago(86400 * 100) }] : []),
  ];
  const one = path.split("/")[3];
  if (path === "/v1/members") return [200, { items: me.members }];
  if (path.startsWith("/v1/members/")) {
    if (method === "PATCH") me.members.find((each) => each.user === one).role = body.role;
    else me.members = me.members.filter((each) => each.user !== one);
    return [204];
  }
  if (path === "/v1/invitations" && method === "GET") return [200, { items: me.invitations }];
  if (path === "/v1/invitations") {
    if (me.invitations.some((each) => each.email === body.email)) refuse(409, "conflict", `The address ${body.email} is invited already; send that invitation again, or revoke it first.`);
    const made = { id: id("inv"), email: body.email, role: body.role, invited_by: me.email, created_at: ago(0), sent_at: ago(0), expires_at: soon(86400 * 7), expired: false };
    me.invitations.unshift(made);
    return [201, made];
  }
  if (path.endsWith("/resend")) {
    const found = me.invitations.find((each) => each.id === one);
    Object.assign(found, { sent_at: ago(0), expires_at: soon(86400 * 7), expired: false });
    return [200, found];
  }
  if (path.startsWith("/v1/invitations/")) return (me.invitations = me.invitations.filter((each) => each.id !== one)), [204];
  if (path === "/v1/sessions" && method === "GET") return [200, { items: me.sessions }];
  if (path.startsWith("/v1/sessions")) return (me.sessions = me.sessions.filter((each) => each.current || (one && each.id !== one))), [204];
  if (path === "/v1/accounts" && method === "GET") return [200, { items: me.accounts }];
  if (path === "/v1/accounts") {
    const made = { id: id("acc"), name: body.name, role: "owner", created_at: ago(0) };
    me.accounts.push(made);
    return [201, made];
  }
  if (path === "/v1/account" && method === "PATCH") {
    const here = me.accounts.find((each) => each.id === (me.works?.id ?? me.id));
    here.name = me.name = body.name;
    return [200, here];
  }
  if (path === "/v1/auth/switch") {
    me.works = me.accounts.find((each) => each.id === body.account);
    return [200, shownMe(me)];
  }
  const wrong = () => body.password === "wrong password" && refuse(422, "invalid_fields", "Some fields are wrong.", [{ path: "password", message: "is wrong" }]);
  if (path === "/v1/account/owner") return wrong(), [204];
  if (path === "/v1/account/delete") return wrong(), [200, { deployments: 3, erase_at: soon(86400 * 7) }];
  if (path === "/v1/auth/user/delete") return wrong(), [204];
  if (path === "/v1/account/leave") return [204];
  if (path === "/v1/auth/invitation/accept") return me.accounts.push({ id: id("acc"), name: "Reef & Sons", role: "member", created_at: ago(0) }), [200, me.accounts.at(-1)];
  return null;
}

function account(email) {
  let known = accounts.get(email);
  if (!known) {
    known = { id: id("acc"), email, role: email.startsWith("operator") ? "operator" : "tenant", created_at: ago(86400 * 40) };
    accounts.set(email, known);
    known.tokens = [
      { id: id("tok"), name: "Backup script", scopes: ["read"], hint: "viv_3fk2", made_by: email, created_at: ago(86400 * 9), expires_at: soon(86400 * 81), last_used_at: ago(3700) },
      { id: id("tok"), name: "Home automation", scopes: ["read", "chat"], hint: "viv_9qpa", made_by: email, created_at: ago(86400 * 2), expires_at: null, last_used_at: null },
    ];
    if (!/^(empty@|other-)/.test(email)) seed(known);
    else known.tokens = [];
  }
  return known;
}

function make(owner, name, slug, more) {
  const plan = plans.find((each) => each.name === (more.plan ?? "pro"));
  const deployment = {
    id: id("dep"), account: owner.id, name, slug, url: `http://${slug}.localhost:4180`, plan: plan.name, template: "assistant", limits: plan.limits, state: "running",
    observed_at: ago(2), openclaw_version: "2026.9.6", image, follows: "stable", window: "sat,sun 02:00-05:00 Europe/Berlin", revision: 1, last_known_good_revision: 1, provider: { kind: "anthropic", model: "claude-sonnet-4-5" }, channels: [],
    created_at: ago(86400 * 3), expires_at: null, purge_at: null, ...more,
  };
  deployment.hidden = {
    owner: owner.email, events: [], logs: [], text: DOCUMENT, config: 1, secrets: [{ name: "provider.apiKey", version: 1, created_at: deployment.created_at }],
    texts: { 1: DOCUMENT },
    revisions: [{ number: 1, config_version: 1, secrets_version: 1, openclaw_version: "2026.9.6", image, outcome: "good", author: owner.email, created_at: deployment.created_at, current: true, last_known_good: true }],
  };
  deployments.set(deployment.id, deployment);
  return deployment;
}

function event(deployment, more) {
  const made = { id: id("evt"), at: new Date().toISOString(), kind: "step", outcome: "done", message: "", ...more };
  deployment.hidden.events.push(made);
  send(`${deployment.id}/events`, "event", made);
}

function log(deployment, level, subsystem, text, at = new Date().toISOString()) {
  const line = { at, level, subsystem, text };
  deployment.hidden.logs.push(line);
  if (deployment.hidden.logs.length > 3000) deployment.hidden.logs.splice(0, 500);
  send(`${deployment.id}/logs`, "line", line);
}

function send(topic, name, value) {
  for (const response of streams.get(topic) ?? []) response.write(`event: ${name}\nid: ${value.id ?? value.at}\ndata: ${JSON.stringify(value)}\n\n`);
}

const WAY = [
  ["requested", "allocate", "a place on the host is reserved", 300],
  ["provisioning", "prepare", "storage, network and firewall rules are there", 900],
  ["configuring", "configure", "configuration and secrets are delivered", 400],
  ["starting", "start", "the verified image runs in its container", 700],
  ["starting", "watch", "OpenClaw has started", 4200],
  ["starting", "prove", "the seal holds: 14 of 14 checks", 300],
  ["starting", "route", "the door is open", 50],
];

function history(deployment, begin) {
  let at = begin;
  const push = (more) => deployment.hidden.events.push({ id: id("evt"), at: ago(at), kind: "step", outcome: "done", message: "", ...more });
  push({ kind: "ask", outcome: "noted", message: "creation was asked for", actor: deployment.hidden.owner });
  for (const [, action, message, took] of WAY) {
    at -= took / 250;
    push({ action, message, duration_ms: took * 4 });
  }
  push({ kind: "state", outcome: "noted", message: "it is running" });
}

function seed(owner) {
  const pearl = make(owner, "Pearl", `pearl-${owner.id.slice(5, 9)}`, { template: "telegram", channels: [{ kind: "telegram", allow_from: ["42"] }], degraded: [{ part: "telegram", reason: "Telegram refuses the bot token (401 Unauthorized)", remedy: "replace the bot token under Secrets with the one that BotFather shows" }] });
  const marlin = make(owner, "Marlin, the research assistant", `marlin-${owner.id.slice(5, 9)}`, { plan: "team" });
  make(owner, "Kelp", `kelp-${owner.id.slice(5, 9)}`, { state: "suspended", observed_at: ago(65) });
  make(owner, "Barnacle", `barnacle-${owner.id.slice(5, 9)}`, { state: "failed", reason: "OpenClaw stopped 5 times in a row, the last time because it ran out of memory (1 GB). Choose a larger plan, or try again.", plan: "starter", last_known_good_revision: null });
  make(owner, "Tide", `tide-${owner.id.slice(5, 9)}`, { plan: "trial", expires_at: soon(5 * 3600 + 720) });
  make(owner, "Sextant", `sextant-${owner.id.slice(5, 9)}`, { state: "terminated", purge_at: soon(86400 * 6), observed_at: ago(400) });
  make(owner, "Harbour", `harbour-${owner.id.slice(5, 9)}`, { state: "requested", plan: "starter", queue_position: 3, observed_at: null, last_known_good_revision: null });
  make(owner, "Anchovy", `anchovy-${owner.id.slice(5, 9)}`, { state: "starting", doing: "watch", plan: "starter", last_known_good_revision: null });
  for (const deployment of [pearl, marlin]) history(deployment, 3000);
  for (const deployment of deployments.values()) {
    if (deployment.account !== owner.id || deployment.hidden.events.length > 0) continue;
    history(deployment, 900);
  }
  pearl.hidden.events.push({ id: id("evt"), at: ago(200), kind: "sight", outcome: "noted", message: "telegram is failing: the bot token is refused" });
  pearl.hidden.secrets.push({ name: "channels.telegram.botToken", version: 2, created_at: ago(7000) });
  const revision = (number, config_version, seconds, more) => ({ number, config_version, secrets_version: 2, openclaw_version: "2026.9.6", image, outcome: "good", author: owner.email, created_at: ago(seconds), current: false, last_known_good: false, ...more });
  const { 1: { image: tried, openclaw_version } } = releases;
  pearl.hidden.texts = {
    1: DOCUMENT,
    2: `${DOCUMENT.slice(0, -2)}  tools: { web: { search: { provider: "seagull" } } },\n}\n`,
    3: `// Your agent's own OpenClaw configuration.\n{\n  ui: { assistant: { name: "Pearl" } },\n  session: { scope: "per-sender" },\n  // Short answers: it is read on a phone.\n  messages: { prefix: "" },\n}\n`,
  };
  pearl.hidden.text = pearl.hidden.texts[3];
  pearl.hidden.config = 3;
  pearl.hidden.revisions = [
    revision(5, 3, 3550, { current: true, last_known_good: true, author: "system", restores: 4 }),
    revision(4, 3, 3640, { outcome: "failed", openclaw_version, image: tried, snapshot: snapshot(4, 3630, 48.2), reason: "the container ended by itself with code 1. Its last words: Error: state was written by a newer schema (17 > 16); refusing to start. Run `openclaw doctor --fix` or restore a backup. The old release is back, with the data from before it" }),
    revision(3, 3, 7000, { snapshot: snapshot(3, 6998, 31.6) }),
    revision(2, 2, 9000, { outcome: "failed", secrets_version: 1, author: "system", restores: undefined, reason: "OpenClaw did not start with it: tools.web.search: unknown provider" }),
    { ...pearl.hidden.revisions[0], current: false, last_known_good: false },
  ];
  pearl.hidden.revisions[3].author = owner.email;
  pearl.revision = 5;
  pearl.last_known_good_revision = 5;
  const words = [["info", "gateway", "listening on 0.0.0.0:18789"], ["info", "plugins", "loaded 14 plugins in 2.1 s"], ["warn", "telegram", "getMe failed: 401 Unauthorized; retrying in 30 s"], ["debug", "agent", "session main: prompt 1,204 tokens"], ["error", "telegram", "channel stopped: the token is refused"], ["info", "gateway", "ready"]];
  for (let at = 0; at < 120; at += 1) log(pearl, ...words[at % words.length], ago(600 - at * 5));
}

const random = (low, high) => low + Math.random() * (high - low);
setInterval(() => {
  for (const deployment of deployments.values()) {
    if (deployment.observed_at && deployment.state === "running") deployment.observed_at = new Date().toISOString();
    if (deployment.state === "running" && streams.get(`${deployment.id}/logs`)?.size) {
      log(deployment, ["info", "info", "debug", "warn"][Math.floor(random(0, 4))], "agent", `turn ${Math.floor(random(1, 900))}: ${Math.floor(random(200, 4000))} tokens in, ${Math.floor(random(20, 400))} out`);
    }
  }
}, 1500).unref();

function walk(deployment, way = WAY, end = "running") {
  let wait = 0;
  for (const [state, action, message, took] of way) {
    setTimeout(() => {
      if (deployment.state === "terminated" || deployment.state === "suspended") return;
      deployment.state = deployment.hidden.again ?? state;
      deployment.doing = action;
      deployment.observed_at = new Date().toISOString();
      event(deployment, { action, outcome: "started", message });
    }, wait).unref();
    wait += took;
    setTimeout(() => event(deployment, { action, message, duration_ms: took }), wait).unref();
  }
  setTimeout(() => {
    if (deployment.state === "terminated" || deployment.state === "suspended") return;
    deployment.state = end;
    delete deployment.doing;
    delete deployment.reason;
    delete deployment.hidden.again;
    deployment.observed_at = new Date().toISOString();
    event(deployment, { kind: "state", outcome: "noted", message: `it is ${end}` });
    log(deployment, "info", "gateway", "ready");
  }, wait + 50).unref();
}

let bound = 4180;
const shown = ({ hidden: _, ...deployment }) => ({ ...deployment, url: `http://${deployment.slug}.localhost:${bound}` });
class Refusal extends Error {
  constructor(status, code, detail, fields) {
    super(detail);
    this.problem = { code, title: code.replaceAll("_", " "), status, detail, ...(fields ? { fields } : {}), request_id: randomBytes(6).toString("hex") };
  }
}
const refuse = (status, code, detail, fields) => {
  throw new Refusal(status, code, detail, fields);
};

const TOKENS = { telegram: [["bot_token", /^\d{5,20}:[\w-]{35,}$/]], discord: [["token", /^[\w-]{17,}\.[\w-]{5,}\.[\w-]{25,}$/]], slack: [["bot_token", /^xoxb-[\w-]{10,}$/], ["app_token", /^xapp-[\w-]{10,}$/]] };
function checkChannels(channels, fields, kept) {
  channels?.forEach((channel, place) => {
    for (const [name, shape] of TOKENS[channel.kind] ?? []) {
      const token = channel.tokens?.[name];
      if (token === undefined ? !kept.includes(channel.kind) : !shape.test(token)) {
        const field = catalogue.channels.find((each) => each.kind === channel.kind).tokens.find((each) => each.name === name);
        fields.push({ path: `channels[${place}].tokens.${name}`, message: `must be ${field.shape}` });
      }
    }
  });
}
function checkText(text) {
  let value;
  try {
    value = JSON5.parse(text);
  } catch (error) {
    return [{ path: "", message: `is not valid JSON5: ${error.message}`, line: error.lineNumber }];
  }
  const known = ["ui", "agents", "channels", "models", "tools", "session", "messages", "cron", "skills", "plugins", "gateway", "logging"];
  const issues = Object.keys(value).filter((key) => !known.includes(key)).map((key) => ({ path: key, message: "is no setting of OpenClaw 2026.9.6" }));
  if (value.ui?.assistant?.name !== undefined && typeof value.ui.assistant.name !== "string") issues.push({ path: "ui.assistant.name", message: "must be a text" });
  if (value.ui?.seamColor !== undefined && typeof value.ui.seamColor !== "string") issues.push({ path: "ui.seamColor", message: "must be a text" });
  if (value.gateway?.bind !== undefined) issues.push({ path: "gateway.bind", message: "cannot be set: the platform decides where the gateway listens. Remove it." });
  return issues;
}
const effective = (deployment) => ({ gateway: { mode: "local", bind: "lan", port: 18789, auth: { mode: "trusted-proxy" } }, models: { providers: { vivier: { baseUrl: "http://10.90.0.17:18790/model", apiKey: { source: "file", provider: "vivier", id: "/model/key" } } } }, ...JSON5.parse(deployment.hidden.text) });
const config = (deployment) => ({ version: deployment.hidden.config, text: deployment.hidden.text, effective: effective(deployment), provider: deployment.provider, channels: deployment.channels, created_at: deployment.created_at, author: deployment.hidden.owner, outcome: "good" });
const settings = ({ kind, allow_from = [], api_root }) => ({ kind, allow_from, ...(api_root ? { api_root } : {}) });

const proof = (deployment) => ({
  holds: true,
  proof: {
    at: ago(120), container: randomBytes(32).toString("hex"), started_at: ago(160), image,
    checks: [
      ["user", "1000:1000"], ["capabilities", "none"], ["read_only_root", "true"], ["no_new_privileges", "true"], ["memory_limit", `${deployment.limits.memory_bytes}`], ["cpu_limit", `${deployment.limits.cpu_millis}`], ["pids_limit", "256"],
      ["published_ports", "none"], ["mounts", "/etc/openclaw (read-only), /home/node/.openclaw, /run/openclaw (read-only), /tmp (tmpfs)"], ["network", "own, internal"], ["egress_host", "refused"], ["egress_metadata", "refused"], ["egress_other_tenants", "refused"], ["image", image],
    ].map(([name, value]) => ({ name, expected: value, found: value, holds: true })),
  },
});

function create(owner, wanted) {
  const fields = [];
  if (typeof wanted.name !== "string" || wanted.name === "" || wanted.name.length > 60) fields.push({ path: "name", message: "must have 1 to 60 characters" });
  if (wanted.slug && [...deployments.values()].some((each) => each.slug === wanted.slug)) fields.push({ path: "slug", message: "is taken; choose another" });
  if (wanted.provider?.model === "") fields.push({ path: "provider.model", message: "must be the provider's id of a model" });
  checkChannels(wanted.channels, fields, []);
  if (fields.length > 0) refuse(422, "invalid", "Some fields are wrong; each says what it must be.", fields);
  const slug = wanted.slug ?? `${wanted.name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "agent"}-${randomBytes(3).toString("hex")}`;
  const { api_key: _, ...provider } = wanted.provider ?? {};
  const made = make(owner, wanted.name, slug, {
    plan: wanted.plan, template: wanted.template, state: "requested", observed_at: null, created_at: new Date().toISOString(), provider: wanted.provider ? provider : null, channels: (wanted.channels ?? []).map(settings), last_known_good_revision: null,
    expires_at: wanted.plan === "trial" ? soon(86400) : null,
  });
  event(made, { kind: "ask", outcome: "noted", message: "creation was asked for", actor: owner.email });
  walk(made);
  return made;
}

/** A new revision that is wanted; what comes of it is said by `settle`. */
function want(deployment, said) {
  const { reason: _, restores: __, ...rest } = said;
  deployment.revision += 1;
  for (const each of deployment.hidden.revisions) each.current = false;
  deployment.hidden.revisions.unshift({ ...rest, ...(said.restores && said.snapshot ? { restores: said.restores } : {}), number: deployment.revision, outcome: "pending", current: true, last_known_good: false, created_at: ago(0) });
  Object.assign(deployment, { image: said.image, openclaw_version: said.openclaw_version });
}

/** After its way up and a short probation it is trusted, or taken back. */
function settle(deployment, number, good, before) {
  setTimeout(() => {
    const made = deployment.hidden.revisions.find((each) => each.number === number);
    if (!made.current) return Object.assign(made, { outcome: "superseded" });
    if (!good) {
      Object.assign(made, { outcome: "failed", reason: "the container ended by itself with code 1 three times; its log says why" });
      want(deployment, { ...made, ...before, author: "system", restores: number });
      return settle(deployment, deployment.revision, true);
    }
    for (const each of deployment.hidden.revisions) each.last_known_good = false;
    Object.assign(made, { outcome: "good", last_known_good: true });
    deployment.last_known_good_revision = number;
  }, 4000).unref();
}

function plan(deployment, wanted) {
  const revision = Number(wanted ?? deployment.last_known_good_revision);
  const target = deployment.hidden.revisions.find((each) => each.number === revision) ?? refuse(404, "not_found", "There is no such revision.");
  const kept = deployment.hidden.revisions.map((each) => each.snapshot).filter((each) => each && each.number > revision).sort((left, right) => left.number - right.number)[0] ?? null;
  const other_release = target.image !== deployment.image;
  const data = kept && (other_release || kept.number === 3) ? "restore" : "keep";
  const rest = kept === null ? "the data stays as it is: no copy from that time is kept"
    : data === "restore" ? `the data as well: what was written since ${kept.taken_at} is lost to the agent, and kept as a snapshot for a while`
    : `the data stays as it is. It can be put back to ${kept.taken_at} on request; what was written since is then lost to the agent`;
  const what = other_release ? `Configuration, secrets and OpenClaw ${target.openclaw_version}` : "Configuration and secrets";
  return { revision, config_version: target.config_version, openclaw_version: target.openclaw_version, other_release, data, snapshot: kept, loses_since: kept?.taken_at ?? null, summary: `${what} of revision ${revision} come back, as a new revision; ${rest}.` };
}

function moves(deployment, verb, owner, wanted) {
  const by = { kind: "ask", outcome: "noted", actor: owner.email };
  if (verb !== "restore" && deployment.state === "terminated") refuse(409, "terminated", "the deployment is deleted; restore it first (possible until its data is purged)");
  if ((verb === "restart" || verb === "retry") && deployment.state === "suspended") refuse(409, "suspended", "the deployment is suspended; resume it first");
  event(deployment, { ...by, message: `${verb} was asked for` });
  if (verb === "suspend") {
    deployment.state = "suspended";
    event(deployment, { kind: "state", outcome: "noted", message: "it is suspended" });
  } else {
    deployment.state = "restarting";
    deployment.hidden.again = "restarting";
    deployment.purge_at = null;
    if (verb === "rollback") {
      const { revision: target, snapshot: kept, data } = plan(deployment, wanted.revision);
      const old = deployment.hidden.revisions.find((each) => each.number === target);
      const restores = (wanted.data ?? data) === "restore" ? { restores: kept.number } : {};
      want(deployment, { ...old, restores: undefined, author: owner.email, snapshot: snapshot(deployment.revision + 1, 0, 50.1), ...restores });
      deployment.hidden.text = deployment.hidden.texts[old.config_version] ?? DOCUMENT;
      settle(deployment, deployment.revision, true);
    }
    if (verb === "release") {
      const release = releases.find((each) => each.image === wanted.image) ?? refuse(422, "invalid", "Some fields are wrong; each says what it must be.", [{ path: "image", message: "must be the image of a release; the list of releases names them" }]);
      if (release.image === deployment.image) return;
      const good = release !== releases[1];
      const { image: before, openclaw_version: old } = deployment;
      want(deployment, { ...deployment.hidden.revisions[0], image: release.image, openclaw_version: release.openclaw_version, author: owner.email, restores: undefined, snapshot: snapshot(deployment.revision + 1, 0, 50.1) });
      settle(deployment, deployment.revision, good, { image: before, openclaw_version: old });
    }
    walk(deployment, WAY.slice(3));
  }
}

async function answer(request, response, path, query) {
  const method = request.method;
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString("utf8")) : {};
  const cookie = /vivier_session=(\w+)/.exec(request.headers.cookie ?? "")?.[1];
  const json = (status, value, headers = {}) => response.writeHead(status, { "content-type": "application/json", ...headers }).end(value === undefined ? undefined : JSON.stringify(value));
  const enter = (email, status) => {
    const key = randomBytes(16).toString("hex");
    const known = account(email);
    sessions.set(key, email);
    json(status, shownMe(known), { "set-cookie": `vivier_session=${key}; HttpOnly; SameSite=Lax; Path=/` });
  };
  if (path === "/v1/catalogue") return json(200, catalogue);
  if (path.startsWith("/v1/auth/") && openly(path, body, { json, refuse, enter }) !== undefined) return;
  if (path === "/v1/auth/signup" || path === "/v1/auth/login") {
    if (body.setup_token) accounts.set(body.email, { id: id("acc"), email: body.email, role: "operator", created_at: ago(0), tokens: [] });
    if (body.password === "wrong password") refuse(401, "wrong_credentials", "The e-mail or the password is wrong. Try again, or sign up.");
    if (body.email === "taken@example.com" && path.endsWith("signup")) refuse(422, "invalid", "Some fields are wrong.", [{ path: "email", message: "has an account already; log in instead" }]);
    return enter(body.email, path.endsWith("signup") ? 201 : 200);
  }
  if (path === "/v1/auth/invitation") {
    if (body.token !== "good") refuse(404, "invitation_invalid", "This invitation is not valid any more: it was used, taken back, replaced by a newer mail, or is too old. Ask who invited you to send it again.");
    return json(200, { account: "Reef & Sons", email: "guest@example.com", role: "member", invited_by: "grace@example.com", expires_at: soon(86400 * 5) });
  }
  const me = sessions.has(cookie) ? account(sessions.get(cookie)) : refuse(401, "signed_out", "Sign in first.");
  if (path === "/v1/auth/me") return json(200, shownMe(me));
  if (/^\/v1\/(auth|operator\/jobs)(\/|$)/.test(path) && signedIn(path, method, body, me, { json, refuse }) !== undefined) return;
  if (path === "/v1/auth/logout") return sessions.delete(cookie), json(204);
  const answered = people(me, path, method, body, refuse);
  if (answered) return json(...answered);
  if (path === "/v1/auth/password") return body.current_password === "wrong password" ? refuse(422, "invalid", "Some fields are wrong.", [{ path: "current_password", message: "is not your password" }]) : json(204);
  if (path.startsWith("/v1/billing")) return json(200, money(me, path.split("/")[3], body));
  if (path === "/v1/usage") return json(200, usageOf(me, query.get("step") ?? "day"));
  if (path === "/v1/limits") return json(200, { limits: accountLimits, rates: [] });
  if (path === "/v1/credits") return json(200, credits);
  if (path === "/v1/credits/history") return json(200, { items: creditLines });
  if (path === "/v1/tokens" && method === "GET") return json(200, { items: me.tokens });
  if (path === "/v1/tokens") {
    const secret = `viv_${randomBytes(20).toString("hex")}`;
    const token = { id: id("tok"), name: body.name, scopes: body.scopes, hint: secret.slice(0, 8), made_by: me.email, created_at: ago(0), expires_at: body.expires_in_days ? soon(86400 * body.expires_in_days) : null, last_used_at: null };
    me.tokens.push(token);
    return json(201, { ...token, secret });
  }
  if (path.startsWith("/v1/tokens/")) return (me.tokens = me.tokens.filter((each) => each.id !== path.split("/")[3])), json(204);
  const told = tell(path, method, query, me, body);
  if (told) return typeof told[1] === "string" ? (response.writeHead(200, { "content-type": "text/csv" }), response.end(told[1])) : json(...told);
  const matching = (list) => list.filter((each) => (!query.get("q") || `${each.name} ${each.slug} ${each.hidden.owner}`.toLowerCase().includes(query.get("q").toLowerCase())) && (!query.get("state") || each.state === query.get("state")));
  if (path.startsWith("/v1/operator/")) {
    if (me.role !== "operator") refuse(403, "operators_only", "Only an operator may see this.");
    const [, , , what, anyone, verb] = path.split("/");
    if (what === "channels" || what === "waves" || verb === "promote") return json(...waves(what, anyone, verb, method));
    if (anyone && what === "deployments") return moves(deployments.get(anyone), verb, me, body), json(202, shown(deployments.get(anyone)));
    if (what === "deployments") return json(200, { items: matching([...deployments.values()]).map((each) => ({ ...shown(each), owner: each.hidden.owner })) });
    const full = (each) => ({ node_version: "24.21.0", size_bytes: 675705993, deployments: [...deployments.values()].filter((agent) => agent.image === each.image).length, signed_by: `sha256:${"3a".repeat(32)}`, ...each });
    const release = what === "releases" && releases.find((each) => each.id === anyone);
    if (release) {
      delete release.withdrawn;
      if (method === "POST") release.withdrawn = { reason: body.reason, at: ago(0) };
      return json(200, full(release));
    }
    if (what === "releases") return json(200, { items: releases.map(full) });
    if (what === "quarantine") return json(200, [{ container: randomBytes(32).toString("hex"), name: "vivier-dep_0nobody", deployment: null, since: ago(86400), discard_at: soon(86400 * 6) }]);
    return json(200, [{ name: "local", reachable: true, observed_at: ago(3), reserved_memory_bytes: 11 * GIB, reserved_cpu_millis: 5500, memory_ceiling: 0.8, admits: false, reason: "82 % of the memory is promised; new agents are refused above 80 %. Stop an agent or add memory.", deployments: deployments.size, queue_length: 3, capacity: { at: ago(3), driver: "docker", engine_version: "20.10.24", cpus: 8, memory_total_bytes: 16 * GIB, memory_available_bytes: 6 * GIB, disk_total_bytes: 200 * GIB, disk_available_bytes: 120 * GIB, containers_running: 5, warnings: ["this host cannot enforce disk quotas: the storage of a plan is a promise, not a limit"] } }]);
  }
  if (path.startsWith("/v1/releases/")) return json(200, { bomFormat: "CycloneDX", specVersion: "1.6", components: [] });
  if (path === "/v1/releases") return json(200, { items: me.email.startsWith("unreleased") ? [] : releases });
  if (path === "/v1/deployments" && method === "GET") return json(200, { items: matching([...deployments.values()].filter((each) => each.account === me.id)).map(shown) });
  if (path === "/v1/deployments") return json(202, shown(create(me, body)));
  const [, , , wanted, verb, ...rest] = path.split("/");
  const deployment = deployments.get(wanted);
  if (!deployment || deployment.account !== me.id) refuse(404, "not_found", "There is no such deployment.");
  if (verb === undefined) {
    if (method === "PATCH") Object.assign(deployment, body);
    if (method === "DELETE") {
      deployment.state = "terminated";
      deployment.purge_at = soon(86400 * 7);
      event(deployment, { kind: "ask", outcome: "noted", message: "deletion was asked for", actor: me.email });
    }
    return json(method === "DELETE" ? 202 : 200, shown(deployment));
  }
  if ((verb === "events" || verb === "logs") && query.get("follow") === "true") {
    const topic = `${wanted}/${verb}`;
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    for (const each of deployment.hidden[verb].slice(-(query.get("tail") ?? 200))) response.write(`event: ${verb === "logs" ? "line" : "event"}\ndata: ${JSON.stringify(each)}\n\n`);
    response.write(": here\n\n");
    if (!streams.has(topic)) streams.set(topic, new Set());
    streams.get(topic).add(response);
    return request.socket.on("close", () => streams.get(topic).delete(response));
  }
  switch (verb) {
    case "events":
      return json(200, { items: deployment.hidden.events.slice().reverse() });
    case "stats":
      if (deployment.state !== "running") refuse(409, "not_running", "It does not run, so there is nothing to measure.");
      return json(200, { at: ago(0), cpu_millis: Math.round(random(20, 0.7 * deployment.limits.cpu_millis)), cpu_limit_millis: deployment.limits.cpu_millis, memory_bytes: Math.round(random(0.42, 0.47) * deployment.limits.memory_bytes), memory_limit_bytes: deployment.limits.memory_bytes, pids: 34, network_received_bytes: 4_812_311, network_sent_bytes: 991_232 });
    case "proof":
      return deployment.state === "running" ? json(200, proof(deployment)) : refuse(404, "no_proof", "No proof has been taken yet.");
    case "secrets":
      if (method === "PUT") {
        const known = deployment.hidden.secrets.find((each) => each.name === rest[0]);
        if (known) Object.assign(known, { version: known.version + 1, created_at: ago(0) });
        else deployment.hidden.secrets.push({ name: rest[0], version: 1, created_at: ago(0) });
        return json(200, deployment.hidden.secrets.find((each) => each.name === rest[0]));
      }
      if (method === "DELETE") deployment.hidden.secrets = deployment.hidden.secrets.filter((each) => each.name !== rest[0]);
      return method === "DELETE" ? json(204) : json(200, { items: deployment.hidden.secrets });
    case "revisions":
      return json(200, { items: deployment.hidden.revisions });
    case "follow":
      Object.assign(deployment, { follows: body.channel ?? undefined, window: body.window ?? undefined });
      event(deployment, { kind: "ask", outcome: "noted", message: body.channel ? `follows ${body.channel} from now on` : "follows no channel: it stays on its release", actor: me.email });
      return json(200, shown(deployment));
    case "rollback":
      if (method === "GET") return json(200, plan(deployment, query.get("revision")));
      moves(deployment, verb, me, body);
      return json(202, shown(deployment));
    case "open":
      return deployment.state === "running" ? json(200, { url: `http://${deployment.slug}.${request.headers.host}/.vivier/session?code=once&return=%2F`, expires_at: soon(60) }) : refuse(409, "not_running", "It does not run. Start it first.");
    case "config": {
      if (method === "GET" && rest[0] === "versions") {
        const text = deployment.hidden.texts[rest[1]] ?? refuse(404, "not_found", "There is no such version.");
        return json(200, { ...config(deployment), version: Number(rest[1]), text });
      }
      if (method === "GET") return json(200, config(deployment));
      const fields = [];
      const issues = body.text === undefined ? [] : checkText(body.text);
      if (body.dry_run) return json(200, { valid: issues.length === 0, issues });
      checkChannels(body.channels, fields, deployment.channels.map((each) => each.kind));
      fields.push(...issues.map(({ path, ...issue }) => ({ ...issue, path: `text.${path}` })));
      if (fields.length > 0) refuse(422, "invalid", "The configuration is not valid; nothing was changed.", fields);
      if (body.text !== undefined) deployment.hidden.text = body.text;
      if (body.provider) deployment.provider = (({ api_key: _, ...provider }) => provider)(body.provider);
      if (body.channels) deployment.channels = body.channels.map(settings);
      deployment.hidden.config += 1;
      deployment.hidden.texts[deployment.hidden.config] = deployment.hidden.text;
      deployment.revision += 1;
      for (const each of deployment.hidden.revisions) each.current = each.last_known_good = false;
      deployment.hidden.revisions.unshift({ ...deployment.hidden.revisions[0], reason: undefined, restores: undefined, snapshot: undefined, number: deployment.revision, config_version: deployment.hidden.config, outcome: "good", current: true, last_known_good: true, created_at: ago(0) });
      event(deployment, { kind: "ask", outcome: "noted", message: "a new configuration was given", actor: me.email });
      event(deployment, { action: "reload", message: "the new configuration is applied, without a restart", duration_ms: 2600 });
      return json(202, config(deployment));
    }
    default:
      if (method !== "POST") refuse(404, "not_found", "There is no such page.");
      moves(deployment, verb, me, body);
      return json(202, shown(deployment));
  }
}

// A stand-in for an agent's own address, with the way that the edge and the server make a visitor go: cookie, else sign-in.
const AGENT = (name) => `<!doctype html><html lang="en"><title>${name} — OpenClaw</title><h1>${name}</h1><span role="status">Connected</span><div role="log"></div>
<textarea aria-label="Chat composer"></textarea><script src="/chat.js"></script></html>`;
const CHAT = `document.querySelector("textarea").addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  const said = event.target.value;
  event.target.value = "";
  setTimeout(() => { const line = document.createElement("p"); line.textContent = "You said: " + said; document.querySelector("[role=log]").append(line); }, 300);
});`;
function agentPage(request, response, url, slug, port) {
  const go = (to, headers = {}) => response.writeHead(303, { location: to, ...headers }).end();
  if (url.pathname === "/.vivier/session") return go(url.searchParams.get("return") ?? "/", { "set-cookie": `vivier_agent=${slug}; HttpOnly; Path=/` });
  if (!request.headers.cookie?.includes(`vivier_agent=${slug}`)) return go(`http://localhost:${port}/open/${slug}?return=${encodeURIComponent(url.pathname)}`);
  if (url.pathname === "/chat.js") return response.writeHead(200, { "content-type": "text/javascript" }).end(CHAT);
  return response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(AGENT(slug));
}
function openPage(request, response, url, port) {
  const slug = url.pathname.split("/")[2];
  const email = sessions.get(/vivier_session=(\w+)/.exec(request.headers.cookie ?? "")?.[1]);
  if (!email) return response.writeHead(303, { location: `/login?next=${encodeURIComponent(url.pathname + url.search)}` }).end();
  const deployment = [...deployments.values()].find((each) => each.slug === slug && each.hidden.owner === email);
  if (!deployment) return response.writeHead(404, { "content-type": "text/html" }).end("<!doctype html><title>No such agent</title><h1>No such agent</h1>");
  return response.writeHead(303, { location: `http://${slug}.localhost:${port}/.vivier/session?code=once&return=${encodeURIComponent(url.searchParams.get("return") ?? "/")}` }).end();
}

export function listen(port, host = "127.0.0.1") {
  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://mock");
    const slug = /^(.+)\.localhost(:\d+)?$/.exec(request.headers.host ?? "")?.[1];
    if (slug) return agentPage(request, response, url, slug, bound);
    if (url.pathname.startsWith("/open/")) return openPage(request, response, url, bound);
    response.setHeader("content-security-policy", POLICY);
    response.setHeader("x-content-type-options", "nosniff");
    if (url.pathname.startsWith("/v1/")) {
      answer(request, response, url.pathname, url.searchParams).catch((error) => {
        if (error instanceof Refusal) response.writeHead(error.problem.status, { "content-type": "application/problem+json" }).end(JSON.stringify(error.problem));
        else if (!response.headersSent) response.writeHead(500).end(String(error.stack));
      });
      return;
    }
    const wanted = join(dist, normalize(url.pathname));
    const file = existsSync(wanted) && statSync(wanted).isFile() ? wanted : join(dist, "index.html");
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
    createReadStream(file).pipe(response);
  });
  return new Promise((done) =>
    server.listen(port, host, () => {
      bound = server.address().port;
      catalogue.base_domain = `localhost:${bound}`;
      done(server);
    }),
  );
}

export const known = { deployments, account };

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const at = process.argv.indexOf("--port");
  const server = await listen(at < 0 ? 4180 : Number(process.argv[at + 1]));
  console.log(`http://localhost:${server.address().port}`);
}
