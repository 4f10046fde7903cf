// How much Vivier adds to a start: (POST accepted → routed) minus (bare `docker run` of the same image with the same limits →
// /startupz), in turn, in one run. Usage: benches/overhead/run [ROUNDS, default 5]
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { median, startProduct, until } from '../product.mjs';

const rounds = Number(process.argv[2] ?? 5);
const docker = (...words) => execFileSync('docker', words, { encoding: 'utf8' }).trim();

const started = (host) =>
  new Promise((done) => {
    const ask = request(
      { host, port: 18789, path: '/startupz', timeout: 1000, headers: { 'x-forwarded-for': '192.0.2.1', 'x-forwarded-proto': 'http', 'x-forwarded-host': host, 'x-openclaw-user': 'owner' } },
      (answer) => {
        answer.resume();
        done(answer.statusCode === 200 ? true : undefined);
      },
    );
    ask.on('timeout', () => ask.destroy());
    ask.on('error', () => done(undefined));
    ask.end();
  });

const product = await startProduct();
// A label of our own: Vivier would put a container with its label that no deployment owns into quarantine.
const label = `io.vivier.bench=${process.pid}`;
const bare = [];
const ours = [];
try {
  for (let round = 1; round <= rounds; round += 1) {
    // Ours first: its delivered configuration is what the bare one is given too.
    const before = performance.now();
    const { id } = await product.api('POST', '/v1/deployments', { name: `Bench ${round}`, plan: 'pro' });
    await until('running', 300, async () => {
      const seen = await product.api('GET', `/v1/deployments/${id}`);
      if (seen.state === 'failed') throw new Error(seen.reason);
      return seen.state === 'running' ? true : undefined;
    });
    ours.push(performance.now() - before);
    const seen = JSON.parse(docker('inspect', `vivier-${id}`))[0];
    const config = readFileSync(join(product.data, 'delivered', id, 'config/openclaw.json'), 'utf8');
    const binds = Object.fromEntries(seen.Mounts.map((mount) => [mount.Destination, mount.Source]));
    const copies = join(product.data, `bare-${round}`);
    mkdirSync(copies);
    cpSync(binds['/etc/openclaw'], join(copies, 'config'), { recursive: true });
    cpSync(binds['/run/openclaw'], join(copies, 'secrets'), { recursive: true });
    await product.api('DELETE', `/v1/deployments/${id}`);
    await until('removed', 60, () => (docker('ps', '-aq', '--filter', `name=vivier-${id}`) ? undefined : true), 200);

    const gateway = `10.${64 + (round % 128)}.250.1`;
    const address = `10.${64 + (round % 128)}.250.2`;
    const oldGateway = Object.values(seen.NetworkSettings.Networks)[0].Gateway;
    writeFileSync(join(copies, 'config/openclaw.json'), config.replaceAll(oldGateway, gateway), { mode: 0o600 });
    // As the host delivers them: OpenClaw refuses a secrets file that others could reach.
    execFileSync('chmod', ['-R', 'u=rwX,go=', copies]);
    execFileSync('chown', ['-R', '1000:1000', copies]);
    const network = `vivier-bench-${process.pid}-${round}`;
    docker('network', 'create', '--internal', '--subnet', `${gateway}/29`, '--gateway', gateway, '--label', label, network);
    const limits = ['--cpus', '1', '--memory', '2g', '--memory-swap', '2g', '--pids-limit', '256'];
    const environment = seen.Config.Env.filter((line) => /^(VIVIER_|MALLOC_|NODE_)/.test(line)).flatMap((line) => ['-e', line]);
    const begun = performance.now();
    const container = docker(
      'run', '-d', '--label', label, '--network', network, '--ip', address, '--hostname', 'bare', ...limits,
      '--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges', '--user', '1000:1000', '--tmpfs', '/tmp:rw,noexec,nosuid,size=128m',
      '-v', '/home/node/.openclaw', '-v', `${copies}/config:/etc/openclaw:ro`, '-v', `${copies}/secrets:/run/openclaw:ro`, ...environment, seen.Image,
    );
    await until('the bare gateway starts', 300, async () => {
      if (await started(address)) return true;
      if (docker('inspect', '-f', '{{.State.Running}}', container) !== 'true') throw new Error(`the bare container ended: ${docker('logs', '--tail', '5', container)}`);
      return undefined;
    });
    bare.push(performance.now() - begun);
    docker('rm', '-f', '-v', container);
    docker('network', 'rm', network);
    console.log(`round ${round}: bare ${(bare.at(-1) / 1000).toFixed(2)} s, Vivier ${(ours.at(-1) / 1000).toFixed(2)} s, difference ${((ours.at(-1) - bare.at(-1)) / 1000).toFixed(2)} s`);
  }
} finally {
  for (const container of docker('ps', '-aq', '--filter', `label=${label}`).split('\n').filter(Boolean)) docker('rm', '-f', '-v', container);
  for (const network of docker('network', 'ls', '-q', '--filter', `label=${label}`).split('\n').filter(Boolean)) docker('network', 'rm', network);
  await product.stop();
}
const difference = (median(ours) - median(bare)) / 1000;
console.log(`\nmedian: bare ${(median(bare) / 1000).toFixed(2)} s, Vivier ${(median(ours) / 1000).toFixed(2)} s, ratio ${(median(ours) / median(bare)).toFixed(3)}, overhead ${difference.toFixed(2)} s (goal: under 0.5 s)`);
