import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rangeUtil } from '@grafana/data';
import { asText, autoInterval, calculateInterval, roundInterval, timing } from './intervals';

test('intervals round as @grafana/data rounds them', () => {
  for (let ms = 1; ms < 4e10; ms = ms * 1.07 + 1) assert.equal(roundInterval(ms), rangeUtil.roundInterval(ms), `${ms}`);
});

test('$__interval is at least the least interval', () => {
  assert.equal(calculateInterval(3600_000, 1000, 15_000), 15_000);
  assert.equal(calculateInterval(24 * 3600_000, 1000, 15_000), 60_000);
  assert.equal(asText(90_000), '1m');
  assert.equal(autoInterval(3600_000, 30, '10s'), '2m');
});

test('the rate interval spans four scrapes, the step starts on its multiples', () => {
  const t = timing({ from: 1_000_007_000, to: 1_003_607_000, points: 600, scrape: 15_000 });
  assert.deepEqual({ interval: t.interval, rate: t.rate, step: t.step, start: t.start % 15, end: t.end % 15 }, { interval: 15_000, rate: 60_000, step: 15, start: 0, end: 0 });
  const wide = timing({ from: 0, to: 7 * 864e5, points: 500, scrape: 15_000 });
  assert.equal(wide.interval, 1_200_000);
  assert.equal(wide.rate, 1_215_000);
  const own = timing({ from: 0, to: 3600_000, points: 600, scrape: 15_000, queryInterval: '1m' });
  assert.deepEqual({ step: own.step, rate: own.rate }, { step: 60, rate: 240_000 });
  assert.equal(timing({ from: 0, to: 3600_000, points: 600, scrape: 15_000, factor: 2 }).step, 30);
});
