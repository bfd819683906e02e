// The old single stat becomes a stat, or a gauge where its gauge was shown.
import { type Json, list, number, object, text } from '../model';
import { upgradeMappings } from './fieldconfig';

const CALCS: Record<string, string> = {
  avg: 'mean', min: 'min', max: 'max', current: 'lastNotNull', total: 'sum', first: 'first', delta: 'delta', diff: 'diff', range: 'range', name: 'lastNotNull', last_time: 'last',
};

function mappings(panel: Json): Json[] {
  const out = [
    ...list(panel.valueMaps).map((m) => ({ type: 1, value: m.value, text: m.text })),
    ...list(panel.rangeMaps).map((m) => ({ type: 2, from: m.from, to: m.to, text: m.text })),
  ].filter((m) => text((m as Json).text) !== '');
  if (Array.isArray(object(panel.options).mappings)) return upgradeMappings(object(panel.options).mappings);
  const wanted = Number(panel.mappingType);
  return upgradeMappings(out.filter((m) => !wanted || m.type === wanted));
}

// A prefix and a postfix are kept by a unit that says them, where no other unit is named.
function unitOf(panel: Json): string | undefined {
  const format = text(panel.format, 'none');
  const [pre, post] = [text(panel.prefix).trim(), text(panel.postfix).trim()];
  if (format !== 'none' && format !== 'short') return format;
  if (post && !pre) return 'suffix:' + post;
  if (pre && !post) return `prefix:${pre} `;
  return format;
}

export function singlestatToStat(panel: Json): Json {
  const gauge = object(panel.gauge);
  const isGauge = gauge.show === true;
  const spark = object(panel.sparkline);
  const colors = Array.isArray(panel.colors) ? panel.colors.map((c) => text(c, 'green')) : ['#299c46', 'rgba(237, 129, 40, 0.89)', '#d44a3a'];
  const limits = text(panel.thresholds).split(',').map((t) => number(t)).filter((t) => t !== undefined);
  const steps: Json[] = [{ value: null, color: colors[0] ?? 'green' }, ...limits.map((value, i) => ({ value, color: colors[i + 1] ?? colors.at(-1) }))];
  const colored = panel.colorValue || panel.colorBackground || isGauge;
  const name = panel.valueName === 'name';
  const defaults: Json = {
    unit: unitOf(panel), mappings: mappings(panel), thresholds: { mode: 'absolute', steps },
    color: colored ? { mode: 'thresholds' } : { mode: 'fixed', fixedColor: 'text' },
  };
  if (number(panel.decimals) !== undefined) defaults.decimals = number(panel.decimals);
  if (text(panel.nullText)) defaults.noValue = panel.nullText;
  if (isGauge) Object.assign(defaults, { min: number(gauge.minValue) ?? 0, max: number(gauge.maxValue) ?? 100 });
  const column = text(panel.tableColumn);
  const table = list(panel.targets).some((t) => t.format === 'table');
  const options: Json = {
    reduceOptions: { values: false, calcs: [CALCS[text(panel.valueName, 'avg')] ?? 'mean'], fields: table && column && column !== 'Value' ? `/^${column.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$/` : '' },
    orientation: 'horizontal', textMode: name ? 'name' : 'auto',
    ...(isGauge
      ? { showThresholdMarkers: gauge.thresholdMarkers !== false, showThresholdLabels: gauge.thresholdLabels === true }
      : { colorMode: panel.colorBackground ? 'background' : panel.colorValue ? 'value' : 'none', graphMode: spark.show ? 'area' : 'none', justifyMode: 'center' }),
  };
  return { ...panel, type: isGauge ? 'gauge' : 'stat', fieldConfig: { defaults, overrides: list(object(panel.fieldConfig).overrides) }, options };
}
