// Writes the configuration and manifest of a `docker load` archive.
// Usage: image-config.mjs DIR TAG LAYER... KEY=VALUE...   (layers are DIR/LAYER.tar, bottom first)
import { createHash } from "node:crypto";
import { createReadStream, writeFileSync } from "node:fs";

const [dir, tag, ...rest] = process.argv.slice(2);
const layers = rest.filter((word) => !word.includes("="));
const labels = Object.fromEntries(rest.filter((word) => word.includes("=")).map((word) => word.split(/=(.*)/s).slice(0, 2)));
const created = new Date(Number(process.env.SOURCE_DATE_EPOCH) * 1000).toISOString();

async function sha256(path) {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}

const diffIds = [];
for (const layer of layers) diffIds.push(`sha256:${await sha256(`${dir}/${layer}.tar`)}`);

const config = {
  architecture: process.arch === "x64" ? "amd64" : process.arch,
  os: "linux",
  created,
  config: {
    User: "1000:1000",
    WorkingDir: "/home/node",
    // -g: a signal goes to the whole group, so the gateway's helpers end with it.
    Entrypoint: ["/usr/bin/tini", "-g", "--"],
    Cmd: ["/opt/openclaw/bin/gateway"],
    ExposedPorts: { "18789/tcp": {} },
    // What every deployment needs, whoever starts it. Plans add their own on top (plans.json).
    Env: [
      "PATH=/usr/local/bin:/usr/bin:/bin",
      "HOME=/home/node",
      "NODE_ENV=production",
      "OPENCLAW_STATE_DIR=/home/node/.openclaw",
      "OPENCLAW_CONFIG_PATH=/etc/openclaw/openclaw.json",
      "OPENCLAW_CONFIG_READONLY=1",
      "OPENCLAW_NO_RESPAWN=1",
      "OPENCLAW_SUPERVISOR_MODE=external",
      "XDG_CACHE_HOME=/home/node/.openclaw/cache",
    ],
    Labels: {
      "org.opencontainers.image.title": "OpenClaw agent for Vivier",
      "org.opencontainers.image.version": labels["io.vivier.openclaw.version"],
      "org.opencontainers.image.licenses": "MIT",
      ...labels,
    },
  },
  rootfs: { type: "layers", diff_ids: diffIds },
  history: layers.map((layer) => ({ created, created_by: `vivier images/openclaw/build: ${layer}` })),
};

const text = JSON.stringify(config);
const name = `${createHash("sha256").update(text).digest("hex")}.json`;
writeFileSync(`${dir}/${name}`, text);
writeFileSync(
  `${dir}/manifest.json`,
  JSON.stringify([{ Config: name, RepoTags: [tag.includes(":") ? tag : `${tag}:latest`], Layers: layers.map((layer) => `${layer}.tar`) }]),
);
