// Compares what `openclaw plugins install` fetched with the checked-in lock: same packages, same
// integrity. Usage: check-plugins.mjs channels/package-lock.json NPM_DIR
import { readdirSync, readFileSync } from "node:fs";

const [lockPath, npmDir] = process.argv.slice(2);
const locked = JSON.parse(readFileSync(lockPath, "utf8")).packages;
const wanted = new Map(Object.keys(locked[""].dependencies).map((name) => [name, locked[`node_modules/${name}`].integrity]));

for (const project of readdirSync(`${npmDir}/projects`)) {
  const packages = JSON.parse(readFileSync(`${npmDir}/projects/${project}/package-lock.json`, "utf8")).packages;
  for (const [name, integrity] of wanted) {
    const got = packages[`node_modules/${name}`];
    if (!got) continue;
    if (got.integrity !== integrity) throw new Error(`${name}: fetched ${got.integrity}, the lock says ${integrity}`);
    console.log(`${name}@${got.version} is what the lock says`);
    wanted.delete(name);
  }
}
if (wanted.size > 0) throw new Error(`not installed: ${[...wanted.keys()].join(", ")}`);
