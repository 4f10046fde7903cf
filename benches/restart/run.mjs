// For how long nobody is answered while a change replaces the agent's container: the longest that a request through the edge waited,
// minus `docker restart` of a bare twin (stop and boot of the same gateway), in turn, in one run. No request may fail.
// Usage: benches/restart/run [ROUNDS, default 5]
import { docker, sweepBare, twin, untilStarted } from '../bare.mjs';
import { median, pause, startProduct } from '../product.mjs';

const rounds = Number(process.argv[2] ?? 5);
const product = await startProduct({ VIVIER_SERVER__PROBATION_SECONDS: '0' });
const bare = [];
const ours = [];
let asked = 0;
const failures = [];
try {
  const { id, slug } = await product.api('POST', '/v1/deployments', { name: 'Bench', plan: 'pro' });
  await product.until(id, 'running');
  const { address, run } = twin(product, id, 1);
  const container = run();
  await untilStarted(container, address);
  for (let round = 1; round <= rounds; round += 1) {
    let going = true;
    let longest = 0;
    const waiting = [];
    const visit = async () => {
      const begun = performance.now();
      const status = await product.visit(slug, '/v1/models');
      asked += 1;
      if (status !== 200) failures.push(status);
      longest = Math.max(longest, performance.now() - begun);
    };
    const visitors = (async () => {
      for (; going; await pause(100)) waiting.push(visit());
    })();
    await pause(1000);
    await product.api('POST', `/v1/deployments/${id}/restart`);
    await product.until(id, 'running');
    await pause(1000);
    going = false;
    await visitors;
    await Promise.all(waiting);
    ours.push(longest);
    const begun = performance.now();
    docker('restart', '-t', '30', container);
    await untilStarted(container, address);
    bare.push(performance.now() - begun);
    console.log(`round ${round}: bare ${(bare.at(-1) / 1000).toFixed(2)} s, Vivier ${(ours.at(-1) / 1000).toFixed(2)} s, difference ${((ours.at(-1) - bare.at(-1)) / 1000).toFixed(2)} s`);
  }
} finally {
  sweepBare();
  await product.stop();
}
const difference = (median(ours) - median(bare)) / 1000;
console.log(`\n${failures.length} of ${asked} requests failed${failures.length ? ` (${[...new Set(failures)].join(', ')})` : ''}`);
console.log(`median: bare ${(median(bare) / 1000).toFixed(2)} s, Vivier ${(median(ours) / 1000).toFixed(2)} s, ratio ${(median(ours) / median(bare)).toFixed(3)}, added ${difference.toFixed(2)} s (goal: under 0.3 s)`);
if (failures.length) process.exitCode = 1;
