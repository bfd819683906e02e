// Editing: panels are added, moved, changed, saved with versions, and two savers hear of each other.
import assert from 'node:assert/strict';
import { settled } from './dashboards.mjs';
import { becomes, until } from './world.mjs';

async function makeBoard(page, title) {
  await page.go('d/new');
  await page.getByRole('button', { name: 'Panel' }).first().click();
  await page.locator('.panel-editor .editor .cm-content').first().click();
  await page.keyboard.type('up');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+Enter');
  await page.getByLabel('Title').fill('First panel');
  await page.getByRole('button', { name: 'Done' }).click();
  await settled(page, 1);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Save the dashboard' });
  await dialog.getByLabel('Title').fill(title);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.waitForURL(/\/d\/(?!new)[^/]+\//);
  return new URL(page.url()).pathname.split('/')[2];
}

const save = async (page, message) => {
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Save the dashboard' });
  await dialog.getByLabel('What changed').fill(message);
  await dialog.getByRole('button', { name: 'Save' }).click();
};

export const tests = [
  ['a dashboard is made, saved and drawn', async ({ page, base }) => {
    const uid = await makeBoard(page, 'Made here');
    await page.waitForSelector('[data-panel-id="1"][data-panel-state="ready"]');
    const { data } = await (await page.request.get(`${base}/api/v1/dashboards/${uid}`)).json();
    assert.equal(data.dashboard.panels[0].title, 'First panel');
    assert.equal(data.dashboard.panels[0].targets[0].expr, 'up');
  }],
  ['a query that was written but not run is the panel\'s all the same', async ({ page }) => {
    await page.go('d/new');
    await page.getByRole('button', { name: 'Panel' }).first().click();
    await page.locator('.panel-editor .editor .cm-content').first().click();
    await page.keyboard.type('up');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Done' }).click();
    await page.waitForSelector('[data-panel-id="1"][data-panel-state="ready"]');
  }],
  ['a panel is moved and resized by keyboard', async ({ page, base }) => {
    const uid = await makeBoard(page, 'Moved');
    await page.getByRole('button', { name: 'Edit the dashboard' }).click();
    const handle = page.getByRole('button', { name: /^Move First panel/ });
    await handle.focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Shift+ArrowDown');
    await save(page, 'moved');
    await page.getByText('Saved as version 2.').waitFor();
    const { data } = await (await page.request.get(`${base}/api/v1/dashboards/${uid}`)).json();
    assert.deepEqual(data.dashboard.panels[0].gridPos, { x: 1, y: 0, w: 12, h: 9 });
  }],
  ['the second of two savers is told, and loses nothing', async ({ page, base }) => {
    const uid = await makeBoard(page, 'Shared');
    await page.getByRole('button', { name: 'Edit the dashboard' }).click();
    const { data } = await (await page.request.get(`${base}/api/v1/dashboards/${uid}`)).json();
    const other = await page.request.post(`${base}/api/v1/dashboards`, { data: { dashboard: { ...data.dashboard, title: 'Shared, theirs' }, baseVersion: data.meta.version } });
    assert.equal(other.status(), 200);
    await page.getByRole('button', { name: /^Move First panel/ }).press('ArrowRight');
    await save(page, 'mine');
    const told = page.getByRole('dialog', { name: /was saved meanwhile/ });
    await told.waitFor();
    await becomes(() => told.innerText(), /Shared, theirs/, 'what they changed');
    await told.getByRole('button', { name: 'Save over it' }).click();
    await page.getByText('Saved as version 3.').waitFor();
  }],
  ['versions are listed with what changed, and an earlier one comes back', async ({ page }) => {
    await makeBoard(page, 'With versions');
    await page.getByRole('button', { name: 'Edit the dashboard' }).click();
    await page.getByRole('button', { name: /^Move First panel/ }).press('ArrowRight');
    await save(page, 'to the right');
    await page.getByText('Saved as version 2.').waitFor();
    await page.getByRole('button', { name: 'Share, export, versions' }).click();
    await page.getByRole('menuitem', { name: 'Versions' }).click();
    const dialog = page.getByRole('dialog', { name: 'Versions' });
    await dialog.getByText('to the right').waitFor();
    await dialog.locator('.versions .opt').last().click();
    await dialog.locator('.diff .added').first().waitFor();
    await dialog.getByRole('button', { name: 'Go back to version 1' }).click();
    await save(page, 'back');
    await page.getByText('Saved as version 3.').waitFor();
  }],
  ['variables and annotations are added, previewed, moved and saved', async ({ page, base }) => {
    const uid = await makeBoard(page, 'With variables');
    await page.getByRole('button', { name: 'Edit the dashboard' }).click();
    await page.getByRole('button', { name: /^Settings:/ }).click();
    const dialog = page.getByRole('dialog', { name: 'Settings of the dashboard' });
    const add = (what) => dialog.getByRole('button', { name: what, exact: true }).click();
    await add('Variable');
    await dialog.getByLabel('Name').fill('job');
    await dialog.getByRole('textbox', { name: 'Query' }).fill('label_values(up, job)');
    await dialog.getByText(/^Offers \d+ value/).waitFor();
    await dialog.getByLabel('Several at once').check();
    await add('Variable');
    await dialog.getByLabel('Kind').selectOption('custom');
    await dialog.getByLabel('Name').fill('job');
    await dialog.getByText('Another variable has this name.').waitFor();
    await dialog.getByLabel('Name').fill('size');
    await dialog.getByLabel(/^Values/).fill('small, large : L');
    await dialog.getByText('Offers 2 values').waitFor();
    await dialog.getByRole('button', { name: 'Move size up' }).click();
    await dialog.getByRole('button', { name: /^Annotations/ }).click();
    await add('Annotation');
    await dialog.getByLabel('Name').fill('Ups');
    await dialog.getByRole('textbox', { name: 'Query' }).fill('up == 1');
    await dialog.getByRole('textbox', { name: 'Query' }).press('Tab');
    await dialog.getByText(/\d+ marks? in the time shown/).waitFor();
    await dialog.getByRole('button', { name: 'Done' }).click();
    await page.locator('[data-variable="size"][data-value=\'["small"]\']').waitFor({ state: 'attached' });
    await page.getByRole('button', { name: 'Ups', exact: true }).waitFor();
    await save(page, 'pickers');
    await page.getByText('Saved as version 2.').waitFor();
    const { data } = await (await page.request.get(`${base}/api/v1/dashboards/${uid}`)).json();
    const list = data.dashboard.templating.list;
    assert.deepEqual(list.map((v) => [v.name, v.type, v.multi]), [['size', 'custom', false], ['job', 'query', true]]);
    assert.equal(list[1].query, 'label_values(up, job)');
    assert.deepEqual(data.dashboard.annotations.list.map((a) => [a.name, a.expr]), [['Ups', 'up == 1']]);
  }],
  ['ad hoc filters suggest names, then values, and go into the queries', async ({ page, base }) => {
    const board = { title: 'Ad hoc', panels: [{ id: 1, type: 'timeseries', title: 'p', gridPos: { x: 0, y: 0, w: 12, h: 8 }, targets: [{ refId: 'A', expr: 'up' }] }], templating: { list: [{ name: 'filters', type: 'adhoc' }] } };
    const { data } = await (await page.request.post(`${base}/api/v1/dashboards`, { data: { dashboard: board } })).json();
    await page.go(`d/${data.uid}/x`);
    const input = page.getByLabel('Add a filter');
    await input.focus();
    await page.locator('datalist option[value="job="]').waitFor({ state: 'attached' });
    await input.fill('job=');
    const option = page.locator('datalist option[value^="job=\\""]').first();
    await option.waitFor({ state: 'attached' });
    const asked = page.waitForRequest((r) => /query_range/.test(r.url()) && decodeURIComponent(r.url() + (r.postData() ?? '')).includes('job="'));
    await input.fill(await option.getAttribute('value'));
    await asked;
    await page.getByRole('button', { name: /^Remove job/ }).waitFor();
  }],
  ['a star is kept by the server', async ({ page, base }) => {
    const uid = await makeBoard(page, 'Starred');
    const starred = async () => (await (await page.request.get(`${base}/api/v1/dashboards/${uid}`)).json()).data.meta.starred;
    await page.getByRole('button', { name: 'Star', exact: true }).click();
    await until(starred, 'the star');
    await page.go('dashboards?starred=1');
    await page.getByRole('button', { name: 'Remove the star of Starred' }).click();
    await until(async () => !(await starred()), 'the star to go');
  }],
  ['an alert rule is made from a panel', async ({ page }) => {
    await page.go('d/browser-test/x');
    await page.locator('[data-panel-id="1"]').hover();
    await page.getByRole('button', { name: 'Menu of Up over time' }).click();
    await page.getByRole('menuitem', { name: 'Make an alert rule' }).click();
    await becomes(() => page.locator('[role=dialog] pre').innerText(), /alert: UpOverTime[\s\S]*expr: \|-\s+up\{/, 'the rule');
  }],
];
