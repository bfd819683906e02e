// Field settings: old mappings, thresholds and units become today's.
import { type FieldConfig, type FieldDefaults, isObject, type Json, list, number, object, text, type Threshold } from '../model';

const clone = <T>(v: T): T => (v === undefined ? v : (JSON.parse(JSON.stringify(v)) as T));

// [{id, type: 1|2, value, from, to, text}] of versions before 8, and singlestat's two lists.
export function upgradeMappings(old: unknown): Json[] {
  const all = list(old);
  if (all.every((m) => isObject(m.options) || (typeof m.type === 'string' && !/^\d$/.test(m.type)))) return clone(all);
  const out: Json[] = [];
  const values: Json = {};
  for (const m of all) {
    if (isObject(m.options)) {
      out.push(clone(m));
      continue;
    }
    const result: Json = { text: text(m.text) };
    if (m.color) result.color = m.color;
    const kind = Number(m.type ?? (m.value !== undefined ? 1 : 2));
    if (kind === 2) {
      if (m.from === 'null' && m.to === 'null') out.push({ type: 'special', options: { match: 'null', result } });
      else out.push({ type: 'range', options: { from: number(m.from) ?? null, to: number(m.to) ?? null, result } });
    } else if (m.value === null || m.value === 'null') out.push({ type: 'special', options: { match: 'null', result } });
    else if (m.value !== undefined && m.value !== '') values[text(m.value)] = result;
  }
  if (Object.keys(values).length) out.unshift({ type: 'value', options: values });
  return out;
}

export function upgradeThresholds(old: unknown): FieldDefaults['thresholds'] | undefined {
  if (Array.isArray(old)) return old.length ? { mode: 'absolute', steps: steps(old) } : undefined;
  const t = object(old);
  if (!Array.isArray(t.steps)) return undefined;
  return { mode: t.mode === 'percentage' ? 'percentage' : 'absolute', steps: steps(t.steps) };
}

// The first step begins at minus infinity; JSON can only say null.
function steps(old: unknown[]): Threshold[] {
  const out = list(old).map((s, i) => ({ value: i === 0 && number(s.value) === undefined ? -Infinity : (number(s.value) ?? -Infinity), color: text(s.color, 'green') }));
  return out.sort((a, b) => a.value - b.value);
}

const BASE: FieldDefaults['thresholds'] = { mode: 'absolute', steps: [{ value: -Infinity, color: 'green' }, { value: 80, color: 'red' }] };
const COLOR_OF: Record<string, string> = {
  timeseries: 'palette-classic', barchart: 'palette-classic', piechart: 'palette-classic', histogram: 'palette-classic', trend: 'palette-classic', xychart: 'palette-classic',
};

export function upgradeDefaults(old: unknown, type: string): FieldDefaults {
  const d = clone(object(old)) as FieldDefaults;
  for (const key of ['min', 'max', 'decimals'] as const) {
    const n = number(d[key]);
    if (n === undefined) delete d[key];
    else d[key] = n;
  }
  if (d.mappings) d.mappings = upgradeMappings(d.mappings);
  d.thresholds = upgradeThresholds(d.thresholds) ?? clone(BASE)!;
  if (!d.color?.mode) d.color = { mode: COLOR_OF[type] ?? 'thresholds' };
  if (typeof d.unit === 'string' && !d.unit) delete d.unit;
  d.custom = object(d.custom);
  return d;
}

export function upgradeFieldConfig(panel: Json, type: string): FieldConfig {
  const config = object(panel.fieldConfig);
  const overrides = list(config.overrides).map((o) => ({
    matcher: { id: text(object(o.matcher).id, 'byName'), options: object(o.matcher).options },
    properties: list(o.properties).map((p) => ({
      id: text(p.id),
      value: p.id === 'mappings' ? upgradeMappings(p.value) : p.id === 'thresholds' ? upgradeThresholds(p.value) : clone(p.value),
    })),
  }));
  return { defaults: upgradeDefaults(config.defaults, type), overrides };
}

// options.fieldOptions of versions 6.0 to 6.7: gauge, bargauge and stat kept their settings there.
export function fromFieldOptions(panel: Json): Json {
  const options = object(panel.options);
  const old = object(options.fieldOptions);
  if (!Object.keys(old).length) return panel;
  const defaults = { ...object(old.defaults) };
  for (const key of ['mappings', 'thresholds', 'unit', 'decimals', 'min', 'max'] as const) if (old[key] !== undefined && defaults[key] === undefined) defaults[key] = old[key];
  const { fieldOptions: _, ...rest } = options;
  const overrides = list(old.overrides).filter((o) => isObject(o.matcher));
  return {
    ...panel,
    fieldConfig: { defaults: { ...defaults, ...object(object(panel.fieldConfig).defaults) }, overrides: [...overrides, ...list(object(panel.fieldConfig).overrides)] },
    options: { ...rest, reduceOptions: { values: old.values === true, calcs: Array.isArray(old.calcs) ? old.calcs : ['lastNotNull'], fields: '' } },
  };
}
