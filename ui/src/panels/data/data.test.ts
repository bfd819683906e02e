import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DataFrame, FieldType, formattedValueToString, getFieldDisplayName, getValueFormat, transformDataFrame } from '@grafana/data';
import type { QueryData } from '../../api/types';
import type { Target } from '../../lib/dash/model';
import { framesOf, renderLegend } from './frames';
import { withFilters } from './query';
import { fillRegistries } from './setup';
import { SharedRequests } from './shared';

// @grafana/data asks the browser for the reader's language.
(globalThis as { navigator?: unknown }).navigator ??= { language: 'en-US', languages: ['en-US'] };

const matrix: QueryData = { resultType: 'matrix', result: [
  { metric: { __name__: 'up', job: 'a', instance: 'x' }, values: [[10, '1'], [20, 'NaN']] },
  { metric: { __name__: 'up', job: 'b', instance: 'x' }, values: [[10, '+Inf'], [20, '-2.5']] },
] };
const answer = (target: Partial<Target>, legend = '') => framesOf({ target: { refId: 'A', ...target }, data: matrix, legend, expr: 'up', stepMs: 10_000, valueName: 'Value' });

test('series become frames of a time and a value, named by their legend', () => {
  const frames = answer({}, '{{job}} on {{ instance }}{{missing}}');
  assert.deepEqual(frames[0]!.fields.map((f) => f.values), [[10_000, 20_000], [1, NaN]]);
  assert.deepEqual(frames[1]!.fields[1]!.values, [Infinity, -2.5]);
  assert.deepEqual(frames.map((f) => getFieldDisplayName(f.fields[1]!, f, frames)), ['a on x', 'b on x']);
});

test('without a legend the name is the series, with __auto what differs', () => {
  const name = (frames: DataFrame[]) => frames.map((f) => getFieldDisplayName(f.fields[1]!, f, frames));
  assert.deepEqual(name(answer({})), ['up{job="a", instance="x"}', 'up{job="b", instance="x"}']);
  assert.match(name(answer({}, '__auto'))[0]!, /a/);
  assert.equal(renderLegend('{{ a }}-{{b}}', { a: '1' }), '1-');
});

test('as a table each sample is a row with its labels', () => {
  const [t, ...rest] = answer({ format: 'table' });
  assert.equal(rest.length, 0);
  assert.deepEqual(t!.fields.map((f) => f.name), ['Time', '__name__', 'instance', 'job', 'Value']);
  assert.equal(t!.length, 4);
});

test('ad hoc filters enter every selector and nothing else', () => {
  const rows: [string, string][] = [
    ['up', 'up{a="1"}'],
    ['up{}', 'up{a="1"}'],
    ['rate(x_total{b="2"}[5m])', 'rate(x_total{b="2",a="1"}[5m])'],
    ['sum by (job) (up) / on (job) group_left (x) y', 'sum by (job) (up{a="1"}) / on (job) group_left (x) y{a="1"}'],
    ['label_replace(up, "dst", "$1", "src", "(.*)")', 'label_replace(up{a="1"}, "dst", "$1", "src", "(.*)")'],
    ['a:b:c offset 5m and c', 'a:b:c{a="1"} offset 5m and c{a="1"}'],
  ];
  for (const [expr, want] of rows) assert.equal(withFilters(expr, ['a="1"']), want, expr);
});

test('units read as Grafana writes them', () => {
  const rows: [string, number, number | undefined, string][] = [
    ['short', 1234, undefined, '1.23 K'], ['short', 0, undefined, '0'], ['none', 1234.5, undefined, '1235'], ['bytes', 1536, undefined, '1.50 KiB'], ['decbytes', 1500, undefined, '1.50 kB'],
    ['percent', 12.345, 1, '12.3%'], ['percentunit', 0.5, undefined, '50%'], ['s', 90, undefined, '1.50 mins'], ['s', 0.0025, undefined, '2.50 ms'], ['ms', 1500, undefined, '1.50 s'],
    ['Bps', 2048, undefined, '2.05 kB/s'], ['binBps', 2048, undefined, '2 KiB/s'], ['bps', 1e6, undefined, '1 Mb/s'], ['reqps', 12.5, 1, '12.5 req/s'], ['ops', 1500, undefined, '1.50K ops/s'],
    ['celsius', 21.5, 1, '21.5 °C'], ['bool_yes_no', 1, undefined, 'Yes'], ['dtdurations', 3725, 1, '1 hour, 2 minutes'], ['hertz', 2e9, undefined, '2 GHz'],
    ['/ sec', 3, undefined, '3 / sec'], ['suffix:x', 3, undefined, '3 x'], ['dateTimeAsIso', 0, undefined, '1970-01-01 00:00:00'],
  ];
  for (const [unit, v, decimals, want] of rows) assert.equal(formattedValueToString(getValueFormat(unit)(v, decimals, undefined, 'utc')).trim(), want, unit);
});

