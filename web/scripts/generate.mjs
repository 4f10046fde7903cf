// Writes src/api/schema.d.ts from the API's description, ../openapi.json (or the file that is named as the first argument).
// With --check: writes nothing, and fails when the types on record are not those of the description.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";

const names = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const source = names[0] ? pathToFileURL(names[0]) : new URL("../../openapi.json", import.meta.url);
const target = new URL("../src/api/schema.d.ts", import.meta.url);
const head = "// Written by `npm run generate` from openapi.json. Do not edit.\n";

const text = head + astToString(await openapiTS(source, { defaultNonNullable: false }));
if (process.argv.includes("--check")) {
  if (readFileSync(target, "utf8") !== text) {
    console.error("src/api/schema.d.ts is not what openapi.json says. Run: npm run generate");
    process.exit(1);
  }
} else {
  writeFileSync(target, text);
  console.log(`wrote ${fileURLToPath(target)}`);
}
