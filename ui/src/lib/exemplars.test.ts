import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exemplarPoints } from './exemplars';
import { nativeRows } from './native';

const one = (timestamp: number, value: string, trace: string) => ({ labels: { trace_id: trace }, value, timestamp });

test('exemplars carry the labels of their series, but for the bucket', () => {
  const [p, ...more] = exemplarPoints([{ seriesLabels: { __name__: 'seconds_bucket', le: '1', job: 'a' }, exemplars: [one(50, '0.5', 'x')] }], 0, 100);
  assert.deepEqual(p, { at: 50, value: 0.5, labels: { trace_id: 'x', series: 'seconds_bucket', job: 'a' } });
  assert.equal(more.length, 0);
});

test('of a crowd the largest are kept, what lies outside is not', () => {
  const crowd = Array.from({ length: 50 }, (_, i) => one(60 + i / 1000, String(i), `t${i}`));
  const found = exemplarPoints([{ seriesLabels: {}, exemplars: [...crowd, one(-1, '9', 'early'), one(101, '9', 'late'), one(5, 'NaN', 'odd')] }], 0, 100);
  assert.deepEqual(found.map((p) => p.value), [47, 48, 49]);
});

test('buckets of native histograms become rows, each seen once', () => {
  const h = (...buckets: [number, string, string, string][]) => ({ count: '3', sum: '4', buckets });
  const rows = nativeRows([10, 25], [h([0, '1', '2', '3']), h([0, '2', '4', '1'], [0, '1', '2', '2'])])!;
  assert.deepEqual(rows.rows.map((r) => r.label), ['2', '4']);
  assert.deepEqual(rows.cells, [[3, 2], [null, 1]]);
  assert.equal(rows.step, 15);
  assert.deepEqual(nativeRows([1], [h([3, '-Inf', '1', '4'], [0, '1', '+Inf', '2'])])!.rows, [{ label: '1', lower: -Infinity, upper: 1 }, { label: '+Inf', lower: 1, upper: Infinity }]);
  assert.equal(nativeRows([1], [{ count: '0', sum: '0' }]), undefined);
});
