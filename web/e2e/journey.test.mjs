// The whole way of a customer in a browser, against a running product: from the setup link to an answered chat message, and
// everything beside it. Needs VIVIER_URL, VIVIER_SETUP_LINK (only while there is no operator) and MODEL_URL; see e2e/README.md.
import assert from "node:assert/strict";
import { after, before, describe, test as plain } from "node:test";
import { axe } from "./axe.mjs";
import { activate, paste, tabTo } from "./keyboard.mjs";
import { chat, connected } from "./openclaw.mjs";
import { BASE, close, go, modelUrl, open, openPages, random, shot, troubles, until, visitor } from "./stage.mjs";

const RUNNING = Number(process.env.START_TIMEOUT_MS ?? 480_000);
const password = `correct horse ${random()}`;
const owner = { email: `owner-${random()}@example.com`, password };
const other = { email: `other-${random()}@example.com`, password };
const name = `Lobster ${random()}`;

let ownerContext;
let page;
let id = "";
let url = "";
const made = [];

/** What follows needs an agent: without one it fails at once, instead of waiting for what cannot come. */
const needsAgent = () => assert.notEqual(id, "", "no agent was created: see the test of that above");
const needsRunning = () => assert.notEqual(url, "", "the agent did not come to run: see the test of that above");

/** A test that leaves pictures of every open page behind when it fails. */
let failures = 0;
const test = (title, body) =>
  plain(title, async () => {
    try {
      await body();
    } catch (error) {
      failures += 1;
      for (const [at, open] of openPages().entries()) await shot(open, `failed-${failures}-${at}`).catch(() => undefined);
      throw error;
    }
  });

const state = (on, wanted) => on.locator(`[role=status] [data-state=${wanted}]`);
const tab = (title) => page.getByRole("tab", { name: title }).click();
/** What a program would ask, with the page's own session. */
const get = (context, path) => context.request.get(`${BASE}${path}`);
/** A change by the same session: the origin is part of what the server checks. */
const change = (context, method, path) => context.request.fetch(`${BASE}${path}`, { method, headers: { origin: BASE, "idempotency-key": random() + random() } });

async function fillCredentials(on, { email }, button) {
  await on.getByLabel("E-mail").fill(email);
  await on.getByLabel("Password", { exact: true }).fill(password);
  await on.getByRole("button", { name: button, exact: true }).click();
}

