// axe-core finds nothing serious, in either theme.
import assert from 'node:assert/strict';
import fs from 'node:fs';

const PAGES = ['home', 'query?expr=up&explain=1', 'alerts', 'silences', 'routes', 'alerts/history', 'targets', 'rules', 'tsdb-status', 'config', 'flags', 'status', 'dashboards', 'd/browser-test/x', 'd/browser-test/x?editPanel=1'];

export const tests = PAGES.flatMap((path) =>
  ['dark', 'light'].map((theme) => [
    `/${path} in ${theme} has no serious fault`,
    async ({ page, require }) => {
      await page.go(path + (path.includes('?') ? '&' : '?') + 'theme=' + theme);
      await page.evaluate(fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
      const found = await page.evaluate(() => window.axe.run({ resultTypes: ['violations'] }));
      const bad = found.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical');
      assert.deepEqual(bad.map((v) => `${v.id}: ${v.nodes[0].html.slice(0, 160)}`), []);
    },
  ]),
);
