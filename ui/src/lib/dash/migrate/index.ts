// Any dashboard from version 12 on, in one of its wrappings, becomes the model the pages draw.
// The JSON given stays untouched: it is what export gives back.
import {
  type Annotation, type Dashboard, type Datasource, type DashLink, isObject, type Json, list, number, object, type Panel, type Target, text, type Variable,
} from '../model';
import { classicOf, isNewModel } from '../v2';
import { fromFieldOptions, upgradeFieldConfig } from './fieldconfig';
import { graphToTimeseries } from './graph';
import { heatmapOld, pieOld, tableNew, textOld } from './others';
import { hasRows, rowsToGrid } from './rows';
import { singlestatToStat } from './singlestat';
import { tableOldToTable } from './table';

// {dashboard: …}, {json: …} or the dashboard itself; undefined when it is none.
export function unwrap(json: unknown): Json | undefined {
  const j = object(json);
  if (isObject(j.dashboard)) return unwrap(j.dashboard);
  if (isObject(j.json) && !j.panels) return unwrap(j.json);
  return Array.isArray(j.panels) || Array.isArray(j.rows) || (typeof j.title === 'string' && j.schemaVersion !== undefined) ? j : undefined;
}

function upgradeKind(p: Json): Json {
  switch (p.type) {
    case 'graph':
      return graphToTimeseries(p);
    case 'singlestat':
    case 'grafana-singlestat-panel':
      return singlestatToStat(p);
    case 'table-old':
      return tableOldToTable(p);
    case 'table':
      return Array.isArray(p.styles) && !isObject(p.fieldConfig) ? tableOldToTable(p) : tableNew(p);
    case 'grafana-piechart-panel':
      return pieOld(p);
    case 'text':
      return textOld(p);
    case 'heatmap':
      return heatmapOld(p);
    default:
      return fromFieldOptions(p);
  }
}

function targets(panel: Json): Target[] {
  return list(panel.targets).map((t, i) => {
    const out = { ...t, refId: text(t.refId) || String.fromCharCode(65 + (i % 26)) } as Target;
    if (out.format === undefined && panel.type === 'heatmap' && t.format === 'heatmap') out.format = 'heatmap';
    return out;
  });
}

function panelOf(raw: Json): Panel {
  const p = upgradeKind(raw);
  const type = text(p.type, 'unknown');
  const grid = object(p.gridPos);
  const panel: Panel = {
    id: Number.isInteger(raw.id) ? Number(raw.id) : 0,
    type,
    title: text(p.title),
    description: text(p.description) || undefined,
    gridPos: { x: number(grid.x) ?? 0, y: number(grid.y) ?? 0, w: number(grid.w) ?? 12, h: number(grid.h) ?? 8 },
    transparent: p.transparent === true,
    datasource: p.datasource as Datasource | string | null | undefined,
    targets: targets(p),
    interval: text(p.interval) || undefined,
    maxDataPoints: number(p.maxDataPoints),
    timeFrom: text(p.timeFrom) || undefined,
    timeShift: text(p.timeShift) || undefined,
    hideTimeOverride: p.hideTimeOverride === true,
    links: list(p.links).map((l) => ({ ...l, url: text(l.url) || (text(l.dashUri) ? 'd/' + text(l.dashUri) : undefined) })) as Panel['links'],
    repeat: text(p.repeat) || undefined,
    repeatDirection: p.repeatDirection === 'v' ? 'v' : 'h',
    maxPerRow: number(p.maxPerRow),
    fieldConfig: upgradeFieldConfig(p, type),
    options: object(p.options),
    transformations: list(p.transformations).map((t) => ({ ...t, id: text(t.id), options: object(t.options) })) as Panel['transformations'],
  };
  if (type === 'row') {
    panel.collapsed = p.collapsed === true;
    panel.panels = list(p.panels).map(panelOf);
  }
  return panel;
}

// Ids missing or taken already get the highest of all plus one, two …, in document order.
export function giveIds(panels: Panel[]): void {
  const plain = panels.flatMap((p) => (p.type === 'row' ? (p.panels ?? []) : [p]));
  let top = Math.max(0, ...plain.map((p) => p.id));
  const seen = new Set<number>();
  for (const p of plain) {
    if (p.id <= 0 || seen.has(p.id)) p.id = ++top;
    seen.add(p.id);
  }
}

const strings = (v: unknown): string[] => (Array.isArray(v) ? v.map((x) => text(x)) : v === undefined || v === null || isObject(v) ? [] : [text(v, String(v))]);

