// Real dashboards, where the corpus is at hand: each is imported and opened; every panel ends in a
// state of its own, and nothing is thrown.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { unfold } from './world.mjs';

const kTallest = 30_000; // pixels
const kStates = new Set(['ready', 'nodata', 'error', 'unsupported']);

export const tests = [
  ['each dashboard of the corpus opens, every panel settles', async ({ page, base, world, wrong, skip }) => {
    const dir = world.root && path.resolve(world.root, '../shared/corpus/dashboards');
    if (!dir || !fs.existsSync(dir)) skip('the corpus is not here');
    const sum = { panels: 0, ready: 0, nodata: 0, error: 0, unsupported: 0 };
    for (const file of fs.readdirSync(dir).filter((f) => f.endsWith('.json')).sort()) {
      const dashboard = JSON.parse(fs.readFileSync(path.join(dir, file), 'utf8'));
      const answer = await page.request.post(`${base}/api/v1/dashboards`, { data: { dashboard } });
      assert.equal(answer.status(), 200, `${file}: ${await answer.text()}`);
      const { data } = await answer.json();
      await page.go(`d/${data.uid}/x?from=now-5m&to=now&refresh=off`);
      await unfold(page);
      // A window as tall as the page: every panel is in view at once.
      const tall = await page.evaluate(() => document.scrollingElement.scrollHeight);
      await page.setViewportSize({ width: 1440, height: Math.min(tall, kTallest) });
      await page.waitForFunction(() => [...document.querySelectorAll('[data-panel-id]')].every((e) => e.dataset.panelState !== 'loading'), null, { timeout: 60_000 });
      for (const { panelState: state, panelMessage: message, panelTitle: title } of await page.locator('[data-panel-id]').evaluateAll((all) => all.map((e) => ({ ...e.dataset })))) {
        assert.ok(kStates.has(state), `${file} ${title}: ${state}`);
        assert.ok(state === 'ready' || message, `${file} ${title}: ${state} without a word`);
        sum.panels++;
        sum[state]++;
      }
      await page.setViewportSize({ width: 1440, height: 900 });
      assert.deepEqual(wrong, [], file);
      await page.request.delete(`${base}/api/v1/dashboards/${data.uid}`);
    }
    console.log(`         ${Object.entries(sum).map(([k, v]) => `${k} ${v}`).join(', ')}`);
  }],
];
