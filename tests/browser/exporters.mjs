// What the world watches beside itself: the host, Redis and PostgreSQL with their exporters, a Flask
// application, and a shop whose latencies carry exemplars. What is not installed is left out.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';

const exists = (...names) => names.find((n) => fs.existsSync(n));
const NODE = exists('/usr/bin/prometheus-node-exporter', '/usr/local/bin/node_exporter');
const REDIS = exists('/usr/bin/redis-server');
const REDIS_EXPORTER = exists('/usr/bin/prometheus-redis-exporter');
const POSTGRES_EXPORTER = exists('/usr/bin/prometheus-postgres-exporter');
const POSTGRES = fs.existsSync('/usr/lib/postgresql') ? fs.readdirSync('/usr/lib/postgresql').map((v) => `/usr/lib/postgresql/${v}/bin`).find((d) => fs.existsSync(`${d}/initdb`)) : undefined;
const PYTHON = '/usr/bin/python3';

// PostgreSQL refuses to run as root; there its own user runs it.
function postgresUser(dir) {
  if (os.userInfo().uid !== 0) return {};
  const id = (flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  const user = { uid: id('-u'), gid: id('-g') };
  fs.chownSync(dir, user.uid, user.gid);
  return user;
}

function startPostgres(start, port, tmp) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'meerkat-postgres-'));
  const user = postgresUser(dir);
  execFileSync(`${POSTGRES}/initdb`, ['-D', `${dir}/data`, '-A', 'trust', '-U', 'postgres', '--no-sync'], { ...user, stdio: 'ignore', cwd: dir });
  start(`${POSTGRES}/postgres`, ['-D', `${dir}/data`, '-p', String(port), '-h', '127.0.0.1', '-k', dir, '-F'], path.join(tmp, 'postgres.log'), { ...user, cwd: dir });
  return () => fs.rmSync(dir, { recursive: true, force: true });
}

function hasFlask() {
  try {
    execFileSync(PYTHON, ['-c', 'import flask, prometheus_client'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

// A histogram of requests that last 50, 300 and 800 ms by turns, each bucket with its latest trace.
function startShop() {
  let answered = 0;
  const BOUNDS = ['0.1', '0.5', '1', '+Inf'];
  const server = http.createServer((_, res) => {
    answered++;
    const now = Date.now() / 1000;
    const counts = [answered * 3, answered * 5, answered * 6, answered * 6];
    const lines = BOUNDS.map((le, i) => `shop_seconds_bucket{le="${le}"} ${counts[i]}${i < 3 ? ` # {trace_id="trace-${answered}-${i}"} ${[0.05, 0.3, 0.8][i]} ${now.toFixed(3)}` : ''}`);
    res.writeHead(200, { 'Content-Type': 'application/openmetrics-text; version=1.0.0; charset=utf-8' });
    res.end(`# TYPE shop_seconds histogram\n# HELP shop_seconds Time to serve.\n${lines.join('\n')}\nshop_seconds_count ${counts[3]}\nshop_seconds_sum ${answered * 1.55}\n# EOF\n`);
  });
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done({ port: server.address().port, stop: () => server.close() })));
}

// `start(command, args, log, options)` begins a child that the world ends. Gives the scrape jobs.
export async function startExporters({ start, freePort, tmp, root }) {
  const jobs = {};
  const ends = [];
  const run = async (job, command, argsOf, options) => {
    jobs[job] = await freePort();
    start(command, argsOf(jobs[job]), path.join(tmp, `${job}.log`), options);
  };
  if (NODE) await run('node', NODE, (port) => [`--web.listen-address=127.0.0.1:${port}`]);
  if (REDIS && REDIS_EXPORTER) {
    const redis = await freePort();
    start(REDIS, ['--port', String(redis), '--bind', '127.0.0.1', '--save', '', '--dir', tmp], path.join(tmp, 'redis-server.log'));
    await run('redis', REDIS_EXPORTER, (port) => ['-web.listen-address', `127.0.0.1:${port}`, '-redis.addr', `redis://127.0.0.1:${redis}`]);
  }
  if (POSTGRES && POSTGRES_EXPORTER) {
    const postgres = await freePort();
    try {
      ends.push(startPostgres(start, postgres, tmp));
      await run('postgresql', POSTGRES_EXPORTER, (port) => [`--web.listen-address=127.0.0.1:${port}`], { env: { ...process.env, DATA_SOURCE_NAME: `postgresql://postgres@127.0.0.1:${postgres}/postgres?sslmode=disable` } });
    } catch (e) {
      console.log(`PostgreSQL is left out: ${e.message}`);
    }
  }
  const flask = path.join(root, 'tests/e2e/flask_app.py');
  if (fs.existsSync(flask) && hasFlask()) await run('flask', PYTHON, (port) => [flask, String(port)]);
  const shop = await startShop();
  jobs.shop = shop.port;
  ends.push(shop.stop);
  return { jobs, stop: () => ends.forEach((end) => end()) };
}
