// axe-core finds nothing serious, in either theme.
import assert from 'node:assert/strict';
import fs from 'node:fs';

const PAGES = ['home', 'query?expr=up&explain=1', 'alerts', 'silences', 'routes', 'alerts/history', 'targets', 'rules', 'tsdb-status', 'config', 'flags', 'status', 'dashboards', 'd/browser-test/x', 'd/browser-test/x?editPanel=1'];

async function faults(page, require) {
  await page.evaluate(fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
  const found = await page.evaluate(() => window.axe.run({ resultTypes: ['violations'] }));
  return found.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').map((v) => `${v.id}: ${v.nodes[0].html.slice(0, 160)}`);
}

// What opens over a page or in it: where, and how.
const OPENED = [
  ['home', (page) => page.getByRole('button', { name: 'Add an address' }).click()],
  ['home', (page) => page.getByRole('button', { name: 'Look', exact: true }).click()],
  ['silences', (page) => page.getByRole('button', { name: 'New silence' }).click()],
  ['alerts?state=all', (page) => page.getByRole('button', { name: 'Try a change' }).click()],
  ['targets', async (page) => { await page.locator('.endpoint button').first().click(); await page.getByRole('button', { name: 'Show each rule' }).click(); }],
  ['dashboards', (page) => page.getByRole('button', { name: 'Import' }).click()],
  ['query?expr=up', async (page) => { await page.locator('.top .btn').filter({ hasText: 'Last' }).click(); }],
  ['d/browser-test/x', (page) => page.keyboard.press('?')],
  ['d/browser-test/x', (page) => page.locator('.btn.var', { hasText: 'job' }).click()],
];

const opened = OPENED.flatMap(([path, open], i) =>
  ['dark', 'light'].map((theme) => [
    `what opens on /${path} (${i + 1}) in ${theme} has no serious fault`,
    async ({ page, require }) => {
      await page.go(path + (path.includes('?') ? '&' : '?') + 'theme=' + theme);
      await open(page);
      assert.deepEqual(await faults(page, require), []);
    },
  ]),
);

export const tests = PAGES.flatMap((path) =>
  ['dark', 'light'].map((theme) => [
    `/${path} in ${theme} has no serious fault`,
    async ({ page, require }) => {
      await page.go(path + (path.includes('?') ? '&' : '?') + 'theme=' + theme);
      assert.deepEqual(await faults(page, require), []);
    },
  ]),
).concat(opened);