function variableOf(v: Json): Variable {
  const q = v.query;
  const query = isObject(q) ? text(q.query) || text(q.expr) || (text(q.label) ? `label_values(${text(q.label)})` : '') : text(q);
  const current = strings(object(v.current).value).filter((x) => x !== '');
  return {
    name: text(v.name),
    label: text(v.label) || undefined,
    type: text(v.type, 'query'),
    hide: number(v.hide) ?? (v.hideVariable ? 2 : v.hideLabel ? 1 : 0),
    multi: v.multi === true,
    includeAll: v.includeAll === true,
    allValue: text(v.allValue) || undefined,
    query: query || text(v.definition),
    regex: text(v.regex),
    sort: number(v.sort) ?? 0,
    refresh: number(v.refresh) ?? 0,
    current: current.map((c) => (c === 'All' && v.includeAll ? '$__all' : c)),
    options: list(v.options).map((o) => ({ text: strings(o.text)[0] ?? '', value: strings(o.value)[0] ?? '' })),
    datasource: v.datasource as Datasource | string | null | undefined,
    ...(v.auto === true ? { auto: { count: number(v.auto_count) ?? 30, min: text(v.auto_min, '10s') } } : {}),
    ...(v.type === 'adhoc' ? { filters: list(v.filters).map((f) => ({ key: text(f.key), operator: text(f.operator, '='), value: text(f.value) })) } : {}),
  };
}

function annotationOf(a: Json): Annotation {
  const filter = object(a.filter);
  return {
    name: text(a.name), enable: a.enable !== false, hide: a.hide === true, color: text(a.iconColor, 'blue'), datasource: a.datasource as Datasource | undefined,
    expr: text(a.expr) || text(object(a.target).expr) || undefined, step: text(a.step) || undefined, titleFormat: text(a.titleFormat) || undefined, textFormat: text(a.textFormat) || undefined,
    tagKeys: text(a.tagKeys) || undefined, useValueForTime: a.useValueForTime === true || a.useValueForTime === 'on', builtIn: a.builtIn === 1 || a.builtIn === true,
    ...(Array.isArray(filter.ids) ? { panels: { exclude: filter.exclude === true, ids: filter.ids.map(Number) } } : {}),
  };
}

const linkOf = (l: Json): DashLink => ({
  type: l.type === 'dashboards' ? 'dashboards' : 'link', title: text(l.title), tooltip: text(l.tooltip) || undefined, url: text(l.url) || undefined, tags: strings(l.tags),
  asDropdown: l.asDropdown === true, includeVars: l.includeVars === true, keepTime: l.keepTime === true, targetBlank: l.targetBlank === true,
});

// A panel kept in Grafana's library is in `__elements` of an export made for sharing; place and name stay its own.
function withLibrary(panel: Json, elements: Json): Json {
  const model = object(object(elements[text(object(panel.libraryPanel).uid)]).model);
  const inside = Array.isArray(panel.panels) ? { panels: list(panel.panels).map((p) => withLibrary(p, elements)) } : {};
  const filled = Object.keys(model).length ? { ...model, ...panel, type: text(panel.type) && panel.type !== 'library-panel-ref' ? panel.type : model.type, title: text(panel.title) || model.title } : isObject(panel.libraryPanel) && !list(panel.targets).length ? { ...panel, type: 'library-panel', title: text(panel.title) || text(object(panel.libraryPanel).name) } : panel;
  return { ...filled, ...inside };
}

export function migrate(json: unknown, uid: string): Dashboard {
  const d = unwrap(isNewModel(json) ? classicOf(json) : json);
  if (!d) throw new Error('This JSON is no dashboard: it has neither panels nor rows.');
  const elements = object(d.__elements);
  const panels = (hasRows(d) ? rowsToGrid(d) : list(d.panels)).map((p) => panelOf(withLibrary(p, elements)));
  giveIds(panels);
  const time = object(d.time);
  const picker = object(d.timepicker);
  return {
    uid, title: text(d.title, uid), description: text(d.description) || undefined, tags: strings(d.tags), panels,
    variables: list(object(d.templating).list).map(variableOf).filter((v) => v.name),
    annotations: list(object(d.annotations).list).map(annotationOf),
    links: list(d.links).map(linkOf),
    time: { from: text(time.from, 'now-6h'), to: text(time.to, 'now') },
    refresh: typeof d.refresh === 'string' && d.refresh !== 'auto' ? d.refresh : '',
    refreshChoices: Array.isArray(picker.refresh_intervals) ? strings(picker.refresh_intervals) : undefined,
    timezone: text(d.timezone, 'browser') || 'browser',
    graphTooltip: number(d.graphTooltip) ?? (d.sharedCrosshair ? 1 : 0),
    inputs: new Map(list(d.__inputs).map((i) => [text(i.name), { type: text(i.type), pluginId: text(i.pluginId) || undefined, value: text(i.value) }])),
  };
}

// One panel's JSON in today's kind, for the editor.
export const upgradedPanel = (raw: Json): Json => upgradeKind(raw);
