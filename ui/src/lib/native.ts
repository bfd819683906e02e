// Native histograms over time as rows of buckets.
import type { HistogramValue } from '../api/types';

interface Rows {
  times: number[];
  step: number;
  rows: { label: string; lower: number; upper: number }[];
  cells: (number | null)[][];
}

export const stepOf = (times: number[]): number => {
  let least = Infinity;
  for (let i = 1; i < times.length; i++) least = Math.min(least, times[i]! - times[i - 1]! || Infinity);
  return Number.isFinite(least) ? least : 60;
};

const bound = (text: string): number => Number(text.replace('Inf', 'Infinity'));
const labelOf = (upper: number): string => (upper === Infinity ? '+Inf' : String(Number(upper.toPrecision(3))));

// Every bucket seen anywhere is a row; `times` in seconds.
export function nativeRows(times: number[], histograms: HistogramValue[]): Rows | undefined {
  const keys = new Map<string, { lower: number; upper: number }>();
  for (const h of histograms) for (const b of h.buckets ?? []) keys.set(`${b[1]}/${b[2]}`, { lower: bound(b[1]), upper: bound(b[2]) });
  if (!keys.size) return undefined;
  const rows = [...keys].sort((a, b) => a[1].upper - b[1].upper);
  const index = new Map(rows.map(([k], i) => [k, i]));
  const cells = rows.map(() => new Array<number | null>(times.length).fill(null));
  histograms.forEach((h, c) => {
    for (const b of h.buckets ?? []) cells[index.get(`${b[1]}/${b[2]}`)!]![c] = Number(b[3]);
  });
  return { times, step: stepOf(times), cells, rows: rows.map(([, r]) => ({ label: labelOf(r.upper), ...r })) };
}
