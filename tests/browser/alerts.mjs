// Alerts: what fires is shown as it is notified; silences begin, show and end.
import { becomes } from './world.mjs';

const firing = async (page) => {
  await page.go('alerts');
  await page.locator('.alert-entry', { hasText: 'PortClosed' }).waitFor();
};

export const tests = [
  ['a firing alert has its words, its graph and its receiver', async ({ page }) => {
    await firing(page);
    await page.locator('.alert-entry', { hasText: 'PortClosed' }).click();
    const detail = page.locator('section[aria-label="PortClosed"]');
    await detail.locator('canvas').waitFor();
    await becomes(() => detail.innerText(), /Nothing listens on 127\.0\.0\.1:1[\s\S]*up\{job="closed"\} == 0/, "the alert's words and expression");
    await page.locator('.route-node', { hasText: 'databases' }).locator('.gets').waitFor();
  }],
  ['every rule is listed, quiet ones too', async ({ page }) => {
    await page.go('alerts?state=all');
    await page.locator('.alert-entry', { hasText: 'Quiet' }).waitFor();
  }],
  ['a silence is made from an alert, previewed, shown and ended', async ({ page }) => {
    await firing(page);
    await page.getByRole('button', { name: 'Silence', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'New silence' });
    await dialog.getByText('Matches 1 alert now').waitFor();
    await dialog.getByLabel('By', { exact: true }).fill('browser');
    await dialog.getByLabel('Why').fill('a test');
    await dialog.getByRole('button', { name: 'Silence', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.go('silences');
    const active = page.locator('section[aria-label="Active"]');
    await active.getByText('a test, by browser').waitFor();
    await active.getByRole('button', { name: 'End now' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'End now' }).click();
    await page.locator('section[aria-label="Ended"]').getByText('a test, by browser').first().waitFor();
  }],
  ['routes tell who gets an alert', async ({ page }) => {
    await page.go('routes?labels=' + encodeURIComponent('team="db"'));
    await page.locator('.route-node.on', { hasText: 'databases' }).locator('.gets').waitFor();
    await page.fill('[data-filter]', 'team="web"');
    await page.locator('.route-node.on', { hasText: 'everyone' }).locator('.gets').waitFor();
  }],
  ['the history shows when it fired', async ({ page }) => {
    await page.go('alerts/history');
    await page.locator('.lane .firing').first().waitFor();
    await becomes(() => page.locator('.lanes').innerText(), /PortClosed/, 'the lane of the alert');
  }],
  ["a rule's graph tells when it would have fired, and so for a change of it", async ({ page }) => {
    await page.go('alerts?state=all');
    await page.locator('.alert-entry', { hasText: 'PortClosed' }).click();
    const detail = page.locator('section[aria-label="PortClosed"]');
    await detail.getByText(/Over this time: Fires (once|\d+ times)/).waitFor();
    await detail.getByRole('button', { name: 'Try a change' }).click();
    await detail.getByLabel('Expression').fill('up{job="closed"} == 7');
    await detail.getByRole('button', { name: 'Try', exact: true }).click();
    await detail.getByText('Over this time: Does not fire').waitFor();
    await detail.getByRole('button', { name: 'Back to the rule' }).click();
    await detail.getByText(/Over this time: Fires/).waitFor();
  }],
];
