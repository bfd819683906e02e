import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Bound, interpolate, promFormat, references } from './interpolate';

const bound: Record<string, Bound> = {
  one: { values: ['a.b'] },
  host: { values: ['web-01:9100', 'db.x'], texts: ['Web', 'DB'], several: true },
  single: { values: ['x|y'], several: true },
  every: { values: ['.*'], several: true, verbatim: true },
  quote: { values: ['say "hi" \\'] },
  at: { values: ['1763632800000'] },
  __value: { values: [], fields: { raw: 1.5, text: '1.50 s' } },
  __field: { values: [], fields: { labels: { pod: 'p-1' }, name: 'f' } },
};
const look = (name: string) => bound[name];

test('every way of writing a variable is understood', () => {
  const rows: [string, string][] = [
    ['$one and ${one} and [[one]]', 'a.b and a.b and a.b'],
    ['$oneself', '$oneself'],
    ['${unknown:csv} $unknown', '${unknown:csv} $unknown'],
    ['${host}', '{web-01:9100,db.x}'],
    ['${host:csv}', 'web-01:9100,db.x'],
    ['[[host:pipe]]', 'web-01:9100|db.x'],
    ['${host:regex}', '(web-01:9100|db\\.x)'],
    ['${host:json}', '["web-01:9100","db.x"]'],
    ['${one:json}', 'a.b'],
    ['${host:doublequote}', '"web-01:9100","db.x"'],
    ['${host:singlequote}', "'web-01:9100','db.x'"],
    ['${host:sqlstring}', "'web-01:9100','db.x'"],
    ['${host:distributed}', 'web-01:9100,host=db.x'],
    ['${host:lucene}', '("web-01:9100" OR "db.x")'],
    ['${host:percentencode}', '%7Bweb-01%3A9100%2Cdb.x%7D'],
    ['${host:queryparam}', 'var-host=web-01%3A9100&var-host=db.x'],
    ['${host:text}', 'Web + DB'],
    ['${host:join:;}', 'web-01:9100;db.x'],
    ['${at:date}', '2025-11-20T10:00:00.000Z'],
    ['${at:date:seconds}', '1763632800'],
    ['${at:date:YYYY-MM}', '2025-11'],
    ['${__value.text} ${__field.labels.pod} ${__field.labels["pod"]}', '1.50 s p-1 p-1'],
  ];
  for (const [text, want] of rows) assert.equal(interpolate(text, look), want, text);
});

test('inside PromQL several values are a regular expression, one is a string', () => {
  const prom = (t: string) => interpolate(t, look, promFormat);
  assert.equal(prom('{a="$one"}'), '{a="a.b"}');
  assert.equal(prom('{a=~"$host"}'), '{a=~"(web-01:9100|db\\\\.x)"}');
  assert.equal(prom('{a=~"$single"}'), '{a=~"x\\\\|y"}');
  assert.equal(prom('{a=~"$every"}'), '{a=~".*"}');
  assert.equal(prom('{a="$quote"}'), '{a="say \\"hi\\" \\\\"}');
});

test('the names a text refers to', () => {
  assert.deepEqual([...references('label_values(up{job="$job", x=~"${x:regex}"}, [[y]])')], ['job', 'x', 'y']);
});
