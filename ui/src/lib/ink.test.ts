import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contrast, inkOn, readable, toRgb } from './ink';

test('ink on a colour can always be read', () => {
  for (const color of ['#ffffff', '#000000', '#f2cc0c', '#73bf69', '#e02f44', 'rgb(0, 143, 72)', 'rgba(237, 129, 40, 0.89)', '#abc'])
    assert.ok(contrast(toRgb(inkOn(color))!, { ...toRgb(color)!, alpha: 1 }) >= 4, color);
});

test('a faint colour moves towards the text, a strong one stays', () => {
  assert.equal(readable('#1a1a1a', '#ffffff', '#000000'), '#1a1a1a');
  const moved = readable('#ffd000', '#ffffff', '#20252c');
  assert.ok(contrast(toRgb(moved)!, toRgb('#ffffff')!) >= 4.5, moved);
  assert.equal(readable('currentcolor', '#fff', '#000'), 'currentcolor');
});
