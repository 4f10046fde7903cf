import { expect, test } from "vitest";
import type { ConfigOut } from "../api/types";
import { change, custom, exported, imported } from "./portable";

const config = {
  version: 4,
  text: "{}",
  effective: {},
  provider: { kind: "openai", model: "gpt-5-mini" },
  channels: [{ kind: "telegram", allow_from: ["42"] }],
  created_at: "2026-11-21T07:00:00Z",
  author: "ada@example.com",
  outcome: "good",
} as ConfigOut;
const names = ["provider.apiKey", "channels.telegram.botToken", "custom.GITHUB"];

test("what was exported is imported again, and says which secrets it needs", () => {
  const portable = exported({ slug: "ada", openclaw_version: "2026.9.6" }, config, names, new Date(0));
  expect(imported(JSON.stringify(portable))).toEqual(portable);
  const given = { "channels.telegram.botToken": "t", "custom.GITHUB": "g" };
  expect(change(portable, given)).toEqual({
    text: "{}",
    provider: { kind: "openai", model: "gpt-5-mini" },
    channels: [{ kind: "telegram", allow_from: ["42"], tokens: { bot_token: "t" } }],
  });
  expect(custom(given)).toEqual([["custom.GITHUB", "g"]]);
});

test("a file that is something else is refused with the reason", () => {
  for (const [text, reason] of [
    ["// mine", "not JSON"],
    ["{}", "no exported configuration"],
    ['{"vivier_config":2}', "form 2"],
    ['{"vivier_config":1}', "damaged"],
  ] as const) {
    expect(imported(text)).toEqual({ refused: expect.stringContaining(reason) as string });
  }
});
