// Heatmap: buckets up, time along, colour for how many.
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { token } from '../../chart/colors';
import { timeLabel } from '../../chart/scales';
import { useSize, useThemeTurn } from '../../components/use';
import { formatDate } from '../../lib/time';
import { show } from '../fields';
import { number, object, text } from '../options';
import { kNoData, type VizProps } from '../types';
import { type Heat, heatOf } from './model';
import { getValueFormat, formattedValueToString } from '@grafana/data';

const kLeft = 64;
const kBottom = 24;
const STEPS = [30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800];

function palette(options: Record<string, unknown>): string[] {
  const heat = Array.from({ length: 8 }, (_, i) => token(`heat-${i + 1}`));
  return object(options.color).reverse === true ? heat.reverse() : heat;
}

function draw(canvas: HTMLCanvasElement, heat: Heat, p: VizProps, width: number, height: number): { x: (t: number) => number; y0: number; rowHeight: number } {
  const k = devicePixelRatio;
  canvas.width = width * k;
  canvas.height = height * k;
  const c = canvas.getContext('2d')!;
  c.scale(k, k);
  c.clearRect(0, 0, width, height);
  const [from, to] = [p.span.from / 1000, p.span.to / 1000];
  const plotWidth = width - kLeft - 12;
  const plotHeight = height - kBottom - 4;
  const x = (t: number) => kLeft + ((t - from) / (to - from)) * plotWidth;
  const rowHeight = plotHeight / heat.rows.length;
  const colors = palette(p.panel.options);
  const color = object(p.panel.options.color);
  const most = number(color.max) ?? Math.max(1e-12, ...heat.cells.flat().map((v) => v ?? 0));
  const least = number(color.min) ?? 0;
  const floor = number(object(p.panel.options.filterValues).le) ?? 1e-9;
  const exponent = text(color.scale) === 'linear' ? 1 : (number(color.exponent) ?? 0.5);
  heat.cells.forEach((row, r) => {
    const top = 4 + plotHeight - (r + 1) * rowHeight;
    row.forEach((v, i) => {
      if (v === null || v <= floor) return;
      const share = Math.min(1, Math.max(0, (v - least) / (most - least || 1))) ** exponent;
      c.fillStyle = colors[Math.min(colors.length - 1, Math.floor(share * (colors.length - 1)) + (v > floor ? 1 : 0))]!;
      const a = Math.max(kLeft, x(heat.times[i]! - heat.step / 2));
      const b = Math.min(width - 12, x(heat.times[i]! + heat.step / 2));
      if (b > a) c.fillRect(a, top, Math.max(1, b - a - (b - a > 4 ? 1 : 0)), Math.max(1, rowHeight - (rowHeight > 4 ? 1 : 0)));
    });
  });
  c.fillStyle = token('axis');
  c.font = `11px ${token('font')}`;
  c.textBaseline = 'middle';
  c.textAlign = 'right';
  const unit = text(object(p.panel.options.yAxis).unit) || p.panel.fieldConfig.defaults.unit || 'short';
  const format = (label: string) => (Number.isNaN(Number(label)) ? label : formattedValueToString(getValueFormat(unit)(Number(label), number(object(p.panel.options.yAxis).decimals))));
  const every = Math.max(1, Math.ceil(20 / rowHeight));
  heat.rows.forEach((row, r) => r % every === 0 && c.fillText(format(row.label), kLeft - 8, 4 + plotHeight - (r + 1) * rowHeight + Math.min(8, rowHeight / 2), kLeft - 10));
  c.textAlign = 'center';
  const step = STEPS.find((s) => (s / (to - from)) * plotWidth >= 72) ?? 604800;
  for (let t = Math.ceil(from / step) * step; t <= to; t += step) c.fillText(timeLabel(t, step, p.zone), x(t), height - 10);
  return { x, y0: 4 + plotHeight, rowHeight };
}

export function Heatmap(p: VizProps) {
  const [box, { width, height }] = useSize<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const tip = useRef<HTMLDivElement>(null);
  const turn = useThemeTurn();
  const heat = useMemo(() => heatOf(p.frames, p.panel.options), [p.frames, p.panel]);
  const placed = useRef<ReturnType<typeof draw> | undefined>(undefined);
  useEffect(() => {
    if (!heat) return p.onEmpty(kNoData);
    if (!width || !height) return;
    placed.current = draw(canvas.current!, heat, p, width, height);
    p.onDrawn();
  }, [heat, width, height, turn]);
  const move = (e: MouseEvent) => {
    const at = placed.current;
    if (!heat || !at || !tip.current) return;
    const r = canvas.current!.getBoundingClientRect();
    const [x, y] = [e.clientX - r.left, e.clientY - r.top];
    const column = heat.times.findIndex((t) => x >= at.x(t - heat.step / 2) && x < at.x(t + heat.step / 2));
    const row = Math.floor((at.y0 - y) / at.rowHeight);
    const v = heat.cells[row]?.[column];
    tip.current.hidden = v === undefined || v === null;
    if (v === undefined || v === null) return;
    const bucket = heat.rows[row]!;
    tip.current.textContent = `${formatDate(heat.times[column]! * 1000, p.zone)}\n${Number.isFinite(bucket.lower) ? `${bucket.lower} to ` : 'up to '}${bucket.label}: ${show(heat.field, v)}`;
    tip.current.style.left = `${Math.min(e.clientX + 12, innerWidth - 240)}px`;
    tip.current.style.top = `${e.clientY + 12}px`;
  };
  return (
    <div class="heatmap" ref={box}>
      <canvas ref={canvas} role="img" aria-label={`${p.panel.title || 'Heatmap'}: ${heat?.rows.length ?? 0} buckets over time`} onMouseMove={move} onMouseLeave={() => tip.current && (tip.current.hidden = true)} />
      <div ref={tip} class="popup tip pre" hidden />
    </div>
  );
}
