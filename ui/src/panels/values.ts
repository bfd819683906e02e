// Panels that show figures: which values there are, and how the room is shared among them.
import { type DataFrame, type FieldDisplay, getFieldDisplayValues } from '@grafana/data';
import type { Panel } from '../lib/dash/model';
import type { Replace } from './data/prepare';
import { theme } from './data/setup';
import { reduceOptions } from './options';

const kMostValues = 200;

export function displayValues(panel: Panel, frames: DataFrame[], replace: Replace, zone: string, sparkline = false): FieldDisplay[] {
  const reduce = reduceOptions(panel.options);
  return getFieldDisplayValues({
    fieldConfig: panel.fieldConfig as never,
    reduceOptions: { ...reduce, fields: reduce.fields || undefined } as never,
    replaceVariables: ((v: string, scope?: Record<string, unknown>, format?: string) => replace(v, scope, format)) as never,
    theme: theme(), data: frames, sparkline, timeZone: zone,
  }).filter((v) => v.hasLinks !== undefined || v.display).slice(0, kMostValues);
}

export interface Cells {
  columns: number;
  rows: number;
}

// 'auto': along the longer side for few values, a grid where it gives larger cells.
export function share(count: number, width: number, height: number, orientation: string): Cells {
  if (orientation === 'horizontal') return { columns: 1, rows: count };
  if (orientation === 'vertical') return { columns: count, rows: 1 };
  let best: Cells = { columns: count, rows: 1 };
  let most = -1;
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const fit = Math.min(width / columns / 2.2, height / rows);
    if (fit > most + 0.5) {
      most = fit;
      best = { columns, rows };
    }
  }
  return best;
}

// Type sizes a figure may have; the largest that fits is taken.
const SIZES = [40, 28, 20, 15, 12];
export function fontFor(length: number, width: number, height: number): number {
  return SIZES.find((s) => length * s * 0.56 <= width && s * 1.15 <= height) ?? 10;
}
