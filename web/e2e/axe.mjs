/** axe-core on a page: the violations that matter, one line each. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Runs in the page through the debugger, which the content policy does not govern. */
export async function axe(page) {
  await page.evaluate(source);
  const violations = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] });
    return violations.map(({ id, impact, help, nodes }) => ({ id, impact, help, nodes: nodes.slice(0, 3).map((node) => `${node.target.join(" ")} — ${node.failureSummary?.split("\n")[1]?.trim() ?? ""}`) }));
  });
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical" || impact === "moderate").map(({ id, impact, help, nodes }) => `axe ${impact} ${id}: ${help}: ${nodes.join(" | ")}`);
}
