// The old graph panel becomes a time series panel.
import { type Json, list, number, object, text } from '../model';

const CALCS: Record<string, string> = { min: 'min', max: 'max', avg: 'mean', current: 'lastNotNull', total: 'sum' };
const SORTED: Record<string, string> = { min: 'Min', max: 'Max', avg: 'Mean', current: 'Last *', total: 'Total' };

interface Override {
  matcher: { id: string; options: unknown };
  properties: { id: string; value: unknown }[];
}

const matcherOf = (alias: string) =>
  alias.startsWith('/') && alias.lastIndexOf('/') > 0 ? { id: 'byRegexp', options: alias } : { id: 'byName', options: alias };

function axis(y: Json): Json {
  const out: Json = {};
  if (text(y.format)) out.unit = y.format;
  if (number(y.min) !== undefined) out.min = number(y.min);
  if (number(y.max) !== undefined) out.max = number(y.max);
  if (number(y.decimals) !== undefined) out.decimals = number(y.decimals);
  return out;
}

const scaleOf = (y: Json) => (Number(y.logBase) > 1 ? { type: 'log', log: Number(y.logBase) === 2 ? 2 : 10 } : undefined);

function seriesOverride(o: Json, right: Json, stack: Json): Override | undefined {
  const alias = text(o.alias);
  if (!alias) return undefined;
  const properties: Override['properties'] = [];
  const put = (id: string, value: unknown) => properties.push({ id, value });
  if (o.color) put('color', { mode: 'fixed', fixedColor: o.color });
  if (o.fill !== undefined) put('custom.fillOpacity', Number(o.fill) * 10);
  if (o.fillGradient !== undefined && Number(o.fillGradient) > 0) put('custom.gradientMode', 'opacity');
  if (o.linewidth !== undefined) put('custom.lineWidth', Number(o.linewidth));
  if (o.lines === false && o.bars !== true) put('custom.lineWidth', 0);
  if (o.bars === true) put('custom.drawStyle', 'bars');
  if (o.points === true) put(o.lines === false ? 'custom.drawStyle' : 'custom.showPoints', o.lines === false ? 'points' : 'always');
  if (o.pointradius !== undefined) put('custom.pointSize', 2 + Number(o.pointradius) * 2);
  if (o.steppedLine === true) put('custom.lineInterpolation', 'stepAfter');
  if (o.dashes === true) put('custom.lineStyle', { fill: 'dash', dash: [Number(o.dashLength ?? 10), Number(o.spaceLength ?? 10)] });
  if (o.transform === 'negative-Y') put('custom.transform', 'negative-Y');
  if (o.fillBelowTo) put('custom.fillBelowTo', o.fillBelowTo);
  if (o.stack !== undefined) put('custom.stacking', o.stack === false ? { mode: 'none', group: 'A' } : { ...stack, mode: stack.mode === 'none' ? 'normal' : stack.mode, group: o.stack === true ? 'A' : text(o.stack, 'A') });
  if (o.legend === false || o.hideTooltip === true) put('custom.hideFrom', { legend: o.legend === false, tooltip: o.hideTooltip === true, viz: false });
  if (o.nullPointMode) put('custom.spanNulls', o.nullPointMode === 'connected');
  if (Number(o.yaxis) === 2) {
    put('custom.axisPlacement', 'right');
    for (const [id, value] of Object.entries(axis(right))) put(id, value);
    // What the right axis does not say is not taken from the left one.
    put('custom.axisLabel', text(right.label));
    put('custom.scaleDistribution', scaleOf(right) ?? { type: 'linear' });
    put('custom.axisGroup', 'right');
    if (right.show === false) properties.find((p) => p.id === 'custom.axisPlacement')!.value = 'hidden';
  }
  return properties.length ? { matcher: matcherOf(alias), properties } : undefined;
}

function thresholds(old: Json[]): { thresholds: Json; style: string } | undefined {
  const good = old.filter((t) => number(t.value) !== undefined).sort((a, b) => Number(a.value) - Number(b.value));
  if (!good.length) return undefined;
  const color = (t: Json) => (t.colorMode === 'custom' ? text(t.lineColor) || text(t.fillColor) || 'red' : t.colorMode === 'ok' ? 'green' : t.colorMode === 'warning' ? 'orange' : 'red');
  const steps: Json[] = [{ value: null, color: good[0]!.op === 'lt' ? color(good[0]!) : 'transparent' }];
  for (const t of good) steps.push({ value: Number(t.value), color: t.op === 'lt' ? 'transparent' : color(t) });
  const area = good.some((t) => t.fill !== false);
  const line = good.some((t) => t.line !== false);
  return { thresholds: { mode: 'absolute', steps }, style: area && line ? 'line+area' : area ? 'area' : 'line' };
}

