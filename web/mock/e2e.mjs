// Runs the browser tests against the mock, and those that only the mock can play: for those who change the tests or the pages.
import { spawn } from "node:child_process";
import { listen } from "./serve.mjs";

const server = await listen(0);
const base = `http://localhost:${server.address().port}`;
const env = { ...process.env, VIVIER_URL: base, VIVIER_SETUP_LINK: `${base}/setup?token=mock`, MODEL_URL: "http://127.0.0.1:9", SCREENSHOTS: "test-results/e2e-mock" };
const tests = ["--test", "--test-concurrency=1", "--test-reporter=spec", "e2e/journey.test.mjs", "mock/revisions.test.mjs"];
spawn(process.execPath, tests, { env, stdio: "inherit" }).on("exit", (code) => {
  server.close();
  server.closeAllConnections();
  process.exit(code ?? 1);
});
