/** A visitor without a mouse. */

const MOST = 120;

/** The accessible name of what has the focus, near enough: label, aria-label or text. */
const focused = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element.matches("body, main")) return "";
    const labels = "labels" in element && element.labels ? [...element.labels].map((label) => label.innerText).join(" ") : "";
    return (element.getAttribute("aria-label") ?? (labels || element.textContent || "")).replace(/\s+/g, " ").trim();
  });

/** Presses Tab until something of this name has the focus. */
export async function tabTo(page, name) {
  const seen = [];
  const fits = (text) => (typeof name === "string" ? text === name : name.test(text));
  for (let press = 0; press < MOST; press += 1) {
    const text = await focused(page);
    if (fits(text)) return;
    seen.push(text);
    await page.keyboard.press("Tab");
  }
  throw new Error(`the keyboard does not reach ${name}; it passed ${[...new Set(seen)].join(" | ")}`);
}

/** Goes there and presses Enter. */
export async function activate(page, name) {
  await tabTo(page, name);
  await page.keyboard.press("Enter");
}

/** Pastes as a person would; Chromium's own insertion of text would write style attributes that the content policy reports. */
export async function paste(field, text) {
  await field.evaluate((element, pasted) => {
    const data = new DataTransfer();
    data.setData("text/plain", pasted);
    element.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, text);
}
