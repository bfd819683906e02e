// Frames and field settings become the chart that is drawn.
import type { Field } from '@grafana/data';
import { align, bridge } from '../../chart/align';
import { seriesDash } from '../../chart/colors';
import type { AxisSpec, ChartSpec, Line, Threshold, Value } from '../../chart/model';
import { colorByName } from '../data/setup';
import { colorOf, finite, hidden, type Series, show, timeSeries } from '../fields';
import { number, object, text, tooltipOptions } from '../options';
import type { VizProps } from '../types';

const custom = (f: Field) => object(f.config.custom);
const BINARY = /^(bytes|bits|[kmgtp]bytes|binBps|binbps|[KMGTP]i(Bs|bits))$/;

// Fields share a scale when unit, limits, place, label and distribution are alike.
function scaleKey(f: Field): string {
  const c = custom(f);
  const place = text(c.axisPlacement, 'auto');
  return JSON.stringify([
    f.config.unit ?? '', f.config.min ?? null, f.config.max ?? null, number(c.axisSoftMin) ?? null, number(c.axisSoftMax) ?? null,
    place === 'auto' || place === 'hidden' ? '' : place, text(c.axisLabel), object(c.scaleDistribution), object(c.stacking).mode === 'percent',
  ]);
}

// Ticks are round numbers; this many digits tell neighbours apart.
function decimalsFor(v: number): number | undefined {
  return Number.isInteger(v) ? undefined : Math.min(6, Math.max(1, 2 - Math.floor(Math.log10(Math.abs(v)))));
}

function axisOf(key: string, f: Field, taken: { left: boolean }): AxisSpec {
  const c = custom(f);
  const place = text(c.axisPlacement, 'auto');
  const side = place === 'right' ? 'right' : place === 'left' ? 'left' : taken.left ? 'right' : 'left';
  if (side === 'left' && place !== 'hidden') taken.left = true;
  const d = object(c.scaleDistribution);
  const percent = object(c.stacking).mode === 'percent';
  const axis: AxisSpec = {
    scale: key, side, shown: place !== 'hidden', grid: c.axisGridShow !== false, binary: BINARY.test(f.config.unit ?? ''),
    format: percent ? (v) => `${Math.round(v * 100)}%` : (v) => show(f, v, decimalsFor(v)),
  };
  if (text(c.axisLabel)) axis.label = text(c.axisLabel);
  if (number(c.axisWidth)) axis.width = number(c.axisWidth);
  for (const [to, from] of [['min', f.config.min], ['max', f.config.max], ['softMin', c.axisSoftMin], ['softMax', c.axisSoftMax]] as const) {
    const v = number(from);
    if (v !== undefined && !percent) axis[to] = v;
  }
  if (d.type === 'log') axis.log = d.log === 10 ? 10 : 2;
  if (d.type === 'symlog') axis.symlog = number(d.linearThreshold) ?? 1;
  if (c.axisCenteredZero === true) axis.centeredZero = true;
  if (c.axisColorMode === 'series') axis.color = colorOf(f);
  return axis;
}

function dashOf(c: Record<string, unknown>): number[] | undefined {
  const style = object(c.lineStyle);
  const given = Array.isArray(style.dash) && style.dash.length ? style.dash.map(Number) : undefined;
  if (style.fill === 'dash') return given ?? [10, 10];
  if (style.fill === 'dot') return [0, given?.at(-1) ?? 4];
  return undefined;
}

