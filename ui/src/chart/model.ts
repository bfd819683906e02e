// What a chart draws, without a word about how: aligned columns and how each one looks.

export type Value = number | null | undefined; // null: a gap; undefined: another series has this time
export type Format = (value: number) => string;

export interface Line {
  label: string;
  color: string;
  values: Value[];
  format: Format;
  scale: string; // key of an AxisSpec
  draw: 'line' | 'bars' | 'points';
  shape: 'linear' | 'smooth' | 'stepBefore' | 'stepAfter';
  width: number;
  dash?: number[];
  fill: number; // 0 to 1
  gradient?: boolean;
  points: 'auto' | 'always' | 'never';
  pointSize: number;
  spanGaps: boolean;
  stack?: { group: string; percent: boolean };
  fillBelowTo?: string; // label of the lower line
  barShare?: number; // of the room between two samples
  barAlign?: -1 | 0 | 1;
  inLegend: boolean;
  inTooltip: boolean;
  negated?: boolean; // drawn below zero; its own values stay positive
  links?: (at: number) => { href: string; title: string; blank: boolean }[];
}

export interface AxisSpec {
  scale: string;
  side: 'left' | 'right';
  shown: boolean;
  format: Format;
  binary: boolean; // ticks at powers of two
  label?: string;
  grid: boolean;
  width?: number;
  min?: number;
  max?: number;
  softMin?: number;
  softMax?: number;
  log?: 2 | 10;
  symlog?: number; // linear threshold
  centeredZero?: boolean;
  color?: string;
}

export interface Threshold {
  scale: string;
  value: number;
  until: number; // where the next one begins; Infinity for the last
  color: string;
  line: boolean;
  dashed: boolean;
  area: boolean;
  label?: string;
}

export interface Mark {
  from: number; // seconds
  to?: number;
  color: string;
  text: string;
}

// One observation out of the many a line stands for.
export interface Exemplar {
  at: number; // seconds
  value: number;
  scale: string;
  labels: Record<string, string>;
}

export interface ChartSpec {
  times: number[]; // seconds, ascending
  lines: Line[];
  axes: AxisSpec[];
  from: number; // seconds; the range asked for, wider than the data perhaps
  to: number;
  zone?: string;
  thresholds?: Threshold[];
  marks?: Mark[];
  exemplars?: Exemplar[];
  tooltip: 'all' | 'single' | 'none';
  tooltipSort?: 'asc' | 'desc' | 'none';
  hideZeros?: boolean;
  sync?: string; // charts with one key share the crosshair
  timeHidden?: boolean;
}

export const plainLine = (label: string, color: string, values: Value[], format: Format): Line => ({
  label, color, values, format, scale: 'y', draw: 'line', shape: 'linear', width: 1.5, fill: 0, points: 'auto', pointSize: 5,
  spanGaps: false, inLegend: true, inTooltip: true,
});
export const plainAxis = (format: Format, more: Partial<AxisSpec> = {}): AxisSpec => ({
  scale: 'y', side: 'left', shown: true, format, binary: false, grid: true, ...more,
});
