// Changes to a dashboard while it is edited. They are made on the JSON itself, so that whatever is
// not touched is saved as it was given.
import { upgradedPanel } from './migrate';
import { hasRows, rowsToGrid } from './migrate/rows';
import { unwrap } from './migrate';
import { classicOf, isNewModel } from './v2';
import { type GridPos, type Json, list, object, text } from './model';

const kSchema = 39; // what the panels this page writes look like

const clone = <T>(v: T): T => JSON.parse(JSON.stringify(v)) as T;

// Every panel gets an id, rows of the old layout become today's.
export function beginDraft(json: Json): Json {
  const classic = isNewModel(json) ? (classicOf(json) as Json) : json; // the new model is edited, and saved, as the classic one
  const d = clone(unwrap(classic) ?? classic);
  if (hasRows(d)) {
    d.panels = rowsToGrid(d);
    delete d.rows;
    d.schemaVersion = Math.max(16, Number(d.schemaVersion) || 0);
  }
  const all = everyPanel(d);
  let top = Math.max(0, ...all.map((p) => Number(p.id) || 0));
  const seen = new Set<unknown>();
  for (const p of all) {
    if (!Number.isInteger(p.id) || seen.has(p.id)) p.id = ++top;
    seen.add(p.id);
  }
  return d;
}

// All panels, those in folded rows included; rows left out.
export const everyPanel = (d: Json): Json[] => list(d.panels).flatMap((p) => (p.type === 'row' ? list(p.panels) : [p]));
export const findPanel = (d: Json, id: number): Json | undefined => everyPanel(d).find((p) => p.id === id);

function change(d: Json, id: number, f: (p: Json) => Json | null): Json {
  const walk = (panels: Json[]): Json[] =>
    panels.flatMap((p) => {
      if (p.type === 'row') return [{ ...p, panels: walk(list(p.panels)) }];
      if (p.id !== id) return [p];
      const next = f(p);
      return next ? [next] : [];
    });
  return { ...d, panels: walk(list(d.panels)) };
}

export const place = (d: Json, id: number, pos: GridPos): Json => change(d, id, (p) => ({ ...p, gridPos: { ...object(p.gridPos), ...pos } }));
export const remove = (d: Json, id: number): Json => change(d, id, () => null);

// The panel in today's shape with `patch` put over it.
export const update = (d: Json, id: number, patch: Json): Json => ({
  ...change(d, id, (p) => ({ ...upgradedPanel(p), ...patch })), schemaVersion: Math.max(kSchema, Number(d.schemaVersion) || 0),
});

const bottom = (d: Json): number => Math.max(0, ...list(d.panels).map((p) => Number(object(p.gridPos).y ?? 0) + Number(object(p.gridPos).h ?? 0)));
const nextId = (d: Json): number => Math.max(0, ...everyPanel(d).map((p) => Number(p.id) || 0)) + 1;

export function add(d: Json): { draft: Json; id: number } {
  const id = nextId(d);
  const panel: Json = {
    id, type: 'timeseries', title: 'New panel', gridPos: { x: 0, y: 0, w: 12, h: 8 }, datasource: { type: 'prometheus', uid: 'prometheus' },
    targets: [{ refId: 'A', expr: '', legendFormat: '__auto' }], fieldConfig: { defaults: { unit: 'short', custom: { fillOpacity: 8 } }, overrides: [] },
    options: { legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] }, tooltip: { mode: 'multi', sort: 'desc' } },
  };
  const lowered = list(d.panels).map((p) => ({ ...p, gridPos: { ...object(p.gridPos), y: Number(object(p.gridPos).y ?? 0) + 8 } }));
  return { draft: { ...d, panels: [panel, ...lowered] }, id };
}

export function duplicate(d: Json, id: number): Json {
  const source = findPanel(d, id);
  if (!source) return d;
  const copy = { ...clone(source), id: nextId(d), title: `${text(source.title)} copy`, gridPos: { ...object(source.gridPos), y: bottom(d) } };
  return { ...d, panels: [...list(d.panels), copy] };
}

export const emptyDashboard = (): Json => ({
  title: 'New dashboard', schemaVersion: kSchema, panels: [], tags: [], time: { from: 'now-1h', to: 'now' }, refresh: '', templating: { list: [] }, annotations: { list: [] },
});
