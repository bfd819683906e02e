import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatMatcher, matches, parseMatcher, parseMatchers } from './matchers';

test('matchers are read and written alike', () => {
  const rows: [string, string | undefined][] = [
    ['team="db"', 'team="db"'],
    ['team = db', 'team="db"'],
    ['code=~"5.."', 'code=~"5.."'],
    ['env != prod', 'env!="prod"'],
    ['path!~"/a\\"b"', 'path!~"/a\\"b"'],
    ['"my label"="x"', 'my label="x"'],
    ['empty=""', 'empty=""'],
    ['nothing here', undefined],
  ];
  for (const [text, want] of rows) {
    const m = parseMatcher(text);
    assert.equal(m && formatMatcher(m), want, text);
  }
});

test('a comma inside quotes belongs to the value', () => {
  assert.deepEqual(parseMatchers('{a="1,2", b=~"x|y"}')?.map(formatMatcher), ['a="1,2"', 'b=~"x|y"']);
  assert.equal(parseMatchers('a="1", b'), undefined);
});

test('regular expressions match whole values, and a missing label is empty', () => {
  const rows: [string, Record<string, string>, boolean][] = [
    ['a=~"b.*"', { a: 'bcd' }, true],
    ['a=~"b"', { a: 'bcd' }, false],
    ['a!=""', {}, false],
    ['a!~"x|y"', { a: 'z' }, true],
    ['a=~"("', { a: '(' }, false],
  ];
  for (const [text, labels, want] of rows) assert.equal(matches(parseMatcher(text)!, labels), want, text);
});
