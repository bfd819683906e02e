// Exemplars as points of a chart: so many that each can be seen, the largest of each moment first.
import type { Labels } from '../api/types';

interface Answer {
  seriesLabels: Labels;
  exemplars: { labels: Labels; value: string; timestamp: number }[];
}
export interface Point {
  at: number; // seconds
  value: number;
  labels: Labels;
}

const kColumns = 120; // of the time shown
const kPerColumn = 3;

export function exemplarPoints(answer: Answer[], from: number, to: number): Point[] {
  const columns = new Map<number, Point[]>();
  for (const s of answer) {
    for (const e of s.exemplars) {
      const value = Number(e.value);
      if (!Number.isFinite(value) || e.timestamp < from || e.timestamp > to) continue;
      const column = Math.floor(((e.timestamp - from) / (to - from || 1)) * kColumns);
      const all = columns.get(column) ?? [];
      columns.set(column, all);
      const { __name__: name, le: _, ...rest } = s.seriesLabels;
      all.push({ at: e.timestamp, value, labels: { ...e.labels, ...(name ? { series: name } : {}), ...rest } });
    }
  }
  return [...columns.values()].flatMap((all) => all.sort((a, b) => b.value - a.value).slice(0, kPerColumn)).sort((a, b) => a.at - b.at);
}
