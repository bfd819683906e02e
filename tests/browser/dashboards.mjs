// Dashboards: listed, opened, every panel in an honest state; variables, rows, zoom, import, export.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { becomes, sweep } from './world.mjs';

const UID = 'browser-test';
const panel = (id) => `[data-panel-id="${id}"]`;
export const settled = (page, id) => page.waitForSelector(`${panel(id)}:not([data-panel-state="loading"])`);
const queriesOf = async (page, id) => Number(await page.getAttribute(panel(id), 'data-panel-queries'));
// The panel, once in view, comes to the state, for the reason.
const ends = async (page, id, state, message = /(?:)/) => {
  await page.locator(panel(id)).first().scrollIntoViewIfNeeded();
  await becomes(() => page.locator(panel(id)).first().evaluate((e) => `${e.dataset.panelState} ${e.dataset.panelMessage ?? ''}`), new RegExp(`^(${state}) .*${message.source}`, 's'), `panel ${id}`);
};

export const tests = [
  ['the list filters by words and tags, and opens a dashboard', async ({ page }) => {
    await page.go('dashboards');
    await page.fill('[data-filter]', 'browser');
    await page.getByRole('link', { name: 'Browser test' }).click();
    await page.waitForSelector(`[data-dashboard-uid="${UID}"][data-dashboard-state="ready"]`);
  }],
  ['each panel is drawn, empty or wrong, and says so', async ({ page }) => {
    await page.go(`d/${UID}/x`);
    for (const id of [1, 2, 3, 4, 5]) await ends(page, id, 'ready');
    const large = () => page.locator(`${panel(2)} .stat-figure`).evaluate((e) => parseFloat(getComputedStyle(e).fontSize) >= 28);
    await becomes(large, true, 'a figure with much room to be large');
    await ends(page, 6, 'error', /parse error/);
    await ends(page, 7, 'nodata');
    await becomes(() => page.locator(panel(5)).innerText(), /meerkat/, 'the words');
    await page.still();
    assert.equal(await page.evaluate(() => window.bad), undefined);
  }],
  ['a folded row asks nothing until it is opened', async ({ page }) => {
    await page.go(`d/${UID}/x`);
    await page.waitForSelector('[data-row-state="collapsed"]');
    await ends(page, 1, 'ready');
    await page.still();
    assert.equal(await page.locator(panel(9)).count(), 0);
    await page.click('[data-row-toggle]');
    await ends(page, 9, 'ready');
  }],
  ['variables come from the server, the address, and the picker', async ({ page }) => {
    await page.go(`d/${UID}/x?var-job=meerkat`);
    await page.waitForSelector(`[data-variable="job"][data-value='["meerkat"]']`, { state: 'attached' });
    await page.locator('.btn.var', { hasText: 'job' }).click();
    const choices = page.locator('.var-choices');
    await choices.getByText('closed').hover();
    await choices.locator('.var-opt', { hasText: 'closed' }).getByText('only').click();
    await page.waitForURL(/var-job=closed/);
    await page.waitForSelector(`[data-variable="job"][data-value='["closed"]']`, { state: 'attached' });
  }],
  ['a panel is viewed alone', async ({ page }) => {
    await page.go(`d/${UID}/x?viewPanel=1`);
    await ends(page, 1, 'ready');
    await becomes(() => page.locator('[data-panel-id]').count(), 1, 'the number of panels');
  }],
  ['a refresh asks again, a look at the same time does not', async ({ page }) => {
    await page.setViewportSize({ width: 1440, height: 300 });
    await page.go(`d/${UID}/x`);
    await ends(page, 1, 'ready');
    await page.still();
    const before = await queriesOf(page, 1);
    await page.evaluate(() => scrollTo(0, 5000));
    await page.waitForSelector(`${panel(1)}.away`, { state: 'attached' });
    await page.evaluate(() => scrollTo(0, 0));
    await page.waitForSelector(`${panel(1)}:not(.away)`);
    await page.still();
    assert.equal(await queriesOf(page, 1), before);
    await page.getByRole('button', { name: 'Refresh now' }).click();
    await becomes(async () => (await queriesOf(page, 1)) > before, true, 'the panel to ask again');
  }],
  ['a dashboard is imported from a file and exported the same', async ({ page }) => {
    const given = { title: 'Brought here', schemaVersion: 16, odd: [1.5, null, 'x'], rows: [{ height: '200px', panels: [{ id: 1, type: 'graph', title: 'Old graph', span: 12, targets: [{ expr: 'up', refId: 'A' }] }] }] };
    await page.go('dashboards');
    await page.getByRole('button', { name: 'Import' }).click();
    await page.setInputFiles('input[type=file]', { name: 'brought.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(given)) });
    await page.waitForURL(/\/d\/[^/]+\/brought-here/);
    await ends(page, 1, 'ready');
    await page.getByRole('button', { name: 'Share, export, versions' }).click();
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByText('Export as JSON').click()]);
    const { uid, version, ...rest } = JSON.parse(fs.readFileSync(await file.path(), 'utf8'));
    assert.deepEqual(rest, given);
    assert.match(uid, /^[A-Za-z0-9_-]{1,40}$/);
    assert.equal(version ?? 1, 1);
  }],
  ['what is no dashboard is refused with a reason', async ({ page }) => {
    await page.go('dashboards');
    await page.getByRole('button', { name: 'Import' }).click();
    await page.getByLabel('Or paste the JSON').fill('{"a": 1}');
    await page.getByText('neither panels nor rows').waitFor();
  }],
  ['an unknown dashboard says so', async ({ page }) => {
    await page.go('d/none-has-this-uid');
    await page.waitForSelector('[data-dashboard-state="error"]');
  }],
  ['the dashboards of configs/ open with every panel settled', async ({ page, world, skip }) => {
    const dir = world.root && path.join(world.root, 'configs/dashboards');
    if (!dir || !fs.existsSync(dir)) skip('there are none');
    for (const f of fs.readdirSync(dir).filter((n) => n.endsWith('.json'))) {
      const { uid } = JSON.parse(fs.readFileSync(path.join(dir, f), 'utf8'));
      await page.go(`d/${uid ?? path.basename(f, '.json')}/x?from=now-5m&to=now`);
      const ids = await page.locator('[data-panel-id]').evaluateAll((l) => l.map((e) => e.dataset.panelId));
      assert.ok(ids.length > 0, f);
      for (const id of new Set(ids)) await ends(page, id, 'ready|nodata');
    }
  }],
  ['answers that take longer than the refresh are drawn all the same', async ({ page }) => {
    await page.route(/\/api\/v1\/(query_range|rules)/, async (route) => {
      await new Promise((r) => setTimeout(r, 2500));
      await route.continue().catch(() => undefined);
    });
    await page.go(`d/${UID}/x?refresh=1s`);
    await ends(page, 1, 'ready');
    await page.go('alerts?refresh=1s');
    await page.locator('.alert-entry', { hasText: 'PortClosed' }).waitFor();
  }],
  ['when the server is away the drawing stays and says of when it is', async ({ page, context }) => {
    await page.go(`d/${UID}/x`);
    await ends(page, 1, 'ready');
    await page.still();
    await context.setOffline(true);
    await page.getByRole('button', { name: 'Refresh now' }).click();
    await page.locator(`${panel(1)} .badge`, { hasText: /^as of \d\d:\d\d/ }).waitFor();
    await ends(page, 1, 'ready');
    await becomes(() => page.locator(`${panel(1)} canvas`).count(), 1, 'the number of drawings');
    await context.setOffline(false);
    await page.getByRole('button', { name: 'Refresh now' }).click();
    await page.locator(`${panel(1)} .badge`, { hasText: /^as of/ }).waitFor({ state: 'detached' });
  }],
  ['alerts are marked on the graphs when the reader wants them', async ({ page }) => {
    await page.go(`d/${UID}/x`);
    await ends(page, 1, 'ready');
    const asked = page.waitForRequest((r) => /query_range\?query=ALERTS/.test(r.url()));
    await page.getByRole('button', { name: 'Alerts', exact: true }).click();
    await asked;
    await page.waitForURL(/marks=Alerts/);
    await sweep(page, page.locator(`${panel(1)} .u-over`), page.locator('.tip', { hasText: 'PortClosed' }), 4, () => [20]);
    await page.getByRole('button', { name: 'Alerts', exact: true }).click();
    await page.waitForURL((u) => !u.searchParams.get('marks'));
  }],
  ['a dashboard in the new model is imported as the classic one', async ({ page, base }) => {
    const element = { kind: 'Panel', spec: { id: 1, title: 'From v2', vizConfig: { kind: 'VizConfig', group: 'stat', spec: { options: {}, fieldConfig: { defaults: {}, overrides: [] } } }, data: { kind: 'QueryGroup', spec: { queries: [{ kind: 'PanelQuery', spec: { refId: 'A', query: { kind: 'DataQuery', group: 'prometheus', spec: { expr: 'sum(up)' } } } }], transformations: [], queryOptions: {} } } } };
    const given = { apiVersion: 'dashboard.grafana.app/v2beta1', kind: 'Dashboard', metadata: { name: 'from-v2' }, spec: { title: 'Brought from v2', elements: { e: element }, layout: { kind: 'AutoGridLayout', spec: { items: [{ kind: 'AutoGridLayoutItem', spec: { element: { kind: 'ElementReference', name: 'e' } } }] } }, variables: [], annotations: [] } };
    await page.go('dashboards');
    await page.getByRole('button', { name: 'Import' }).click();
    await page.setInputFiles('input[type=file]', { name: 'v2.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(given)) });
    await page.waitForURL(/\/d\/from-v2\//);
    await ends(page, 1, 'ready');
    await page.request.delete(`${base}/api/v1/dashboards/from-v2`);
  }],
];
