import { describe, expect, it } from "vitest";
import { ApiProblem, isUnreachable, problemOf, sentence } from "../api/problem";
import type { Catalogue, EventOut, LogLine } from "../api/types";
import { body, draftErrors, suggestName, type Draft } from "./draft";
import { asSentence, normalisePath, sortFields } from "./fields";
import { age, bytes, cores, count, countdown, duration, shortDigest } from "./format";
import { lineAt, locate, placeOf } from "./locate";
import { appendLines, EMPTY, filterLines, levelOf, MOST_LINES, notSeen } from "./logs";
import { isServerPath, safeNext } from "./next";
import { parseRemembered } from "./remember";
import { slugError, slugPreview } from "./slug";
import { SseParser } from "./sse";
import { allowed, provisioningSteps, STATES } from "./states";
import { addEvents, entries, MOST_EVENTS, stateOf } from "./timeline";
import { hasShape } from "./tokens";

describe("where to go after signing in", () => {
  it("takes paths of this site, with search and fragment", () => {
    expect(safeNext("/agents/dep_1?tab=logs#end")).toBe("/agents/dep_1?tab=logs#end");
    expect(safeNext("/open/ada?return=%2Fchat%3Fa%3D1")).toBe("/open/ada?return=%2Fchat%3Fa%3D1");
  });
  it.each(["//evil.test", "/\\evil.test", "https://evil.test", "javascript:alert(1)", "/\t/evil.test", "/\n//evil.test", "\\\\evil.test", "evil.test", "", "/..//evil.test", `/${"a".repeat(3000)}`])(
    "goes home instead of to %j",
    (next) => expect(safeNext(next)).toBe("/agents"),
  );
  it("never leads back to the sign-in itself", () => {
    for (const next of ["/login", "/login?next=/login", "/signup/", "/setup?token=x", "/"]) expect(safeNext(next)).toBe("/agents");
  });
  it("knows what only the server can answer", () => {
    expect(isServerPath("/open/ada?return=%2F")).toBe(true);
    expect(isServerPath("/opening")).toBe(false);
  });
});

describe("problems", () => {
  it("maps the paths of the API to the inputs of the form, however they are written", () => {
    for (const path of ["channels[0].tokens.bot_token", "channels.0.tokens['bot_token']", "/channels/0/tokens/bot_token", "$.channels[0].tokens.bot_token"]) {
      expect(normalisePath(path)).toBe("channels.0.tokens.bot_token");
    }
    const sorted = sortFields(
      [
        { path: "channels[0].tokens.bot_token", message: "must be a token" },
        { path: "name.length", message: "must be short" },
        { path: "name", message: "must be nice" },
        { path: "unheard_of", message: "must not be there" },
        { path: "", message: "must be an object" },
      ],
      ["name", "channels.0.tokens.bot_token"],
    );
    expect(sorted.byField).toEqual({ "channels.0.tokens.bot_token": "must be a token", name: "must be short; must be nice" });
    expect(sorted.rest).toEqual(["unheard_of: must not be there", "must be an object"]);
  });
  it("says something useful about answers that carry no problem", () => {
    expect(isUnreachable(problemOf(502, "<html>"))).toBe(true);
    expect(isUnreachable(problemOf(500, null))).toBe(false);
    expect(isUnreachable(problemOf(503, { code: "serve_down", title: "Restarting", status: 503, detail: "One moment." }))).toBe(true);
    expect(isUnreachable(problemOf(503, { code: "host_full", title: "No room", status: 503, detail: "Try later." }))).toBe(false);
    expect(sentence(problemOf(500, null))).toContain("500");
    const own = problemOf(409, { code: "suspended", title: "No", status: 409, detail: "it is suspended; resume it first" });
    expect(own).toBeInstanceOf(ApiProblem);
    expect(sentence(own)).toBe("it is suspended; resume it first");
  });
  it("makes sentences of what the API says", () => {
    expect(asSentence("must be short")).toBe("Must be short.");
    expect(asSentence("Done!")).toBe("Done!");
    expect(asSentence("begins with `xoxb-`")).toBe("Begins with xoxb-.");
  });
});

