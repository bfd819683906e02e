// Explore: an expression is written, run, drawn, and explained.
import assert from 'node:assert/strict';
import { becomes, boxOf, sweep, until } from './world.mjs';

// The canvas holds more than its background.
export async function coloursOf(page, selector) {
  return page.locator(selector).first().evaluate((c) => {
    const px = new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer);
    return new Set(px).size;
  });
}

const write = async (page, text) => {
  await page.locator('.editor').first().click();
  await page.keyboard.press('Control+a');
  await page.keyboard.type(text);
  await page.keyboard.press('Escape');
};

export const tests = [
  ['a query is written, run and drawn', async ({ page }) => {
    await page.go('query');
    await write(page, 'up');
    await page.keyboard.press('Control+Enter');
    await page.waitForSelector('.result canvas');
    await becomes(async () => (await coloursOf(page, '.result canvas')) > 3, true, 'something on the canvas');
    await page.waitForURL(/expr=up/);
    await becomes(() => page.locator('.result header').innerText(), /series/, 'the count of series');
  }],
  ['completion offers names of the server', async ({ page }) => {
    await page.go('query');
    await page.locator('.editor').first().click();
    await page.keyboard.type('scrape_dur');
    await page.locator('.editor .cm-tooltip-autocomplete li', { hasText: 'scrape_duration_seconds' }).first().waitFor();
  }],
  ['the table shows values as the server wrote them', async ({ page }) => {
    await page.go('query?expr=vector(0.1%2B0.2)&view=table');
    await page.locator('.result td.num', { hasText: '0.30000000000000004' }).waitFor();
  }],
  ['a refused query shows the server\'s words', async ({ page }) => {
    await page.go('query?expr=rate(up)');
    await page.locator('.query .note.critical', { hasText: 'expected type range vector' }).waitFor();
  }],
  ['links of Prometheus\'s page work', async ({ page }) => {
    await page.go('graph?g0.expr=up%20%2B%201&g0.tab=1&g0.range_input=30m');
    await page.locator('.result.table td.num').first().waitFor();
    await becomes(() => page.locator('.editor .cm-content').first().innerText(), /up \+ 1/, 'the expression');
  }],
  ['the expression is explained node by node', async ({ page }) => {
    await page.go('query?expr=sum%20by%20(job)%20(up)&explain=1');
    await page.locator('.tree tbody tr').nth(1).locator('.count-of').waitFor();
    await becomes(() => page.locator('.tree').innerText(), /one line per job[\s\S]*Read these series/, 'the words');
  }],
  ['dragging on the chart zooms, the address keeps the range', async ({ page }) => {
    await page.go('query?expr=up&from=now-15m&to=now');
    const over = page.locator('.result .u-over');
    await over.waitFor();
    const b = await boxOf(over);
    await page.mouse.move(b.x + b.width * 0.4, b.y + 50);
    await page.mouse.down();
    await page.mouse.move(b.x + b.width * 0.6, b.y + 50, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL(/from=\d{13}/);
  }],
  ['metrics are listed with kind and help, labels with values', async ({ page }) => {
    await page.go('query');
    await page.fill('.metrics [data-filter]', 'scrape_samples_scraped');
    await page.locator('.metric', { hasText: 'scrape_samples_scraped' }).first().click();
    await page.locator('.label-name', { hasText: 'job' }).click();
    await page.locator('.metric-labels .tag').first().waitFor();
  }],
  ['exemplars stand on the graph and tell their trace', async ({ page, world, skip }) => {
    if (!world.jobs) skip('only beside a server of its own');
    await page.go('query?expr=' + encodeURIComponent('histogram_quantile(0.9, rate(shop_seconds_bucket[30s]))') + '&from=now-1m');
    await until(async () => {
      await page.keyboard.press('r');
      await page.still(); // the next press would cancel what this one asked
      return (await page.getByRole('button', { name: /^\d+ exemplars?$/ }).count()) > 0;
    }, 'exemplars');
    const said = await sweep(page, page.locator('.result .u-over'), page.locator('.tip', { hasText: 'trace_id' }), 3, (b) => [b.height - 1, 1]);
    assert.match(said, /trace-\d+-\d/);
  }],
  ['a native histogram is drawn as buckets over time', async ({ page, world, skip }) => {
    if (!world.jobs) skip('only beside a server of its own');
    await page.go('query?expr=' + encodeURIComponent('shop_seconds{job="shop-native"}') + '&from=now-1m');
    await page.locator('.native canvas[aria-label*="3 buckets"]').waitFor();
    await page.getByRole('button', { name: 'Table', exact: true }).click();
    await page.locator('.histogram svg rect').first().waitFor();
  }],
];
