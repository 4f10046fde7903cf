// Opens every page of the built dashboard on the mock in headless Chromium, in both themes, on a desktop and on a phone:
// saves screenshots, runs axe-core, and fails on violations, on console errors (a refused style or script shows there) and on
// pages that scroll sideways.
// Usage: npm run build && node mock/look.mjs [--only name] [--out DIR]
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";
import { CHROMIUM, LANGUAGE } from "../e2e/chromium.mjs";
import { axe } from "../e2e/axe.mjs";
import { paste } from "../e2e/keyboard.mjs";
import { known, listen } from "./serve.mjs";

const option = (name, fallback) => (process.argv.includes(`--${name}`) ? process.argv[process.argv.indexOf(`--${name}`) + 1] : fallback);
const out = option("out", "test-results/look");
const only = option("only", "");
mkdirSync(out, { recursive: true });

const server = await listen(0);
const base = `http://localhost:${server.address().port}`;
const browser = await chromium.launch(CHROMIUM);
const troubles = [];

const owner = "operator@example.com";
const named = (name) => [...known.deployments.values()].find((each) => each.hidden.owner === owner && each.name.startsWith(name))?.id;
const agent = (name, tab, before) => [`agent-${name.toLowerCase()}-${tab}`, () => `/agents/${named(name)}${tab === "overview" ? "" : `?tab=${tab}`}`, owner, before];
const shown = (what, ...rest) => agent(...rest).map((each, place) => (place === 0 ? `${each}-${what}` : each));
const PAGES = [
  ["landing", () => "/", null],
  ["login", () => "/login?next=%2Fopen%2Fpearl", null],
  ["login-wrong", () => "/login", null, async (page) => {
    await page.getByLabel("E-mail").fill("ada@example.com");
    await page.getByLabel("Password", { exact: true }).fill("wrong password");
    await page.getByRole("button", { name: "Log in", exact: true }).click();
    await page.getByRole("alert").waitFor();
  }],
  ["login-problem", () => "/login?problem=link_first", null],
  ["second", () => "/login", null, async (page) => {
    await page.getByLabel("E-mail").fill("second@example.com");
    await page.getByLabel("Password", { exact: true }).fill("long enough");
    await page.getByRole("button", { name: "Log in", exact: true }).click();
    await page.getByLabel("Code of your authenticator app").fill("000000");
    await page.getByRole("button", { name: "Go on" }).click();
    await page.getByRole("alert").waitFor();
  }],
  ["link-forgot", () => "/forgot", null],
  ["link-reset", () => "/reset#token=abc", null],
  ["link-verify", () => "/verify#token=abc", null, async (page) => {
    await page.getByRole("button", { name: "Confirm it" }).click();
    await page.getByText("is confirmed").waitFor();
  }],
  ["link-email", () => "/email#token=abc", null],
  ["link-undo-spent", () => "/undo#token=spent", null, async (page) => {
    await page.getByRole("button", { name: "Take it back" }).click();
    await page.getByRole("alert").waitFor();
  }],
  ["link-incomplete", () => "/verify", null],
  ["signup", () => "/signup", null],
  ["setup", () => "/setup?token=abc", null],
  ["agents-empty", () => "/agents", "empty@example.com"],
  ["agents", () => "/agents", owner, async (page) => {
    await page.getByRole("checkbox", { name: /^Choose Kelp/ }).check();
    await page.getByRole("checkbox", { name: /^Choose Pearl/ }).check();
  }],
  ["agents-delete", () => "/agents", owner, async (page) => {
    await page.getByRole("checkbox", { name: /^Choose Kelp/ }).check();
    await page.getByRole("button", { name: "Delete…" }).click();
    await page.getByRole("dialog").waitFor();
  }],
  ["create", () => "/agents/new", owner],
  ["create-errors", () => "/agents/new?template=telegram", owner, async (page) => {
    await page.getByLabel("Telegram bot token").fill("987654321");
    await page.getByRole("button", { name: "Create agent" }).click();
    await page.getByText("need another look").waitFor();
  }],
  agent("Pearl", "overview", (page) => page.waitForTimeout(7000)),
  agent("Pearl", "logs", (page) => page.getByTestId("logs").getByText("listening on").first().waitFor()),
  agent("Pearl", "configuration", async (page) => {
    const editor = page.getByRole("textbox", { name: "Configuration document" });
    await editor.click();
    await page.keyboard.press("Control+a");
    await paste(editor, "// mine\n{\n  ui: { assistant: { name: 42 } },\n  colour: 'teal',\n  session: { scope: true },\n}\n");
    await page.getByTestId("config-issues").waitFor();
  }),
  agent("Pearl", "revisions", (page) => page.getByText("The data from before it is kept").first().waitFor()),
  shown("diff", "Pearl", "revisions", async (page) => {
    await page.getByRole("button", { name: "What changed with revision 3" }).click();
    await page.getByTestId("diff").waitFor();
  }),
  shown("back", "Pearl", "revisions", async (page) => {
    await page.getByRole("button", { name: /^Go back to this.*revision 3/ }).click();
    await page.getByTestId("plan").waitFor();
    await page.getByRole("radio", { name: /^Put it back/ }).check();
  }),
  shown("release", "Pearl", "revisions", async (page) => {
    await page.getByRole("button", { name: /Run this release: OpenClaw 2026\.9\.10/ }).click();
    await page.getByRole("dialog").waitFor();
  }),
  shown("trying", "Marlin", "revisions", async (page) => {
    await page.getByRole("button", { name: /Run this release: OpenClaw 2026\.9\.(7|10)/ }).last().click();
    await page.getByRole("dialog").getByRole("button", { name: "Run this release" }).click();
    await page.getByText(/on its way|not trusted yet/).first().waitFor();
  }),
  agent("Pearl", "secrets"),
  agent("Pearl", "proof"),
  agent("Pearl", "danger"),
  agent("Barnacle", "overview"),
  agent("Anchovy", "overview"),
  agent("Harbour", "overview"),
  agent("Sextant", "overview"),
  agent("Kelp", "danger", async (page) => {
    await page.getByRole("button", { name: "Delete…" }).click();
    await page.getByRole("dialog").waitFor();
  }),
  ["usage", () => "/usage", owner],
  ["account", () => "/account", owner, (page) => page.getByText("linus@example.com").waitFor()],
  ["account-many", () => "/account", "many@example.com", (page) => page.getByRole("button", { name: "Work here: Reef & Sons" }).waitFor()],
  ["account-invite", () => "/account", owner, async (page) => {
    await page.getByRole("button", { name: "Invite", exact: true }).click();
    await page.getByLabel("E-mail").fill("linus@example.com");
    await page.getByRole("button", { name: "Send the invitation", exact: true }).click();
    await page.getByRole("alert").waitFor();
  }],
  ["account-remove", () => "/account", owner, async (page) => {
    await page.getByRole("button", { name: "Remove… grace@example.com" }).click();
    await page.getByRole("dialog").waitFor();
  }],
  ["account-hand-over", () => "/account", owner, async (page) => {
    await page.getByRole("button", { name: "Hand over… to grace@example.com" }).click();
    await page.getByLabel("Your password").fill("wrong password");
    await page.getByRole("button", { name: "Hand over", exact: true }).click();
    await page.getByText("is wrong").waitFor();
  }],
  ["account-delete", () => "/account", owner, async (page) => {
    await page.getByRole("button", { name: "Delete the account…" }).click();
    await page.getByRole("dialog").waitFor();
  }],
  ["invitation", () => "/invitation#good", null, (page) => page.getByRole("button", { name: "Sign up and join" }).waitFor()],
  ["invitation-other", () => "/invitation#good", owner, (page) => page.getByText("It is for another address").waitFor()],
  ["invitation-old", () => "/invitation#old", null, (page) => page.getByText("not valid any more").waitFor()],
  ["account-passkey", () => "/account", owner, async (page) => {
    await page.getByRole("button", { name: "Add a passkey…" }).click();
    await page.getByRole("dialog").waitFor();
  }],
  ["account-app", () => "/account?problem=taken", owner, async (page) => {
    const off = page.getByRole("button", { name: "Turn off…" });
    await page.getByRole("heading", { name: "Authenticator app" }).waitFor();
    if (await off.isVisible()) {
      await off.click();
      await page.getByRole("button", { name: "Turn it off" }).click();
    }
    await page.getByRole("button", { name: "Set up…" }).click();
    await page.getByRole("button", { name: "Go on" }).click();
    await page.getByTestId("app-secret").waitFor();
  }],
  ["account-codes", () => "/account", owner, async (page) => {
    await page.getByRole("button", { name: "New codes…" }).click();
    await page.getByRole("button", { name: "Make new codes" }).click();
    await page.getByTestId("recovery-codes").waitFor();
  }],
  ["account-token", () => "/account", owner, async (page) => {
    await page.getByRole("button", { name: "New token" }).click();
    await page.getByLabel("What is it for?").fill("Laptop");
    await page.getByRole("button", { name: "Create", exact: true }).click();
    await page.getByText("shown this once").waitFor();
  }],
  ["billing", () => "/billing", owner, (page) => page.getByText("Invoices").first().waitFor()],
  ["billing-empty", () => "/billing", "empty@example.com"],
  ["billing-cancel", () => "/billing", owner, async (page) => {
    await page.getByRole("button", { name: /^Cancel… the subscription of/ }).first().click();
    await page.getByRole("dialog").waitFor();
  }],
  ["operator", () => "/operator", owner, async (page) => {
    await page.getByRole("button", { name: "Show the agents" }).first().click();
    await page.getByRole("list", { name: "Agents in the wave" }).waitFor();
  }],
  ["operator-promote", () => "/operator", owner, async (page) => {
    await page.getByRole("button", { name: "Promote a release…" }).click();
    await page.getByText(/will be moved/).waitFor();
  }],
  ["operator-revert", () => "/operator", owner, async (page) => {
    await page.getByRole("button", { name: "Bring everybody back…" }).first().click();
    await page.getByTestId("revert-plan").waitFor();
  }],
  ["audit", () => "/audit", owner],
  ["operator-audit", () => "/operator/audit", owner, async (page) => {
    await page.getByRole("button", { name: "Verify now" }).click();
    await page.getByText("each as it was written").waitFor();
  }],
  ["tickets", () => "/tickets", owner],
  ["ticket-open", () => "/tickets", owner, async (page) => {
    await page.getByRole("button", { name: "Ask for help" }).click();
    await page.getByLabel("What is it about?").fill("Telegram does not answer");
    await page.getByLabel("Agent").selectOption({ index: 1 });
    await page.getByRole("button", { name: "Show me what would be sent" }).click();
    await page.getByText("The operator would see exactly this").waitFor();
  }],
  ["ticket", () => "/tickets/1002", owner],
  ["operator-tickets", () => "/operator/tickets", owner],
  ["operator-ticket", () => "/operator/tickets/1002", owner],
  ["operator-accounts", () => "/operator/accounts", owner],
  ["operator-account", () => "/operator/accounts/acc_01kb00000000000000000000ab", owner],
  ["operator-books", () => "/operator/books", owner],
  ["operator-look", () => "/operator/accounts/acc_01kb00000000000000000000ab", "operator-looks@example.com", async (page) => {
    await page.getByRole("button", { name: "Look at it…" }).click();
    await page.getByLabel("Why?").fill("ticket 1002");
    await page.getByRole("button", { name: "Look", exact: true }).click();
    await page.getByText("and can change nothing").waitFor();
  }],
  ["not-found", () => "/no/such/page", owner],
];

