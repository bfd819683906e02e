import assert from 'node:assert/strict';
import { test } from 'node:test';
import { align, bridge } from './align';
import { stretches } from './draw';

test('series with the same times share them', () => {
  const times = [10, 20, 30];
  const { times: out, columns } = align([{ times, values: [1, 2, 3] }, { times: [10, 20, 30], values: [4, null, 6] }]);
  assert.equal(out, times);
  assert.deepEqual(columns, [[1, 2, 3], [4, null, 6]]);
});

test('a hole becomes a null, a time only another series has is undefined', () => {
  const { times, columns } = align([{ times: [0, 10, 40], values: [1, 2, 3], step: 10 }, { times: [0, 15], values: [7, 8], step: 15 }]);
  assert.deepEqual(times, [0, 10, 15, 20, 40]);
  assert.deepEqual(columns, [[1, 2, undefined, null, 3], [7, undefined, 8, undefined, undefined]]);
});

test('short holes are bridged, long ones stay', () => {
  assert.deepEqual(bridge([0, 10, 20, 30, 80], [1, null, 2, null, 3], 20), [1, undefined, 2, null, 3]);
});

test('stretches of one colour that overlap are one', () => {
  const m = (from: number, to: number | undefined, color: string) => ({ from, ...(to === undefined ? {} : { to }), color, text: '' });
  assert.deepEqual(stretches([m(5, 9, 'red'), m(0, 6, 'red'), m(3, undefined, 'red'), m(20, 30, 'red'), m(1, 2, 'blue')]), [{ from: 1, to: 2, color: 'blue' }, { from: 0, to: 9, color: 'red' }, { from: 20, to: 30, color: 'red' }]);
});
