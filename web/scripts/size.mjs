// Prints what a first visit downloads, and fails when it has grown too fat: the entry script with everything it imports statically.
import { readFileSync, readdirSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMIT = 130 * 1024;
const root = new URL("../dist/", import.meta.url);
const packed = (name) => gzipSync(readFileSync(new URL(name, root))).length;
const html = readFileSync(new URL("index.html", root), "utf8");
const first = new Set([...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map((match) => match[1]));
for (const name of first) {
  for (const [, other] of readFileSync(new URL(name, root), "utf8").matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)) first.add(`assets/${other}`);
}
const scripts = readdirSync(new URL("assets/", root)).filter((name) => name.endsWith(".js"));
const size = [...first].reduce((sum, name) => sum + packed(name), 0);
const all = scripts.reduce((sum, name) => sum + packed(`assets/${name}`), 0);
console.log(`first visit: ${(size / 1024).toFixed(1)} kB of JavaScript (gzip, ${first.size} files); whole dashboard: ${(all / 1024).toFixed(1)} kB`);
if (size > LIMIT) {
  console.error(`more than ${LIMIT / 1024} kB: load what is not needed at first with import()`);
  process.exit(1);
}
