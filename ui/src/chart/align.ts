// Series with times of their own become columns over one common list of times.
import type { Value } from './model';

export interface Samples {
  times: number[]; // ascending, any unit
  values: (number | null)[];
  step?: number; // a longer distance between two samples is a gap
}

// Puts a null into each hole that is longer than a step and a half.
export function withGaps({ times, values, step }: Samples): Samples {
  if (!step) return { times, values };
  const outTimes: number[] = [];
  const outValues: (number | null)[] = [];
  for (let i = 0; i < times.length; i++) {
    if (i && times[i]! - times[i - 1]! > step * 1.5) {
      outTimes.push(times[i - 1]! + step);
      outValues.push(null);
    }
    outTimes.push(times[i]!);
    outValues.push(values[i]!);
  }
  return { times: outTimes, values: outValues };
}

const sameTimes = (a: number[], b: number[]) => a === b || (a.length === b.length && a.every((t, i) => t === b[i]));

export function align(series: Samples[]): { times: number[]; columns: Value[][] } {
  const all = series.map(withGaps);
  const first = all[0]?.times ?? [];
  if (all.every((s) => sameTimes(s.times, first))) return { times: first, columns: all.map((s) => s.values) };
  const times = [...new Set(all.flatMap((s) => s.times))].sort((a, b) => a - b);
  const at = new Map(times.map((t, i) => [t, i]));
  const columns = all.map((s) => {
    const column = new Array<Value>(times.length).fill(undefined);
    s.times.forEach((t, i) => (column[at.get(t)!] = s.values[i]!));
    return column;
  });
  return { times, columns };
}

// Holes no longer than `limit` are drawn through.
export function bridge(times: number[], values: Value[], limit: number): Value[] {
  const out = values.slice();
  let last = -1;
  for (let i = 0; i < out.length; i++) {
    if (typeof values[i] !== 'number') continue;
    if (last >= 0 && i - last > 1 && times[i]! - times[last]! <= limit) out.fill(undefined, last + 1, i);
    last = i;
  }
  return out;
}
