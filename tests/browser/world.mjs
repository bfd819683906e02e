// The world the pages are tested in: the server, watching itself and real exporters where there are
// any, with a rule that fires, a route, and dashboards in a folder; beside it, when a test asks, a
// server as it is on its first start.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { startExporters } from './exporters.mjs';

const get = (url) => new Promise((done) => {
  http.get(url, (r) => { r.resume(); r.on('end', () => done(r.statusCode)); }).on('error', () => done(0));
});
const getJson = (url) => fetch(url).then((r) => r.json()).catch(() => undefined);

// The last lines a child wrote.
const tailOf = (log, lines = 25) => (fs.existsSync(log) ? fs.readFileSync(log, 'utf8').trimEnd().split('\n').slice(-lines).join('\n') : '');

// Milliseconds until what has not come is called missing. Only what hangs takes so long, on the slowest machine.
export const kPatience = 30_000;

// Resolves when `check` is true; looks again soon after the last look is over.
export async function until(check, what, ms = kPatience) {
  const end = Date.now() + ms;
  for (;;) {
    if (await check()) return;
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}`);
    await new Promise((r) => setTimeout(r, 50));
  }
}

// Resolves when `assertion` no longer throws; tells its last words when it always did. Whatever is read from a page
// is read in here, or after a wait for all that the page was still to show: a page is never done when a call returns.
export async function holds(assertion, what, ms = kPatience) {
  let wrong;
  const check = () => Promise.resolve().then(assertion).then(() => true, (e) => { wrong = e; return false; });
  await until(check, what, ms).catch((late) => { throw new Error(`${late.message}: ${wrong.message}`); });
}

// Resolves when what `read` gives is `wanted`: equal to it in every part, or matched by it.
export const becomes = (read, wanted, what, ms = kPatience) => holds(async () => (wanted instanceof RegExp ? assert.match : assert.deepEqual)(await read(), wanted), what, ms);

// Where an element stands, once it stands still: what is drawn anew is gone for a moment, or on its way.
export async function boxOf(locator) {
  let box = null;
  await until(async () => {
    const last = JSON.stringify(box);
    box = await locator.boundingBox().catch(() => null);
    return box && JSON.stringify(box) === last;
  }, 'a place on the page');
  return box;
}

// Moves the pointer over a chart, the latest time first and at each of the heights `ys(box)`, until `tip` is shown; gives its words.
export async function sweep(page, over, tip, step, ys) {
  let said;
  await until(async () => {
    const b = await boxOf(over);
    for (let x = b.width - 2; x > 0; x -= step) for (const y of ys(b)) {
      await page.mouse.move(b.x + x, b.y + y);
      await page.evaluate(() => new Promise(requestAnimationFrame));
      [said] = await tip.allInnerTexts();
      if (said) return true;
    }
    return false;
  }, 'something to tell under the pointer');
  return said;
}

// Opens the rows that are folded, one after the other.
export async function unfold(page) {
  const folded = page.locator('[data-row-state="collapsed"] [data-row-toggle]');
  for (let n; (n = await folded.count()) > 0; ) {
    await folded.first().click();
    await until(async () => (await folded.count()) < n, 'a row to open');
  }
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
      if (main.exitCode !== null) throw new Error('the server ended');
      return (await get(base + '/-/ready')) === 200;
    }, 'the server to be ready');
    await warm(base, [...Object.keys(exporters.jobs), 'meerkat', 'closed', 'shop-native']);
  } catch (e) {
    e.message += '\n' + tailOf(log);
    await stopAll();
    throw e;
  }
  // A server without a configuration, started once; and one that is seen below a path, under a name.
  let first;
  const fresh = () => (first ??= startFresh(server, tmp, begin));
  const below = (at) => startFresh(server, tmp, begin, at);
  const told = () => `the server ${main.exitCode === null && main.signalCode === null ? 'runs' : `ended with ${main.exitCode ?? main.signalCode}`}; the end of its log:\n${tailOf(log)}`;
  return { base, dashboards, jobs: exporters.jobs, fresh, below, stop: stopAll, root, told };
}

// A panel that was drawn once is not asked again: before the first is, every job has what a rate needs, and the alert has been sent.
async function warm(base, jobs) {
  const asked = async (query) => (await getJson(`${base}/api/v1/query?query=${encodeURIComponent(query)}`))?.data?.result ?? [];
  let missing;
  await until(async () => {
    const there = new Set((await asked('count_over_time(up[5m]) > 2')).map((s) => s.metric.job));
    missing = jobs.filter((j) => !there.has(j));
    return !missing.length;
  }, 'three scrapes of each job', 4 * kPatience).catch((e) => { throw new Error(`${e.message}: ${missing}`); });
  await until(async () => (await getJson(`${base}/api/v2/alerts`))?.some((a) => a.labels.alertname === 'PortClosed' && a.receivers.some((r) => r.name === 'databases')), 'the alert to be sent', 4 * kPatience);
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
