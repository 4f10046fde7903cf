// A stand-in for an OpenAI-compatible model server: answers "You said: <last user text>".
// Usage: node model-standin.mjs [--listen 127.0.0.1:0] [--log FILE] [--key KEY] [--delay-ms N]
//   --log FILE   appends one NDJSON line per request: {time, method, path, authorization, body}
//   --key KEY    answers 401 to any other bearer
//   --delay-ms N waits before each piece of the answer
// Prints {"listening":"http://HOST:PORT"} when it is ready.
import { appendFileSync } from "node:fs";
import { createServer } from "node:http";

const option = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1];
};
const listen = option("listen", "127.0.0.1:0");
const log = option("log", "");
const key = option("key", "");
const delay = Number(option("delay-ms", "0"));
const models = ["standin", "gpt-4o-mini"];

const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const words = (text) => Math.max(1, Math.ceil(text.length / 4));

/** The text of a message whose content is a string or a list of parts. */
function textOf(content) {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part) => part.text ?? "").join("");
}

/** What the person typed last: OpenClaw adds a time, a runtime line and context messages of its own. */
function lastUserText(messages) {
  const texts = (messages ?? []).filter((message) => message.role === "user").map((message) => textOf(message.content));
  const typed = texts.filter((text) => !text.startsWith("<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>")).at(-1) ?? "";
  return typed
    .replace(/\n\nRuntime: agent=[^\n]*$/, "")
    .replace(/^\[[^\]\n]* UTC\] /, "")
    .replace(/^Conversation info: [^\n]*\n```json\n[\s\S]*?\n```\n\n/, "");
}

async function body(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function send(response, status, value) {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

async function complete(response, ask) {
  const answer = `You said: ${lastUserText(ask.messages)}`;
  const usage = { prompt_tokens: words(JSON.stringify(ask.messages ?? [])), completion_tokens: words(answer) };
  usage.total_tokens = usage.prompt_tokens + usage.completion_tokens;
  const head = { id: `chatcmpl-${Date.now()}`, created: Math.floor(Date.now() / 1000), model: ask.model };
  if (!ask.stream) {
    if (delay) await wait(delay);
    return send(response, 200, {
      ...head,
      object: "chat.completion",
      choices: [{ index: 0, message: { role: "assistant", content: answer }, finish_reason: "stop" }],
      usage,
    });
  }
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  const event = (choices, more = {}) =>
    response.write(`data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", choices, ...more })}\n\n`);
  event([{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }]);
  for (let at = 0; at < answer.length; at += 16) {
    if (delay) await wait(delay);
    event([{ index: 0, delta: { content: answer.slice(at, at + 16) }, finish_reason: null }]);
  }
  event([{ index: 0, delta: {}, finish_reason: "stop" }]);
  event([], { usage });
  response.end("data: [DONE]\n\n");
}

const server = createServer(async (request, response) => {
  try {
    const text = await body(request);
    const path = new URL(request.url, "http://standin").pathname;
    let ask;
    try {
      ask = text ? JSON.parse(text) : {};
    } catch {
      return send(response, 400, { error: { message: "the body is not JSON", type: "invalid_request_error" } });
    }
    if (log) {
      const { method, headers } = request;
      appendFileSync(log, `${JSON.stringify({ time: new Date().toISOString(), method, path, authorization: headers.authorization ?? null, body: ask })}\n`);
    }
    if (key && request.headers.authorization !== `Bearer ${key}`) {
      return send(response, 401, { error: { message: "wrong key", type: "invalid_request_error", code: "invalid_api_key" } });
    }
    if (request.method === "GET" && path === "/v1/models") {
      return send(response, 200, { object: "list", data: models.map((id) => ({ id, object: "model", owned_by: "standin" })) });
    }
    if (request.method === "POST" && path === "/v1/chat/completions") return await complete(response, ask);
    send(response, 404, { error: { message: `no ${request.method} ${path} here`, type: "invalid_request_error" } });
  } catch (error) {
    if (response.headersSent) response.destroy(error);
    else send(response, 500, { error: { message: String(error) } });
  }
});

const [, host, port] = /^(.*):(\d+)$/.exec(listen);
server.listen(Number(port), host, () => {
  console.log(JSON.stringify({ listening: `http://${host}:${server.address().port}` }));
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(0));
