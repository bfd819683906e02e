// Ranges and ticks of a chart's axes.
import type uPlot from 'uplot';
import { partsIn } from '../lib/time';
import { token } from './colors';
import type { AxisSpec } from './model';

const kRoom = 0.08; // above and below the data, as a share of the range

// Limits for values between lo and hi: hard ones win, soft ones only widen.
export function range(axis: AxisSpec, lo: number | null, hi: number | null, zeroed: boolean): [number, number] {
  if (lo === null || hi === null || !Number.isFinite(lo) || !Number.isFinite(hi)) {
    lo = axis.softMin ?? axis.min ?? 0;
    hi = axis.softMax ?? axis.max ?? Math.max(lo + 1, 1);
  }
  if (axis.log) {
    const base = axis.log;
    const a = axis.min ?? (lo > 0 ? base ** Math.floor(Math.log(lo) / Math.log(base)) : hi / base ** 6);
    const b = axis.max ?? base ** Math.ceil(Math.log(Math.max(hi, a * base)) / Math.log(base));
    return [a > 0 ? a : base ** -3, b];
  }
  if (axis.softMin !== undefined) lo = Math.min(lo, axis.softMin);
  if (axis.softMax !== undefined) hi = Math.max(hi, axis.softMax);
  if (axis.centeredZero) {
    const most = Math.max(Math.abs(lo), Math.abs(hi)) || 1;
    return [axis.min ?? -most * (1 + kRoom), axis.max ?? most * (1 + kRoom)];
  }
  const fromZero = lo >= 0 && (zeroed || lo <= hi / 2);
  const toZero = hi <= 0 && (zeroed || hi >= lo / 2);
  if (fromZero) lo = 0;
  if (toZero) hi = 0;
  let room = (hi - lo) * kRoom;
  if (!room) room = lo ? Math.abs(lo) * 0.1 : 1;
  const a = axis.min ?? (lo === 0 || lo === axis.softMin ? lo : lo - room);
  const b = axis.max ?? (hi === 0 && a < 0 ? hi : hi === axis.softMax ? hi : hi + room);
  return a < b ? [a, b] : [a, a + 1];
}

const BINARY = Array.from({ length: 70 }, (_, i) => 2 ** (i - 4));

// A tick for every power, or only as many as fit.
function logSplits(base: number, min: number, max: number): number[] {
  const out: number[] = [];
  for (let e = Math.ceil(Math.log(min) / Math.log(base) - 1e-9); base ** e <= max * 1.000001; e++) out.push(base ** e);
  const every = Math.ceil(out.length / 8);
  return out.filter((_, i) => i % every === 0);
}

let ruler: CanvasRenderingContext2D | null = null;
export function textWidth(text: string, font: string): number {
  ruler ??= document.createElement('canvas').getContext('2d');
  if (!ruler) return text.length * 6;
  ruler.font = font;
  return ruler.measureText(text).width;
}

export const axisFont = (): string => `11px ${token('font')}`;

export function valueAxis(spec: AxisSpec, first: boolean): uPlot.Axis {
  const font = axisFont();
  const axis: uPlot.Axis = {
    scale: spec.scale,
    side: spec.side === 'right' ? 1 : 3,
    show: spec.shown,
    stroke: spec.color ?? token('axis'),
    font,
    gap: 8,
    space: 36,
    ticks: { show: false },
    grid: { show: spec.grid && (first || !spec.shown), stroke: token('grid'), width: 1 },
    border: { show: false },
    values: (_u, splits) => splits.map((v) => (v === null ? '' : spec.format(v))),
    size: (_u, values) =>
      spec.width ?? Math.ceil(Math.max(20, ...(values ?? []).map((v) => textWidth(v ?? '', font))) + 10),
  };
  if (spec.label) Object.assign(axis, { label: spec.label, labelFont: font, labelSize: 18, labelGap: 2 });
  if (spec.binary) axis.incrs = BINARY;
  if (spec.log) axis.splits = (u) => logSplits(spec.log!, u.scales[spec.scale]!.min!, u.scales[spec.scale]!.max!);
  return axis;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (n: number) => String(n).padStart(2, '0');

// Seconds appear when ticks are closer than a minute, dates where a day begins.
export function timeLabel(seconds: number, step: number, zone?: string): string {
  const p = partsIn(seconds * 1000, zone);
  if (step >= 28 * 86400) return `${MONTHS[p.month - 1]} ${p.year}`;
  if (step >= 86400 || (p.hour === 0 && p.minute === 0 && p.second === 0)) return `${p.day} ${MONTHS[p.month - 1]}`;
  return `${two(p.hour)}:${two(p.minute)}` + (step < 60 ? ':' + two(p.second) : '');
}

export function timeAxis(shown: boolean, zone?: string): uPlot.Axis {
  return {
    show: shown,
    stroke: token('axis'),
    font: axisFont(),
    size: 24,
    gap: 6,
    space: (_u, _i, min, max) => (max - min < 240 ? 96 : 72),
    grid: { show: false },
    ticks: { show: false },
    border: { show: false },
    values: (_u, splits) => splits.map((t) => timeLabel(t, splits.length > 1 ? splits[1]! - splits[0]! : 3600, zone)),
  };
}
