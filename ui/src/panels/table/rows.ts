// Which rows of a frame a table shows, and in which order.
import type { DataFrame, Field } from '@grafana/data';
import { show } from '../fields';

export interface Sort {
  name: string;
  column?: number; // old tables name the place
  desc: boolean;
}
interface Column {
  field: Field;
  name: string;
}

export function filterRows(frame: DataFrame | undefined, columns: Column[], filters: Record<string, ReadonlySet<string> | undefined>): number[] {
  const all = Array.from({ length: frame?.length ?? 0 }, (_, i) => i);
  const active = columns.filter((c) => filters[c.name]);
  return active.length ? all.filter((r) => active.every((c) => filters[c.name]!.has(show(c.field, c.field.values[r])))) : all;
}

const natural = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

// Rows without a value come last either way.
export function sortRows(rows: number[], columns: Column[], sort: Sort | undefined): number[] {
  const by = sort && (columns.find((c) => c.name === sort.name || c.field.name === sort.name) ?? (sort.column === undefined ? undefined : columns[sort.column]));
  if (!by) return rows;
  const values = by.field.values as unknown[];
  const missing = (v: unknown) => v === null || v === undefined || v === '' || Number.isNaN(v);
  const sign = sort.desc ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [values[a], values[b]];
    if (missing(x) || missing(y)) return Number(missing(x)) - Number(missing(y)) || a - b;
    const d = typeof x === 'number' && typeof y === 'number' ? x - y : natural.compare(String(x), String(y));
    return sign * d || a - b;
  });
}
