// Data frames as comma-separated values, one block a frame.
import { type DataFrame, FieldType, getFieldDisplayName } from '@grafana/data';

const cell = (v: unknown): string => {
  const t = v === null || v === undefined ? '' : typeof v === 'object' ? JSON.stringify(v) : String(v);
  return /[",\n]/.test(t) ? `"${t.replace(/"/g, '""')}"` : t;
};

export function toCsv(frames: DataFrame[]): string {
  return frames.map((f) => {
    const head = f.fields.map((x) => cell(getFieldDisplayName(x, f, frames))).join(',');
    const rows = Array.from({ length: f.length }, (_, i) => f.fields.map((x) => cell(x.type === FieldType.time ? new Date(x.values[i] as number).toISOString() : x.values[i])).join(','));
    return [head, ...rows].join('\n');
  }).join('\n\n');
}
