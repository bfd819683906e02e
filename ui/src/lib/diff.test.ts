import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diffLines, hunks } from './diff';

const sign = { same: ' ', added: '+', removed: '-' };
const show = (a: string, b: string) => diffLines(a, b).map((l) => sign[l.kind] + l.text).join('|');

test('lines are kept, added and removed', () => {
  assert.equal(show('a\nb\nc', 'a\nb\nc'), ' a| b| c');
  assert.equal(show('a\nb\nc', 'a\nx\nc'), ' a|-b|+x| c');
  assert.equal(show('a\nc', 'a\nb\nc'), ' a|+b| c');
  assert.equal(show('a\nb\nc\nd', 'b\nd\ne'), '-a| b|-c| d|+e');
});

test('applying a difference gives both texts back', () => {
  let seed = 7;
  const random = (n: number) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
  for (let round = 0; round < 200; round++) {
    const a = Array.from({ length: random(30) }, () => 'abc'[random(3)]).join('\n');
    const b = Array.from({ length: random(30) }, () => 'abc'[random(3)]).join('\n');
    const d = diffLines(a, b);
    assert.equal(d.filter((l) => l.kind !== 'added').map((l) => l.text).join('\n'), a);
    assert.equal(d.filter((l) => l.kind !== 'removed').map((l) => l.text).join('\n'), b);
  }
});

test('only the surroundings of changes are shown', () => {
  const text = Array.from({ length: 20 }, (_, i) => String(i)).join('\n');
  const shown = hunks(diffLines(text, text.replace('10', 'x')), 1);
  assert.deepEqual(shown.map((l) => l?.text), ['9', '10', 'x', '11', undefined]);
});
