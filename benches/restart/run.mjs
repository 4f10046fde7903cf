// For how long nobody is answered while an agent is restarted: the longest time without an answer that visitors through the edge see,
// beside `docker restart` of a bare twin (stop and boot of the same gateway), in turn, in one run. No request may fail. One boot takes
// 17 s, one time more and one time less by a second or two; so each one's own boot (the container's start until `/startupz` answers,
// seen from the same place) is taken from both, and what is left is compared: what a restart costs beside the boot.
// Usage: benches/restart/run [ROUNDS, default 5]
import { docker, started, sweepBare, twin, untilStarted, visit as visitBare } from '../bare.mjs';
import { median, pause, startProduct, until } from '../product.mjs';

const rounds = Number(process.argv[2] ?? 5);
const product = await startProduct({ VIVIER_SERVER__PROBATION_SECONDS: '0', VIVIER_EDGE__LIMITS__REQUESTS_PER_AGENT: '4000', VIVIER_EDGE__LIMITS__HELD_PER_AGENT: '2000' });
const bare = [];
const ours = [];
const beside = { bare: [], ours: [] };

/** Since when `container` has been running, in milliseconds since 1970. */
const since = (container) => Date.parse(docker('inspect', '-f', '{{.State.StartedAt}}', container));
const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(2)} s`;

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
    let last = performance.now();
    const waiting = [];
    const visit = async () => {
      const status = await product.visit(slug, '/v1/models');
      asked += 1;
      if (status !== 200) failures.push(status);
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    };
    const visitors = (async () => {
      for (; going; await pause(50)) waiting.push(visit());
    })();
    await pause(1000);
    const agent = `vivier-${id}`;
    const { Networks } = JSON.parse(docker('inspect', '-f', '{{json .NetworkSettings}}', agent));
    const [{ IPAddress: place }] = Object.values(Networks);
    const before = since(agent);
    await product.api('POST', `/v1/deployments/${id}/restart`);
    // The old gateway is not asked: it would have that to finish, too.
    await until('the container starts again', 120, async () => (since(agent) === before ? undefined : true), 200);
    await until('the gateway comes back', 300, async () => ((await started(place)) ? true : undefined));
    const booted = Date.now();
    const boot = booted - since(agent);
    await product.until(id, 'running');
    await pause(1000);
    going = false;
    await visitors;
    await Promise.all(waiting);
    ours.push(longest);
    const begun = performance.now();
    docker('restart', '-t', '30', container);
    await untilStarted(container, address);
    const bareBoot = Date.now() - since(container);
    const status = await visitBare(address, '/v1/models');
    if (status !== 200) throw new Error(`the bare gateway answered ${status}`);
    bare.push(performance.now() - begun);
    beside.ours.push(longest - boot);
    beside.bare.push(bare.at(-1) - bareBoot);
    console.log(`round ${round}: bare ${seconds(bare.at(-1))} with a boot of ${seconds(bareBoot)}, Vivier ${seconds(longest)} with a boot of ${seconds(boot)}; beside the boot ${seconds(beside.bare.at(-1))} and ${seconds(beside.ours.at(-1))}`);
  }
} finally {
  sweepBare();
  await product.stop();
}
console.log(`\n${failures.length} of ${asked} requests failed${failures.length ? ` (${[...new Set(failures)].join(', ')})` : ''}`);
console.log(`median: bare ${seconds(median(bare))}, Vivier ${seconds(median(ours))}, ratio ${(median(ours) / median(bare)).toFixed(3)}`);
console.log(`beside the boot: bare ${seconds(median(beside.bare))}, Vivier ${seconds(median(beside.ours))}, added ${seconds(median(beside.ours) - median(beside.bare))} (goal: under 0.3 s)`);
if (failures.length) process.exitCode = 1;
