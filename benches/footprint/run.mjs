// What vivierd itself costs: resident memory of all its processes and their CPU at rest, with N deployments on the fake runtime.
// Usage: benches/footprint/run [DEPLOYMENTS, default 200] [SECONDS at rest, default 30]
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { pause, startProduct, until } from '../product.mjs';

const deployments = Number(process.argv[2] ?? 200);
const seconds = Number(process.argv[3] ?? 30);
const product = await startProduct({ VIVIER_HOST__RUNTIME: 'fake' });

const processes = () => {
  const children = execFileSync('pgrep', ['-P', String(product.pid)], { encoding: 'utf8' }).trim().split('\n').map(Number);
  return [product.pid, ...children];
};
const role = (pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').find((word) => ['up', 'host', 'edge', 'serve'].includes(word)) ?? '?';
const memory = (pid, field) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]) / 1024;
const ticks = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return Number(fields[11]) + Number(fields[12]);
};

try {
  const begun = performance.now();
  for (let index = 0; index < deployments; index += 1) {
    await product.api('POST', '/v1/deployments', { name: `Agent ${index}`, plan: 'starter' });
  }
  const created = performance.now();
  await until('all run', 300, async () => {
    const page = await product.api('GET', `/v1/operator/deployments?state=running&limit=200`);
    return page.items.length >= Math.min(deployments, 200) ? true : undefined;
  }, 250);
  const running = performance.now();
  console.log(`${deployments} deployments: accepted in ${((created - begun) / 1000).toFixed(1)} s, all running after ${((running - begun) / 1000).toFixed(1)} s`);
  await pause(5_000);
  const before = processes().map((pid) => [pid, ticks(pid)]);
  await pause(seconds * 1000);
  let [rss, pss, cpu] = [0, 0, 0];
  for (const [pid, at] of before) {
    const share = (ticks(pid) - at) / 100 / seconds;
    console.log(`  ${role(pid).padEnd(6)} resident ${memory(pid, 'Rss').toFixed(1)} MB, proportional ${memory(pid, 'Pss').toFixed(1)} MB, CPU at rest ${(share * 100).toFixed(2)} % of a core`);
    rss += memory(pid, 'Rss');
    pss += memory(pid, 'Pss');
    cpu += share;
  }
  console.log(`all roles: resident ${rss.toFixed(1)} MB, proportional (shared pages counted once) ${pss.toFixed(1)} MB: ${(pss / 60).toFixed(2)} of the goal of 60 MB; CPU ${(cpu * 100).toFixed(2)} % of a core: ${(cpu * 100).toFixed(2)} of the goal of 1 %`);
} finally {
  await product.stop();
}