function lineOf(s: Series, scale: string, times: number[], column: Value[]): Line {
  const f = s.field;
  const c = custom(f);
  const stacking = object(c.stacking);
  const negated = c.transform === 'negative-Y';
  let values = column;
  if (c.nullAsZero === true) values = values.map((v) => (v === null ? 0 : v));
  if (negated) values = values.map((v) => (typeof v === 'number' ? -v : v));
  if (c.transform === 'constant') {
    const first = values.find((v) => typeof v === 'number');
    values = values.map(() => first);
  }
  if (typeof c.spanNulls === 'number') values = bridge(times, values, c.spanNulls / 1000);
  return {
    label: s.name, color: colorOf(f), values, scale, negated,
    format: (v) => show(f, v),
    draw: c.drawStyle === 'bars' || c.drawStyle === 'points' ? c.drawStyle : 'line',
    shape: (['smooth', 'stepBefore', 'stepAfter'] as const).find((x) => x === c.lineInterpolation) ?? 'linear',
    width: number(c.lineWidth) ?? 1,
    dash: object(c.lineStyle).fill ? dashOf(c) : f.config.color?.mode?.startsWith('palette') ? seriesDash(f.state?.seriesIndex ?? 0) : undefined,
    fill: (number(c.fillOpacity) ?? 0) / 100,
    gradient: c.gradientMode === 'opacity' || c.gradientMode === 'hue',
    points: (['always', 'never'] as const).find((x) => x === c.showPoints) ?? 'auto',
    pointSize: number(c.pointSize) ?? 5,
    spanGaps: c.spanNulls === true,
    ...(stacking.mode === 'normal' || stacking.mode === 'percent' ? { stack: { group: String(stacking.group ?? 'A'), percent: stacking.mode === 'percent' } } : {}),
    ...(text(c.fillBelowTo) ? { fillBelowTo: text(c.fillBelowTo) } : {}),
    barShare: number(c.barWidthFactor) ?? 0.6,
    barAlign: c.barAlignment === -1 ? -1 : c.barAlignment === 1 ? 1 : 0,
    inLegend: !hidden(f, 'legend'),
    inTooltip: !hidden(f, 'tooltip'),
    ...(f.config.links?.length ? { links: (at: number) => (f.getLinks?.({ valueRowIndex: at }) ?? []).map((l) => ({ href: l.href, title: l.title || l.href, blank: l.target === '_blank' })) } : {}),
  };
}

function thresholdsOf(f: Field, scale: string): Threshold[] {
  const mode = text(object(custom(f).thresholdsStyle).mode, 'off');
  const steps = f.config.thresholds?.steps ?? [];
  if (mode === 'off' || mode === 'series') return [];
  const [min, max] = [f.config.min ?? 0, f.config.max ?? 100];
  const value = (v: number) => (f.config.thresholds?.mode === 'percentage' ? min + ((max - min) * v) / 100 : v);
  return steps.map((s, i) => ({
    scale, value: value(s.value ?? -Infinity), until: i + 1 < steps.length ? value(steps[i + 1]!.value) : Infinity, color: colorByName(s.color),
    line: mode.includes('line') || mode.includes('dashed'), dashed: mode.includes('dashed'), area: mode.includes('area') && s.color !== 'transparent',
  }));
}

// Series the JSON hides from view keep their place in the legend, switched off.
export function chartOf(p: VizProps): { spec: ChartSpec; series: Series[]; off: ReadonlySet<number> } | undefined {
  const all = timeSeries(p.frames);
  if (!all.length) return undefined;
  const { times, columns } = align(all.map((s) => {
    const step = s.field.config.interval;
    return { times: s.times, values: s.field.values.map(finite), ...(typeof step === 'number' ? { step: step / 1000 } : {}) };
  }));
  const axes: AxisSpec[] = [];
  const thresholds: Threshold[] = [];
  const taken = { left: false };
  const lines = all.map((s, i) => {
    const key = scaleKey(s.field);
    const axis = axes.find((a) => a.scale === key);
    if (!axis) {
      axes.push(axisOf(key, s.field, taken));
      thresholds.push(...thresholdsOf(s.field, key));
    } else if (text(custom(s.field).axisPlacement) !== 'hidden') axis.shown = true;
    return lineOf(s, key, times, columns[i]!);
  });
  const tip = tooltipOptions(p.panel.options);
  const spec: ChartSpec = {
    times, lines, axes, thresholds, marks: p.marks, from: p.span.from / 1000, to: p.span.to / 1000, zone: p.zone, tooltip: tip.mode, tooltipSort: tip.sort,
    exemplars: (p.exemplars ?? []).map((e) => ({ ...e, scale: axes[0]!.scale })), hideZeros: tip.hideZeros, sync: p.syncKey, timeHidden: p.timeHidden,
  };
  const off = new Set(all.map((s, i) => (hidden(s.field, 'viz') ? i : -1)).filter((i) => i >= 0));
  return { spec, series: all, off };
}
