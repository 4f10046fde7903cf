/** OpenClaw's own Control UI, as far as a visitor needs it. Selectors seen in OpenClaw 2026.9.6; they are facts of that version. */
import assert from "node:assert/strict";

const composer = (page) => page.getByRole("textbox", { name: "Chat composer" });

/** The Control UI is there and its WebSocket is connected: it asks for no token and for no pairing. */
export async function connected(page, timeout = 120_000) {
  await composer(page).waitFor({ timeout });
  await page.getByRole("status").getByText("Connected", { exact: true }).first().waitFor({ state: "attached", timeout });
  const words = await page.locator("body").innerText();
  assert.doesNotMatch(words, /pairing required|gateway token|not authorized|unauthorized/i);
}

/** Says something in the chat and waits for the stand-in's answer to it. Returns the answer's text. */
export async function chat(page, text, timeout = 240_000) {
  await composer(page).fill(text);
  await composer(page).press("Enter");
  const answer = page.getByRole("log").getByText(`You said: ${text}`);
  await answer.first().waitFor({ timeout });
  return answer.first().innerText();
}
