// A stand-in for OpenClaw's gateway: the few things that a runtime looks at, in a fraction of a second.
// It runs in an image made from the real one (see standin-image) and takes its orders from the
// configuration's `standin` object, read at start and again whenever a new file is moved over the old one:
//   neverStarts: true      /startupz stays 503          failing: ["telegram"]  /readyz stays 503 and lists it
//   exitAfterMs, exitCode  ends by itself               eatMemory: true        grows until it is killed
//   refuse: "path: why"    a reload is not taken        ignore: true           a reload is not even looked at
//   health: {channels: …}  what the RPC `health` answers
//   refuseSecrets: true    `secrets.reload` over the WebSocket is refused
//   logLines: N, logBytes  writes N lines of that size  ignoreTerm: true       SIGTERM does nothing
//   doctor: ["path: why"]  what `openclaw doctor --lint` finds
//   busyMs: N              work is under way for so long after a suspension is asked for
// GET /v1/standin says who it is, by its host name, and which secrets it works with, by their digest.
import { createHash } from "node:crypto";
import { readFileSync, watchFile, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { hostname } from "node:os";
import { WebSocketServer } from "ws";

const path = process.env.OPENCLAW_CONFIG_PATH ?? "/etc/openclaw/openclaw.json";
const log = (level, subsystem, message) => console.log(JSON.stringify({ time: new Date().toISOString(), level, subsystem, message }));
const hash = (config) => `sha256:${createHash("sha256").update(JSON.stringify(config)).digest("hex")}`;
const read = () => JSON.parse(readFileSync(path, "utf8"));
const issuesOf = (config) => {
  const refusal = config.standin?.refuse;
  if (!refusal) return [];
  const [where, ...why] = refusal.split(": ");
  return [{ path: where, message: why.join(": ") }];
};

const command = process.argv[2];
if (command === "config" || command === "doctor") {
  const config = read();
  const issues = command === "config" ? issuesOf(config) : (config.standin?.doctor ?? []).map((line) => ({ path: line.split(": ")[0], message: line.split(": ")[1] }));
  console.log(JSON.stringify(command === "config" ? { valid: !issues.length, path, issues } : { schemaVersion: 1, ok: !issues.length, findings: issues }));
  process.exit(issues.length ? 1 : 0);
}

let applied;
try {
  applied = read();
  const issues = issuesOf(applied);
  if (issues.length) throw new Error(`Invalid config at ${path}: ${issues[0].path}: ${issues[0].message}`);
} catch (error) {
  log("error", "gateway", `Gateway failed to start: ${error.message}`);
  process.exit(78);
}
const standin = applied.standin ?? {};
const began = Date.now();

// As OpenClaw does, RPC answers speak of the file as it was last read.
let seen = applied;
watchFile(path, { interval: 100 }, () => {
  if (applied.standin?.ignore) return;
  try {
    const fresh = read();
    seen = fresh;
    const issues = issuesOf(fresh);
    if (issues.length) return log("warn", "gateway/reload", `config reload skipped (invalid config): ${issues[0].path}: ${issues[0].message}`);
    if (hash(fresh) === hash(applied)) return;
    applied = fresh;
    log("info", "gateway/reload", "config hot reload applied (standin)");
  } catch (error) {
    log("warn", "gateway/reload", `config reload skipped: ${error.message}`);
  }
});

// The secrets are read at start and again when `secrets.reload` says so, never by themselves.
const readSecrets = () => {
  try {
    return `sha256:${createHash("sha256").update(readFileSync("/run/openclaw/secrets.json")).digest("hex")}`;
  } catch {
    return null;
  }
};
let secrets = readSecrets();

let draining;
function rpc(method) {
  if (method === "gateway.suspend.prepare") {
    draining ??= Date.now();
    const works = Date.now() - draining < (applied.standin?.busyMs ?? 0);
    return { status: works ? "draining" : "ready", suspensionId: "standin", blockers: works ? [{ message: "1 active request" }] : [] };
  }
  if (method === "gateway.suspend.resume") return (draining = undefined, { ok: true, status: "running", resumed: true });
  if (method === "gateway.restart.request") {
    applied = seen = read();
    log("info", "gateway", "restarted in process");
    return {};
  }
  if (method === "health") return { ok: true, ts: Date.now(), channels: {}, ...applied.standin?.health };
  if (method !== "config.get") throw new Error(`unknown method ${method}`);
  const issues = issuesOf(seen);
  return { path, valid: !issues.length, issues, hash: hash(seen), configRevisionHash: issues.length ? null : hash(seen), appliedConfigHash: hash(applied) };
}

const server = createServer(async (request, response) => {
  const answer = (status, body) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  if (request.url === "/healthz") return answer(200, { ok: true, status: "live" });
  const own = request.socket.remoteAddress === "127.0.0.1" && !request.headers["x-forwarded-for"];
  const client = own ? "itself" : (request.headers["x-forwarded-for"] ?? "");
  if (!client || client.startsWith("127.")) return answer(403, { error: { type: "proxy_attribution_required" } });
  const failing = applied.standin?.failing ?? [];
  const uptimeMs = Date.now() - began;
  if (request.url === "/v1/standin") return answer(200, { hostname: hostname(), secrets });
  if (request.url === "/startupz") return applied.standin?.neverStarts ? answer(503, { ok: false }) : answer(200, { ok: true, status: "started", uptimeMs });
  if (request.url === "/readyz") return answer(failing.length ? 503 : 200, { ready: !failing.length, ...(request.headers["x-openclaw-user"] && { failing }), uptimeMs });
  if (request.url === "/api/v1/admin/rpc" && request.method === "POST") {
    if (request.headers["x-openclaw-user"] !== "owner") return answer(401, { ok: false, error: { message: "who are you" } });
    let text = "";
    for await (const chunk of request) text += chunk;
    try {
      return answer(200, { id: "1", ok: true, payload: rpc(JSON.parse(text).method) });
    } catch (error) {
      return answer(400, { id: "1", ok: false, error: { message: error.message } });
    }
  }
  answer(404, {});
});
// The control plane: a challenge, `connect`, and one answer for each request.
new WebSocketServer({ server, path: "/" }).on("connection", (socket, request) => {
  const known = request.headers["x-openclaw-user"] === "owner";
  socket.send(JSON.stringify({ type: "event", event: "connect.challenge", payload: { nonce: "standin" } }));
  socket.on("message", (data) => {
    const { id, method } = JSON.parse(data);
    const answer = (ok, rest) => socket.send(JSON.stringify({ type: "res", id, ok, ...rest }));
    if (!known) return answer(false, { error: { code: "NOT_PAIRED", message: "who are you" } });
    if (method === "connect") return answer(true, { payload: { type: "hello-ok", protocol: 4 } });
    if (method !== "secrets.reload") return answer(false, { error: { code: "INVALID_REQUEST", message: `unknown method ${method}` } });
    if (applied.standin?.refuseSecrets) return answer(false, { error: { code: "UNAVAILABLE", message: "secrets.reload failed" } });
    secrets = readSecrets();
    answer(true, { payload: { ok: true, warningCount: 0 } });
  });
});
server.listen(18789, "0.0.0.0", () => {
  log("info", "gateway", "ready");
  writeFileSync("/home/node/.openclaw/standin", `${new Date().toISOString()}\n`);
});

for (let line = 0; line < (standin.logLines ?? 0); line++) console.log(`${line} ${"x".repeat(standin.logBytes ?? 10)}`);
if (standin.exitAfterMs !== undefined) setTimeout(() => (log("fatal", "gateway", "ending as told"), process.exit(standin.exitCode ?? 1)), standin.exitAfterMs);
if (standin.eatMemory) {
  const eaten = [];
  setInterval(() => eaten.push(Buffer.alloc(8 << 20, eaten.length)), 5);
}
process.on("SIGTERM", () => {
  if (applied.standin?.ignoreTerm) return log("warn", "gateway", "SIGTERM ignored as told");
  log("info", "gateway", "shutdown completed cleanly");
  process.exit(0);
});
