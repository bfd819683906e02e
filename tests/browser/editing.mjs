// Editing: panels are added, moved, changed, saved with versions, and two savers hear of each other.
import assert from 'node:assert/strict';
import { settled } from './dashboards.mjs';

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
    assert.match(await told.innerText(), /Shared, theirs/);
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
  ['an alert rule is made from a panel', async ({ page }) => {
    await page.go('d/browser-test/x');
    await page.locator('[data-panel-id="1"]').hover();
    await page.getByRole('button', { name: 'Menu of Up over time' }).click();
    await page.getByRole('menuitem', { name: 'Make an alert rule' }).click();
    assert.match(await page.locator('[role=dialog] pre').innerText(), /alert: UpOverTime[\s\S]*expr: \|-\s+up\{/);
  }],
];
