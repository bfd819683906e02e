import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Backtest } from '../api/backtest';
import { episodesOf, tell } from './backtest';

const at = (s: number) => new Date(s * 1000).toISOString();
const b: Backtest = {
  evaluations: 10, failures: 0, failed: [],
  instances: [
    { labels: { alertname: 'X', i: 'a' }, annotations: {}, phases: [{ state: 'pending', from: at(100), to: at(400), value: '1' }, { state: 'firing', from: at(400), to: at(1000), value: '1' }] },
    { labels: { alertname: 'X', i: 'b' }, annotations: {}, phases: [{ state: 'pending', from: at(500), to: at(560), value: '1' }, { state: 'firing', from: at(1800), value: '1' }] },
  ],
  notifications: [{ at: at(430), receiver: 'team', integration: 'email[0]', status: 'firing', reason: 'first notification', firing: [0], resolved: [] }],
};

test('what does not end lasts to the end', () => {
  assert.deepEqual(episodesOf(b, 2000).at(-1), { from: 1800, to: 2000, firing: true });
});

test('one alert alone, by the labels the rule gives it', () => {
  assert.deepEqual(episodesOf(b, 2000, { alertname: 'X', i: 'a', more: 'y' }).map((e) => e.from), [100, 400]);
});

test('the outcome in words', () => {
  assert.equal(tell(b, episodesOf(b, 2000), 0), 'Fires 2 times, for 13 min; 1 time pending for too short; 1 notification to team.');
  assert.equal(tell({ ...b, notifications: [] }, [], 0), 'Does not fire.');
});
