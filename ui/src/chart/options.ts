// Turns a ChartSpec into uPlot's options and data.
import uPlot from 'uplot';
import { zoneName } from '../lib/time';
import { token, withAlpha } from './colors';
import { drawOver, drawUnder } from './draw';
import type { ChartSpec, Line } from './model';
import { range, timeAxis, valueAxis } from './scales';
import { stack } from './stack';

const kPointsPerPixel = 1 / 24; // denser samples are drawn without points

const PATHS: Record<Line['shape'], uPlot.Series.PathBuilder | undefined> = {
  linear: uPlot.paths.linear!(),
  smooth: uPlot.paths.spline!(),
  stepBefore: uPlot.paths.stepped!({ align: -1 }),
  stepAfter: uPlot.paths.stepped!({ align: 1 }),
};

function sparse(u: uPlot, i0: number, i1: number): boolean {
  const x = u.data[0];
  const width = u.valToPos(x[i1]!, 'x') - u.valToPos(x[i0]!, 'x');
  return i1 - i0 < width * kPointsPerPixel;
}

// A sample between two gaps has no line; it is drawn as a dot.
function alone(u: uPlot, si: number): number[] {
  const data = u.data[si]!;
  const out: number[] = [];
  let before: number | null = null;
  let run = 0;
  for (let i = 0; i <= data.length; i++) {
    const v = i < data.length ? data[i] : null;
    if (v === undefined) continue;
    if (v === null) {
      if (run === 1) out.push(before!);
      run = 0;
    } else {
      run++;
      before = i;
    }
  }
  return out;
}

function gradient(u: uPlot, color: string, opacity: number): CanvasGradient | string {
  const { top, height } = u.bbox;
  if (!Number.isFinite(top + height) || height <= 0) return withAlpha(color, opacity);
  const g = u.ctx.createLinearGradient(0, top, 0, top + height);
  g.addColorStop(0, withAlpha(color, opacity));
  g.addColorStop(1, withAlpha(color, opacity * 0.15));
  return g;
}

function seriesOf(l: Line): uPlot.Series {
  const bars = l.draw === 'bars';
  const s: uPlot.Series = {
    label: l.label,
    scale: l.scale,
    stroke: l.color,
    width: l.draw === 'points' ? 0 : l.width,
    spanGaps: l.spanGaps,
    dash: l.dash,
    points: {
      size: l.pointSize + (l.draw === 'points' ? 1 : 0),
      fill: l.color,
      show: (u, _si, i0, i1) =>
        !bars && (l.draw === 'points' || l.points === 'always' || (l.points === 'auto' && sparse(u, i0, i1))),
      filter: (u, si, show) => (show || bars ? null : alone(u, si)),
    },
  };
  if (l.fill > 0 && l.draw !== 'points') s.fill = (u) => (l.gradient ? gradient(u, l.color, l.fill) : withAlpha(l.color, l.fill));
  if (bars) s.paths = uPlot.paths.bars!({ size: [l.barShare ?? 0.6, 100], align: l.barAlign ?? 0 });
  else if (l.draw === 'points') s.paths = () => null;
  else s.paths = PATHS[l.shape];
  return s;
}

// A band of percent stacks is drawn in shares of one.
function rangeOf(spec: ChartSpec, scale: string): uPlot.Scale.Range {
  const axis = spec.axes.find((a) => a.scale === scale)!;
  const lines = spec.lines.filter((l) => l.scale === scale);
  const zeroed = lines.some((l) => l.stack || l.draw === 'bars');
  if (lines.length && lines.every((l) => l.stack?.percent)) return () => [0, 1];
  return (_u, lo, hi) => range(axis, lo, hi, zeroed);
}

export function dataOf(spec: ChartSpec, hidden: (i: number) => boolean): { data: uPlot.AlignedData; bands: uPlot.Band[] } {
  const { drawn, bands } = stack(spec.lines, hidden);
  const out: uPlot.Band[] = bands.map(([hi, lo]) => ({ series: [hi + 1, lo + 1] }));
  spec.lines.forEach((l, i) => {
    const lower = l.fillBelowTo === undefined ? -1 : spec.lines.findIndex((o) => o.label === l.fillBelowTo);
    if (lower >= 0) out.push({ series: [i + 1, lower + 1], fill: withAlpha(l.color, l.fill || 0.1) });
  });
  return { data: [spec.times, ...drawn] as uPlot.AlignedData, bands: out };
}

export function optionsOf(spec: ChartSpec, size: { width: number; height: number }, bands: uPlot.Band[], plugins: uPlot.Plugin[]): uPlot.Options {
  const scales: uPlot.Scales = { x: { time: true, range: () => [spec.from, spec.to] } };
  for (const a of spec.axes) {
    scales[a.scale] = { range: rangeOf(spec, a.scale), distr: a.log ? 3 : a.symlog ? 4 : 1, log: a.log ?? 10, asinh: a.symlog };
  }
  const zone = zoneName(spec.zone);
  const right = spec.axes.some((a) => a.shown && a.side === 'right');
  return {
    ...size,
    padding: [8, right ? 0 : 16, spec.timeHidden ? 8 : 0, spec.axes.some((a) => a.shown && a.side === 'left') ? 0 : 12],
    legend: { show: false },
    tzDate: zone ? (t) => uPlot.tzDate(new Date(t * 1000), zone) : undefined,
    cursor: {
      sync: spec.sync ? { key: spec.sync, setSeries: false } : undefined,
      points: { size: 7, width: 1.5, fill: () => token('bg-panel') },
      drag: { x: true, y: false, setScale: false, dist: 6 },
      focus: { prox: spec.tooltip === 'single' ? 30 : 1e6 },
      y: false,
    },
    focus: { alpha: 1 },
    scales,
    axes: [timeAxis(!spec.timeHidden, spec.zone), ...spec.axes.map((a, i) => valueAxis(a, i === 0))],
    series: [{}, ...spec.lines.map(seriesOf)],
    bands,
    hooks: { drawClear: [(u) => drawUnder(u, spec)], draw: [(u) => drawOver(u, spec)] },
    plugins,
  };
}
