// axe-core finds nothing serious, in either theme.
import fs from 'node:fs';
import { becomes } from './world.mjs';

const PAGES = ['home', 'query?expr=up&explain=1', 'alerts', 'silences', 'routes', 'alerts/history', 'targets', 'rules', 'tsdb-status', 'config', 'flags', 'status', 'dashboards', 'd/browser-test/x', 'd/browser-test/x?editPanel=1'];

async function faults(page, require) {
  await page.evaluate(fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
  const found = await page.evaluate(() => window.axe.run({ resultTypes: ['violations'] }));
  return found.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').map((v) => `${v.id}: ${v.nodes[0].html.slice(0, 160)}`);
}

async function hasNone(page, require) {
  await page.still();
  await becomes(() => faults(page, require), [], 'the serious faults');
}

// What opens over a page or in it: where, how, and what is there then.
const OPENED = [
  ['home', (page) => page.getByRole('button', { name: 'Add an address' }).click(), '[role=dialog] .form'],
  ['home', (page) => page.getByRole('button', { name: 'Look', exact: true }).click(), 'section[aria-label="Found on this machine"] :is(pre, [role=status], [data-found])'],
  ['silences', (page) => page.getByRole('button', { name: 'New silence' }).click(), '[role=dialog]'],
  ['alerts?state=all', (page) => page.getByRole('button', { name: 'Try a change' }).click(), 'form.trying'],
  ['targets', async (page) => { await page.locator('.endpoint button').first().click(); await page.getByRole('button', { name: 'Show each rule' }).click(); }, '.steps'],
  ['dashboards', (page) => page.getByRole('button', { name: 'Import' }).click(), '[role=dialog]'],
  ['query?expr=up', async (page) => { await page.locator('.top .btn').filter({ hasText: 'Last' }).click(); }, '.popup'],
  ['d/browser-test/x', (page) => page.keyboard.press('?'), '[role=dialog]'],
  ['d/browser-test/x', (page) => page.locator('.btn.var', { hasText: 'job' }).click(), '.var-choices .var-opt'],
];

const opened = OPENED.flatMap(([path, open, there], i) =>
  ['dark', 'light'].map((theme) => [
    `what opens on /${path} (${i + 1}) in ${theme} has no serious fault`,
    async ({ page, require }) => {
      await page.go(path + (path.includes('?') ? '&' : '?') + 'theme=' + theme);
      await open(page);
      await page.locator(there).first().waitFor();
      await hasNone(page, require);
    },
  ]),
);

export const tests = PAGES.flatMap((path) =>
  ['dark', 'light'].map((theme) => [
    `/${path} in ${theme} has no serious fault`,
    async ({ page, require }) => {
      await page.go(path + (path.includes('?') ? '&' : '?') + 'theme=' + theme);
      await hasNone(page, require);
    },
  ]),
).concat(opened);
