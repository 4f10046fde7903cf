/** What every part of the suite stands on: the browser, its visitors, and a memory of what went wrong on their pages. */
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";
import { CHROMIUM, LANGUAGE } from "./chromium.mjs";

export const BASE = (process.env.VIVIER_URL ?? "http://localhost:8080").replace(/\/$/, "");
export const SCREENSHOTS = process.env.SCREENSHOTS ?? "test-results/e2e";
mkdirSync(SCREENSHOTS, { recursive: true });

/** Base URL of an OpenAI-compatible server that answers "You said: …" (images/testing/model-standin.mjs). */
export function modelUrl() {
  const url = (process.env.MODEL_URL ?? "").replace(/\/$/, "");
  if (url === "") throw new Error("MODEL_URL is not set: start `node images/testing/model-standin.mjs` and give its address");
  return /\/v\d+$/.test(url) ? url : `${url}/v1`;
}

let browser;
/** Errors in the console that no page of ours may have: a refused style or script, an exception. */
export const troubles = [];

export async function open() {
  browser = await chromium.launch(CHROMIUM);
}

export const openPages = () => browser.contexts().flatMap((context) => context.pages());

export async function close() {
  await browser?.close();
}

/** A visitor of their own: no cookie of anyone else's. */
export async function visitor(options = {}) {
  const context = await browser.newContext({ baseURL: BASE, viewport: { width: 1280, height: 900 }, colorScheme: "light", ...LANGUAGE, ...options });
  context.setDefaultTimeout(30_000);
  context.on("page", (page) => {
    page.on("pageerror", (error) => page.url().startsWith(BASE) && troubles.push(`${page.url()}: ${error.message}`));
    page.on("console", (message) => {
      if (page.url().startsWith(BASE) && message.type() === "error" && /content security|refused to/i.test(message.text())) troubles.push(`${page.url()}: ${message.text()}`);
    });
  });
  return context;
}

/** Goes to an address. A container's network that appears at that moment makes Chromium drop its requests: once more, then. */
export async function go(page, address) {
  for (let left = 4; ; left -= 1) {
    try {
      return await page.goto(address, { waitUntil: "load" });
    } catch (error) {
      if (left === 0 || !/ERR_NETWORK_CHANGED|ERR_ABORTED/.test(error.message)) throw error;
      await page.waitForLoadState("load").catch(() => undefined);
    }
  }
}

export const shot = (page, name) => page.screenshot({ path: `${SCREENSHOTS}/${name}.png`, fullPage: true });

export const random = () => Math.random().toString(36).slice(2, 8);

/** Asks until the answer is true, with a deadline: for what no page shows by itself. */
export async function until(what, ask, milliseconds = 60_000) {
  const end = Date.now() + milliseconds;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`not within ${milliseconds / 1000} s: ${what}`);
    await new Promise((done) => setTimeout(done, 500));
  }
}
