// Transformations that Grafana keeps outside of @grafana/data, as far as dashboards use them.
import { type DataFrame, type DataTransformerInfo, type Field, FieldType, getFieldDisplayName, reduceField } from '@grafana/data';
import { map } from 'rxjs/operators';
import { configFromData, heatmap, joinByLabels, prepareTimeSeries, regression } from './joins';

type Options = Record<string, unknown>;

const info = (id: string, change: (frames: DataFrame[], options: Options) => DataFrame[]): DataTransformerInfo =>
  ({ id, name: id, operator: (options: Options) => (source: { pipe: (o: unknown) => unknown }) => source.pipe(map((frames: DataFrame[]) => change(frames, options))) }) as unknown as DataTransformerInfo;

const field = (name: string, type: FieldType, values: unknown[], more: Partial<Field> = {}): Field => ({ name, type, values, config: {}, ...more });

function parse(text: string, format: unknown): Record<string, unknown> {
  if (format !== 'kvp') {
    try {
      const found: unknown = JSON.parse(text);
      if (typeof found === 'object' && found !== null) return found as Record<string, unknown>;
    } catch {
      if (format === 'json') return {};
    }
  }
  return Object.fromEntries([...text.matchAll(/([\w.-]+)\s*[=:]\s*(?:"([^"]*)"|([^\s,;]+))/g)].map((m) => [m[1]!, m[2] ?? m[3]!]));
}

// The parts of one column's texts become columns of their own.
function extract(frames: DataFrame[], options: Options): DataFrame[] {
  return frames.map((frame) => {
    const source = frame.fields.find((f) => f.name === options.source || getFieldDisplayName(f, frame, frames) === options.source);
    if (!source) return frame;
    const rows = source.values.map((v) => (typeof v === 'object' && v !== null ? (v as Record<string, unknown>) : parse(String(v ?? ''), options.format)));
    const paths = (Array.isArray(options.jsonPaths) ? options.jsonPaths : []) as { path: string; alias?: string }[];
    const names = paths.length ? paths.map((p) => p.alias || p.path) : [...new Set(rows.flatMap((r) => Object.keys(r)))];
    const read = (row: Record<string, unknown>, i: number) => (paths.length ? paths[i]!.path.split('.').reduce<unknown>((at, k) => (at as Record<string, unknown> | undefined)?.[k], row) : row[names[i]!]);
    const made = names.map((name, i) => {
      const values = rows.map((r) => read(r, i) ?? null);
      const numbers = values.every((v) => v === null || typeof v === 'number');
      return field(name, numbers && values.some((v) => v !== null) ? FieldType.number : FieldType.string, values);
    });
    const kept = options.replace ? frame.fields.filter((f) => options.keepTime && f.type === FieldType.time) : frame.fields;
    return { ...frame, fields: [...kept, ...made] };
  });
}

// One row per series: its labels, and the series itself as a small curve.
function toTable(frames: DataFrame[], options: Options): DataFrame[] {
  const byRef = new Map<string, DataFrame[]>();
  for (const f of frames) byRef.set(f.refId ?? 'A', [...(byRef.get(f.refId ?? 'A') ?? []), f]);
  return [...byRef].map(([refId, group]) => {
    const series = group.flatMap((frame) => frame.fields.filter((f) => f.type === FieldType.number).map((f) => ({ frame, f })));
    const labels = [...new Set(series.flatMap(({ f }) => Object.keys(f.labels ?? {})))];
    const stat = ((options[refId] as Options | undefined)?.stat as string | undefined) ?? 'lastNotNull';
    const fields = labels.map((l) => field(l, FieldType.string, series.map(({ f }) => f.labels?.[l] ?? '')));
    const trend = series.map(({ frame, f }) => ({ ...frame, fields: [...frame.fields.filter((x) => x.type === FieldType.time), f], value: reduceField({ field: { ...f, state: {} }, reducers: [stat] })[stat] as number }));
    fields.push(field(`Trend #${refId}`, FieldType.frame, trend));
    return { refId, fields, length: series.length };
  });
}

function rowsToFields(frames: DataFrame[]): DataFrame[] {
  return frames.map((frame) => {
    const names = frame.fields.find((f) => f.type === FieldType.string);
    const values = frame.fields.find((f) => f.type === FieldType.number);
    if (!names || !values) return frame;
    return { ...frame, length: 1, fields: names.values.map((n, i) => field(String(n), FieldType.number, [values.values[i]])) };
  });
}

function partition(frames: DataFrame[], options: Options): DataFrame[] {
  const by = (options.fields as string[] | undefined) ?? [];
  return frames.flatMap((frame) => {
    const keys = frame.fields.filter((f) => by.includes(f.name));
    if (!keys.length) return [frame];
    const groups = new Map<string, number[]>();
    for (let i = 0; i < frame.length; i++) {
      const key = keys.map((k) => String(k.values[i])).join(' ');
      groups.set(key, [...(groups.get(key) ?? []), i]);
    }
    return [...groups].map(([name, rows]) => ({
      ...frame, name, length: rows.length,
      fields: frame.fields.filter((f) => !keys.includes(f)).map((f) => ({ ...f, values: rows.map((i) => f.values[i]), labels: { ...f.labels, ...Object.fromEntries(keys.map((k) => [k.name, String(k.values[rows[0]!])])) } })),
    }));
  });
}

export const extraTransformers: DataTransformerInfo[] = [
  info('extractFields', extract),
  info('timeSeriesTable', toTable),
  info('rowsToFields', rowsToFields),
  info('partitionByValues', partition),
  info('prepareTimeSeries', prepareTimeSeries),
  info('joinByLabels', joinByLabels),
  info('configFromData', configFromData),
  info('regression', regression),
  info('heatmap', heatmap),
];
