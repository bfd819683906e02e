import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describe, parseTime, resolve } from './time';

const now = Date.UTC(2026, 10, 20, 10, 30, 15, 250); // a Friday

test('a time is relative, a date, or an epoch', () => {
  const rows: [string, boolean, number | undefined][] = [
    ['now', false, now],
    ['now-6h', false, now - 6 * 3600_000],
    ['now-1d/d', false, Date.UTC(2026, 10, 19)],
    ['now/d', true, Date.UTC(2026, 10, 21) - 1],
    ['now/w', false, Date.UTC(2026, 10, 16)],
    ['now/M', false, Date.UTC(2026, 10, 1)],
    ['now-1y/y', true, Date.UTC(2026, 0, 1) - 1],
    ['now/d+8h', false, Date.UTC(2026, 10, 20, 8)],
    ['2026-11-20', true, Date.UTC(2026, 10, 21) - 1],
    ['2026-11-20 09:05', false, Date.UTC(2026, 10, 20, 9, 5)],
    ['2026-11-20T09:05:06Z', false, Date.UTC(2026, 10, 20, 9, 5, 6)],
    ['1763632800000', false, 1763632800000],
    ['1763632800', false, 1763632800000],
    ['yesterday-ish', false, undefined],
    ['2026-13-01', false, undefined],
  ];
  for (const [text, up, want] of rows) assert.equal(parseTime(text, now, up, 'utc'), want, text);
});

test('days begin at midnight of the zone, also across a change of clocks', () => {
  const afterChange = Date.UTC(2026, 9, 25, 12); // Berlin went from +2 to +1 at 01:00 UTC
  assert.equal(parseTime('now/d', afterChange, false, 'Europe/Berlin'), Date.UTC(2026, 9, 24, 22));
  assert.equal(parseTime('now-1d', afterChange, false, 'Europe/Berlin'), Date.UTC(2026, 9, 24, 11));
});

test('a month back stops at the last day', () => {
  assert.equal(parseTime('now-1M', Date.UTC(2026, 2, 31), false, 'utc'), Date.UTC(2026, 1, 28));
});

test('a range the wrong way round becomes the hour before its end', () => {
  assert.deepEqual(resolve({ from: 'now', to: 'now-1h' }, now, 'utc'), { from: now - 2 * 3600_000, to: now - 3600_000 });
});

test('ranges read as people say them', () => {
  const rows: [string, string, string][] = [
    ['now-1h', 'now', 'Last 1 hour'],
    ['now-15m', 'now', 'Last 15 minutes'],
    ['now/d', 'now/d', 'Today'],
    ['now/d', 'now', 'Today so far'],
    ['now-1d/d', 'now-1d/d', 'Yesterday'],
    ['now-1w/w', 'now-1w/w', 'Previous week'],
    ['1763632800000', '1763636400000', '2025-11-20 10:00:00 to 11:00:00'],
  ];
  for (const [from, to, want] of rows) assert.equal(describe({ from, to }, 'utc'), want);
});
