// Every page opens, says so, and complains of nothing.
import assert from 'node:assert/strict';
import { becomes, until } from './world.mjs';

const PAGES = [
  ['home', 'home'], ['query', 'explore'], ['graph', 'explore'], ['explore', 'explore'], ['alerts', 'alerts'], ['alerts?state=pending', 'alerts'], ['alerts?state=all', 'alerts'],
  ['silences', 'silences'], ['routes', 'routes'], ['alerts/history', 'alert-history'], ['targets', 'targets'], ['service-discovery', 'service-discovery'], ['rules', 'rules'], ['config', 'config'],
  ['flags', 'flags'], ['status', 'status'], ['tsdb-status', 'tsdb-status'], ['dashboards', 'dashboards'],
];

const opens = PAGES.map(([path, name]) => [
  `/${path} opens`,
  async ({ page }) => {
    await page.go(path);
    await page.waitForSelector(`[data-page="${name}"][data-page-state="ready"]`);
    await page.still();
    assert.equal(await page.locator('h1').count(), 1);
    assert.deepEqual(await page.locator('.state.error').allInnerTexts(), []);
  },
]);

const narrow = PAGES.map(([path]) => [
  `/${path} does not scroll sideways on a phone`,
  async ({ page }) => {
    await page.go(path);
    await page.still();
    const wide = await page.evaluate(() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth);
    assert.ok(wide <= 0, `${wide} px too wide`);
  },
  { viewport: { width: 390, height: 844 } },
]);

export const tests = [
  ...opens,
  ...narrow,
  ['targets show their state, last error and labels', async ({ page }) => {
    await page.go('targets');
    const bad = page.locator('section[aria-label="closed"]');
    await bad.locator('.badge', { hasText: 'down' }).waitFor();
    await becomes(() => bad.innerText(), /refused/, 'the last error');
    await bad.locator('.endpoint button').click();
    await becomes(() => bad.innerText(), /__address__/, 'the labels before relabelling');
    await bad.getByRole('button', { name: 'Show each rule' }).click();
    await bad.locator('.steps', { hasText: 'here=yes' }).waitFor();
    await page.fill('[data-filter]', 'job=meerkat');
    await page.locator('section[aria-label="closed"]').waitFor({ state: 'detached' });
    await page.waitForURL(/search=/);
  }],
  ['what was pushed is listed, and forgotten on request', async ({ page, base, world, skip }) => {
    if (!world.jobs) skip('only beside a server of its own');
    const pushed = await page.request.post(`${base}/metrics/job/backup/path@base64/L3Zhcg`, { data: 'backup_bytes 42\n', headers: { 'Content-Type': 'text/plain' } });
    assert.equal(pushed.status(), 200);
    await page.go('targets');
    const group = page.locator('section[aria-label="Pushed groups"] .li', { hasText: 'path=/var' });
    await group.getByText('1 metric: backup_bytes').waitFor();
    await group.getByRole('button', { name: 'Forget' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Forget' }).click();
    await group.waitFor({ state: 'detached' });
  }],
  ['search jumps to pages by keyboard', async ({ page }) => {
    await page.go('targets');
    await page.keyboard.press('Control+k');
    await page.waitForSelector('[role=dialog] input:focus');
    await page.keyboard.type('silen');
    await page.getByRole('option', { name: 'Silences' }).and(page.locator('[aria-selected="true"]')).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-page="silences"]');
    await until(async () => { // both keys within a second or so
      await page.keyboard.press('g');
      await page.keyboard.press('a');
      return page.locator('[data-page="alerts"]').count();
    }, 'the page of alerts');
    await page.keyboard.press('?');
    const keys = page.getByRole('dialog', { name: 'Keys' });
    await keys.locator(':focus').waitFor();
    await page.keyboard.press('Escape');
    await keys.waitFor({ state: 'detached' });
  }],
  ['the theme is chosen, kept, and overridden by the address', async ({ page }) => {
    await page.go('targets?theme=light');
    await page.waitForSelector('html[data-theme="light"]');
    await page.keyboard.press('?');
    await page.getByRole('button', { name: 'Dark' }).click();
    await page.getByRole('button', { name: 'Dark', pressed: true }).waitFor();
    await page.go('targets');
    await page.waitForSelector('html[data-theme="dark"]');
  }],
  ['the document allows no inline script and names no other host', async ({ page, base }) => {
    const answer = await page.goto(base + '/home');
    const policy = answer.headers()['content-security-policy'] ?? '';
    assert.match(policy, /default-src 'self'/);
    assert.doesNotMatch(policy, /unsafe-inline|unsafe-eval/);
  }],
  ['below a path of its own, under a name of its own, every page works', async ({ page, world, skip }) => {
    if (!world.below) skip('only beside a server of its own');
    const base = await world.below('/watch/here');
    page.allow(base);
    const lost = [];
    page.on('response', (r) => (r.status() === 404 || !r.url().startsWith(base + '/')) && lost.push(`${r.status()} ${r.url()}`));
    for (const at of ['', 'query?expr=up', 'alerts', 'silences', 'targets', 'dashboards', 'd/meerkat-host/this-host?from=now-5m']) {
      await page.goto(`${base}/${at}`);
      await page.waitForSelector('[data-page-state="ready"]');
      await becomes(() => page.title(), /Ours & theirs$/, 'the title');
      await page.still();
    }
    await page.getByRole('link', { name: 'Explore' }).click();
    await page.waitForSelector('[data-page="explore"][data-page-state="ready"]');
    await page.still();
    assert.ok(page.url().startsWith(base + '/query'));
    assert.deepEqual(lost, []);
  }],
];
