import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyRegex, customOptions, parseVariableQuery, sortOptions } from './options';

test('custom values: commas, escaped commas, names', () => {
  assert.deepEqual(customOptions('a, b\\,c ,one : 1'), [{ text: 'a', value: 'a' }, { text: 'b,c', value: 'b,c' }, { text: 'one', value: '1' }]);
});

test('variable queries are taken apart', () => {
  const rows: [string, ReturnType<typeof parseVariableQuery>][] = [
    ['label_values(job)', { kind: 'labelValues', label: 'job' }],
    ['label_values(up{a="x,y",b=~"(1|2)"}, instance)', { kind: 'labelValues', label: 'instance', match: 'up{a="x,y",b=~"(1|2)"}' }],
    [' label_values( {job="a"} , b ) ', { kind: 'labelValues', label: 'b', match: '{job="a"}' }],
    ['label_names()', { kind: 'labelNames' }],
    ['metrics(node_.*)', { kind: 'metrics', pattern: 'node_.*' }],
    ['query_result(topk(5, sum(a) by (b)))', { kind: 'result', expr: 'topk(5, sum(a) by (b))' }],
    ['up{job="a"}', { kind: 'series', match: 'up{job="a"}' }],
  ];
  for (const [query, want] of rows) assert.deepEqual(parseVariableQuery(query), want, query);
});

test('a regular expression picks and renames', () => {
  const values = (o: { value: string }[]) => o.map((x) => x.value);
  const found = ['m{host="a"} 1 2', 'm{host="b"} 3 4', 'm{host="a"} 5 6', 'other'];
  assert.deepEqual(values(applyRegex(found, '/host="([^"]+)"/')), ['a', 'b']);
  assert.deepEqual(values(applyRegex(['eth0', 'lo', 'eth1'], 'eth.*')), ['eth0', 'eth1']);
  assert.deepEqual(applyRegex(['id=7 name=seven'], '/id=(?<value>\\d+) name=(?<text>\\w+)/'), [{ text: 'seven', value: '7' }]);
  assert.deepEqual(values(applyRegex(['A', 'b'], '/a/i')), ['A']);
  assert.deepEqual(values(applyRegex(['x'], '/(/')), ['x']);
});

test('sorting by letters, numbers and nature', () => {
  const sorted = (sort: number, ...t: string[]) => sortOptions(t.map((x) => ({ text: x, value: x })), sort).map((o) => o.text).join(' ');
  assert.equal(sorted(0, 'b', 'a'), 'b a');
  assert.equal(sorted(1, 'b', 'a', 'B'), 'B a b');
  assert.equal(sorted(2, 'a', 'b'), 'b a');
  assert.equal(sorted(3, 'n10', 'n9', 'none'), 'none n9 n10');
  assert.equal(sorted(5, 'b', 'A', 'c'), 'A b c');
  assert.equal(sorted(8, 'n9', 'n10'), 'n10 n9');
});
