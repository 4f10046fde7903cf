/** How Chromium is started: headless, without the services it would call home for. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const PACKAGED = "/usr/bin/chromium";
/** Where the system has no package, `scripts/install` fetches one: built for functions in a cloud, with its libraries beside it. */
const FETCHED = fileURLToPath(new URL("../../.tools/chromium/chromium", import.meta.url));

const fetched = process.env.CHROMIUM === undefined && !existsSync(PACKAGED) && existsSync(FETCHED);

export const CHROMIUM = {
  executablePath: process.env.CHROMIUM ?? (fetched ? FETCHED : PACKAGED),
  headless: true,
  args: [
    ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"],
    // It has no zygote, and no process for the graphics.
    ...(fetched ? ["--no-zygote", "--in-process-gpu"] : []),
  ],
  ...(fetched ? { env: { ...process.env, LD_LIBRARY_PATH: `${FETCHED.slice(0, -"chromium".length)}lib` } } : {}),
};

/** Without one, a machine's locale may give a name for it that JavaScript does not take (`en-US@posix`). */
export const LANGUAGE = { locale: "en-US" };
