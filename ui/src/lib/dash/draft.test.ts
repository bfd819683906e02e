import assert from 'node:assert/strict';
import { test } from 'node:test';
import { add, beginDraft, duplicate, everyPanel, findPanel, place, remove, update } from './draft';
import type { Json } from './model';

const json = (): Json => ({
  title: 't', custom: { kept: [1, 2] }, schemaVersion: 30,
  panels: [
    { id: 1, type: 'graph', title: 'a', gridPos: { x: 0, y: 0, w: 12, h: 8 }, yaxes: [{ format: 'bytes' }, {}], odd: true },
    { type: 'row', title: 'r', collapsed: true, gridPos: { x: 0, y: 8, w: 24, h: 1 }, panels: [{ type: 'stat', title: 'b', gridPos: { x: 0, y: 9, w: 6, h: 4 } }] },
  ],
});

test('what is not touched stays as it was given', () => {
  const given = json();
  const draft = beginDraft(given);
  assert.deepEqual(given, json());
  assert.deepEqual(draft.custom, { kept: [1, 2] });
  assert.deepEqual(everyPanel(draft).map((p) => p.id), [1, 2]);
  const moved = place(draft, 1, { x: 12, y: 4, w: 6, h: 3 });
  assert.equal(findPanel(moved, 1)!.type, 'graph');
  assert.equal(findPanel(moved, 1)!.odd, true);
  assert.deepEqual(findPanel(moved, 1)!.gridPos, { x: 12, y: 4, w: 6, h: 3 });
});

test('a changed panel is written in its present kind', () => {
  const changed = update(beginDraft(json()), 1, { title: 'new' });
  const p = findPanel(changed, 1)!;
  assert.deepEqual([p.type, p.title, (p.fieldConfig as { defaults: Json }).defaults.unit], ['timeseries', 'new', 'bytes']);
});

test('panels are added on top, copied to the end, removed from rows', () => {
  const { draft, id } = add(beginDraft(json()));
  assert.equal(id, 3);
  assert.equal((findPanel(draft, 1)!.gridPos as Json).y, 8);
  assert.equal(everyPanel(duplicate(draft, 1)).length, 4);
  assert.equal(findPanel(remove(draft, 2), 2), undefined);
});

test('rows of the old layout become a grid', () => {
  const draft = beginDraft({ title: 'old', schemaVersion: 12, rows: [{ height: '250px', panels: [{ id: 1, span: 6 }, { id: 2, span: 6 }] }] });
  assert.equal(draft.rows, undefined);
  assert.deepEqual(everyPanel(draft).map((p) => p.gridPos), [{ x: 0, y: 0, w: 12, h: 7 }, { x: 12, y: 0, w: 12, h: 7 }]);
});
