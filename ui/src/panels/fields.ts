// Reading data frames: fields of numbers with their times, their values as text, their colours.
import { type DataFrame, type Field, fieldReducers, FieldType, formattedValueToString, getFieldDisplayName, getFieldSeriesColor, reduceField } from '@grafana/data';
import { theme } from './data/setup';

export interface Series {
  field: Field;
  frame: DataFrame;
  name: string;
  times: number[]; // seconds
}

const asSeconds = (v: unknown): number => (typeof v === 'number' ? v : Date.parse(String(v))) / 1000;

// Every field of numbers that stands beside a field of times.
export function timeSeries(frames: DataFrame[]): Series[] {
  const out: Series[] = [];
  for (const frame of frames) {
    const time = frame.fields.find((f) => f.type === FieldType.time);
    if (!time || !frame.length) continue;
    const times = time.values.map(asSeconds);
    const ordered = times.every((t, i) => !i || t >= times[i - 1]!);
    const order = ordered ? undefined : times.map((_, i) => i).sort((a, b) => times[a]! - times[b]!);
    for (const field of frame.fields) {
      if (field.type !== FieldType.number && field.type !== FieldType.boolean) continue;
      const sorted = order ? { ...field, values: order.map((i) => field.values[i]) } : field;
      out.push({ field: sorted, frame, name: getFieldDisplayName(field, frame, frames), times: order ? order.map((i) => times[i]!) : times });
    }
  }
  return out;
}

export const finite = (v: unknown): number | null => {
  const n = typeof v === 'boolean' ? Number(v) : v;
  return typeof n === 'number' && Number.isFinite(n) ? n : null;
};

const kMinus = '\u2212';
export const show = (field: Field, value: unknown, decimals?: number): string =>
  field.display ? formattedValueToString(field.display(value, decimals)).replace(/^-(?=[\d.])/, kMinus) : String(value);

export const colorOf = (field: Field): string => getFieldSeriesColor(field, theme()).color;

export function reduce(field: Field, calc: string): number {
  return Number(reduceField({ field: { ...field, state: { ...field.state, calcs: undefined } }, reducers: [calc] })[calc]);
}
export const reducerName = (id: string): string => fieldReducers.getIfExists(id)?.name ?? id;
export const hidden = (field: Field, what: 'viz' | 'legend' | 'tooltip'): boolean => field.config.custom?.hideFrom?.[what] === true;

export const isEmpty = (frames: DataFrame[]): boolean => !frames.some((f) => f.length > 0 && f.fields.some((x) => x.values.length > 0));
