import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layout } from './layout';
import { migrate } from './migrate';

const none = () => undefined;
const open = (_: string, byDefault: boolean) => byDefault;
const panel = (id: number, x: number, y: number, w: number, h: number, more = {}) => ({ id, type: 'stat', title: `p${id}`, gridPos: { x, y, w, h }, ...more });
const at = (s: ReturnType<typeof layout>[number]) => s.panels.map((p) => [p.panel.id, p.pos.x, p.pos.y, p.pos.w, p.pos.h]);

test('gaps close upwards', () => {
  const d = migrate({ panels: [panel(1, 0, 5, 12, 4), panel(2, 12, 9, 12, 4), panel(3, 0, 20, 24, 2)] }, 'u');
  const [s] = layout(d.panels, none, open);
  assert.deepEqual(at(s!), [[1, 0, 0, 12, 4], [2, 12, 0, 12, 4], [3, 0, 4, 24, 2]]);
  assert.equal(s!.height, 6);
});

test('a repeated panel makes a row of copies and pushes the rest down', () => {
  const d = migrate({ panels: [panel(1, 0, 0, 24, 3, { repeat: 'host', maxPerRow: 2 }), panel(2, 0, 3, 24, 2)] }, 'u');
  const [s] = layout(d.panels, (n) => (n === 'host' ? { values: ['a', 'b', 'c'], texts: ['a', 'b', 'c'] } : undefined), open);
  assert.deepEqual(at(s!), [[1, 0, 0, 12, 3], [1, 12, 0, 12, 3], [1, 0, 3, 12, 3], [2, 0, 6, 24, 2]]);
  assert.deepEqual(s!.panels.map((p) => p.scope.host), ['a', 'b', 'c', undefined]);
});

test('folded rows hold their panels back until opened; rows repeat too', () => {
  const json = { panels: [{ type: 'row', title: 'R $host', repeat: 'host', collapsed: true, gridPos: { x: 0, y: 0, w: 24, h: 1 }, panels: [panel(7, 0, 1, 24, 4)] }] };
  const values = () => ({ values: ['a', 'b'], texts: ['a', 'b'] });
  const folded = layout(migrate(json, 'u').panels, values, open);
  assert.deepEqual(folded.map((s) => [s.row!.folded, s.panels.length]), [[true, 0], [true, 0]]);
  const opened = layout(migrate(json, 'u').panels, values, (id) => id !== 'row-2');
  assert.deepEqual(opened.map((s) => s.panels.map((p) => p.scope.host)), [[], ['b']]);
});