for (const [theme, width, height] of [["light", 1280, 860], ["dark", 1280, 860], ["light", 390, 844], ["dark", 390, 844], ["light", 360, 740]]) {
  const context = await browser.newContext({ baseURL: base, colorScheme: theme, viewport: { width, height }, reducedMotion: "reduce", ...LANGUAGE });
  let signed = null;
  for (const [name, path, who, before] of PAGES) {
    if (only !== "" && !name.startsWith(only)) continue;
    if (who !== signed) {
      await context.clearCookies();
      if (who) await context.request.post("/v1/auth/login", { data: { email: who, password: "long enough" } });
      signed = who;
    }
    const page = await context.newPage();
    const label = `${name} (${theme}, ${width})`;
    page.on("console", (message) => {
      // A browser reports a 4xx as an error of its own; the page's handling of it is what is looked at.
      if (message.type() === "error" && !/status of (401|404|409|422)/.test(message.text())) troubles.push(`${label}: console: ${message.text()}`);
    });
    page.on("pageerror", (error) => troubles.push(`${label}: ${error.message}`));
    try {
      await page.goto(path());
      await page.getByRole("heading", { level: 1 }).or(page.getByText("There is no such page")).first().waitFor();
      await page.waitForTimeout(350);
      await before?.(page);
      if (await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth + 1)) troubles.push(`${label}: scrolls sideways`);
      await page.screenshot({ path: `${out}/${name}-${theme}-${width}.png`, fullPage: true });
      for (const violation of await axe(page)) troubles.push(`${label}: ${violation}`);
    } catch (error) {
      troubles.push(`${label}: ${error.message.split("\n")[0]}`);
    }
    await page.close();
  }
  await context.close();
}
await browser.close();
server.close();
server.closeAllConnections();
console.log(troubles.length === 0 ? `every page is fine; screenshots in ${out}` : [...new Set(troubles)].join("\n"));
process.exit(troubles.length === 0 ? 0 : 1);
