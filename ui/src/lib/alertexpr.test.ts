import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitOf } from './alertexpr';

test('the limit of an alert is the number its expression is compared with', () => {
  const rows: [string, ReturnType<typeof limitOf>][] = [
    ['up == 0', { watched: 'up', op: '==', value: 0 }],
    ['rate(errors[5m]) / rate(all[5m]) > 0.05', { watched: 'rate(errors[5m]) / rate(all[5m])', op: '>', value: 0.05 }],
    ['95 < disk_used', { watched: 'disk_used', op: '>', value: 95 }],
    ['free_bytes < 1024 * 1024', { watched: 'free_bytes', op: '<', value: 1048576 }],
    ['(a > 3)', { watched: 'a', op: '>', value: 3 }],
    ['a > b', undefined],
    ['a > bool 1', undefined],
    ['absent(up)', undefined],
    ['a > 1 and b > 2', undefined],
  ];
  for (const [expr, want] of rows) assert.deepEqual(limitOf(expr), want, expr);
});