describe("formats", () => {
  const now = Date.parse("2026-11-21T08:00:00.000Z");
  it("ages", () => {
    expect(age("2026-11-21T07:59:59.000Z", now)).toBe("just now");
    expect(age("2026-11-21T08:00:09.000Z", now)).toBe("just now");
    expect(age("2026-11-21T07:59:20.000Z", now)).toBe("40 s ago");
    expect(age("2026-11-21T06:00:00.000Z", now)).toBe("2 h ago");
    expect(age("2026-11-19T06:00:00.000Z", now)).toBe("2 days ago");
    expect(age("nonsense", now)).toBe("at an unknown time");
  });
  it("counts down to the end and no further", () => {
    expect(countdown("2026-11-21T08:01:05.000Z", now)).toBe("1:05");
    expect(countdown("2026-11-21T10:05:00.000Z", now)).toBe("2 h 05 min");
    expect(countdown("2026-11-24T12:00:00.000Z", now)).toBe("3 d 4 h");
    expect(countdown("2026-11-21T07:00:00.000Z", now)).toBeNull();
  });
  it("sizes and durations", () => {
    expect(bytes(1024 ** 3)).toBe("1 GB");
    expect(bytes(675705993)).toBe("644 MB");
    expect(bytes(1536)).toBe("1.5 KB");
    expect(cores(500)).toBe("0.5 vCPU");
    expect(cores(2000)).toBe("2 vCPU");
    expect(cores(37)).toBe("0.04 vCPU");
    expect(duration(412)).toBe("0.4 s");
    expect(duration(12)).toBe("under 0.1 s");
    expect(duration(185_000)).toBe("3 min 5 s");
    expect(duration(-5)).toBe("0.0 s");
    expect(count(1, "agent")).toBe("1 agent");
    expect(shortDigest(`sha256:${"ab".repeat(32)}`)).toBe("sha256:abababababab…");
  });
});

describe("the event stream", () => {
  it("is read whole from any pieces", () => {
    const text = ': hello\r\n\r\nid: 7\r\nevent: log\r\ndata: {"a":1}\r\n\r\ndata: one\ndata: two\n\ndata: cut';
    for (let size = 1; size < text.length; size += 1) {
      const parser = new SseParser();
      const messages = [];
      for (let at = 0; at < text.length; at += size) messages.push(...parser.push(text.slice(at, at + size)));
      expect(messages).toEqual([
        { event: "log", data: '{"a":1}', id: "7" },
        { event: "message", data: "one\ntwo", id: "7" },
      ]);
    }
  });

  const event = (id: number, more: Partial<EventOut> = {}): EventOut => ({
    id: `evt_${String(id).padStart(4, "0")}`,
    at: new Date(1_790_000_000_000 + id * 1000).toISOString(),
    kind: "step",
    outcome: "done",
    message: `step ${id}`,
    ...more,
  });

  it("becomes a list without doubles, newest first, bounded", () => {
    const list = addEvents(addEvents([], [event(1), event(3)]), [event(2), event(3, { message: "again" })]);
    expect(list.map((each) => each.message)).toEqual(["again", "step 2", "step 1"]);
    expect(addEvents([], Array.from({ length: MOST_EVENTS + 20 }, (_, id) => event(id)))).toHaveLength(MOST_EVENTS);
  });

  it("shows a step that goes on, and not the beginning of one that has ended", () => {
    const begun = event(1, { outcome: "started", action: "prepare" });
    const ended = event(2, { action: "prepare", duration_ms: 1200 });
    const going = event(3, { outcome: "started", action: "start" });
    const shown = entries(addEvents([], [begun, ended, going]));
    expect(shown.map((entry) => [entry.event.id, entry.open])).toEqual([
      [going.id, true],
      [ended.id, false],
    ]);
  });

  it("says how long each state lasted, and calls it what the page calls it", () => {
    const states = ["provisioning", "starting", "running"].map((message, place) => event(place * 40, { kind: "state", outcome: "noted", message }));
    const shown = entries(addEvents([], [...states, event(50)]));
    expect(shown.map((entry) => [entry.event.message, entry.lasted])).toEqual([
      ["running", undefined],
      ["step 50", undefined],
      ["starting", 40_000],
      ["provisioning", 40_000],
    ]);
    expect(stateOf(event(1, { kind: "state", message: "Terminated." }))).toBe("terminated");
    expect(stateOf(event(1, { message: "running" }))).toBeNull();
  });
});

