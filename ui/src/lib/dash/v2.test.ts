import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readGiven } from '../dashjson';
import { beginDraft, everyPanel } from './draft';
import { layout } from './layout';
import { migrate } from './migrate';

const panel = (id: number, kind: string, expr: string) => ({
  kind: 'Panel', spec: {
    id, title: `P${id}`, vizConfig: { kind: 'VizConfig', group: kind, spec: { options: { legend: { showLegend: false } }, fieldConfig: { defaults: { unit: 'bytes' }, overrides: [] } } },
    data: { kind: 'QueryGroup', spec: { queries: [{ kind: 'PanelQuery', spec: { refId: 'A', hidden: false, query: { kind: 'DataQuery', group: 'prometheus', datasource: { name: 'x' }, spec: { expr, legendFormat: '{{job}}' } } } }], transformations: [{ kind: 'limit', spec: { options: { limitField: 3 } } }], queryOptions: { maxDataPoints: 99, timeFrom: '1h' } } },
  },
});
const item = (name: string, x: number, y: number) => ({ kind: 'GridLayoutItem', spec: { x, y, width: 12, height: 8, element: { kind: 'ElementReference', name } } });
const dashboard = (layoutOf: object) => ({
  apiVersion: 'dashboard.grafana.app/v2beta1', kind: 'Dashboard', metadata: { name: 'abc' },
  spec: {
    title: 'New', tags: ['t'], cursorSync: 'Crosshair', timeSettings: { from: 'now-3h', to: 'now', timezone: 'utc', autoRefresh: '30s' }, elements: { a: panel(1, 'timeseries', 'up'), b: panel(2, 'stat', 'sum(up)') }, layout: layoutOf,
    variables: [
      { kind: 'QueryVariable', spec: { name: 'job', hide: 'hideLabel', multi: true, includeAll: true, refresh: 'onTimeRangeChanged', sort: 'alphabeticalAsc', current: { text: 'All', value: ['$__all'] }, query: { kind: 'DataQuery', group: 'prometheus', spec: { query: 'label_values(up, job)', refId: 'v' } } } },
      { kind: 'TextVariable', spec: { name: 'typed', query: 'x', current: { value: 'x' } } }, { kind: 'DatasourceVariable', spec: { name: 'DS', pluginId: 'prometheus' } },
    ],
    annotations: [{ kind: 'AnnotationQuery', spec: { name: 'Restarts', enable: true, iconColor: 'red', query: { kind: 'DataQuery', group: 'prometheus', spec: { expr: 'changes(up[1m]) > 0' } } } }],
  },
});

test('panels, queries, variables and annotations of the new model', () => {
  const d = migrate(dashboard({ kind: 'GridLayout', spec: { items: [item('a', 0, 0), item('b', 12, 0)] } }), 'u');
  assert.deepEqual(d.panels.map((p) => [p.id, p.type, p.gridPos.x, p.targets[0]!.expr, p.fieldConfig.defaults.unit, p.timeFrom, p.maxDataPoints]), [[1, 'timeseries', 0, 'up', 'bytes', '1h', 99], [2, 'stat', 12, 'sum(up)', 'bytes', '1h', 99]]);
  assert.deepEqual(d.panels[0]!.transformations.map((t) => [t.id, t.options]), [['limit', { limitField: 3 }]]);
  assert.deepEqual(d.variables.map((v) => [v.name, v.type, v.query, v.hide, v.refresh, v.sort]), [['job', 'query', 'label_values(up, job)', 1, 2, 1], ['typed', 'textbox', 'x', 0, 0, 0], ['DS', 'datasource', 'prometheus', 0, 0, 0]]);
  assert.deepEqual([d.graphTooltip, d.timezone, d.refresh, d.time.from], [1, 'utc', '30s', 'now-3h']);
  assert.deepEqual(d.annotations.map((a) => [a.name, a.expr, a.enable]), [['Restarts', 'changes(up[1m]) > 0', true]]);
});

test('rows, tabs and automatic grids become rows and places on the grid', () => {
  const grid = { kind: 'GridLayout', spec: { items: [item('a', 0, 0)] } };
  const auto = { kind: 'AutoGridLayout', spec: { maxColumnCount: 2, items: [{ kind: 'AutoGridLayoutItem', spec: { element: { name: 'a' } } }, { kind: 'AutoGridLayoutItem', spec: { element: { name: 'b' } } }] } };
  const rows = migrate(dashboard({ kind: 'RowsLayout', spec: { rows: [{ kind: 'RowsLayoutRow', spec: { title: 'One', layout: grid } }, { kind: 'RowsLayoutRow', spec: { title: 'Two', collapse: true, repeat: { mode: 'variable', value: 'job' }, layout: auto } }] } }), 'u');
  const sections = layout(rows.panels, () => ({ values: ['x', 'y'], texts: ['x', 'y'] }), (_, folded) => folded);
  assert.deepEqual(sections.map((s) => [s.row?.title, s.row?.folded, s.panels.length]), [['One', false, 1], ['Two', true, 0], ['Two', true, 0]]);
  const tabs = migrate(dashboard({ kind: 'TabsLayout', spec: { tabs: [{ kind: 'TabsLayoutTab', spec: { title: 'First', layout: auto } }, { kind: 'TabsLayoutTab', spec: { title: 'Second', layout: grid } }] } }), 'u');
  assert.deepEqual(tabs.panels.map((p) => [p.type, p.title, p.collapsed, p.gridPos.x]), [['row', 'First', false, 0], ['timeseries', 'P1', undefined, 0], ['stat', 'P2', undefined, 12], ['row', 'Second', true, 0]]);
});

test('an import is kept in the classic model', () => {
  const given = readGiven('new.json', JSON.stringify(dashboard({ kind: 'GridLayout', spec: { items: [item('a', 0, 0)] } })));
  assert.equal(given.error, undefined);
  assert.equal(given.dashboard!.title, 'New');
  assert.equal((given.dashboard!.panels as unknown[]).length, 1);
});

test('the new model is edited as the classic one', () => {
  const draft = beginDraft(dashboard({ kind: 'GridLayout', spec: { items: [item('a', 0, 0), item('b', 12, 0)] } }) as unknown as Record<string, unknown>);
  assert.deepEqual(everyPanel(draft).map((p) => [p.id, p.type]), [[1, 'timeseries'], [2, 'stat']]);
  assert.equal(draft.apiVersion, undefined);
});