describe("a customer's whole way", { concurrency: false }, () => {
  before(async () => {
    await open();
    ownerContext = await visitor();
    page = await ownerContext.newPage();
  });
  after(async () => {
    for (const each of made) await change(ownerContext, "DELETE", `/v1/deployments/${each}`).catch(() => undefined);
    await close();
  });

  test("the landing page says what it is, that a key is needed, and what the plans are", async () => {
    await go(page, "/");
    await page.getByRole("heading", { level: 1, name: /Your own OpenClaw agent/ }).waitFor();
    await page.getByText("You need a model key").waitFor();
    await page.getByRole("rowheader", { name: "Starter" }).waitFor();
    await shot(page, "01-landing");
  });

  test("the one-time link makes the first operator account", async () => {
    const link = process.env.VIVIER_SETUP_LINK;
    await go(page, link ? link : "/signup");
    await page.getByLabel("E-mail").waitFor();
    assert.ok(!page.url().includes("token="), "the token leaves the address bar");
    await shot(page, "02-sign-up");
    await fillCredentials(page, owner, link ? "Create the operator account" : "Create account");
    await page.getByRole("heading", { name: "New agent" }).waitFor();
    const me = await (await get(ownerContext, "/v1/auth/me")).json();
    assert.equal(me.user.email, owner.email);
    if (link) assert.equal(me.user.operator, true);
  });

  test("an agent is created from the Assistant template with a model of one's own", async () => {
    await page.getByRole("radio", { name: /Personal assistant/ }).check({ force: true });
    await page.getByLabel("Name", { exact: true }).fill(name);
    // The wait is the processor's: a whole one starts OpenClaw in half the time that Starter's half takes.
    await page.getByRole("radio", { name: /^Pro/ }).check({ force: true });
    await page.getByLabel("Provider").selectOption({ label: "OpenAI-compatible server" });
    await page.getByLabel("Base URL").fill(modelUrl());
    await page.getByRole("combobox", { name: "Model", exact: true }).fill("standin");
    await page.getByLabel(/^Key/).fill(process.env.MODEL_KEY ?? "sk-e2e-standin");
    await shot(page, "03-create");
    await page.getByRole("button", { name: "Create agent" }).click();
    await page.waitForURL(/\/agents\/dep_/);
    id = new URL(page.url()).pathname.split("/")[2];
    made.push(id);
    await page.getByRole("heading", { level: 1, name }).waitFor();
  });

  test("the page shows the way until it runs, with every step's duration", async () => {
    needsAgent();
    await page.getByRole("list", { name: "Progress" }).or(state(page, "running")).first().waitFor();
    await shot(page, "04-on-its-way");
    await state(page, "running").waitFor({ timeout: RUNNING });
    await until("at least four steps of the timeline say how long they took", async () => (await page.getByTestId("timeline").getByText(/^took /).count()) >= 4);
    const steps = await page.getByTestId("timeline").innerText();
    assert.match(steps, /took [\d.]+ s/);
    await shot(page, "05-running");
    url = (await (await get(ownerContext, `/v1/deployments/${id}`)).json()).url;
  });

  test("Open leads into OpenClaw's own Control UI, connected, without a token in the address and without pairing", async () => {
    needsRunning();
    const [agent] = await Promise.all([page.waitForEvent("popup"), page.getByRole("button", { name: `Open ${name} in a new tab` }).click()]);
    await connected(agent);
    const address = new URL(agent.url());
    assert.equal(address.host, new URL(url).host);
    assert.doesNotMatch(agent.url(), /token|code=|session\?/);
    assert.equal(await agent.evaluate(() => window.opener), null);
    assert.doesNotMatch(await agent.evaluate(() => document.cookie), /vivier/, "the cookie is not for scripts");
    await shot(agent, "06-control-ui");
    const text = `Good morning, number ${random()}`;
    const answer = await chat(agent, text);
    assert.ok(answer.includes(`You said: ${text}`));
    await shot(agent, "07-answered");
    await agent.close();
  });

  test("a signed-out visitor to the agent's address goes to the login and comes back", async () => {
    needsRunning();
    const context = await visitor();
    const guest = await context.newPage();
    await go(guest, url);
    await guest.waitForURL((address) => address.origin === BASE && address.pathname === "/login");
    await guest.getByText("you go straight on to the agent").waitFor();
    await shot(guest, "08-login-on-the-way");
    await fillCredentials(guest, owner, "Log in");
    await guest.waitForURL((address) => address.host === new URL(url).host);
    await connected(guest);
    await context.close();
  });

  test("another account gets 404, at the agent's address, in the dashboard and from the API", async () => {
    needsRunning();
    const context = await visitor();
    const stranger = await context.newPage();
    await go(stranger, "/signup");
    await fillCredentials(stranger, other, "Create account");
    await stranger.getByRole("heading", { name: "New agent" }).waitFor();
    const response = await go(stranger, url);
    assert.equal(response.status(), 404);
    await shot(stranger, "09-not-yours");
    await go(stranger, `/agents/${id}`);
    await stranger.getByRole("heading", { name: "There is no such agent" }).waitFor();
    for (const path of [`/v1/deployments/${id}`, `/v1/deployments/${id}/events`, `/v1/deployments/${id}/logs`, `/v1/deployments/${id}/config`, `/v1/deployments/${id}/secrets`]) {
      assert.equal((await get(context, path)).status(), 404, path);
    }
    await go(stranger, "/agents");
    await stranger.getByText("No agent yet").waitFor();
    await context.close();
  });

  test("usage, live logs and the proof of the seal are there to see", async () => {
    needsRunning();
    await go(page, `/agents/${id}`);
    await page.getByRole("img", { name: /^Memory use/ }).waitFor();
    await shot(page, "10-overview");
    await tab("Logs");
    const lines = page.getByTestId("logs");
    await until("the log has lines", async () => (await lines.locator("time").count()) > 3);
    await shot(page, "11-logs");
    await tab("Proof");
    await page.getByText(/^All \d+ checks hold$/).waitFor();
    await shot(page, "12-proof");
    await tab("Secrets");
    await page.getByText("provider.apiKey").waitFor();
    assert.doesNotMatch(await page.locator("body").innerText(), /sk-e2e-standin/);
    await shot(page, "13-secrets");
  });

  const document = page_ => page_.getByRole("textbox", { name: "Configuration document" });
  const write = async (text) => {
    await document(page).click();
    await page.keyboard.press("Control+a");
    await paste(document(page), text);
  };

  test("a mistake in the configuration is shown in its place, and nothing is applied", async () => {
    needsRunning();
    await tab("Configuration");
    await document(page).waitFor();
    await write("// mine\n{\n  ui: { seamColor: 42 },\n}\n");
    await page.getByTestId("config-issues").getByText("Line 3").waitFor();
    await page.locator(".cm-lintRange-error").first().waitFor();
    assert.ok(await page.getByRole("button", { name: "Apply the document" }).isDisabled());
    await shot(page, "14-config-mistake");
    assert.equal((await (await get(ownerContext, `/v1/deployments/${id}/config`)).json()).version, 1);
  });

  test("a valid configuration is applied, and the history says that it worked", async () => {
    needsRunning();
    await write(`// mine\n{\n  ui: { seamColor: "#336699" },\n}\n`);
    await page.getByText("No mistakes found.").waitFor();
    await page.getByRole("button", { name: "Apply the document" }).click();
    await page.getByText("Accepted.").waitFor();
    await until(
      "the new revision is good and current",
      async () => {
        const answer = await (await get(ownerContext, `/v1/deployments/${id}/revisions`)).json();
        return (answer.items ?? answer).some((each) => each.current && each.number > 1 && each.outcome === "good");
      },
      RUNNING,
    );
    await page.reload();
    await tab("Revisions");
    await page.getByTestId("revision-2").getByText("current").waitFor();
    await state(page, "running").waitFor({ timeout: RUNNING });
    await shot(page, "15-config-applied");
    await page.getByRole("button", { name: "What changed with revision 2" }).click();
    await page.getByTestId("diff").locator("[data-kind=added]", { hasText: "#336699" }).waitFor();
    await shot(page, "15-config-diff");
    await page.getByRole("button", { name: "Close" }).click();
    await page.getByRole("button", { name: /^Go back to this.*revision 1/ }).click();
    await page.getByTestId("plan").getByText(/revision 1 come back/).waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
  });

  test("the page survives the server being away, and says so", async () => {
    needsRunning();
    await go(page, "/agents");
    await page.getByRole("link", { name }).waitFor();
    await page.route("**/v1/**", (route) => route.abort("connectionrefused"));
    await page.getByText("Reconnecting to Vivier").waitFor({ timeout: 40_000 });
    assert.ok(await page.getByRole("link", { name }).isVisible(), "what was known stays on the page");
    await shot(page, "16-reconnecting");
    await page.unroute("**/v1/**");
    await page.getByText("Reconnecting to Vivier").waitFor({ state: "detached" });
    await go(page, `/agents/${id}?tab=danger`);
  });

  test("it stops and starts again", async () => {
    needsRunning();
    await tab("Danger zone");
    await page.getByRole("tabpanel").getByRole("button", { name: "Stop", exact: true }).click();
    await state(page, "suspended").waitFor({ timeout: 90_000 });
    await shot(page, "17-stopped");
    await page.getByRole("tabpanel").getByRole("button", { name: "Start", exact: true }).click();
    await state(page, "running").waitFor({ timeout: RUNNING });
  });

  test("sign-in and a new agent need no mouse", async () => {
    const context = await visitor();
    const keys = await context.newPage();
    await go(keys, "/login");
    await keys.getByLabel("E-mail").waitFor();
    await tabTo(keys, "E-mail");
    await keys.keyboard.type(owner.email);
    await tabTo(keys, "Password");
    await keys.keyboard.type(password);
    await keys.keyboard.press("Enter");
    await keys.getByRole("heading", { name: "Your agents" }).waitFor();
    await activate(keys, "New agent");
    await keys.getByRole("heading", { name: "New agent" }).waitFor();
    await tabTo(keys, /Personal assistant/);
    // Arrow keys choose among the cards; the blank one is the last.
    for (let step = 0; step < 4; step += 1) await keys.keyboard.press("ArrowDown");
    await tabTo(keys, "Name");
    await keys.keyboard.type(`Keys ${random()}`);
    await activate(keys, "Set the model up later");
    await activate(keys, "Create agent");
    await keys.waitForURL(/\/agents\/dep_/);
    const byKeys = new URL(keys.url()).pathname.split("/")[2];
    made.push(byKeys);
    const created = await (await get(context, `/v1/deployments/${byKeys}`)).json();
    assert.equal(created.template, "blank");
    await keys.getByRole("tab", { name: "Overview" }).waitFor();
    await tabTo(keys, "Overview");
    await keys.keyboard.press("ArrowRight");
    // The focus moves a moment after the key.
    await until("the focus is on Logs", () => keys.getByRole("tab", { name: "Logs" }).evaluate((element) => element === document.activeElement));
    await keys.keyboard.press("Enter");
    await keys.getByRole("tab", { name: "Logs", selected: true }).waitFor();
    await change(context, "DELETE", `/v1/deployments/${byKeys}`);
    await context.close();
  });

  test("every page passes axe, in both themes and on a phone", async () => {
    needsAgent();
    const found = [];
    const PAGES = ["/agents", "/agents/new", "/account", "/operator", `/agents/${id}`, ...["logs", "configuration", "revisions", "secrets", "proof", "danger"].map((each) => `/agents/${id}?tab=${each}`)];
    const cookies = await ownerContext.cookies();
    for (const [theme, width] of [["light", 1280], ["dark", 1280], ["dark", 390], ["light", 390]]) {
      const context = await visitor({ colorScheme: theme, viewport: { width, height: 844 }, reducedMotion: "reduce" });
      const reader = await context.newPage();
      for (const path of ["/", "/login", "/signup"]) {
        await go(reader, path);
        await reader.getByRole("heading", { level: 1 }).first().waitFor();
        found.push(...(await axe(reader)).map((each) => `${path} (${theme}, ${width}): ${each}`));
      }
      await context.addCookies(cookies);
      for (const path of PAGES) {
        await go(reader, path);
        await reader.getByRole("heading", { level: 1 }).first().waitFor();
        await until("the page has loaded", async () => (await reader.getByText("Loading…").count()) === 0);
        found.push(...(await axe(reader)).map((each) => `${path} (${theme}, ${width}): ${each}`));
        if (await reader.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth + 1)) found.push(`${path} (${theme}, ${width}): scrolls sideways`);
        await shot(reader, `20-${path.replace(/^\//, "").replace(id, "agent").replace(/\W+/g, "-")}-${theme}-${width}`);
      }
      await context.close();
    }
    assert.deepEqual([...new Set(found)], []);
  });

  test("deletion wants the name typed, and can be taken back", async () => {
    needsAgent();
    await go(page, `/agents/${id}?tab=danger`);
    await page.getByRole("button", { name: "Delete…" }).click();
    const dialog = page.getByRole("dialog");
    const confirm = dialog.getByRole("button", { name: "Delete this agent" });
    assert.ok(await confirm.isDisabled());
    await dialog.getByRole("textbox").fill("something else");
    assert.ok(await confirm.isDisabled());
    await dialog.getByRole("textbox").fill(name);
    await shot(page, "18-delete");
    await confirm.click();
    await state(page, "terminated").waitFor();
    await page.getByRole("button", { name: "Restore" }).first().waitFor();
    await shot(page, "19-deleted");
  });

  test("logging out ends it", async () => {
    await page.getByRole("button", { name: "Log out" }).click();
    await page.waitForURL(/\/login/);
    assert.equal((await get(ownerContext, "/v1/auth/me")).status(), 401);
    // The clean-up below needs a session again.
    await fillCredentials(page, owner, "Log in");
    await page.getByRole("heading", { name: "Your agents" }).waitFor();
  });

  test("no page had an exception or tried what the content policy forbids", () => {
    assert.deepEqual(troubles, []);
  });
});
