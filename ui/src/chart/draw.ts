// What is drawn over and under the lines: thresholds, marks in time, exemplars.
import type uPlot from 'uplot';
import { axisFont } from './scales';
import { token, withAlpha } from './colors';
import type { ChartSpec, Exemplar, Mark, Threshold } from './model';

function threshold(u: uPlot, t: Threshold, k: number): void {
  const { left, top, width } = u.bbox;
  const scale = u.scales[t.scale];
  if (scale?.min == null || scale.max == null) return;
  const clamp = (v: number) => Math.min(scale.max!, Math.max(scale.min!, v));
  const y = u.valToPos(clamp(t.value), t.scale, true);
  const c = u.ctx;
  if (t.area && t.until > scale.min && t.value < scale.max) {
    const above = u.valToPos(clamp(t.until), t.scale, true);
    c.fillStyle = withAlpha(t.color, 0.08);
    c.fillRect(left, above, width, y - above);
  }
  if (!t.line || t.value < scale.min || t.value > scale.max) return;
  c.strokeStyle = t.color;
  c.lineWidth = k;
  c.setLineDash(t.dashed ? [6 * k, 4 * k] : []);
  c.beginPath();
  c.moveTo(left, y);
  c.lineTo(left + width, y);
  c.stroke();
  c.setLineDash([]);
  if (t.label) {
    c.fillStyle = t.color;
    c.font = `500 ${axisFont().replace('11px', 11 * k + 'px')}`;
    c.textAlign = 'left';
    c.textBaseline = y - top > 16 * k ? 'bottom' : 'top';
    c.fillText(t.label, left + 4 * k, y + (y - top > 16 * k ? -3 : 3) * k, width - 8 * k);
  }
}

// Stretches of time in one colour, those that overlap as one: a wash over a wash would hide the lines.
export function stretches(marks: Mark[]): { from: number; to: number; color: string }[] {
  const out: { from: number; to: number; color: string }[] = [];
  for (const m of marks.filter((x) => x.to !== undefined && x.to > x.from).sort((a, b) => a.color.localeCompare(b.color) || a.from - b.from)) {
    const last = out.at(-1);
    if (last && last.color === m.color && m.from <= last.to) last.to = Math.max(last.to, m.to!);
    else out.push({ from: m.from, to: m.to!, color: m.color });
  }
  return out;
}

const kWash = 0.08;

function wash(u: uPlot, s: { from: number; to: number; color: string }): void {
  const { left, top, width, height } = u.bbox;
  const a = Math.max(left, u.valToPos(s.from, 'x', true));
  const b = Math.min(left + width, u.valToPos(s.to, 'x', true));
  if (b <= a) return;
  u.ctx.fillStyle = withAlpha(s.color, kWash);
  u.ctx.fillRect(a, top, b - a, height);
}

// A dashed line with a foot on the axis, where it begins.
function mark(u: uPlot, m: Mark, k: number): void {
  const { left, top, width, height } = u.bbox;
  const c = u.ctx;
  const a = u.valToPos(m.from, 'x', true);
  if (a > left + width || a < left - 1) return;
  c.strokeStyle = c.fillStyle = m.color;
  c.lineWidth = k;
  c.setLineDash([3 * k, 3 * k]);
  c.beginPath();
  c.moveTo(a, top);
  c.lineTo(a, top + height);
  c.stroke();
  c.setLineDash([]);
  c.beginPath();
  c.moveTo(a - 4 * k, top + height);
  c.lineTo(a + 4 * k, top + height);
  c.lineTo(a, top + height - 6 * k);
  c.fill();
}

export function drawUnder(u: uPlot, spec: ChartSpec): void {
  const c = u.ctx;
  const { left, top, width, height } = u.bbox;
  c.save();
  c.beginPath();
  c.rect(left, top, width, height);
  c.clip();
  for (const t of spec.thresholds ?? []) threshold(u, t, devicePixelRatio);
  for (const s of stretches(spec.marks ?? [])) wash(u, s);
  for (const m of spec.marks ?? []) mark(u, m, devicePixelRatio);
  c.restore();
}

const kDiamond = 4; // pixels from its middle to a corner
const kReach = 8;

function whereIs(u: uPlot, e: Exemplar, canvas: boolean): [number, number] | undefined {
  const scale = u.scales[e.scale];
  if (scale?.min == null || scale.max == null) return undefined;
  return [u.valToPos(e.at, 'x', canvas), u.valToPos(Math.min(scale.max, Math.max(scale.min, e.value)), e.scale, canvas)];
}

export function drawOver(u: uPlot, spec: ChartSpec): void {
  if (!spec.exemplars?.length) return;
  const c = u.ctx;
  const r = kDiamond * devicePixelRatio;
  c.save();
  c.fillStyle = token('accent');
  c.strokeStyle = token('bg-panel');
  c.lineWidth = devicePixelRatio;
  for (const e of spec.exemplars) {
    const at = whereIs(u, e, true);
    if (!at) continue;
    const [x, y] = at;
    c.beginPath();
    c.moveTo(x, y - r);
    c.lineTo(x + r, y);
    c.lineTo(x, y + r);
    c.lineTo(x - r, y);
    c.closePath();
    c.fill();
    c.stroke();
  }
  c.restore();
}

// The exemplar under the pointer.
export function exemplarAt(u: uPlot, spec: ChartSpec, left: number, top: number): Exemplar | undefined {
  let best: Exemplar | undefined;
  let least = kReach;
  for (const e of spec.exemplars ?? []) {
    const at = whereIs(u, e, false);
    const far = at ? Math.hypot(at[0] - left, at[1] - top) : Infinity;
    if (far > least) continue;
    least = far;
    best = e;
  }
  return best;
}
