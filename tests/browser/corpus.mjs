// Real dashboards, where the corpus is at hand: each is imported and opened; every panel ends in a
// state of its own, and nothing is thrown.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';

const kStates = new Set(['ready', 'nodata', 'error', 'unsupported']);

async function openAll(page) {
  for (;;) {
    const closed = page.locator('[data-row-state="collapsed"] [data-row-toggle]').first();
    if (!(await closed.count())) return;
    await closed.click();
  }
}

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
      await openAll(page);
      const n = await page.locator('[data-panel-id]').count();
      for (let i = 0; i < n; i++) {
        const panel = page.locator('[data-panel-id]').nth(i);
        await panel.scrollIntoViewIfNeeded();
        await page.waitForFunction((k) => document.querySelectorAll('[data-panel-id]')[k].dataset.panelState !== 'loading', i);
        const { panelState: state, panelMessage: message, panelTitle: title } = await panel.evaluate((e) => ({ ...e.dataset }));
        assert.ok(kStates.has(state), `${file} ${title}: ${state}`);
        assert.ok(state === 'ready' || message, `${file} ${title}: ${state} without a word`);
        sum.panels++;
        sum[state]++;
      }
      assert.deepEqual(wrong, [], file);
      await page.request.delete(`${base}/api/v1/dashboards/${data.uid}`);
    }
    console.log(`         ${Object.entries(sum).map(([k, v]) => `${k} ${v}`).join(', ')}`);
  }],
];