export function graphToTimeseries(panel: Json): Json {
  const yaxes = list(panel.yaxes);
  const left = yaxes[0] ?? { format: list(panel.y_formats)[0] ?? (Array.isArray(panel.y_formats) ? panel.y_formats[0] : undefined) };
  const right = yaxes[1] ?? { format: Array.isArray(panel.y_formats) ? panel.y_formats[1] : undefined };
  const legend = object(panel.legend);
  const stack = { mode: panel.stack ? (panel.percentage ? 'percent' : 'normal') : 'none', group: 'A' };
  const lines = panel.lines !== false;
  const drawStyle = panel.bars ? 'bars' : lines ? 'line' : panel.points ? 'points' : 'line';
  const custom: Json = {
    drawStyle,
    lineInterpolation: panel.steppedLine ? 'stepAfter' : 'linear',
    lineWidth: lines || panel.bars ? (number(panel.linewidth) ?? 1) : 0,
    fillOpacity: lines || panel.bars ? (panel.bars ? 100 : (number(panel.fill) ?? 1) * 10) : 0,
    gradientMode: Number(panel.fillGradient) > 0 ? 'opacity' : 'none',
    showPoints: panel.points && lines ? 'always' : 'never',
    pointSize: 2 + (number(panel.pointradius) ?? 2) * 2,
    spanNulls: panel.nullPointMode === 'connected',
    stacking: stack,
  };
  if (panel.nullPointMode === 'null as zero') custom.nullAsZero = true;
  if (text(left.label)) custom.axisLabel = left.label;
  if (left.show === false) custom.axisPlacement = 'hidden';
  if (scaleOf(left)) custom.scaleDistribution = scaleOf(left);
  if (panel.dashes) custom.lineStyle = { fill: 'dash', dash: [number(panel.dashLength) ?? 10, number(panel.spaceLength) ?? 10] };
  const limits = thresholds(list(panel.thresholds));
  if (limits) custom.thresholdsStyle = { mode: limits.style };
  const overrides = list(panel.seriesOverrides).map((o) => seriesOverride(o, right, stack)).filter((o) => o !== undefined);
  for (const [name, color] of Object.entries(object(panel.aliasColors)))
    overrides.unshift({ matcher: { id: 'byName', options: name }, properties: [{ id: 'color', value: { mode: 'fixed', fixedColor: color } }] });
  const tooltip = object(panel.tooltip);
  const calcs = legend.values ? Object.keys(CALCS).filter((k) => legend[k]).map((k) => CALCS[k]!) : [];
  const old = object(panel.fieldConfig);
  const series = object(panel.xaxis).mode === 'series';
  return {
    ...panel,
    type: series ? 'bargauge' : object(panel.xaxis).mode === 'histogram' ? 'histogram' : 'timeseries',
    fieldConfig: {
      defaults: {
        ...object(old.defaults), ...axis(left), ...(number(panel.decimals) !== undefined ? { decimals: number(panel.decimals) } : {}),
        ...(limits ? { thresholds: limits.thresholds } : {}), color: { mode: 'palette-classic' }, custom,
      },
      overrides: [...list(old.overrides), ...overrides],
    },
    options: {
      legend: {
        showLegend: legend.show !== false, displayMode: legend.alignAsTable ? 'table' : 'list', placement: legend.rightSide ? 'right' : 'bottom', calcs,
        ...(text(legend.sort) && legend.sort !== 'null' ? { sortBy: SORTED[text(legend.sort)], sortDesc: legend.sortDesc !== false } : {}),
        hideEmpty: legend.hideEmpty === true, hideZero: legend.hideZero === true,
        ...(number(legend.sideWidth) ? { width: number(legend.sideWidth) } : {}),
      },
      tooltip: { mode: tooltip.shared === false ? 'single' : 'multi', sort: ['none', 'asc', 'desc'][Number(tooltip.sort ?? 0)] ?? 'none' },
      ...(series ? { reduceOptions: { calcs: [CALCS[text((Array.isArray(object(panel.xaxis).values) ? (object(panel.xaxis).values as unknown[])[0] : 'total'), 'total')] ?? 'sum'] } } : {}),
    },
  };
}
