// Smaller kinds: old pie, text, heatmap; settings that changed their names.
import { type Json, list, number, object, text } from '../model';

const CALCS: Record<string, string> = { avg: 'mean', min: 'min', max: 'max', current: 'lastNotNull', total: 'sum' };

export function pieOld(panel: Json): Json {
  const legend = object(panel.legend);
  const overrides = Object.entries(object(panel.aliasColors)).map(([name, color]) => ({ matcher: { id: 'byName', options: name }, properties: [{ id: 'color', value: { mode: 'fixed', fixedColor: color } }] }));
  return {
    ...panel,
    type: 'piechart',
    fieldConfig: { defaults: { unit: text(panel.format, 'short'), ...(number(panel.decimals) !== undefined ? { decimals: number(panel.decimals) } : {}) }, overrides },
    options: {
      pieType: panel.pieType === 'donut' ? 'donut' : 'pie',
      reduceOptions: { calcs: [CALCS[text(panel.valueName)] ?? 'lastNotNull'], values: false, fields: '' },
      legend: {
        showLegend: legend.show !== false && text(panel.legendType) !== 'On graph', displayMode: text(panel.legendType) === 'Under graph' ? 'list' : 'table',
        placement: text(panel.legendType) === 'Right side' ? 'right' : 'bottom', values: [...(legend.values ? ['value'] : []), ...(legend.percentage ? ['percent'] : [])],
      },
    },
  };
}

export function textOld(panel: Json): Json {
  const options = object(panel.options);
  if (options.content !== undefined) return panel;
  return { ...panel, options: { ...options, mode: text(panel.mode, 'markdown') === 'text' ? 'markdown' : text(panel.mode, 'markdown'), content: text(panel.content) } };
}

export function heatmapOld(panel: Json): Json {
  if (panel.dataFormat === undefined && panel.yAxis === undefined) return panel;
  const color = object(panel.color);
  const y = object(panel.yAxis);
  const buckets = panel.dataFormat === 'tsbuckets';
  return {
    ...panel,
    options: {
      ...object(panel.options),
      calculate: !buckets,
      calculation: { yBuckets: { mode: number(panel.yBucketNumber) ? 'count' : 'size', value: text(panel.yBucketNumber) || text(panel.yBucketSize) }, xBuckets: { mode: 'size', value: text(panel.xBucketSize) } },
      color: { mode: color.mode === 'opacity' ? 'opacity' : 'scheme', scheme: text(color.colorScheme).replace(/^interpolate/, '') || 'Oranges', fill: color.cardColor, min: number(color.min), max: number(color.max), exponent: number(color.exponent) },
      yAxis: { unit: y.format, decimals: number(y.decimals), min: number(y.min), max: number(y.max), reverse: panel.reverseYBuckets === true },
      legend: { show: object(panel.legend).show !== false },
      filterValues: { le: panel.hideZeroBuckets ? 1e-9 : -Infinity },
    },
  };
}

const CELL_MODES: Record<string, Json> = {
  'color-text': { type: 'color-text' }, 'color-background': { type: 'color-background', mode: 'gradient' }, 'color-background-solid': { type: 'color-background', mode: 'basic' },
  'gradient-gauge': { type: 'gauge', mode: 'gradient' }, 'lcd-gauge': { type: 'gauge', mode: 'lcd' }, basic: { type: 'gauge', mode: 'basic' }, 'json-view': { type: 'json-view' }, image: { type: 'image' }, auto: { type: 'auto' },
};
const cell = (mode: unknown): unknown => CELL_MODES[text(mode)] ?? { type: 'auto' };

// custom.displayMode, once the name of cellOptions.
export function tableNew(panel: Json): Json {
  const config = object(panel.fieldConfig);
  const custom = object(object(config.defaults).custom);
  const upgraded = custom.displayMode !== undefined && custom.cellOptions === undefined ? { ...custom, cellOptions: cell(custom.displayMode) } : custom;
  const overrides = list(config.overrides).map((o) => ({
    ...o, properties: list(o.properties).map((p) => (p.id === 'custom.displayMode' ? { id: 'custom.cellOptions', value: cell(p.value) } : p)),
  }));
  return { ...panel, fieldConfig: { defaults: { ...object(config.defaults), custom: upgraded }, overrides } };
}
