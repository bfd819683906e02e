import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DataFrame, FieldType, standardTransformersRegistry, transformDataFrame } from '@grafana/data';
import { passedOver } from './prepare';
import { fillRegistries } from './setup';

// @grafana/data asks the browser for the reader's language.
(globalThis as { navigator?: unknown }).navigator ??= { language: 'en-US', languages: ['en-US'] };
(globalThis as { window?: unknown }).window ??= globalThis; // and for a setting of its own

const REFERENCE = `reduce merge joinByField organize renameByRegex filterFieldsByName filterByRefId filterByValue groupBy sortBy limit calculateField labelsToFields
  convertFieldType configFromData rowsToFields extractFields prepareTimeSeries concatenate histogram heatmap partitionByValues groupingToMatrix groupToNestedTable
  formatTime formatString timeSeriesTable transpose regression joinByLabels convertFrameType ensureColumns noop`.split(/\s+/);

test('every transformation dashboards use is there', () => {
  fillRegistries();
  for (const id of [...REFERENCE, 'seriesToRows']) assert.ok(standardTransformersRegistry.getIfExists(id), id);
});

const changed = async (id: string, options: object, frames: DataFrame[]): Promise<DataFrame[]> => new Promise((done, fail) => {
  fillRegistries();
  transformDataFrame([{ id, options }], frames).subscribe({ next: done, error: fail });
});
const table = (frames: DataFrame[]) => frames[0]!.fields.map((f) => [f.name, ...f.values]);
const series = (labels: Record<string, string>, values: number[], refId = 'A'): DataFrame => ({
  refId, length: values.length, fields: [{ name: 'Time', type: FieldType.time, config: {}, values: values.map((_, i) => i * 1000) }, { name: 'Value', type: FieldType.number, config: {}, labels, values }],
});

test('joinByLabels: a row for what is shared, a column for what differs', async () => {
  const frames = [series({ what: 'cpu', host: 'a' }, [1, 2]), series({ what: 'mem', host: 'a' }, [3]), series({ what: 'cpu', host: 'b' }, [4])];
  assert.deepEqual(table(await changed('joinByLabels', { value: 'what' }, frames)), [['host', 'a', 'b'], ['cpu', 2, 4], ['mem', 3, null]]);
});

test('configFromData: the answer of one query sets the others', async () => {
  const limit: DataFrame = { refId: 'L', length: 1, fields: [{ name: 'most', type: FieldType.number, config: {}, values: [8] }, { name: 'unit', type: FieldType.string, config: {}, values: ['bytes'] }] };
  const [f, ...rest] = await changed('configFromData', { configRefId: 'L', mappings: [{ fieldName: 'most', handlerKey: 'max' }] }, [series({}, [1]), limit]);
  assert.equal(rest.length, 0);
  assert.equal(f!.fields[1]!.config.max, 8);
  assert.equal(f!.fields[1]!.config.unit, 'bytes');
});

test('regression: the straight line of a straight line is itself', async () => {
  const [, line] = await changed('regression', { modelType: 'linear', predictionCount: 3 }, [series({}, [1, 3, 5])]);
  assert.deepEqual(line!.fields[1]!.values.map((v: number) => Math.round(v * 1e6) / 1e6), [1, 3, 5]);
  const [, curve] = await changed('regression', { modelType: 'polynomial', degree: 2, predictionCount: 3 }, [series({}, [0, 1, 4])]);
  assert.deepEqual(curve!.fields[1]!.values.map((v: number) => Math.round(v * 1e6) / 1e6), [0, 1, 4]);
});

test('prepareTimeSeries: wide has a column a series, long a row a sample', async () => {
  const frames = [series({ host: 'a' }, [1, 2]), series({ host: 'b' }, [3, 4])];
  assert.deepEqual(table(await changed('prepareTimeSeries', { format: 'wide' }, frames)), [['Time', 0, 1000], ['Value', 1, 2], ['Value', 3, 4]]);
  assert.deepEqual(table(await changed('prepareTimeSeries', { format: 'long' }, frames)).map((c) => c.length), [5, 5, 5]);
});

test('an unknown transformation is passed over and told of', async () => {
  const panel = { transformations: [{ id: 'fromAPlugin', options: {} }, { id: 'limit', options: { limitField: 1 } }], fieldConfig: { defaults: {}, overrides: [] } } as never;
  assert.deepEqual(passedOver(panel), ['The transformation fromAPlugin is not done here']);
});
