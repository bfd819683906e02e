// The world the pages are tested in: the server, watching itself and real exporters where there are
// any, with a rule that fires, a route, and dashboards in a folder; beside it, when a test asks, a
// server as it is on its first start.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { startExporters } from './exporters.mjs';

const get = (url) => new Promise((done) => {
  http.get(url, (r) => { r.resume(); r.on('end', () => done(r.statusCode)); }).on('error', () => done(0));
});

// Resolves when `check` is true; looks again as soon as the last look is over.
export async function until(check, what, ms = 30_000) {
  const end = Date.now() + ms;
  while (Date.now() < end) {
    if (await check()) return;
    await new Promise((r) => setTimeout(r, 50));
  }
  throw new Error(`waited ${ms} ms for ${what}`);
}

// Where an element stands, once it does: a chart that is drawn anew is gone for a moment.
export async function boxOf(locator) {
  let box;
  await until(async () => !!(box = await locator.boundingBox().catch(() => null)), 'a place on the page');
  return box;
}

function start(command, args, log, options = {}) {
  const out = fs.openSync(log, 'w');
  const child = spawn(command, args, { ...options, stdio: ['ignore', out, out] });
  child.on('error', () => undefined);
  return child;
}

function stop(child) {
  return new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) return done();
    child.once('exit', done);
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), 10_000).unref();
  });
}

// A port the kernel says is free right now.
export const freePort = () => new Promise((resolve, reject) => {
  const probe = net.createServer();
  probe.once('error', reject);
  probe.listen(0, '127.0.0.1', () => {
    const { port } = probe.address();
    probe.close(() => resolve(port));
  });
});

async function startFresh(server, tmp, begin, below = '') {
  const port = await freePort();
  const home = fs.mkdtempSync(path.join(tmp, 'fresh-'));
  const base = `http://127.0.0.1:${port}${below}`;
  const more = below ? [`--web.external-url=${base}/`, '--web.page-title=Ours & theirs'] : [];
  begin(server, [`--web.listen-address=127.0.0.1:${port}`, '--alertmanager.listen-address=', ...more], path.join(home, 'log'), { cwd: home });
  await until(async () => (await get(base + '/-/ready')) === 200, 'the fresh server to be ready');
  return base;
}

