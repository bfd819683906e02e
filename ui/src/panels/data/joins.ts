// More transformations that Grafana keeps outside of @grafana/data: those that bring frames together.
import { type DataFrame, type Field, FieldType, outerJoinDataFrames, reduceField } from '@grafana/data';

type Options = Record<string, unknown>;

const strings = (v: unknown): string[] => (Array.isArray(v) ? v.map(String) : []);

// One table: a row for each combination of labels, a column for each value of the label `value`.
export function joinByLabels(frames: DataFrame[], options: Options): DataFrame[] {
  const across = String(options.value ?? '');
  const by = strings(options.join);
  const found = frames.flatMap((f) => f.fields.filter((x) => x.labels?.[across] !== undefined && x.type !== FieldType.time));
  if (!found.length) return frames;
  const names = [...new Set(found.map((f) => f.labels![across]!))];
  const keys = by.length ? by : [...new Set(found.flatMap((f) => Object.keys(f.labels!)))].filter((k) => k !== across);
  const rows = new Map<string, { labels: string[]; cells: Map<string, unknown> }>();
  for (const f of found) {
    const labels = keys.map((k) => f.labels![k] ?? '');
    const row = rows.get(labels.join('\u0000')) ?? { labels, cells: new Map<string, unknown>() };
    rows.set(labels.join('\u0000'), row);
    row.cells.set(f.labels![across]!, f.values.at(-1));
  }
  const all = [...rows.values()];
  const field = (name: string, type: FieldType, values: unknown[]): Field => ({ name, type, values, config: {} });
  return [{
    length: all.length,
    fields: [
      ...keys.map((k, i) => field(k, FieldType.string, all.map((r) => r.labels[i]))),
      ...names.map((n) => field(n, found.find((f) => f.labels![across] === n)!.type, all.map((r) => r.cells.get(n) ?? null))),
    ],
  }];
}

const NUMBERS = new Set(['min', 'max', 'decimals']);

function withConfig(config: Field['config'], key: string, value: unknown): Field['config'] {
  if (value === null || value === undefined) return config;
  const step = /^threshold(\d+)$/.exec(key);
  if (step) {
    const old = config.thresholds?.steps ?? [{ value: -Infinity, color: 'green' }];
    return { ...config, thresholds: { mode: 'absolute', steps: [...old, { value: Number(value), color: 'red' }] } as Field['config']['thresholds'] };
  }
  if (key === 'color') return { ...config, color: { mode: 'fixed', fixedColor: String(value) } };
  return { ...config, [key]: NUMBERS.has(key) ? Number(value) : String(value) };
}

const SETTINGS = new Set(['min', 'max', 'unit', 'decimals', 'displayName', 'color', 'threshold1', 'noValue']);

// The answer of one query becomes settings of the others' fields.
export function configFromData(frames: DataFrame[], options: Options): DataFrame[] {
  const source = frames.find((f) => f.refId === (options.configRefId ?? 'config'));
  if (!source) return frames;
  const mappings = (Array.isArray(options.mappings) ? options.mappings : []) as { fieldName: string; handlerKey?: string | null; reducerId?: string }[];
  const found: [string, unknown][] = [];
  for (const f of source.fields) {
    const mapping = mappings.find((m) => m.fieldName === f.name);
    const key = mapping ? mapping.handlerKey : SETTINGS.has(f.name) ? f.name : undefined;
    const reducer = mapping?.reducerId ?? 'lastNotNull';
    if (key && key !== '__ignore') found.push([key, f.type === FieldType.number ? reduceField({ field: { ...f, state: {} }, reducers: [reducer] })[reducer] : f.values.at(-1)]);
  }
  return frames.filter((f) => f !== source).map((frame) => ({
    ...frame, fields: frame.fields.map((f) => (f.type === FieldType.number ? { ...f, config: found.reduce((c, [k, v]) => withConfig(c, k, v), f.config) } : f)),
  }));
}

