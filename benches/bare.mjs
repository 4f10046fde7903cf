// The floor of benchmarks: the same image with the same limits, configuration and sealing under plain `docker run`, without Vivier.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { until } from './product.mjs';

export const docker = (...words) => execFileSync('docker', words, { encoding: 'utf8' }).trim();

// A label of our own: Vivier would put a container with its label that no deployment owns into quarantine.
const label = `io.vivier.bench=${process.pid}`;

/** The status with which the gateway at `host` answers `path`, as its trusted proxy asks; `undefined` when it does not answer. */
const ask = (host, path, timeout) =>
  new Promise((done) => {
    const call = request(
      { host, port: 18789, path, timeout, headers: { 'x-forwarded-for': '192.0.2.1', 'x-forwarded-proto': 'http', 'x-forwarded-host': host, 'x-openclaw-user': 'owner' } },
      (answer) => {
        answer.resume();
        answer.on('end', () => done(answer.statusCode));
      },
    );
    call.on('timeout', () => call.destroy());
    call.on('error', () => done(undefined));
    call.end();
  });

/** Whether the gateway at `host` says that it has started. */
export const started = async (host) => ((await ask(host, '/startupz', 1000)) === 200 ? true : undefined);

/** The status of a visit to the gateway at `host`. */
export const visit = (host, path) => ask(host, path, 60_000);

/** Waits until the gateway of `container` at `address` has started. */
export const untilStarted = (container, address) =>
  until('the bare gateway starts', 300, async () => {
    if (await started(address)) return true;
    if (docker('inspect', '-f', '{{.State.Running}}', container) !== 'true') throw new Error(`the bare container ended: ${docker('logs', '--tail', '5', container)}`);
    return undefined;
  });

/**
 * Prepares a bare twin of the agent `id` (plan pro), which must run: copies of what it was given, on a network of its own. `run()`
 * starts it.
 */
export function twin(product, id, round) {
  const seen = JSON.parse(docker('inspect', `vivier-${id}`))[0];
  const config = readFileSync(join(product.data, 'delivered', id, 'config/openclaw.json'), 'utf8');
  const binds = Object.fromEntries(seen.Mounts.map((mount) => [mount.Destination, mount.Source]));
  const copies = join(product.data, `bare-${round}`);
  mkdirSync(copies);
  cpSync(binds['/etc/openclaw'], join(copies, 'config'), { recursive: true });
  cpSync(binds['/run/openclaw'], join(copies, 'secrets'), { recursive: true });
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
  const run = () =>
    docker(
      'run', '-d', '--label', label, '--network', network, '--ip', address, '--hostname', 'bare', ...limits,
      '--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges', '--user', '1000:1000', '--tmpfs', '/tmp:rw,noexec,nosuid,size=128m',
      '-v', '/home/node/.openclaw', '-v', `${copies}/config:/etc/openclaw:ro`, '-v', `${copies}/secrets:/run/openclaw:ro`, ...environment, seen.Image,
    );
  return { address, run };
}

/** Takes away every bare container and network of this process. */
export function sweepBare() {
  for (const container of docker('ps', '-aq', '--filter', `label=${label}`).split('\n').filter(Boolean)) docker('rm', '-f', '-v', container);
  for (const network of docker('network', 'ls', '-q', '--filter', `label=${label}`).split('\n').filter(Boolean)) docker('network', 'rm', network);
}
