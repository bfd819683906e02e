import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json, Panel } from '../model';
import { migrate, unwrap } from './index';

const one = (panel: Json): Panel => migrate({ schemaVersion: 16, panels: [panel] }, 'u').panels[0]!;

test('wrapped forms are opened, other things are refused with a reason', () => {
  const d = { title: 't', panels: [] };
  for (const json of [d, { dashboard: d, meta: {} }, { dashboard: { dashboard: d } }, { json: d }]) assert.equal(unwrap(json)?.title, 't');
  assert.throws(() => migrate({ a: 1 }, 'u'), /neither panels nor rows/);
  assert.deepEqual(migrate({ apiVersion: 'dashboard.grafana.app/v2beta1', spec: {} }, 'u').panels, []);
});

test('a graph becomes a time series with its axes, lines and legend', () => {
  const p = one({
    id: 3, type: 'graph', title: 'g', fill: 2, linewidth: 2, stack: true, nullPointMode: 'connected', steppedLine: true, decimals: 1,
    yaxes: [{ format: 'bytes', min: '0', max: null, label: 'Memory', logBase: 10 }, { format: 'percent' }],
    legend: { show: true, values: true, current: true, avg: true, total: false, alignAsTable: true, rightSide: true, sort: 'avg', sortDesc: false },
    tooltip: { shared: true, sort: 2 },
    seriesOverrides: [{ alias: '/out/', transform: 'negative-Y' }, { alias: 'pct', yaxis: 2, color: '#f00', dashes: true }],
    thresholds: [{ value: 80, op: 'gt', colorMode: 'critical', fill: true, line: true }],
  });
  assert.equal(p.type, 'timeseries');
  const { defaults, overrides } = p.fieldConfig;
  assert.deepEqual([defaults.unit, defaults.min, defaults.max, defaults.decimals], ['bytes', 0, undefined, 1]);
  assert.deepEqual(
    ['fillOpacity', 'lineWidth', 'stacking', 'spanNulls', 'lineInterpolation', 'axisLabel', 'scaleDistribution', 'thresholdsStyle'].map((k) => defaults.custom![k]),
    [20, 2, { mode: 'normal', group: 'A' }, true, 'stepAfter', 'Memory', { type: 'log', log: 10 }, { mode: 'line+area' }],
  );
  assert.deepEqual(defaults.thresholds!.steps, [{ value: -Infinity, color: 'transparent' }, { value: 80, color: 'red' }]);
  assert.deepEqual(overrides.map((o) => o.matcher), [{ id: 'byRegexp', options: '/out/' }, { id: 'byName', options: 'pct' }]);
  assert.deepEqual(overrides[0]!.properties, [{ id: 'custom.transform', value: 'negative-Y' }]);
  assert.ok(overrides[1]!.properties.some((x) => x.id === 'custom.axisPlacement' && x.value === 'right'));
  assert.ok(overrides[1]!.properties.some((x) => x.id === 'unit' && x.value === 'percent'));
  const legend = p.options.legend as Json;
  assert.deepEqual([legend.displayMode, legend.placement, legend.calcs, legend.sortBy, legend.sortDesc], ['table', 'right', ['mean', 'lastNotNull'], 'Mean', false]);
  assert.deepEqual(p.options.tooltip, { mode: 'multi', sort: 'desc' });
});

test('a single stat becomes a stat, or a gauge where one was shown', () => {
  const stat = one({ type: 'singlestat', format: 'percentunit', valueName: 'current', thresholds: '0.5,0.8', colors: ['green', 'orange', 'red'], colorBackground: true, sparkline: { show: true }, valueMaps: [{ op: '=', value: 'null', text: 'none' }, { op: '=', value: '1', text: 'UP' }], mappingType: 1 });
  assert.equal(stat.type, 'stat');
  assert.deepEqual((stat.options.reduceOptions as Json).calcs, ['lastNotNull']);
  assert.deepEqual([stat.options.colorMode, stat.options.graphMode], ['background', 'area']);
  assert.deepEqual(stat.fieldConfig.defaults.thresholds!.steps, [{ value: -Infinity, color: 'green' }, { value: 0.5, color: 'orange' }, { value: 0.8, color: 'red' }]);
  assert.deepEqual(stat.fieldConfig.defaults.mappings, [{ type: 'value', options: { 1: { text: 'UP' } } }, { type: 'special', options: { match: 'null', result: { text: 'none' } } }]);
  const gauge = one({ type: 'singlestat', gauge: { show: true, minValue: 0, maxValue: 50, thresholdMarkers: true }, valueName: 'avg' });
  assert.deepEqual([gauge.type, gauge.fieldConfig.defaults.max, (gauge.options.reduceOptions as Json).calcs], ['gauge', 50, ['mean']]);
});

