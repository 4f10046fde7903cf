// How long the pages of money take when the books are full: 1,000,000 lines of the credits ledger and 1,200,000 of usage, over 10,000
// accounts, read through the HTTP API of a real `serve`. Prints the median and the 99th percentile of each page; goal: 20 ms.
// Usage: benches/ledger/run [--accounts N] [--requests N]; VIVIERD names another binary than target/release/vivierd.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [engine, ...rest] = process.argv.slice(2);
const option = (name, usual) => Number(rest.includes(name) ? rest[rest.indexOf(name) + 1] : usual);
const accounts = option('--accounts', 10_000);
const requests = option('--requests', 3_000);
/** Of each account: grants and redemptions (100 lines together), and days of usage of each of two agents. */
const [GRANTS, REDEMPTIONS, DAYS] = [60, 40, 60];
const TOKENS = Math.min(accounts, 500);
const GOAL = 20;
const binary = process.env.VIVIERD ?? 'target/release/vivierd';

const data = mkdtempSync(join(tmpdir(), 'vivier-ledger-'));
const postgres = engine === 'postgres';
let url = null;
if (postgres) {
  const cluster = process.env.VIVIER_TEST_POSTGRES_URL;
  const name = `ledger_${process.pid}`;
  execFileSync('psql', [cluster, '-qc', `CREATE DATABASE ${name}`]);
  const [base, query] = cluster.split('?');
  url = `${base.slice(0, base.lastIndexOf('/'))}/${name}${query ? `?${query}` : ''}`;
}

/** Runs SQL in the server's own database. */
function sql(text) {
  const file = join(data, 'seed.sql');
  writeFileSync(file, text);
  if (postgres) execFileSync('psql', [url, '-qX', '-v', 'ON_ERROR_STOP=1', '-f', file], { stdio: ['ignore', 'ignore', 'inherit'] });
  else execFileSync('sqlite3', ['-bail', '-cmd', '.timeout 60000', join(data, 'vivier.db'), `.read ${file}`], { stdio: ['ignore', 'ignore', 'inherit'] });
}

const now = Date.now();
const DAY = 86_400_000;
/** `prefix_` and a number, as an id is written. */
const id = (prefix, number) => (postgres ? `'${prefix}_' || LPAD((${number})::text, 26, '0')` : `printf('${prefix}_%026d', ${number})`);
const series = (name, count) =>
  postgres ? `generate_series(1, ${count}) AS ${name}(n)` : `(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ${count}) SELECT n FROM s) AS ${name}`;
const text = (number) => `viv_${createHash('sha256').update(`token ${number}`).digest('hex')}`;

