// The old table: its styles become overrides, its transform a transformation.
import { type Json, list, number, object, text } from '../model';

const AGGREGATES: Record<string, string> = { avg: 'mean', min: 'min', max: 'max', total: 'sum', current: 'lastNotNull', count: 'count' };

function linkOf(style: Json): Json[] {
  if (!style.link || !text(style.linkUrl)) return [];
  const cells = (t: string) => t.replace(/\$\{?__cell(?::\w+)?\}?(?!_)/g, '${__value.text}').replace(/\$\{?__cell_(\d+)(?::\w+)?\}?/g, '${__data.fields[$1]}');
  return [{ title: cells(text(style.linkTooltip)), url: cells(text(style.linkUrl)), targetBlank: style.linkTargetBlank === true }];
}

function properties(style: Json): { id: string; value: unknown }[] {
  const out: { id: string; value: unknown }[] = [];
  const put = (id: string, value: unknown) => out.push({ id, value });
  if (text(style.alias)) put('displayName', style.alias);
  if (style.type === 'hidden') put('custom.hidden', true);
  if (style.type === 'number') {
    if (text(style.unit)) put('unit', style.unit);
    if (number(style.decimals) !== undefined) put('decimals', number(style.decimals));
  }
  if (style.type === 'date') put('unit', text(style.dateFormat) ? `time:${text(style.dateFormat)}` : 'dateTimeAsIso');
  if (style.align && style.align !== 'auto') put('custom.align', style.align);
  const links = linkOf(style);
  if (links.length) put('links', links);
  const values = Object.fromEntries(list(style.valueMaps).filter((m) => text(m.text)).map((m) => [text(m.value), { text: text(m.text) }]));
  const ranges = list(style.rangeMaps).filter((m) => text(m.text)).map((m) => ({ type: 'range', options: { from: number(m.from) ?? null, to: number(m.to) ?? null, result: { text: text(m.text) } } }));
  const mapped = Number(style.mappingType) === 2 ? ranges : Object.keys(values).length ? [{ type: 'value', options: values }] : [];
  if (mapped.length) put('mappings', mapped);
  const limits = (Array.isArray(style.thresholds) ? style.thresholds : []).map(number).filter((n) => n !== undefined);
  const mode = text(style.colorMode);
  if (mode && mode !== 'null' && limits.length) {
    const colors = Array.isArray(style.colors) ? style.colors.map((c) => text(c)) : [];
    put('thresholds', { mode: 'absolute', steps: [{ value: null, color: colors[0] ?? 'green' }, ...limits.map((value, i) => ({ value, color: colors[i + 1] ?? 'red' }))] });
    put('color', { mode: 'thresholds' });
    put('custom.cellOptions', { type: mode === 'value' ? 'color-text' : 'color-background', mode: 'basic' });
  }
  return out;
}

function transformations(panel: Json): Json[] {
  const columns = list(panel.columns);
  const hasTable = list(panel.targets).some((t) => t.format === 'table');
  switch (panel.transform) {
    case 'timeseries_aggregations':
      return [{ id: 'reduce', options: { reducers: columns.map((c) => AGGREGATES[text(c.value)] ?? 'lastNotNull'), includeTimeField: false } }];
    case 'timeseries_to_columns':
      return [{ id: 'joinByField', options: {} }];
    case 'timeseries_to_rows':
      return [{ id: 'seriesToRows', options: {} }];
    default:
      return hasTable && list(panel.targets).length > 1 ? [{ id: 'merge', options: {} }] : [];
  }
}

export function tableOldToTable(panel: Json): Json {
  const overrides = list(panel.styles).map((s) => {
    const pattern = text(s.pattern);
    const regex = pattern.startsWith('/') && pattern.lastIndexOf('/') > 0;
    return { matcher: { id: regex ? 'byRegexp' : 'byName', options: pattern }, properties: properties(s) };
  }).filter((o) => o.properties.length);
  const sort = object(panel.sort);
  // The catch-all style comes last in the old list but is the weakest.
  const isCatchAll = (o: { matcher: { options: unknown } }) => o.matcher.options === '/.*/';
  return {
    ...panel,
    type: 'table',
    fieldConfig: { defaults: { custom: {} }, overrides: [...overrides.filter(isCatchAll).map((o) => ({ ...o, matcher: { id: 'byType', options: 'number' } })), ...overrides.filter((o) => !isCatchAll(o))] },
    options: { showHeader: panel.showHeader !== false, sortColumn: sort.col, sortDesc: sort.desc === true, pageSize: number(panel.pageSize) },
    transformations: [...transformations(panel), ...list(panel.transformations)],
  };
}
