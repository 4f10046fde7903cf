// How much Vivier adds to a start: (POST accepted → routed) minus (bare `docker run` of the same image with the same limits →
// /startupz), in turn, in one run. Usage: benches/overhead/run [ROUNDS, default 5]
import { docker, sweepBare, twin, untilStarted } from '../bare.mjs';
import { median, startProduct, until } from '../product.mjs';

const rounds = Number(process.argv[2] ?? 5);
const product = await startProduct();
const bare = [];
const ours = [];
try {
  for (let round = 1; round <= rounds; round += 1) {
    // Ours first: its delivered configuration is what the bare one is given too.
    const before = performance.now();
    const { id } = await product.api('POST', '/v1/deployments', { name: `Bench ${round}`, plan: 'pro' });
    await product.until(id, 'running');
    ours.push(performance.now() - before);
    const { address, run } = twin(product, id, round);
    await product.api('DELETE', `/v1/deployments/${id}`);
    await until('removed', 60, () => (docker('ps', '-aq', '--filter', `name=vivier-${id}`) ? undefined : true), 200);
    const begun = performance.now();
    await untilStarted(run(), address);
    bare.push(performance.now() - begun);
    sweepBare();
    console.log(`round ${round}: bare ${(bare.at(-1) / 1000).toFixed(2)} s, Vivier ${(ours.at(-1) / 1000).toFixed(2)} s, difference ${((ours.at(-1) - bare.at(-1)) / 1000).toFixed(2)} s`);
  }
} finally {
  sweepBare();
  await product.stop();
}
const difference = (median(ours) - median(bare)) / 1000;
console.log(`\nmedian: bare ${(median(bare) / 1000).toFixed(2)} s, Vivier ${(median(ours) / 1000).toFixed(2)} s, ratio ${(median(ours) / median(bare)).toFixed(3)}, overhead ${difference.toFixed(2)} s (goal: under 0.5 s)`);