function seed() {
  const grant = `a.n * ${GRANTS} + g.n`;
  const tokens = Array.from({ length: TOKENS }, (_, index) => {
    const place = 1 + Math.floor((index * accounts) / TOKENS);
    const hash = createHash('sha256').update(text(place)).digest('hex');
    const number = String(place).padStart(26, '0');
    return `('tok_${number}', 'acc_${number}', 'usr_${number}', 'bench', ${postgres ? `'\\x${hash}'` : `X'${hash}'`}, 'viv_', 'read', ${now})`;
  });
  sql(`BEGIN;
INSERT INTO users (id, email, created_at) SELECT ${id('usr', 'a.n')}, 'a' || a.n || '@example.com', ${now} FROM ${series('a', accounts)};
INSERT INTO accounts (id, name, created_at) SELECT ${id('acc', 'a.n')}, 'bench', ${now} FROM ${series('a', accounts)};
INSERT INTO members (account_id, user_id, role, created_at, used_at) SELECT ${id('acc', 'a.n')}, ${id('usr', 'a.n')}, 'owner', ${now}, ${now} FROM ${series('a', accounts)};
INSERT INTO api_tokens (id, account_id, user_id, name, token_hash, hint, scopes, created_at) VALUES ${tokens.join(',\n')};
INSERT INTO credits_ledger (id, account_id, source, amount, created_at, expires_at, metadata, once)
  SELECT ${id('crd', grant)}, ${id('acc', 'a.n')}, 'operator', 1000, ${now} - g.n * 1000, ${now} + (g.n % 40 - 20) * ${DAY}, '{"note":"bench"}', 'bench/' || (${grant})
  FROM ${series('a', accounts)} CROSS JOIN ${series('g', GRANTS)};
INSERT INTO credits_redemptions (id, account_id, grant_id, amount, applied_to_invoice_id, created_at, metadata, once)
  SELECT ${id('rdm', grant)}, ${id('acc', 'a.n')}, ${id('crd', grant)}, 300, 'in_' || (${grant}), ${now} - g.n * 500, '{}', 'bench/' || (${grant})
  FROM ${series('a', accounts)} CROSS JOIN ${series('g', REDEMPTIONS)};
INSERT INTO deployments (id, account_id, slug, name, plan, template, desired, revision, created_at, purge_at)
  SELECT ${id('dep', 'a.n * 2 + g.n')}, ${id('acc', 'a.n')}, 'bench-' || (a.n * 2 + g.n), 'Bench', 'pro', 'assistant', 'terminated', 1, ${now}, ${now + 1_000 * DAY}
  FROM ${series('a', accounts)} CROSS JOIN ${series('g', 2)};
INSERT INTO usage_metrics (account_id, period, starts_at, deployment_id, running_ms, cpu_micros, memory_kib_seconds, storage_kib_seconds, egress_bytes, ingress_bytes)
  SELECT ${id('acc', 'a.n')}, 'day', ${now - (now % DAY)} - g.n * ${DAY}, ${id('dep', 'a.n * 2 + d.n')}, 86400000, 5000000, 1000000, 1000000, 100000, 100000
  FROM ${series('a', accounts)} CROSS JOIN ${series('g', DAYS)} CROSS JOIN ${series('d', 2)};
COMMIT;
ANALYZE;
`);
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const agent = new Agent({ keepAlive: true, maxSockets: 4 });
const socketPath = join(data, 'run/serve.sock');
const get = (path, token) =>
  new Promise((done, failed) => {
    const call = request({ socketPath, path, agent, headers: token ? { authorization: `Bearer ${token}` } : {} }, (answer) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (part) => (body += part));
      answer.on('end', () => (answer.statusCode === 200 ? done(body) : failed(new Error(`${path}: ${answer.statusCode} ${body.slice(0, 300)}`))));
    });
    call.on('error', failed);
    call.end();
  });

mkdirSync(join(data, 'run'), { recursive: true });
const settings = { VIVIER_DATA_DIR: data, VIVIER_LOG__FILTER: 'warn', VIVIER_SERVER__RATES__HEAVY_PER_MINUTE: '1000000000' };
const server = spawn(binary, ['serve'], { env: { ...process.env, ...settings, ...(url ? { VIVIER_SERVER__DATABASE_URL: url } : {}) }, stdio: ['ignore', 'ignore', 'inherit'] });
let missed = false;
try {
  for (let tries = 0; ; tries += 1) {
    try {
      await get('/healthz');
      break;
    } catch (error) {
      if (tries > 300 || server.exitCode !== null) throw error;
      await pause(100);
    }
  }
  const begun = Date.now();
  seed();
  console.log(`${engine}: ${accounts} accounts, ${accounts * (GRANTS + REDEMPTIONS)} lines of the ledger, ${accounts * DAYS * 2} of usage, in ${((Date.now() - begun) / 1000).toFixed(0)} s`);
  for (const path of ['/v1/credits', '/v1/credits/history', '/v1/usage', '/v1/limits']) {
    const took = [];
    for (let number = 0; number < requests; number += 1) {
      // A stride that visits the accounts out of order.
      const place = 1 + Math.floor((((number * 7919) % TOKENS) * accounts) / TOKENS);
      const from = performance.now();
      await get(path, text(place));
      took.push(performance.now() - from);
    }
    took.sort((one, other) => one - other);
    const at = (share) => took[Math.min(took.length - 1, Math.floor(took.length * share))].toFixed(1);
    if (Number(at(0.99)) > GOAL) missed = true;
    console.log(`  ${path.padEnd(20)} median ${at(0.5)} ms, p99 ${at(0.99)} ms${Number(at(0.99)) > GOAL ? `  (more than ${GOAL})` : ''}`);
  }
} finally {
  server.kill('SIGTERM');
  await new Promise((done) => (server.exitCode === null ? server.once('exit', done) : done()));
  rmSync(data, { recursive: true, force: true });
}
process.exit(missed ? 1 : 0);
