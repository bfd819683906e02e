// How fast a large dashboard is: Node Exporter Full over an hour of samples every 5 seconds, made from the
// page of a real node_exporter. Prints the time until all visible panels are drawn, the requests sent, the
// processor time of the server and of the page's main thread, and how evenly the page scrolls with every
// row open.
//   node tests/browser/speed.mjs --server build/release/server/meerkat --dashboard FILE [--rounds 5]
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freePort, until } from './world.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const { chromium } = createRequire(path.join(ROOT, 'ui/package.json'))('playwright-core');
const { values: o } = parseArgs({ options: { server: { type: 'string' }, dashboard: { type: 'string' }, rounds: { type: 'string', default: '5' }, exporter: { type: 'string', default: '/usr/bin/prometheus-node-exporter' } } });
if (!o.server || !o.dashboard) {
  console.error('--server BINARY and --dashboard FILE are needed');
  process.exit(2);
}

const kSpan = 3600; // seconds of data
const kEvery = 5;
const kTicks = 100; // of the kernel's clock in a second

async function pageOf(exporter, tmp) {
  const port = await freePort();
  const child = spawn(exporter, [`--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore', cwd: tmp });
  try {
    let text = '';
    await until(async () => !!(text = await fetch(`http://127.0.0.1:${port}/metrics`).then((r) => r.text(), () => '')), 'the exporter');
    return text;
  } finally {
    child.kill();
  }
}

// Counters go on at a pace of their own, everything else swings about what it was.
function history(page, end) {
  const counters = new Set([...page.matchAll(/^# TYPE (\S+) counter$/gm)].map((m) => m[1]));
  const lines = [];
  const samples = [...page.matchAll(/^([a-zA-Z_:]\w*)(?:\{([^}]*)\})? (\S+)$/gm)];
  samples.push([null, 'up', '', '1']);
  for (const [, name, labels, text] of samples) {
    const first = Number(text);
    const series = `${name}{${labels ? labels + ',' : ''}instance="127.0.0.1:9100",job="node"}`;
    const pace = (lines.length % 97) / 50;
    for (let t = end - kSpan; t <= end; t += kEvery) {
      const gone = t - end + kSpan;
      const value = counters.has(name) ? first + gone * pace * (1 + 0.2 * Math.sin(gone / 300)) : name === 'up' || /_info$/.test(name) ? first : first * (1 + 0.1 * Math.sin(gone / 400));
      lines.push(`${series} ${Number.isFinite(value) ? value : 0} ${t}`);
    }
  }
  return { text: lines.join('\n') + '\n# EOF\n', series: samples.length };
}

// Seconds of processor time, of all threads.
function cpuOf(pid) {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / kTicks;
}

// Seconds of processor time of the page's main thread since its process began.
const pageCpu = async (cdp) => (await cdp.send('Performance.getMetrics')).metrics.find((m) => m.name === 'ThreadTime').value;

const middle = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const tmp = fs.mkdtempSync(path.join(os.tmpdir(), 'meerkat-speed-'));
let server;
let browser;
try {
  const end = Math.floor(Date.now() / 1000 / kEvery) * kEvery;
  const { text, series } = history(await pageOf(o.exporter, tmp), end);
  fs.writeFileSync(path.join(tmp, 'history.om'), text);
  fs.mkdirSync(path.join(tmp, 'dashboards'));
  fs.copyFileSync(o.dashboard, path.join(tmp, 'dashboards/board.json'));
  fs.writeFileSync(path.join(tmp, 'prometheus.yml'), 'global: {scrape_interval: 5s}\n');
  const binary = path.resolve(o.server);
  execFileSync(binary, ['tsdb', 'create-blocks-from', 'openmetrics', path.join(tmp, 'history.om'), path.join(tmp, 'data')], { stdio: 'ignore' });
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  server = spawn(binary, [`--config.file=${tmp}/prometheus.yml`, `--storage.tsdb.path=${tmp}/data`, `--web.listen-address=127.0.0.1:${port}`, '--alertmanager.listen-address=', `--dashboards.path=${tmp}/dashboards`, '--storage.tsdb.retention.time=100y'], { stdio: 'ignore' });
  await until(async () => (await fetch(base + '/-/ready').catch(() => undefined))?.status === 200, 'the server');
  const { uid } = JSON.parse(fs.readFileSync(o.dashboard, 'utf8'));
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  const address = `${base}/d/${uid}/x?from=${(end - kSpan) * 1000}&to=${end * 1000}&refresh=off`;
  const rounds = [];
  for (let i = 0; i < Number(o.rounds); i++) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    const cdp = await context.newCDPSession(page);
    await cdp.send('Performance.enable');
    let requests = 0;
    page.on('request', (r) => (requests += /\/api\/v1\/(query|label|series)/.test(r.url()) ? 1 : 0));
    const before = cpuOf(server.pid);
    const began = performance.now();
    await page.goto(address);
    await page.waitForSelector('[data-dashboard-state="ready"]');
    await page.waitForFunction(() => [...document.querySelectorAll('[data-panel-id]')].every((e) => { const r = e.getBoundingClientRect(); return r.top > innerHeight || r.bottom < 0 || e.dataset.panelState !== 'loading'; }), null, { polling: 20 });
    const drawn = performance.now() - began;
    rounds.push({ drawn, requests, page: (await pageCpu(cdp)) * 1000, cpu: (cpuOf(server.pid) - before) * 1000, panels: await page.evaluate(() => [...document.querySelectorAll('[data-panel-id]')].filter((e) => e.getBoundingClientRect().top < innerHeight).length) });
    if (i + 1 === Number(o.rounds)) await scroll(page, cdp);
    await context.close();
  }
  const [cold, ...warm] = rounds;
  const of = (key, list) => middle(list.map((r) => r[key]));
  console.log(`${series} series over ${kSpan / 60} min at ${kEvery} s; ${cold.panels} panels in view, ${cold.requests} requests`);
  console.log(`first visit:  drawn after ${cold.drawn.toFixed(0)} ms, CPU of the server ${cold.cpu.toFixed(0)} ms, of the page ${cold.page.toFixed(0)} ms`);
  if (warm.length) console.log(`later visits: drawn after ${of('drawn', warm).toFixed(0)} ms, CPU of the server ${of('cpu', warm).toFixed(0)} ms, of the page ${of('page', warm).toFixed(0)} ms (medians of ${warm.length})`);
} finally {
  await browser?.close();
  server?.kill();
  fs.rmSync(tmp, { recursive: true, force: true });
}

// Opens every row, then scrolls from end to end a screen in half a second, counting frames.
async function scroll(page, cdp) {
  for (;;) {
    const closed = page.locator('[data-row-state="collapsed"] [data-row-toggle]').first();
    if (!(await closed.count())) break;
    await closed.click();
  }
  const panels = await page.locator('[data-panel-id]').count();
  const [before, pageBefore] = [cpuOf(server.pid), await pageCpu(cdp)];
  const frames = await page.evaluate(async () => {
    const gaps = [];
    let last = performance.now();
    const box = document.scrollingElement;
    box.scrollTop = 0;
    while (box.scrollTop + innerHeight < box.scrollHeight - 2) {
      const now = await new Promise((done) => requestAnimationFrame(() => done(performance.now())));
      gaps.push(now - last);
      box.scrollTop += ((now - last) * innerHeight) / 500;
      last = now;
    }
    return gaps;
  });
  const each = ((await pageCpu(cdp)) - pageBefore) * 1000 / frames.length;
  const slow = frames.filter((g) => g > 34).length;
  console.log(`${panels} panels scrolled: ${frames.length} frames, median ${middle(frames).toFixed(1)} ms, ${((100 * slow) / frames.length).toFixed(1)}% took over two frames, longest ${Math.max(...frames).toFixed(0)} ms; CPU of the page ${each.toFixed(1)} ms a frame, of the server ${((cpuOf(server.pid) - before) * 1000).toFixed(0)} ms`);
}
