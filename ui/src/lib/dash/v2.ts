// Dashboards in Grafana's new model (apiVersion dashboard.grafana.app/v2…) as the classic one: elements and a
// layout become panels on the grid, kinds with a spec become plain objects.
type Json = Record<string, unknown>;

const isObject = (v: unknown): v is Json => typeof v === 'object' && v !== null && !Array.isArray(v);
const object = (v: unknown): Json => (isObject(v) ? v : {});
const list = (v: unknown): Json[] => (Array.isArray(v) ? v.filter(isObject) : []);
const spec = (v: unknown): Json => object(object(v).spec);
const number = (v: unknown, other: number): number => (typeof v === 'number' && Number.isFinite(v) ? v : other);

export const isNewModel = (json: unknown): boolean => /^dashboard\.grafana\.app\/v2/.test(String(object(json).apiVersion ?? ''));

// The kind is the plugin's name in early versions; later it stands under `group`.
const pluginOf = (v: Json): string => String(v.group ?? (v.kind === 'VizConfig' || v.kind === 'DataQuery' ? '' : v.kind) ?? '');

function sourceOf(holder: Json, query: Json): unknown {
  if (isObject(holder.datasource)) return holder.datasource;
  const type = pluginOf(query);
  const uid = object(query.datasource).name;
  return type || uid ? { ...(type ? { type } : {}), ...(uid ? { uid } : {}) } : undefined;
}

function panelOf(element: Json): Json {
  const s = spec(element);
  if (element.kind === 'LibraryPanel') return { id: s.id, title: s.title, libraryPanel: s.libraryPanel };
  const viz = object(s.vizConfig);
  const data = spec(s.data);
  const targets = list(data.queries).map((q) => {
    const query = object(spec(q).query);
    return { ...spec(query), refId: spec(q).refId, hide: spec(q).hidden === true, datasource: sourceOf(spec(q), query) };
  });
  return {
    id: s.id, title: s.title, description: s.description, links: s.links, transparent: s.transparent, type: pluginOf(viz), options: spec(viz).options, fieldConfig: spec(viz).fieldConfig, targets,
    transformations: list(data.transformations).map((t) => ({ id: t.group ?? t.kind, ...spec(t) })), ...object(data.queryOptions), datasource: targets[0]?.datasource,
  };
}

const repeatOf = (v: unknown): Json => {
  const r = object(v);
  return r.value ? { repeat: r.value, repeatDirection: r.direction, maxPerRow: r.maxPerRow } : {};
};

const kAutoHeight = 9;
const kColumns = 24;

// Panels of a layout from `top` down, and where they end.
function place(layout: Json, elements: Json, top: number): { panels: Json[]; bottom: number } {
  const s = spec(layout);
  const named = (item: Json): Json => panelOf(object(elements[String(object(spec(item).element).name)]));
  const panels: Json[] = [];
  let bottom = top;
  const put = (panel: Json, x: number, y: number, w: number, h: number) => {
    panels.push({ ...panel, gridPos: { x, y, w, h } });
    bottom = Math.max(bottom, y + h);
  };
  const row = (title: unknown, folded: boolean, repeat: unknown, inside: (at: number) => { panels: Json[]; bottom: number }) => {
    const found = inside(bottom + 1);
    panels.push({ type: 'row', title, collapsed: folded, ...repeatOf(repeat), gridPos: { x: 0, y: bottom, w: kColumns, h: 1 }, panels: folded ? found.panels : [] }, ...(folded ? [] : found.panels));
    bottom = folded ? bottom + 1 : Math.max(bottom + 1, found.bottom);
  };
  const grid = (items: Json[], from: number): { panels: Json[]; bottom: number } => place({ kind: 'GridLayout', spec: { items } }, elements, from);
  if (layout.kind === 'RowsLayout') {
    for (const r of list(s.rows)) {
      if (spec(r).hideHeader === true) {
        const found = place(object(spec(r).layout), elements, bottom);
        panels.push(...found.panels);
        bottom = found.bottom;
      } else row(spec(r).title, spec(r).collapse === true, spec(r).repeat, (at) => place(object(spec(r).layout), elements, at));
    }
  } else if (layout.kind === 'TabsLayout') {
    // A tab is a row here; the first is open.
    for (const [i, t] of list(s.tabs).entries()) row(spec(t).title, i > 0, spec(t).repeat, (at) => place(object(spec(t).layout), elements, at));
  } else if (layout.kind === 'GridLayout') {
    for (const item of list(s.items)) {
      const i = spec(item);
      if (item.kind === 'GridLayoutRow') row(i.title, i.collapsed === true, i.repeat, (at) => grid(list(i.elements), at));
      else put({ ...named(item), ...repeatOf(i.repeat) }, number(i.x, 0), top + number(i.y, 0), number(i.width, 12), number(i.height, 8));
    }
  } else {
    const columns = Math.max(1, Math.min(6, number(s.maxColumnCount, 3)));
    const w = Math.floor(kColumns / columns);
    for (const [n, item] of list(s.items).entries()) put({ ...named(item), ...repeatOf(spec(item).repeat) }, (n % columns) * w, top + Math.floor(n / columns) * kAutoHeight, w, kAutoHeight);
  }
  return { panels, bottom };
}