export async function startWorld({ server, port, tmp, root }) {
  const base = `http://127.0.0.1:${port}`;
  const children = [];
  const begin = (...args) => {
    const child = start(...args);
    children.push(child);
    return child;
  };
  const exporters = await startExporters({ start: begin, freePort, tmp, root });
  const dashboards = path.join(tmp, 'dashboards');
  fs.mkdirSync(dashboards);
  const configs = path.join(root, 'configs/dashboards');
  if (fs.existsSync(configs)) for (const f of fs.readdirSync(configs)) if (f.endsWith('.json')) fs.copyFileSync(path.join(configs, f), path.join(dashboards, f));
  fs.writeFileSync(path.join(dashboards, 'browser-test.json'), JSON.stringify(board()));
  fs.writeFileSync(path.join(tmp, 'rules.yml'), `groups:
  - name: browser
    interval: 1s
    rules:
      - alert: PortClosed
        expr: up{job="closed"} == 0
        labels: {severity: critical, team: db}
        annotations: {summary: 'Nothing listens on {{ $labels.instance }}'}
      - alert: Quiet
        expr: vector(0) > 1
`);
  fs.writeFileSync(path.join(tmp, 'alertmanager.yml'), `route:
  receiver: everyone
  group_by: [alertname]
  group_wait: 1s
  routes:
    - matchers: ['team="db"']
      receiver: databases
receivers: [{name: everyone}, {name: databases}]
`);
  fs.writeFileSync(path.join(tmp, 'prometheus.yml'), `global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [rules.yml]
scrape_configs:
  - job_name: meerkat
    static_configs: [{targets: ['127.0.0.1:${port}']}]
  - job_name: closed
    static_configs: [{targets: ['127.0.0.1:1']}]
    relabel_configs: [{target_label: here, replacement: 'yes'}]
  - job_name: shop-native
    convert_classic_histograms_to_nhcb: true
    static_configs: [{targets: ['127.0.0.1:${exporters.jobs.shop}']}]
${Object.entries(exporters.jobs).map(([job, at]) => `  - job_name: ${job}\n    static_configs: [{targets: ['127.0.0.1:${at}']}]\n`).join('')}`);
  const log = path.join(tmp, 'server.log');
  const main = start(server, [
    `--config.file=${path.join(tmp, 'prometheus.yml')}`, `--storage.tsdb.path=${path.join(tmp, 'data')}`, `--web.listen-address=127.0.0.1:${port}`, '--web.enable-remote-write-receiver',
    `--alertmanager.config.file=${path.join(tmp, 'alertmanager.yml')}`, '--alertmanager.listen-address=', `--dashboards.path=${dashboards}`,
    '--enable-feature=exemplar-storage,native-histograms', '--web.enable-push-receiver',
  ], log);
  children.unshift(main);
  const stopAll = async () => {
    for (const c of children) await stop(c);
    exporters.stop();
  };
  try {
    await until(async () => {
      if (main.exitCode !== null) throw new Error('the server ended:\n' + fs.readFileSync(log, 'utf8').slice(-2000));
      return (await get(base + '/-/ready')) === 200;
    }, 'the server to be ready');
  } catch (e) {
    await stopAll();
    throw e;
  }
  // A server without a configuration, started once; and one that is seen below a path, under a name.
  let first;
  const fresh = () => (first ??= startFresh(server, tmp, begin));
  const below = (at) => startFresh(server, tmp, begin, at);
  return { base, dashboards, jobs: exporters.jobs, fresh, below, stop: stopAll, root };
}

function board() {
  const panel = (id, type, title, x, y, expr, more = {}) => ({ id, type, title, gridPos: { x, y, w: 8, h: 7 }, datasource: { type: 'prometheus', uid: '${DS}' }, targets: [{ refId: 'A', expr, legendFormat: '{{job}}' }], fieldConfig: { defaults: { unit: 'short' }, overrides: [] }, options: {}, ...more });
  return {
    uid: 'browser-test', title: 'Browser test', tags: ['test'], schemaVersion: 39, time: { from: 'now-5m', to: 'now' }, refresh: '', editable: true, kept: { by: 'export' },
    templating: { list: [
      { name: 'DS', type: 'datasource', query: 'prometheus' },
      { name: 'job', type: 'query', query: 'label_values(up, job)', multi: true, includeAll: true, current: { value: ['$__all'] }, refresh: 2, sort: 1 },
    ] },
    panels: [
      panel(1, 'timeseries', 'Up over time', 0, 0, 'up{job=~"$job"}'), panel(2, 'stat', 'Targets', 8, 0, 'sum(up)'), panel(3, 'gauge', 'Share', 16, 0, '100 * avg(up)'),
      panel(4, 'table', 'Table', 0, 7, 'up{job=~"$job"}', { targets: [{ refId: 'A', expr: 'up{job=~"$job"}', format: 'table', instant: true }] }),
      panel(5, 'text', 'Words', 8, 7, '', { targets: [], options: { mode: 'markdown', content: '**$job** <script>window.bad = 1</script><img src=x onerror="window.bad = 1">' } }),
      panel(6, 'timeseries', 'Wrong', 16, 7, 'rate('),
      panel(7, 'timeseries', 'Empty', 0, 14, 'nothing_has_this_name'),
      { id: 8, type: 'row', title: 'Folded', collapsed: true, gridPos: { x: 0, y: 21, w: 24, h: 1 }, panels: [panel(9, 'piechart', 'Pie', 0, 22, 'up{job=~"$job"} + 1')] },
    ],
  };
}
