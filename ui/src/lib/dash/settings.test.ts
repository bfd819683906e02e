import assert from 'node:assert/strict';
import { test } from 'node:test';
import { migrate } from './migrate';
import type { Json } from './model';
import { append, drop, entries, nameFault, newAnnotation, newVariable, ofKind, raise, replace, withQuery } from './settings';

const json = (): Json => ({
  title: 't', panels: [],
  templating: { enable: true, list: [{ name: 'job', type: 'query', query: { query: 'label_values(job)', refId: 'X' }, definition: 'label_values(job)', odd: 1 }, { name: 'b', type: 'custom', query: 'x,y', current: { value: 'x' }, options: [{ text: 'x', value: 'x' }] }] },
});

test('what a form does not know is kept', () => {
  const d = json();
  const v = entries(d, 'variables')[0]!;
  const next = replace(d, 'variables', 0, withQuery(v, 'label_values(up, job)'));
  assert.deepEqual(d, json());
  assert.deepEqual(entries(next, 'variables')[0], { name: 'job', type: 'query', query: { query: 'label_values(up, job)', refId: 'X' }, definition: 'label_values(up, job)', odd: 1 });
  assert.equal((next.templating as Json).enable, true);
});

test('a custom list that changes forgets what was chosen of the old one', () => {
  const v = withQuery(entries(json(), 'variables')[1]!, 'p,q');
  assert.deepEqual([v.query, v.current, v.options], ['p,q', {}, []]);
});

test('entries are added under a free name, moved and removed', () => {
  let d = append(json(), 'variables', newVariable(json()));
  d = append(d, 'variables', newVariable(d));
  assert.deepEqual(entries(d, 'variables').map((e) => e.name), ['job', 'b', 'variable', 'variable2']);
  assert.deepEqual(entries(raise(d, 'variables', 2), 'variables').map((e) => e.name), ['job', 'variable', 'b', 'variable2']);
  assert.deepEqual(entries(raise(d, 'variables', 0), 'variables').map((e) => e.name), ['job', 'b', 'variable', 'variable2']);
  assert.deepEqual(entries(drop(d, 'variables', 0), 'variables').map((e) => e.name), ['b', 'variable', 'variable2']);
});

test('the pages read what the forms write', () => {
  let d = append(json(), 'annotations', { ...newAnnotation(json()), expr: 'changes(x[5m])' });
  d = replace(d, 'variables', 1, ofKind(entries(d, 'variables')[1]!, 'interval'));
  const read = migrate(d, 'u');
  assert.deepEqual(read.annotations.map((a) => [a.name, a.expr, a.enable]), [['Marks', 'changes(x[5m])', true]]);
  assert.deepEqual([read.variables[1]!.type, read.variables[1]!.query, read.variables[1]!.current], ['interval', '1m,5m,15m,1h,6h,1d', []]);
});

test('names that cannot be used say why', () => {
  assert.equal(nameFault(json(), 0, 'job'), '');
  assert.match(nameFault(json(), 0, 'b'), /Another/);
  assert.match(nameFault(json(), 0, 'a b'), /letters/);
  assert.match(nameFault(json(), 0, '__x'), /underscores/);
});
