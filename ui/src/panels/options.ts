// Reads a panel's options, which are JSON of many years.
import { type Json, list, number, object, text } from '../lib/dash/model';

export interface ReduceOptions {
  values: boolean;
  calcs: string[];
  fields: string;
  limit?: number;
}

export function reduceOptions(options: Json): ReduceOptions {
  const r = object(options.reduceOptions);
  const calcs = Array.isArray(r.calcs) ? r.calcs.map((c) => (c === 'last' && !r.values ? 'last' : text(c))).filter(Boolean) : [];
  return { values: r.values === true, calcs: calcs.length ? calcs : ['lastNotNull'], fields: text(r.fields), limit: number(r.limit) };
}

export interface LegendOptions {
  shown: boolean;
  table: boolean;
  right: boolean;
  calcs: string[];
  sortBy?: string;
  sortDesc: boolean;
  width?: number;
  hideEmpty: boolean;
  hideZero: boolean;
}

export function legendOptions(options: Json): LegendOptions {
  const l = object(options.legend);
  const mode = text(l.displayMode, 'list');
  return {
    shown: l.showLegend !== false && l.show !== false && mode !== 'hidden', table: mode === 'table', right: l.placement === 'right',
    calcs: Array.isArray(l.calcs) ? l.calcs.map((c) => text(c)).filter(Boolean) : [], sortBy: text(l.sortBy) || undefined, sortDesc: l.sortDesc !== false,
    width: number(l.width), hideEmpty: l.hideEmpty === true, hideZero: l.hideZero === true,
  };
}

export function tooltipOptions(options: Json): { mode: 'all' | 'single' | 'none'; sort: 'none' | 'asc' | 'desc'; hideZeros: boolean } {
  const t = object(options.tooltip);
  const mode = text(t.mode, 'single');
  const sort = text(t.sort, 'none');
  return { mode: mode === 'multi' ? 'all' : mode === 'none' ? 'none' : 'single', sort: sort === 'asc' || sort === 'desc' ? sort : 'none', hideZeros: t.hideZeros === true };
}

export { list, number, object, text };
