// A heatmap's cells: columns of time, rows of buckets, counts in them.
import type { DataFrame, Field } from '@grafana/data';
import type { HistogramValue } from '../../api/types';
import type { Heat as Cells } from '../../chart/heat';
import { nativeRows, stepOf } from '../../lib/native';
import { finite, timeSeries } from '../fields';
import { number, object } from '../options';

export type Heat = Cells & { field: Field }; // the field shows a count

const bound = (label: string): number => (label === '+Inf' || label === 'Inf' ? Infinity : Number(label));

// Series of buckets: named by their upper bound, counts up to it when cumulative.
function fromBuckets(frames: DataFrame[]): Heat | undefined {
  const all = timeSeries(frames).map((s) => ({ s, label: s.field.labels?.le ?? s.name }));
  if (!all.length) return undefined;
  const numeric = all.every((a) => !Number.isNaN(bound(a.label)));
  if (numeric) all.sort((a, b) => bound(a.label) - bound(b.label));
  const times = [...new Set(all.flatMap((a) => a.s.times))].sort((a, b) => a - b);
  const cumulative = frames.some((f) => object(f.meta?.custom).cumulative === true) && numeric;
  const at = new Map(times.map((t, i) => [t, i]));
  const raw = all.map(({ s }) => {
    const row = new Array<number | null>(times.length).fill(null);
    s.times.forEach((t, i) => (row[at.get(t)!] = finite(s.field.values[i])));
    return row;
  });
  const cells = cumulative ? raw.map((row, r) => row.map((v, c) => (v === null ? null : Math.max(0, v - (r ? (raw[r - 1]![c] ?? 0) : 0))))) : raw;
  return {
    times, step: stepOf(times), cells, field: all[0]!.s.field,
    rows: all.map(({ label }, i) => ({ label, lower: i ? bound(all[i - 1]!.label) : 0, upper: bound(label) })),
  };
}

function fromNative(frame: DataFrame, histograms: HistogramValue[]): Heat | undefined {
  const [time, value] = frame.fields;
  const found = nativeRows((time?.values as number[]).map((t) => t / 1000), histograms);
  return found && { ...found, field: value! };
}

const kRows = 24;

// Plain series are counted into rows of equal height.
function counted(frames: DataFrame[], options: Record<string, unknown>): Heat | undefined {
  const all = timeSeries(frames);
  const values = all.flatMap((s) => s.field.values.map(finite)).filter((v): v is number => v !== null);
  if (!values.length) return undefined;
  const y = object(object(options.calculation).yBuckets);
  const [lo, hi] = [Math.min(...values), Math.max(...values)];
  const wanted = number(y.value);
  const size = y.mode === 'size' && wanted ? wanted : (hi - lo || 1) / (wanted ?? kRows);
  const base = Math.floor(lo / size) * size;
  const n = Math.min(200, Math.max(1, Math.floor((hi - base) / size) + 1));
  const times = [...new Set(all.flatMap((s) => s.times))].sort((a, b) => a - b);
  const columns = Math.min(times.length, 120);
  const width = ((times.at(-1)! - times[0]!) || 60) / columns;
  const cells = Array.from({ length: n }, () => new Array<number | null>(columns).fill(null));
  for (const s of all) {
    s.times.forEach((t, i) => {
      const v = finite(s.field.values[i]);
      if (v === null) return;
      const row = cells[Math.min(n - 1, Math.floor((v - base) / size))]!;
      const c = Math.min(columns - 1, Math.floor((t - times[0]!) / width));
      row[c] = (row[c] ?? 0) + 1;
    });
  }
  const field = { ...all[0]!.field, display: undefined };
  return {
    times: Array.from({ length: columns }, (_, i) => times[0]! + i * width), step: width, cells, field,
    rows: cells.map((_, i) => ({ label: String(Number((base + (i + 1) * size).toPrecision(4))), lower: base + i * size, upper: base + (i + 1) * size })),
  };
}

export function heatOf(frames: DataFrame[], options: Record<string, unknown>): Heat | undefined {
  const native = frames.find((f) => (object(f.meta?.custom).histograms as unknown[] | undefined)?.length);
  if (native) return fromNative(native, object(native.meta?.custom).histograms as HistogramValue[]);
  const transformed = frames.map((f) => object(f.meta?.custom).calculation).find((c) => c !== undefined);
  if (transformed) return counted(frames, { calculation: transformed });
  return options.calculate === true ? counted(frames, options) : fromBuckets(frames);
}