const HIDE: Record<string, number> = { dontHide: 0, hideLabel: 1, hideVariable: 2 };
const REFRESH: Record<string, number> = { never: 0, onDashboardLoad: 1, onTimeRangeChanged: 2 };
const SORT = ['disabled', 'alphabeticalAsc', 'alphabeticalDesc', 'numericalAsc', 'numericalDesc', 'alphabeticalCaseInsensitiveAsc', 'alphabeticalCaseInsensitiveDesc', 'naturalAsc', 'naturalDesc'];
const TYPES: Record<string, string> = { TextVariable: 'textbox', AdhocVariable: 'adhoc', GroupByVariable: 'groupby' };

function variableOf(v: Json): Json {
  const s = spec(v);
  const type = TYPES[String(v.kind)] ?? String(v.kind).replace(/Variable$/, '').toLowerCase();
  const query = object(s.query);
  const asked = spec(query);
  return {
    ...s, type, hide: HIDE[String(s.hide)] ?? 0, refresh: REFRESH[String(s.refresh)] ?? s.refresh, sort: Math.max(0, SORT.indexOf(String(s.sort))),
    query: type === 'datasource' ? s.pluginId : isObject(s.query) ? (asked.__legacyStringValue ?? (Object.keys(asked).length ? asked : s.definition)) : s.query,
    ...(isObject(s.query) ? { datasource: sourceOf(s, query) } : {}), ...(type === 'adhoc' ? { filters: [...list(s.baseFilters), ...list(s.filters)] } : {}),
  };
}

function annotationOf(a: Json): Json {
  const s = spec(a);
  const query = object(s.query);
  return { ...object(s.legacyOptions), ...spec(query), name: s.name, enable: s.enable, hide: s.hide, iconColor: s.iconColor, builtIn: s.builtIn === true ? 1 : 0, filter: s.filter, datasource: sourceOf(s, query) };
}

const TOOLTIP: Record<string, number> = { Off: 0, Crosshair: 1, Tooltip: 2 };

export function classicOf(json: unknown): Json {
  const s = spec(json);
  const time = object(s.timeSettings);
  return {
    uid: object(object(json).metadata).name, title: s.title, description: s.description, tags: s.tags, links: s.links, editable: s.editable, schemaVersion: 41, graphTooltip: TOOLTIP[String(s.cursorSync)] ?? 0,
    time: { from: time.from ?? 'now-6h', to: time.to ?? 'now' }, timezone: time.timezone ?? 'browser', refresh: time.autoRefresh ?? '', timepicker: { refresh_intervals: time.autoRefreshIntervals },
    templating: { list: list(s.variables).map(variableOf) }, annotations: { list: list(s.annotations).map(annotationOf) }, panels: place(object(s.layout), object(s.elements), 0).panels,
  };
}