// Coefficients of the polynomial that is nearest to the points, by Gaussian elimination.
function fit(x: number[], y: number[], degree: number): number[] {
  const n = degree + 1;
  const rows = Array.from({ length: n }, (_, i) => [...Array.from({ length: n }, (_, j) => x.reduce((s, v) => s + v ** (i + j), 0)), x.reduce((s, v, k) => s + v ** i * y[k]!, 0)]);
  for (let i = 0; i < n; i++) {
    const best = rows.slice(i).reduce((b, r, k) => (Math.abs(r[i]!) > Math.abs(rows[b]![i]!) ? i + k : b), i);
    [rows[i], rows[best]] = [rows[best]!, rows[i]!];
    const pivot = rows[i]![i]!;
    if (!pivot) return [y.reduce((a, b) => a + b, 0) / (y.length || 1)];
    for (let r = 0; r < n; r++) {
      if (r === i) continue;
      const share = rows[r]![i]! / pivot;
      for (let c = i; c <= n; c++) rows[r]![c]! -= share * rows[i]![c]!;
    }
  }
  return rows.map((r, i) => r[n]! / r[i]!);
}

const kPredicted = 100;

// A frame more: the line, or the curve, the values follow.
export function regression(frames: DataFrame[], options: Options): DataFrame[] {
  const pick = (name: unknown, type: FieldType) => frames.flatMap((frame) => frame.fields.map((f) => ({ frame, f }))).find(({ f }) => (name ? f.name === name || f.config.displayName === name : f.type === type));
  const y = pick(options.yFieldName, FieldType.number);
  const x = options.xFieldName ? pick(options.xFieldName, FieldType.time) : y && { frame: y.frame, f: y.frame.fields.find((f) => f.type === FieldType.time)! };
  if (!x?.f || !y) return frames;
  const points = y.f.values.map((v, i) => [Number(x.f.values[i]), Number(v)] as const).filter(([a, b]) => Number.isFinite(a) && Number.isFinite(b));
  if (points.length < 2) return frames;
  const [from, to] = [Math.min(...points.map((p) => p[0])), Math.max(...points.map((p) => p[0]))];
  const scale = to - from || 1;
  const degree = options.modelType === 'polynomial' ? Math.min(5, Number(options.degree ?? 2)) : 1;
  const c = fit(points.map(([a]) => (a - from) / scale), points.map(([, b]) => b), degree);
  const count = Math.max(2, Number(options.predictionCount ?? kPredicted));
  const at = Array.from({ length: count }, (_, i) => from + (scale * i) / (count - 1));
  const values = at.map((t) => c.reduce((s, k, i) => s + k * ((t - from) / scale) ** i, 0));
  return [...frames, { name: 'regression', length: count, fields: [{ name: x.f.name, type: x.f.type, config: {}, values: at }, { name: `${degree === 1 ? 'Linear' : 'Polynomial'} regression`, type: FieldType.number, config: {}, values }] }];
}

// Series as one wide table, or as rows with their labels; the default, a frame each, is what comes in.
export function prepareTimeSeries(frames: DataFrame[], options: Options): DataFrame[] {
  if (options.format === 'wide') {
    const joined = outerJoinDataFrames({ frames });
    return joined ? [joined] : frames;
  }
  if (options.format !== 'long') return frames;
  const parts = frames.flatMap((frame) => {
    const time = frame.fields.find((f) => f.type === FieldType.time);
    return time ? frame.fields.filter((f) => f.type === FieldType.number).map((f) => ({ time, f })) : [];
  });
  const labels = [...new Set(parts.flatMap(({ f }) => Object.keys(f.labels ?? {})))];
  const rows = parts.flatMap(({ time, f }) => f.values.map((v, i) => ({ at: time.values[i] as number, v: v as unknown, labels: f.labels ?? {} }))).sort((a, b) => a.at - b.at);
  const field = (name: string, type: FieldType, values: unknown[]): Field => ({ name, type, values, config: {} });
  return [{
    length: rows.length,
    fields: [field('Time', FieldType.time, rows.map((r) => r.at)), ...labels.map((l) => field(l, FieldType.string, rows.map((r) => r.labels[l] ?? ''))), field('Value', FieldType.number, rows.map((r) => r.v))],
  }];
}

// For a heatmap panel, which then counts plain series into cells.
export const heatmap = (frames: DataFrame[], options: Options): DataFrame[] => frames.map((f) => ({ ...f, meta: { ...f.meta, custom: { ...f.meta?.custom, calculation: options } } }));