describe("logs", () => {
  const line = (text: string, more: Partial<LogLine> = {}): LogLine => ({ at: "2026-11-21T08:00:00.000Z", text, ...more });
  it("stay within their bound, and keep their numbers", () => {
    let window = appendLines(EMPTY, Array.from({ length: MOST_LINES }, (_, at) => line(`${at}`)));
    window = appendLines(window, [line("new")]);
    expect(window.lines).toHaveLength(MOST_LINES);
    expect(window.lines.at(-1)).toMatchObject({ text: "new", number: MOST_LINES });
    expect(window.lines[0]?.number).toBe(1);
  });
  it("are filtered by level and text", () => {
    const { lines } = appendLines(EMPTY, [line("Telegram failed", { level: "error" }), line("ready", { level: "info" }), line("tick", { level: "trace" }), line("plain")]);
    expect(filterLines(lines, "", "info").map((each) => each.text)).toEqual(["Telegram failed", "ready", "plain"]);
    expect(filterLines(lines, "TELE", "debug")).toHaveLength(1);
    expect(levelOf(line("x", { level: "fatal" }))).toBe("error");
  });
  it("do not come twice after a reconnection", () => {
    const window = appendLines(EMPTY, [line("a"), line("b", { at: "2026-11-21T08:00:01.000Z" })]);
    const again = [line("a"), line("b", { at: "2026-11-21T08:00:01.000Z" }), line("c", { at: "2026-11-21T08:00:01.000Z" }), line("d", { at: "2026-11-21T08:00:02.000Z" })];
    expect(notSeen(window, again).map((each) => each.text)).toEqual(["c", "d"]);
  });
});

