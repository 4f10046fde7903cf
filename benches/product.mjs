// One running product for a benchmark: a release build of vivierd in a data directory of its own, and a signed-in operator.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const vivierd = process.env.VIVIERD ?? join(root, 'target/release/vivierd');

export const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

export const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** Polls `look` until it returns something that is not undefined. */
export async function until(what, seconds, look, every = 20) {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${seconds} s`);
    await pause(every);
  }
}

const freePort = () =>
  new Promise((done, fail) => {
    const server = createServer();
    server.on('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });

/** Starts `vivierd up` with `environment` over the defaults. */
export async function startProduct(environment = {}, { image = true } = {}) {
  if (!existsSync(vivierd)) throw new Error(`${vivierd} is missing; run 'make build' first`);
  const data = mkdtempSync(join(tmpdir(), 'vivier-bench.'));
  if (image) execFileSync(vivierd, ['--data-dir', data, 'release', 'build', '--if-absent', '--accept-unscanned', 'for a benchmark'], { stdio: ['ignore', 'ignore', 'inherit'], cwd: root });
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const log = openSync(join(data, 'up.log'), 'a');
  const child = spawn(vivierd, ['--data-dir', data, '--listen', `127.0.0.1:${port}`, '--public-url', url, 'up'], {
    cwd: root,
    stdio: ['ignore', log, log],
    env: {
      ...process.env,
      VIVIER_EDGE__ALLOW_PRIVATE: '["127.0.0.0/8"]',
      VIVIER_SUBNET_POOL: `10.${64 + (port % 128)}.0.0/16`,
      VIVIER_SERVER__DEPLOYS_PER_HOUR: '10000',
      VIVIER_SERVER__MEMORY_OVERCOMMIT: '100',
      ...environment,
    },
  });
  const ready = async () => {
    try {
      const answer = await fetch(`${url}/readyz`);
      return answer.ok && existsSync(join(data, 'run/setup-link')) ? true : undefined;
    } catch {
      return undefined;
    }
  };
  await until('the dashboard answers', 60, ready, 100);
  const setupToken = readFileSync(join(data, 'run/setup-link'), 'utf8').trim().split('token=')[1];
  const post = (path, body, headers = {}) =>
    fetch(`${url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json', origin: url, ...headers }, body: JSON.stringify(body) });
  const signup = await post('/v1/auth/signup', { email: 'bench@example.com', password: 'correct horse battery', setup_token: setupToken });
  if (!signup.ok) throw new Error(await signup.text());
  const cookie = signup.headers.get('set-cookie').split(';')[0];
  const made = await post('/v1/tokens', { name: 'bench', scopes: ['read', 'write', 'chat'] }, { cookie });
  if (!made.ok) throw new Error(await made.text());
  const { secret } = await made.json();

  const api = async (method, path, body) => {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${secret}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  };
  /** Waits until the agent `id` is in `state`. */
  const untilState = (id, state) =>
    until(state, 300, async () => {
      const seen = await api('GET', `/v1/deployments/${id}`);
      if (seen.state === 'failed') throw new Error(seen.reason);
      return seen.state === state ? true : undefined;
    });
  /** The status that a program gets at the agent's own address; 0 when the connection fails. */
  const visit = (slug, path) =>
    new Promise((done) => {
      const ask = request({ host: '127.0.0.1', port, path, headers: { host: `${slug}.localhost:${port}`, authorization: `Bearer ${secret}` } }, (answer) => {
        answer.resume();
        answer.on('end', () => done(answer.statusCode));
        answer.on('error', () => done(0));
      });
      ask.on('error', () => done(0));
      ask.end();
    });
  const stop = async () => {
    if (child.exitCode === null) {
      const ended = new Promise((done) => child.once('exit', done));
      child.kill('SIGTERM');
      await ended;
    }
    execFileSync(join(root, 'scripts/sweep'), [data], { stdio: ['ignore', 'ignore', 'inherit'] });
    rmSync(data, { recursive: true, force: true });
  };
  return { api, data, url, pid: child.pid, until: untilState, visit, stop };
}