const run = (steps: { id: string; options: Record<string, unknown> }[], frames: DataFrame[]): Promise<DataFrame[]> => {
  (globalThis as { window?: unknown }).window ??= globalThis;
  fillRegistries();
  return new Promise((done, fail) => {
    let last = frames;
    transformDataFrame(steps, frames).subscribe({ next: (f) => (last = f), error: fail, complete: () => done(last) });
  });
};
const table = (fields: Record<string, unknown[]>): DataFrame => {
  const all = Object.entries(fields).map(([name, values]) => ({ name, values, config: {}, type: typeof values[0] === 'number' ? FieldType.number : FieldType.string }));
  return { refId: 'A', length: all[0]!.values.length, fields: all };
};

test('the transformations dashboards use are known and work', async () => {
  const t = table({ host: ['a', 'b', 'a'], Value: [1, 2, 3] });
  const names = (f: DataFrame) => f.fields.map((x) => x.config.displayName ?? x.name);
  const [organized] = await run([{ id: 'organize', options: { excludeByName: {}, indexByName: { Value: 0, host: 1 }, renameByName: { Value: 'Used' } } }], [t]);
  assert.deepEqual(names(organized!), ['Used', 'host']);
  const [grouped] = await run([{ id: 'groupBy', options: { fields: { host: { operation: 'groupby', aggregations: [] }, Value: { operation: 'aggregate', aggregations: ['sum'] } } } }], [t]);
  assert.deepEqual(grouped!.fields.map((f) => f.values), [['a', 'b'], [4, 2]]);
  const [sorted] = await run([{ id: 'sortBy', options: { sort: [{ field: 'Value', desc: true }] } }], [t]);
  assert.deepEqual(sorted!.fields[1]!.values, [3, 2, 1]);
  const [added] = await run([{ id: 'calculateField', options: { mode: 'binary', binary: { left: 'Value', operator: '*', right: '2' }, alias: 'Double' } }], [t]);
  assert.deepEqual(added!.fields.at(-1)!.values, [2, 4, 6]);
  const [out] = await run([{ id: 'extractFields', options: { source: 'line', format: 'auto', replace: true } }], [table({ line: ['{"a": 1, "b": "x"}', '{"a": 2}'] })]);
  assert.deepEqual(out!.fields.map((f) => [f.name, f.values]), [['a', [1, 2]], ['b', ['x', null]]]);
  const [kv] = await run([{ id: 'extractFields', options: { source: 'line', format: 'kvp' } }], [table({ line: ['level=info msg="two words"'] })]);
  assert.deepEqual(kv!.fields.map((f) => f.name), ['line', 'level', 'msg']);
  const trend = await run([{ id: 'timeSeriesTable', options: {} }], answer({}, '{{job}}'));
  assert.deepEqual([trend[0]!.length, trend[0]!.fields.at(-1)!.name], [2, 'Trend #A']);
});

test('one request serves all who ask the same, and ends when all have left', async () => {
  const shared = new SharedRequests();
  let begun = 0;
  let ended = false;
  const begin = (signal: AbortSignal) => {
    begun++;
    signal.addEventListener('abort', () => (ended = true));
    return new Promise<number>((done) => signal.addEventListener('abort', () => done(0)));
  };
  const [a, b] = [new AbortController(), new AbortController()];
  const both = [shared.get('k', begin, a.signal), shared.get('k', begin, b.signal)].map((p) => p.catch(() => 'left'));
  assert.equal(begun, 1);
  a.abort();
  assert.equal(ended, false);
  b.abort();
  assert.equal(ended, true);
  assert.deepEqual(await Promise.all(both), ['left', 'left']);
  const again = shared.get('k', async () => 7, new AbortController().signal);
  assert.equal(await again, 7);
});