describe("a new agent", () => {
  const catalogue = {
    channels: [{ kind: "telegram", title: "Telegram", tokens: [{ name: "bot_token", title: "The Telegram bot token", shape: "digits, a colon and more" }] }],
  } as unknown as Catalogue;
  const draft: Draft = {
    template: "telegram",
    name: " Ada ",
    slug: "",
    plan: "trial",
    provider: { kind: "openai_compatible", baseUrl: " http://127.0.0.1:9/v1 ", model: "m", key: "" },
    channels: [{ kind: "telegram", tokens: { bot_token: " 123456789:AAabcdefghijklmnopqrstuvwxyz012345678 " }, allowFrom: "42, 43\n44", apiRoot: "" }],
  };
  it("is sent trimmed, without what is empty", () => {
    expect(body(draft)).toEqual({
      name: "Ada",
      plan: "trial",
      template: "telegram",
      provider: { kind: "openai_compatible", base_url: "http://127.0.0.1:9/v1", model: "m" },
      channels: [{ kind: "telegram", tokens: { bot_token: "123456789:AAabcdefghijklmnopqrstuvwxyz012345678" }, allow_from: ["42", "43", "44"] }],
    });
    expect(draftErrors(draft, catalogue)).toEqual({});
  });
  it("is refused with the field's own words", () => {
    const wrong: Draft = { ...draft, name: " ", slug: "a--b-", provider: { kind: "openai", baseUrl: "", model: "", key: "" }, channels: [{ ...draft.channels[0]!, tokens: { bot_token: "987654321" } }] };
    expect(Object.keys(draftErrors(wrong, catalogue)).sort()).toEqual(["channels.0.tokens.bot_token", "name", "provider.api_key", "provider.model", "slug"]);
  });
  it("has a preview of its address", () => {
    expect(slugPreview("  Ada's Café № 7 ")).toBe("ada-s-caf-7");
    expect(slugPreview("—")).toBe("agent");
    expect(slugError("my-agent-7")).toBeNull();
    for (const slug of ["ab", "-abc", "a.b.c", "xn--abc", "Abc"]) expect(slugError(slug)).not.toBeNull();
  });
  it("knows the shapes of tokens as the API does", () => {
    expect(hasShape("discord", "token", "MTIzNDU2Nzg5MDEyMzQ1Njc4.GaBcDe.abcdefghijklmnopqrstuvwxyz0123")).toBe(true);
    expect(hasShape("slack", "bot_token", "xapp-1234567890-abcdef")).toBe(false);
    expect(hasShape("slack", "app_token", "xoxb-\r\nHeader: x")).toBe(false);
    expect(hasShape("telegram", "bot_token", `1234567:${"a".repeat(600)}`)).toBe(false);
  });
  it("is remembered only as far as it is whole", () => {
    expect(parseRemembered({ plan: "trial", provider: { kind: "openai", baseUrl: "", model: "m", key: "never" } })).toEqual({ plan: "trial", provider: { kind: "openai", baseUrl: "", model: "m" }, hadKey: true });
    for (const value of [null, 1, {}, { plan: "trial" }, { plan: "trial", provider: {} }]) expect(parseRemembered(value)).toBeNull();
    expect(suggestName(-3)).toMatch(/^[A-Z]/);
  });
});

describe("states", () => {
  it("each allow something", () => {
    for (const state of STATES) expect(Object.values(allowed(state)).some(Boolean), state).toBe(true);
    expect(allowed("terminated")).toMatchObject({ remove: false, restore: true, restart: false });
  });
  it("on the way to running have their place among the steps", () => {
    expect(provisioningSteps({ state: "configuring" })?.map((step) => step.status)).toEqual(["done", "done", "now", "ahead", "ahead"]);
    expect(provisioningSteps({ state: "starting", doing: "prove" })?.map((step) => step.status)).toEqual(["done", "done", "done", "done", "now"]);
    expect(provisioningSteps({ state: "running" })).toBeNull();
    expect(provisioningSteps({ state: "failed" })).toBeNull();
  });
});

describe("places in a document", () => {
  const text = `// mine: { ui: 1 }\n{\n  ui: { assistant: { name: 'A:d{a', colour: 1 } }, /* a: 1 */\n  "agents": { list: [ { id: "x" }, { id: 'y', extra: true } ] },\n}\n`;
  it("are found by path, through comments, strings and arrays", () => {
    expect(lineAt(text, locate(text, "ui.assistant.colour")![0])).toBe(3);
    expect(text.slice(...locate(text, "ui.assistant.colour")!)).toBe("colour");
    expect(text.slice(...locate(text, "agents")!)).toBe('"agents"');
    expect(text.slice(...locate(text, "agents.list.1.extra")!)).toBe("extra");
    expect(text.slice(...locate(text, "agents.list[0].id")!)).toBe("id");
  });
  it("fall back to the nearest parent, then to the line, then to the beginning", () => {
    expect(text.slice(...locate(text, "ui.assistant.missing")!)).toBe("assistant");
    expect(text.slice(...placeOf(text, { path: "", line: 4 }))).toMatch(/^"agents".*},$/);
    expect(placeOf(text, { path: "nothing.here" })).toEqual([0, 1]);
    expect(placeOf("", { path: "a", line: 9 })).toEqual([0, 0]);
  });
  it("are read from broken texts without an end in sight", () => {
    for (const broken of ["{", "{a", "{a:'", "[[[", "/*", "{a:[}", "}}}", '{"a\\']) expect(() => locate(broken, "a.b")).not.toThrow();
  });
});
