// Home: what a newcomer sees, and the first steps taken from there.
import assert from 'node:assert/strict';
import { becomes, until } from './world.mjs';

const kTurn = 90_000; // a scrape interval, then a look of the page, and patience

const home = async (page, base) => {
  await page.goto(base + '/');
  await page.waitForSelector('[data-page="home"][data-page-state="ready"]');
};
const freshOf = async ({ page, world, skip }) => {
  if (!world.fresh) skip('only beside a server of its own');
  const base = await world.fresh();
  page.allow(base);
  return base;
};
const address = (world) => `127.0.0.1:${world.jobs.shop}`;

export const tests = [
  ['the first address a browser opens is Home, other clients are sent to the query page', async ({ page, base }) => {
    await home(page, base);
    await becomes(() => page.locator('h2').first().innerText(), /^Watching/, 'the greeting');
    const other = await page.request.get(base + '/', { headers: { Accept: '*/*' }, maxRedirects: 0 });
    assert.equal(other.status(), 302);
    assert.match(other.headers().location, /\/query$/);
  }],
  ['it says where the data is, and not where the server was started', async ({ page, base }) => {
    const { data } = await (await page.request.get(base + '/api/v1/status/flags')).json();
    await home(page, base);
    await becomes(() => page.locator('.hero code').innerText(), data['storage.tsdb.path'], 'the directory of the data');
  }],
  ['nothing is looked for unasked; what is found is watched, and let go again', async (t) => {
    const base = await freshOf(t);
    const { page, world } = t;
    const asked = [];
    page.on('request', (r) => asked.push(new URL(r.url()).pathname));
    await home(page, base);
    await page.still();
    assert.deepEqual(asked.filter((p) => p.includes('/setup/')), []);
    await page.getByRole('button', { name: 'Look', exact: true }).click();
    const found = page.locator(`[data-found="${address(world)}"]`);
    await found.getByRole('button', { name: 'Watch' }).click();
    await found.waitFor({ state: 'detached' });
    const watched = page.locator('section[aria-label="What is being watched"]');
    await watched.locator('.li', { hasText: 'app' }).getByRole('img', { name: 'up' }).waitFor({ timeout: kTurn });
    await watched.getByRole('button', { name: 'Stop' }).click();
    await watched.locator('.li', { hasText: 'app' }).waitFor({ state: 'detached', timeout: kTurn });
  }],
  ['an address for alerts is checked, written and used', async (t) => {
    const base = await freshOf(t);
    const { page } = t;
    await home(page, base);
    await page.getByRole('button', { name: 'Add an address' }).click();
    const dialog = page.getByRole('dialog', { name: 'Where alerts go' });
    await dialog.getByLabel('To').fill('team@example.org');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText('the mail server (smarthost) is missing').waitFor();
    await dialog.getByRole('button', { name: 'Webhook' }).click();
    await dialog.getByLabel('Address').fill('http://127.0.0.1:1/alerts');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByRole('button', { name: 'Send a test' }).click();
    await becomes(async () => (await (await page.request.get(base + '/api/v2/status')).json()).config.original, /receiver: home[\s\S]*webhook_configs/, 'the configuration');
    await until(async () => (await (await page.request.get(base + '/api/v2/alerts')).json()).some((a) => a.labels.alertname === 'TestOfTheAddress' && a.receivers[0].name === 'home'), 'the test alert');
  }],
  ["beside a configuration of the user's own the lines are made, not written", async ({ page, base, world, skip }) => {
    if (!world.fresh) skip('only beside a server of its own');
    await home(page, base);
    await page.getByRole('button', { name: 'Add an address' }).click();
    const dialog = page.getByRole('dialog', { name: 'Where alerts go' });
    await dialog.getByText('a file of yours').waitFor();
    await dialog.getByRole('button', { name: 'Slack' }).click();
    await dialog.getByLabel('Incoming webhook').fill('https://hooks.example.org/x');
    await dialog.getByRole('button', { name: 'Make the lines' }).click();
    await becomes(() => dialog.locator('pre').innerText(), /slack_configs:\s+- api_url: "https:\/\/hooks\.example\.org\/x"/, 'the lines');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Look', exact: true }).click();
    await page.locator('section[aria-label="Found on this machine"] pre, section[aria-label="Found on this machine"] [role=status]').first().waitFor();
    const refused = await page.request.post(base + '/api/v1/setup/watch', { data: { address: address(world) } });
    assert.equal(refused.status(), 409);
  }],
  ['pages of other sites cannot write', async ({ page, base }) => {
    for (const path of ['setup/search', 'setup/watch', 'setup/receiver', 'dashboards']) {
      const answer = await page.request.post(`${base}/api/v1/${path}`, { data: {}, headers: { Origin: 'http://elsewhere.example' } });
      assert.equal(answer.status(), 403, path);
    }
  }],
];
