// Query results as columns a chart can draw.
import type { Labels, MatrixSeries, QueryData } from '../api/types';

export const toNumber = (text: string): number | null => {
  const v = Number(text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : text);
  return Number.isFinite(v) ? v : null;
};

export interface Curve {
  labels: Labels;
  times: number[];
  values: (number | null)[];
}

// Native histograms are shown by their mean (sum by count), which is what fits on one axis.
export function curves(result: MatrixSeries[]): Curve[] {
  return result.map((s) => {
    if (s.histograms?.length && !s.values?.length) {
      return {
        labels: s.metric,
        times: s.histograms.map(([t]) => t),
        values: s.histograms.map(([, h]) => (Number(h.count) ? toNumber(String(Number(h.sum) / Number(h.count))) : null)),
      };
    }
    return { labels: s.metric, times: (s.values ?? []).map((p) => p[0]), values: (s.values ?? []).map((p) => toNumber(p[1])) };
  });
}

export function seriesCount(data: QueryData): number {
  return data.resultType === 'matrix' || data.resultType === 'vector' ? data.result.length : 1;
}

export function pointCount(data: QueryData): number {
  if (data.resultType !== 'matrix') return seriesCount(data);
  return data.result.reduce((n, s) => n + (s.values?.length ?? 0) + (s.histograms?.length ?? 0), 0);
}

// A step that gives about `points` samples: the next of 1, 2, 5, 10, 15, 30 s, minutes and so on.
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 604800];
export function niceStep(spanSeconds: number, points: number): number {
  const least = spanSeconds / Math.max(1, points);
  return STEPS.find((s) => s >= least) ?? Math.ceil(least / 604800) * 604800;
}
