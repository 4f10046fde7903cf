// Rollouts and the way back in a browser, against the mock: a release that fails, lost data and errors on demand need no real agent.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { BASE, close, go, open, random, shot, troubles, until, visitor } from "../e2e/stage.mjs";

let context;
let page;
let agents;

const at = (agent) => `/agents/${agent.id}?tab=revisions`;
const revision = (number) => page.getByTestId(`revision-${number}`);
const back = (number) => page.getByRole("button", { name: new RegExp(`^Go back to this.*revision ${number}$`) });
const dialog = () => page.getByRole("dialog");
const enter = (visitors, email) => visitors.request.post(`${BASE}/v1/auth/login`, { data: { email, password: "long enough" } });
const ask = async (path) => (await context.request.get(`${BASE}${path}`)).json();

describe("revisions", { concurrency: false }, () => {
  before(async () => {
    await open();
    context = await visitor();
    await enter(context, `rollouts-${random()}@example.com`);
    agents = (await ask("/v1/deployments")).items;
    page = await context.newPage();
  });
  after(close);
  const named = (name) => agents.find((each) => each.name.startsWith(name));

  test("say how each went, why one failed, and whose data is kept", async () => {
    await go(page, at(named("Pearl")));
    await revision(5).getByText("Vivier itself").waitFor();
    await revision(4).getByText("failed, taken back").waitFor();
    await revision(4).getByText(/state was written by a newer schema \(17 > 16\)/).waitFor();
    await revision(4).getByText(/The data from before it is kept: 48\.2 MB/).waitFor();
    assert.equal(await back(4).count(), 0, "there is no way back to what failed");
    assert.equal(await back(5).count(), 0, "nor to what runs");
  });

  test("show what changed, line by line", async () => {
    await page.getByRole("button", { name: "What changed with revision 3" }).click();
    const diff = page.getByTestId("diff");
    await diff.locator("[data-kind=removed]", { hasText: "seagull" }).waitFor();
    await diff.locator("[data-kind=added]", { hasText: "per-sender" }).waitFor();
    await dialog().getByText("Besides the document: secrets.").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "What changed with revision 4" }).click();
    await dialog().getByText("The document is the same in both.").waitFor();
    await dialog().getByRole("button", { name: "Close" }).click();
  });

  test("take the agent back only when what is lost is known", async () => {
    const pearl = named("Pearl");
    await back(1).click();
    await page.getByTestId("plan").getByText(/the data as well: what was written since \d+ \w+ \d+, \d\d:\d\d is lost/).waitFor();
    const confirm = dialog().getByRole("button", { name: "Go back, and put the data back" });
    assert.ok(await confirm.isDisabled());
    await dialog().getByRole("radio", { name: /^Keep it as it is/ }).check();
    assert.ok(await dialog().getByRole("button", { name: "Go back", exact: true }).isEnabled());
    await dialog().getByRole("radio", { name: /^Put it back/ }).check();
    await dialog().getByRole("checkbox").check();
    const sent = page.waitForRequest((request) => request.method() === "POST" && request.url().endsWith("/rollback"));
    await confirm.click();
    assert.deepEqual((await sent).postDataJSON(), { revision: 1, data: "restore" });
    await revision(6).getByText("Changed: configuration 3 → 1, the data from before revision 3").or(revision(6).getByText(/the data from before revision 3/)).first().waitFor();
    await until("it is trusted", async () => (await ask(`/v1/deployments/${pearl.id}`)).last_known_good_revision === 6);
    await revision(6).getByText("worked").waitFor();
  });

  test("begin with another release, and a bad one is taken back with its reason", async () => {
    const marlin = named("Marlin");
    await go(page, at(marlin));
    await page.getByRole("button", { name: /^Run this release: OpenClaw 2026\.9\.7/ }).click();
    await dialog().getByText("Your agent goes from OpenClaw 2026.9.6 to 2026.9.7.").waitFor();
    await dialog().getByRole("button", { name: "Run this release" }).click();
    await revision(2).getByText(/on its way|not trusted yet/).waitFor();
    await revision(2).getByText("failed, taken back").waitFor();
    await revision(2).getByText("The container ended by itself with code 1 three times").waitFor();
    await revision(3).getByText("OpenClaw 2026.9.7 → 2026.9.6, the data from before revision 2").waitFor();
    await shot(page, "30-release-taken-back");
    await revision(3).getByText("worked").waitFor();
  });

  test("warn of a release that is older than what runs", async () => {
    await go(page, at(named("Tide")));
    await page.getByRole("button", { name: /^Run this release: OpenClaw 2026\.9\.10/ }).click();
    await dialog().getByRole("button", { name: "Run this release" }).click();
    await revision(2).getByText("worked").waitFor();
    await page.getByRole("button", { name: /^Run this release: OpenClaw 2026\.9\.6/ }).click();
    await dialog().getByText("It is older than what runs now").waitFor();
    await page.keyboard.press("Escape");
  });

  test("cannot be changed for a deleted agent", async () => {
    await go(page, at(named("Sextant")));
    await revision(1).waitFor();
    assert.equal(await page.getByRole("button", { name: /Run this release|Go back to this/ }).count(), 0);
  });

  test("say when they cannot be read, and are read again on request", async () => {
    const problem = { code: "internal", title: "Internal", status: 500, detail: "The list is on fire." };
    const fail = (route) => route.fulfill({ status: 500, contentType: "application/problem+json", body: JSON.stringify(problem) });
    await page.route("**/revisions", fail);
    await page.route("**/v1/releases", fail);
    await go(page, at(named("Kelp")));
    await until("both lists say so", async () => (await page.getByText("The list is on fire.").count()) === 2);
    await page.unroute("**/revisions");
    await page.unroute("**/v1/releases");
    const again = page.getByRole("tabpanel").getByRole("button", { name: "Try again" });
    await again.first().click();
    await revision(1).waitFor();
    await again.click();
    await page.getByText("for new agents").waitFor();
    // The plan is asked for when it is needed, and may fail as well.
    await go(page, at(named("Marlin")));
    await page.route("**/rollback?*", fail);
    await back(1).click();
    await dialog().getByText("The list is on fire.").waitFor();
    await dialog().getByRole("button", { name: "Cancel" }).click();
    await page.unroute("**/rollback?*");
  });

  test("have an empty state where no release is offered", async () => {
    const visitors = await visitor();
    await enter(visitors, `unreleased-${random()}@example.com`);
    const mine = (await (await visitors.request.get(`${BASE}/v1/deployments`)).json()).items[0];
    const reader = await visitors.newPage();
    await go(reader, at(mine));
    await reader.getByText("No releases").waitFor();
    await visitors.close();
  });

  test("no page had an exception or tried what the content policy forbids", () => assert.deepEqual(troubles, []));
});
