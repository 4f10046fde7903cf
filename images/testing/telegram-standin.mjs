// A stand-in for Telegram's Bot API, good enough for OpenClaw's channel, with a small control API for tests.
// Usage: node telegram-standin.mjs [--listen 127.0.0.1:0] [--token BOT_TOKEN] [--log FILE]
//   --token  the one bot token that is accepted (default: any); others get Telegram's 401
//   POST /control/message {"chat":42,"text":"hello"}   a private message from user 42 arrives
//   GET  /control/sent[?chat=42]                       what the bot sent: [{method, chat, text, message_id, at}]
//   GET  /control/calls                                how often each Bot API method was called
//   POST /control/reset                                forgets all of it
// Prints {"listening":"http://HOST:PORT"} when it is ready.
import { appendFileSync } from "node:fs";
import { createServer } from "node:http";

const option = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1];
};
const listen = option("listen", "127.0.0.1:0");
const accepted = option("token", "");
const log = option("log", "");
const bot = { id: 7000000001, is_bot: true, first_name: "Vivier test bot", username: "vivier_test_bot", can_join_groups: true, can_read_all_group_messages: false, supports_inline_queries: false };

let updates = [];
let sent = [];
let calls = {};
let nextUpdate = 1;
let nextMessage = 1;
const waiting = new Set();

const wake = () => {
  for (const resume of waiting) resume();
  waiting.clear();
};
const now = () => Math.floor(Date.now() / 1000);
const privateChat = (id) => ({ id, type: "private", first_name: "Test", username: `user${id}` });

function record(method, ask, message_id) {
  sent.push({ method, chat: Number(ask.chat_id), text: String(ask.text ?? ask.caption ?? ""), message_id, at: new Date().toISOString() });
}

/** Answers pending updates at once, else waits for one, as long as the bot asked to. */
async function getUpdates(ask, request) {
  const offset = Number(ask.offset ?? 0);
  if (offset > 0) updates = updates.filter((update) => update.update_id >= offset);
  if (updates.length === 0) {
    await new Promise((resume) => {
      const timer = setTimeout(resume, Math.min(Number(ask.timeout ?? 0), 50) * 1000);
      const done = () => {
        clearTimeout(timer);
        waiting.delete(done);
        resume();
      };
      waiting.add(done);
      request.on("close", done);
    });
  }
  return updates.slice(0, Number(ask.limit ?? 100));
}

const methods = {
  getMe: () => bot,
  getUpdates,
  sendMessage(ask) {
    const message_id = nextMessage++;
    record("sendMessage", ask, message_id);
    return { message_id, date: now(), chat: privateChat(Number(ask.chat_id)), from: bot, text: String(ask.text ?? "") };
  },
  editMessageText(ask) {
    record("editMessageText", ask, Number(ask.message_id));
    return { message_id: Number(ask.message_id), date: now(), edit_date: now(), chat: privateChat(Number(ask.chat_id)), from: bot, text: String(ask.text ?? "") };
  },
  getWebhookInfo: () => ({ url: "", has_custom_certificate: false, pending_update_count: updates.length }),
  getChat: (ask) => privateChat(Number(ask.chat_id)),
  getChatMember: (ask) => ({ status: "member", user: { id: Number(ask.user_id), is_bot: false, first_name: "Test" } }),
  getMyCommands: () => [],
  getFile: () => null,
};
// These only acknowledge: deleteWebhook, setMyCommands, deleteMyCommands, sendChatAction, setMessageReaction, …
const acknowledge = () => true;

/** A Bot API body: JSON, a form, or a multipart form (only its plain text fields). */
function fields(type, text) {
  if (!text) return {};
  if (type.includes("application/json")) return JSON.parse(text);
  if (type.includes("application/x-www-form-urlencoded")) return Object.fromEntries(new URLSearchParams(text));
  const found = {};
  for (const [, name, value] of text.matchAll(/name="([^"]+)"\r\n\r\n([\s\S]*?)\r\n--/g)) found[name] = value;
  return found;
}

function control(request, url, ask) {
  const what = `${request.method} ${url.pathname}`;
  if (what === "POST /control/message") {
    const chat = Number(ask.chat);
    if (!Number.isSafeInteger(chat) || typeof ask.text !== "string") return [400, { error: "need {chat: number, text: string}" }];
    const message_id = nextMessage++;
    updates.push({
      update_id: nextUpdate++,
      message: { message_id, date: now(), chat: privateChat(chat), from: { id: chat, is_bot: false, first_name: "Test", username: `user${chat}` }, text: ask.text },
    });
    wake();
    return [200, { message_id }];
  }
  if (what === "GET /control/sent") {
    const chat = url.searchParams.get("chat");
    return [200, chat === null ? sent : sent.filter((message) => message.chat === Number(chat))];
  }
  if (what === "GET /control/calls") return [200, calls];
  if (what === "POST /control/reset") {
    updates = [];
    sent = [];
    calls = {};
    return [200, {}];
  }
  return [404, { error: `no ${what} here` }];
}

const server = createServer(async (request, response) => {
  const send = (status, value) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
  try {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const url = new URL(request.url, "http://standin");
    const ask = { ...Object.fromEntries(url.searchParams), ...fields(request.headers["content-type"] ?? "", Buffer.concat(chunks).toString("utf8")) };
    if (url.pathname.startsWith("/control/")) return send(...control(request, url, ask));
    const [, token, method] = /^\/bot([^/]+)\/(\w+)$/.exec(url.pathname) ?? [];
    if (!token) return send(404, { ok: false, error_code: 404, description: "Not Found" });
    if (log) appendFileSync(log, `${JSON.stringify({ time: new Date().toISOString(), method, ask })}\n`);
    calls[method] = (calls[method] ?? 0) + 1;
    if (accepted && token !== accepted) return send(401, { ok: false, error_code: 401, description: "Unauthorized" });
    const result = await (methods[method] ?? acknowledge)(ask, response);
    send(200, { ok: true, result });
  } catch (error) {
    if (!response.headersSent) send(400, { ok: false, error_code: 400, description: `Bad Request: ${error}` });
  }
});

const [, host, port] = /^(.*):(\d+)$/.exec(listen);
server.listen(Number(port), host, () => {
  console.log(JSON.stringify({ listening: `http://${host}:${server.address().port}` }));
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(0));
