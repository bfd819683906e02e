// A heatmap on a canvas: buckets up, time along, colour for how many.
import { token } from './colors';
import { axisFont, timeLabel } from './scales';

export interface Heat {
  times: number[]; // seconds, the middle of each column
  step: number;
  rows: { label: string; lower: number; upper: number }[]; // from the bottom
  cells: (number | null)[][]; // by row, then column
}

export interface HeatLook {
  from: number; // seconds
  to: number;
  zone?: string;
  format: (label: string) => string; // of a row
  reverse?: boolean;
  least?: number; // counts at the ends of the colours
  most?: number;
  floor?: number; // no more than this is not drawn
  exponent?: number; // below one: small counts stand out
  exemplars?: { at: number; value: number }[];
}

export interface Placed {
  x: (t: number) => number;
  bottom: number;
  rowHeight: number;
}

const kLeft = 64;
const kRight = 12;
const kBottom = 24;
const kTop = 4;
const kLabelRoom = 20;
const kDiamond = 3;
const STEPS = [1, 5, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800];

function largest(cells: Heat['cells']): number {
  let most = 1e-12;
  for (const row of cells) for (const v of row) if (v !== null && v > most) most = v;
  return most;
}

export function drawHeat(canvas: HTMLCanvasElement, heat: Heat, look: HeatLook, width: number, height: number): Placed {
  const k = devicePixelRatio;
  canvas.width = width * k;
  canvas.height = height * k;
  const c = canvas.getContext('2d')!;
  c.scale(k, k);
  c.clearRect(0, 0, width, height);
  const plotWidth = width - kLeft - kRight;
  const plotHeight = height - kBottom - kTop;
  const x = (t: number) => kLeft + ((t - look.from) / (look.to - look.from)) * plotWidth;
  const rowHeight = plotHeight / heat.rows.length;
  const colors = Array.from({ length: 8 }, (_, i) => token(`heat-${i + 1}`));
  if (look.reverse) colors.reverse();
  const most = look.most ?? largest(heat.cells);
  const least = look.least ?? 0;
  const floor = look.floor ?? 1e-9;
  heat.cells.forEach((row, r) => {
    const top = kTop + plotHeight - (r + 1) * rowHeight;
    row.forEach((v, i) => {
      if (v === null || v <= floor) return;
      const share = Math.min(1, Math.max(0, (v - least) / (most - least || 1))) ** (look.exponent ?? 0.5);
      c.fillStyle = colors[Math.min(colors.length - 1, Math.floor(share * (colors.length - 1)) + 1)]!;
      const a = Math.max(kLeft, x(heat.times[i]! - heat.step / 2));
      const b = Math.min(width - kRight, x(heat.times[i]! + heat.step / 2));
      if (b > a) c.fillRect(a, top, Math.max(1, b - a - (b - a > 4 ? 1 : 0)), Math.max(1, rowHeight - (rowHeight > 4 ? 1 : 0)));
    });
  });
  c.fillStyle = token('text');
  for (const e of look.exemplars ?? []) {
    const r = heat.rows.findIndex((row) => e.value > row.lower && e.value <= row.upper);
    if (r < 0 || e.at < look.from || e.at > look.to) continue;
    const [px, py] = [x(e.at), kTop + plotHeight - (r + 0.5) * rowHeight];
    c.beginPath();
    c.moveTo(px, py - kDiamond);
    c.lineTo(px + kDiamond, py);
    c.lineTo(px, py + kDiamond);
    c.lineTo(px - kDiamond, py);
    c.fill();
  }
  c.fillStyle = token('axis');
  c.font = axisFont();
  c.textBaseline = 'middle';
  c.textAlign = 'right';
  const every = Math.max(1, Math.ceil(kLabelRoom / rowHeight));
  heat.rows.forEach((row, r) => r % every === 0 && c.fillText(look.format(row.label), kLeft - 8, kTop + plotHeight - (r + 1) * rowHeight + Math.min(8, rowHeight / 2), kLeft - 10));
  c.textAlign = 'center';
  const step = STEPS.find((s) => (s / (look.to - look.from)) * plotWidth >= 72) ?? 604800;
  for (let t = Math.ceil(look.from / step) * step; t <= look.to; t += step) c.fillText(timeLabel(t, step, look.zone), x(t), height - 10);
  return { x, bottom: kTop + plotHeight, rowHeight };
}
