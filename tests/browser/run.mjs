// The pages in a real browser, against the real server.
//   node tests/browser/run.mjs --server build/release/server/meerkat [--port N] [--only REGEX] [--shots DIR] [--slow N]
//   node tests/browser/run.mjs --url http://127.0.0.1:9090        # a server that runs already
// --slow N: a browser N times slower, with each answer late by up to N * 50 ms at random; no test may mind.
// playwright-core and axe-core come from ui/node_modules. The last line counts the tests.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freePort, kPatience, startWorld, until } from './world.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const ROOT = path.resolve(HERE, '../..');
const require = createRequire(path.join(ROOT, 'ui/package.json'));
const { chromium } = require('playwright-core');

const { values: o } = parseArgs({
  options: {
    server: { type: 'string' }, url: { type: 'string' }, port: { type: 'string' }, only: { type: 'string' },
    shots: { type: 'string' }, slow: { type: 'string' }, chromium: { type: 'string', default: '/usr/bin/chromium' },
  },
});
if (!o.server && !o.url) {
  console.error('one of --server BINARY and --url URL is needed');
  process.exit(2);
}

const FILES = ['home.mjs', 'pages.mjs', 'explore.mjs', 'alerts.mjs', 'dashboards.mjs', 'gallery.mjs', 'editing.mjs', 'corpus.mjs', 'access.mjs'];
const tmp = fs.mkdtempSync(path.join(os.tmpdir(), 'meerkat-browser-'));
let world;
let browser;
const count = { passed: 0, failed: 0, skipped: 0 };

class Skip extends Error {}

const isApi = (url) => /\/api\/v\d\//.test(url);

async function slowDown(page, context, times) {
  await (await context.newCDPSession(page)).send('Emulation.setCPUThrottlingRate', { rate: times });
  await page.route((url) => isApi(url.pathname), async (route) => {
    await new Promise((r) => setTimeout(r, Math.random() * times * 50));
    await route.continue().catch(() => undefined); // nobody waits for it any more
  });
}

// What a failure is understood from, beside its own words: the page, what it asked in vain, and the server.
async function circumstances(page, lost, asked) {
  const shown = await page.evaluate(() => `${location.href} ${JSON.stringify({ ...document.querySelector('[data-page]')?.dataset })}\n${document.body.innerText.replace(/\s+/g, ' ').slice(0, 800)}`).catch((e) => `no page: ${e.message}`);
  return [shown, ...lost.slice(-8), ...[...asked].slice(0, 8).map((r) => `not answered: ${r.method()} ${r.url()}`), world.told?.() ?? ''].join('\n').replace(/^/gm, '  | ');
}

// A page that remembers everything it should not have said or asked.
async function openPage(base, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, timezoneId: 'UTC', locale: 'en-US', reducedMotion: 'reduce', acceptDownloads: true, ...options });
  const page = await context.newPage();
  const wrong = [];
  const hosts = new Set([new URL(base).host]);
  page.on('pageerror', (e) => wrong.push(`uncaught: ${e.stack ?? e}`));
  page.on('console', (m) => m.type() === 'error' && !/^Failed to load resource/.test(m.text()) && wrong.push(`console: ${m.text()}`));
  page.on('request', (r) => /^https?:/.test(r.url()) && !hosts.has(new URL(r.url()).host) && wrong.push(`foreign: ${r.url()}`));
  page.setDefaultTimeout(kPatience);
  const lost = [];
  const asked = new Set(); // of the server's APIs, and not answered
  page.on('request', (r) => isApi(r.url()) && asked.add(r));
  page.on('requestfinished', (r) => asked.delete(r));
  page.on('requestfailed', (r) => asked.delete(r) && r.failure()?.errorText !== 'net::ERR_ABORTED' && lost.push(`${r.failure()?.errorText}: ${r.method()} ${r.url()}`));
  page.on('response', (r) => r.status() >= 400 && lost.push(`${r.status()}: ${r.request().method()} ${r.url()}`));
  page.allow = (other) => hosts.add(new URL(other).host); // a second server of ours
  page.go = async (to, state = 'ready') => {
    asked.clear();
    await page.goto(new URL(to, base + '/').href);
    await page.waitForSelector(`[data-page-state="${state}"]`);
  };
  // Resolves when all that was asked is answered and drawn, and asks for nothing more: what is not there then does not come.
  page.still = () => until(async () => {
    for (let i = 0; i < 3; i++) {
      if (asked.size) return false;
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
    }
    return !asked.size;
  }, 'the page to be still');
  if (o.slow) await slowDown(page, context, Number(o.slow));
  return { page, context, wrong, told: () => circumstances(page, lost, asked) };
}

try {
  world = o.url ? { base: o.url.replace(/\/$/, ''), stop: async () => undefined, dashboards: undefined } : await startWorld({ server: path.resolve(o.server), port: o.port ? Number(o.port) : await freePort(), tmp, root: ROOT });
  browser = await chromium.launch({ executablePath: o.chromium, args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1'] });
  for (const file of FILES) {
    const { tests } = await import('./' + file);
    for (const [name, run, options] of tests) {
      if (o.only && !new RegExp(o.only).test(`${file} ${name}`)) continue;
      const opened = await openPage(world.base, options);
      const began = Date.now();
      try {
        await run({ ...opened, base: world.base, world, require, skip: (why) => { throw new Skip(why); } });
        if (opened.wrong.length) throw new Error(opened.wrong.slice(0, 5).join('\n'));
        count.passed++;
        console.log(`ok       ${file}: ${name} (${Date.now() - began} ms)`);
      } catch (e) {
        if (e instanceof Skip) {
          count.skipped++;
          console.log(`skipped  ${file}: ${name}: ${e.message}`);
        } else {
          count.failed++;
          console.log(`FAILED   ${file}: ${name}\n${String(e.stack ?? e).split('\n').slice(0, 12).join('\n')}\n${opened.wrong.join('\n')}\n${await opened.told()}`);
          if (o.shots) await opened.page.screenshot({ path: path.join(o.shots, `${file}-${name}.png`.replace(/[^\w.-]+/g, '-')) }).catch(() => undefined);
        }
      }
      await opened.context.close();
    }
  }
} catch (e) {
  count.failed++;
  console.error(String(e.stack ?? e));
} finally {
  await browser?.close();
  await world?.stop();
  fs.rmSync(tmp, { recursive: true, force: true });
}
console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
process.exit(count.failed ? 1 : 0);
