// Signing in, in a browser: a passkey of Chromium's virtual authenticator, alone and as the second factor, and an authenticator app.
// Needs VIVIER_URL alone; see e2e/README.md.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { axe } from "./axe.mjs";
import { close, go, open, random, troubles, visitor } from "./stage.mjs";

const password = `correct horse ${random()}`;
const email = `keys-${random()}@example.com`;
let page;

/** The code that an app shows now (RFC 6238); `later`: that of so many steps from now. */
function codeOf(secret, later = 0) {
  const bits = [...secret.replaceAll(" ", "")].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + later));
  const mac = createHmac("sha1", key).update(counter).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

const security = () => page.locator("#security");
const dialog = () => page.getByRole("dialog");
const logOut = async () => {
  await page.getByRole("button", { name: "Log out" }).click();
  await page.waitForURL(/\/login/);
};

async function firstStep() {
  await go(page, "/login?next=%2Faccount");
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Log in", exact: true }).click();
}

const arrived = () => page.getByRole("heading", { name: "Account", level: 1 }).waitFor();

describe("signing in", () => {
  before(async () => {
    await open();
    const context = await visitor();
    page = await context.newPage();
    const devtools = await context.newCDPSession(page);
    await devtools.send("WebAuthn.enable");
    const options = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true };
    await devtools.send("WebAuthn.addVirtualAuthenticator", { options });
  });
  after(async () => {
    await close();
    assert.deepEqual(troubles, []);
  });

  test("a passkey is added with the password, and recovery codes come with it", async () => {
    await go(page, "/signup?next=%2Faccount");
    await page.getByLabel("E-mail").fill(email);
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByRole("button", { name: "Create account" }).click();
    await arrived();
    await security().getByRole("button", { name: "Add a passkey…" }).click();
    await dialog().getByLabel("Name").fill("Virtual key");
    await dialog().getByLabel("Your password").fill("not the password");
    await dialog().getByRole("button", { name: "Go on" }).click();
    await dialog().getByText("Is wrong", { exact: false }).waitFor();
    await dialog().getByLabel("Your password").fill(password);
    await dialog().getByRole("button", { name: "Go on" }).click();
    const codes = page.getByTestId("recovery-codes").getByRole("listitem");
    await codes.first().waitFor();
    assert.equal(await codes.count(), 10);
    await page.getByRole("button", { name: "I have kept them" }).click();
    await page.getByTestId("passkeys").getByText(/Virtual key · since/).waitFor();
    assert.deepEqual(await axe(page), []);
  });

  test("it signs in alone, without an address being typed", async () => {
    await logOut();
    await go(page, "/login?next=%2Faccount");
    await page.getByRole("button", { name: "Log in with a passkey" }).click();
    await arrived();
    await security().getByText(email).first().waitFor();
  });

  test("after the password it is the second factor, and without it nobody is signed in", async () => {
    await logOut();
    await firstStep();
    await page.getByRole("heading", { name: "One more step" }).waitFor();
    const me = await page.request.get("/v1/auth/me");
    assert.equal(me.status(), 401);
    await page.getByRole("button", { name: "Use a passkey" }).click();
    await arrived();
  });

  test("an authenticator app is set up by its text, and its next code signs in", async () => {
    await security().getByRole("button", { name: "Set up…" }).click();
    await dialog().getByLabel("Your password").fill(password);
    await dialog().getByRole("button", { name: "Go on" }).click();
    const secret = await page.getByTestId("app-secret").innerText();
    await dialog().getByLabel("Code").fill(codeOf(secret));
    await dialog().getByRole("button", { name: "Confirm" }).click();
    await security().getByText("Signing in asks for its code").waitFor();
    await logOut();
    await firstStep();
    // The code that confirmed the app is used up; the next one is taken already.
    await page.getByLabel("Code of your authenticator app").fill(codeOf(secret, 1));
    await page.getByRole("button", { name: "Go on" }).click();
    await arrived();
  });

  test("a passkey that was removed signs nobody in", async () => {
    await security().getByRole("button", { name: "Remove… Virtual key" }).click();
    await dialog().getByLabel("Your password").fill(password);
    await dialog().getByRole("button", { name: "Remove it" }).click();
    await security().getByText("None yet.").waitFor();
    await logOut();
    await go(page, "/login");
    await page.getByRole("button", { name: "Log in with a passkey" }).click();
    await page.getByRole("alert").getByText("not known here").waitFor();
  });
});