test('an old table keeps its columns: names, units, hidden ones, colours', () => {
  const p = one({
    type: 'table', styles: [{ pattern: 'Time', type: 'hidden' }, { pattern: '/.*/', type: 'number', unit: 'short', decimals: 1 }, { pattern: 'Value', alias: 'Free', type: 'number', unit: 'bytes', colorMode: 'cell', thresholds: ['10', '20'], colors: ['red', 'orange', 'green'] }],
    targets: [{ expr: 'a', format: 'table', refId: 'A' }, { expr: 'b', format: 'table', refId: 'B' }], sort: { col: 1, desc: true },
  });
  assert.equal(p.type, 'table');
  assert.deepEqual(p.transformations.map((t) => t.id), ['merge']);
  const of = (name: string) => Object.fromEntries(p.fieldConfig.overrides.find((o) => o.matcher.options === name)!.properties.map((x) => [x.id, x.value]));
  assert.equal(of('Time')['custom.hidden'], true);
  assert.deepEqual([of('Value').displayName, of('Value').unit, of('Value')['custom.cellOptions']], ['Free', 'bytes', { type: 'color-background', mode: 'basic' }]);
  assert.deepEqual(p.fieldConfig.overrides[0]!.matcher, { id: 'byType', options: 'number' });
});

test('settings that moved are found where they were', () => {
  const g = one({ type: 'gauge', options: { fieldOptions: { calcs: ['mean'], defaults: { unit: 'percent', max: 1 }, thresholds: [{ value: null, color: 'green' }, { value: 5, color: 'red' }], mappings: [{ id: 0, op: '=', type: 1, value: 'null', text: 'N/A' }] } } });
  assert.deepEqual([g.fieldConfig.defaults.unit, g.fieldConfig.defaults.max, (g.options.reduceOptions as Json).calcs], ['percent', 1, ['mean']]);
  assert.equal(g.fieldConfig.defaults.thresholds!.steps.length, 2);
  const t = one({ type: 'table', fieldConfig: { defaults: { custom: { displayMode: 'lcd-gauge' } }, overrides: [{ matcher: { id: 'byName', options: 'x' }, properties: [{ id: 'custom.displayMode', value: 'color-text' }] }] } });
  assert.deepEqual(t.fieldConfig.defaults.custom!.cellOptions, { type: 'gauge', mode: 'lcd' });
  assert.deepEqual(t.fieldConfig.overrides[0]!.properties[0], { id: 'custom.cellOptions', value: { type: 'color-text' } });
  assert.equal(one({ type: 'grafana-piechart-panel' }).type, 'piechart');
  assert.equal(one({ type: 'text', content: 'hello', mode: 'html' }).options.content, 'hello');
});

test('panels without an id, or with one that is taken, get the next free ones in order', () => {
  const d = migrate({ panels: [{ type: 'stat' }, { id: 4, type: 'stat' }, { id: 4, type: 'stat' }, { type: 'row', panels: [{ type: 'stat' }] }] }, 'u');
  assert.deepEqual(d.panels.flatMap((p) => (p.type === 'row' ? p.panels! : [p])).map((p) => p.id), [5, 4, 6, 7]);
});

test('rows of the old layout stand as they stood', () => {
  const d = migrate({ schemaVersion: 12, rows: [{ title: 'A', showTitle: true, height: 250, panels: [{ span: 4, type: 'graph' }, { span: 8, type: 'graph' }, { span: 12, type: 'text' }] }, { title: 'B', collapse: true, panels: [{ span: 12, type: 'graph' }] }] }, 'u');
  assert.deepEqual(d.panels.map((p) => [p.type, p.gridPos.x, p.gridPos.y, p.gridPos.w, p.gridPos.h]), [
    ['row', 0, 0, 24, 1], ['timeseries', 0, 1, 8, 7], ['timeseries', 8, 1, 16, 7], ['text', 0, 8, 24, 7], ['row', 0, 15, 24, 1],
  ]);
  assert.equal(d.panels[4]!.panels!.length, 1);
});

test('a panel of the library is found among the elements of the export', () => {
  const model = { type: 'stat', title: 'From the library', targets: [{ refId: 'A', expr: 'up' }], gridPos: { x: 0, y: 0, w: 3, h: 3 } };
  const panel = { id: 7, gridPos: { x: 6, y: 0, w: 6, h: 4 }, libraryPanel: { uid: 'lib', name: 'From the library' } };
  const [p] = migrate({ title: 'T', schemaVersion: 39, panels: [panel], __elements: { lib: { uid: 'lib', kind: 1, model } } }, 'u').panels;
  assert.equal(p!.type, 'stat');
  assert.equal(p!.title, 'From the library');
  assert.equal(p!.targets[0]!.expr, 'up');
  assert.deepEqual(p!.gridPos, panel.gridPos);
});
