// Every kind of panel, with the options, transformations, matchers and variables of Grafana's
// reference, drawn with data; old kinds in the words of their time.
import assert from 'node:assert/strict';
import { becomes, holds, kPatience, unfold } from './world.mjs';

let next = 0;
const ref = (expr, more = {}) => ({ refId: String.fromCharCode(65 + (next++ % 26)), expr, ...more });
const RATE = 'rate(shop_seconds_bucket[30s])';
const UP = 'up{job=~"meerkat|shop"}';
const instant = (expr) => ref(expr, { instant: true, format: 'table' });
const custom = (c, more = {}) => ({ fieldConfig: { defaults: { custom: c, ...more }, overrides: [] } });
const override = (id, options, ...properties) => ({ fieldConfig: { defaults: {}, overrides: [{ matcher: { id, options }, properties: properties.map(([p, value]) => ({ id: p, value })) }] } });
const kind = (type, targets, more = {}) => ({ type, targets, ...more });
const step = (id, options = {}) => ({ id, options });

const LINES = [ref(UP, { legendFormat: '{{job}}' }), ref(`${UP} * 2`, { legendFormat: '{{job}} twice' })];

const GALLERY = {
  'lines, smooth, filled, table legend right': kind('timeseries', LINES, { ...custom({ lineInterpolation: 'smooth', fillOpacity: 20, gradientMode: 'scheme', showPoints: 'always', lineStyle: { fill: 'dash', dash: [4, 4] } }), options: { legend: { displayMode: 'table', placement: 'right', calcs: ['min', 'max', 'mean', 'lastNotNull', 'p95', 'diffperc'], sortBy: 'Max', sortDesc: true }, tooltip: { mode: 'multi', sort: 'desc' } } }),
  'bars, stacked to percent': kind('timeseries', LINES, custom({ drawStyle: 'bars', stacking: { mode: 'percent', group: 'A' }, barAlignment: 1 })),
  'points, log scale, two axes': kind('timeseries', LINES, { fieldConfig: { defaults: { custom: { drawStyle: 'points', pointSize: 8, scaleDistribution: { type: 'log', log: 10 } } }, overrides: [{ matcher: { id: 'byRegexp', options: '/twice/' }, properties: [{ id: 'custom.axisPlacement', value: 'right' }, { id: 'unit', value: 'percent' }, { id: 'custom.axisLabel', value: 'right' }] }] } }),
  'steps, thresholds, soft limits, symlog': kind('timeseries', LINES, custom({ lineInterpolation: 'stepAfter', thresholdsStyle: { mode: 'dashed+area' }, axisSoftMin: -1, axisSoftMax: 5, axisCenteredZero: true, scaleDistribution: { type: 'symlog', linearThreshold: 1 }, spanNulls: 60000 }, { thresholds: { mode: 'percentage', steps: [{ color: 'green', value: null }, { color: 'red', value: 50 }] } })),
  'below zero and filled between': kind('timeseries', LINES, { ...override('byFrameRefID', LINES[1].refId, ['custom.transform', 'negative-Y'], ['custom.fillBelowTo', 'meerkat'], ['color', { mode: 'fixed', fixedColor: 'semi-dark-orange' }]) }),
  'own time, shifted, exemplars': kind('timeseries', [ref(`histogram_quantile(0.9, ${RATE})`, { exemplar: true })], { timeFrom: '2m', timeShift: '1s', hideTimeOverride: true }),
  'a trend': kind('trend', LINES),
  'stat, background, name': kind('stat', LINES, { options: { colorMode: 'background_solid', textMode: 'value_and_name', graphMode: 'area', justifyMode: 'center', orientation: 'vertical', reduceOptions: { calcs: ['mean'] } } }),
  'stat, mapped': kind('stat', [ref('vector(1)')], { fieldConfig: { defaults: { mappings: [{ type: 'value', options: { 1: { text: 'mapped-one', color: 'green' } } }, { type: 'range', options: { from: 2, to: 3, result: { text: 'two' } } }, { type: 'special', options: { match: 'null+nan', result: { text: 'none' } } }, { type: 'regex', options: { pattern: '4(.*)', result: { text: '$1' } } }] }, overrides: [] }, says: 'mapped-one' }),
  'stat of all rows': kind('stat', [instant(UP)], { options: { reduceOptions: { values: true, limit: 5, calcs: [], fields: '/^Value$/' } } }),
  'stat of a text': kind('stat', [instant(UP)], { options: { reduceOptions: { values: false, calcs: ['lastNotNull'], fields: '/^job$/' } }, says: /meerkat|shop/ }),
  'gauge, continuous': kind('gauge', LINES, { fieldConfig: { defaults: { min: 0, max: 4, unit: 'percentunit', color: { mode: 'continuous-GrYlRd' } }, overrides: [] }, options: { showThresholdLabels: true, orientation: 'horizontal' } }),
  'bar gauge, lcd': kind('bargauge', LINES, { options: { displayMode: 'lcd', orientation: 'horizontal', valueMode: 'color', namePlacement: 'left' } }),
  'bar gauge, upright': kind('bargauge', LINES, { options: { displayMode: 'gradient', orientation: 'vertical', showUnfilled: false } }),
  'pie with a table': kind('piechart', [ref(`${UP} + 1`, { legendFormat: '{{job}}' })], { options: { pieType: 'donut', displayLabels: ['name', 'value', 'percent'], legend: { displayMode: 'table', placement: 'right', values: ['value', 'percent'] }, sort: 'asc' } }),
  'table of everything': kind('table', [instant(UP), instant(`${UP} * 2`)], { transformations: [step('merge'), step('organize', { excludeByName: { Time: true }, renameByName: { job: 'Work' }, indexByName: { job: 0 } }), step('sortBy', { sort: [{ field: 'Work', desc: true }] })], fieldConfig: { defaults: { custom: { filterable: true, align: 'center' } }, overrides: [{ matcher: { id: 'byName', options: 'Value #' }, properties: [{ id: 'custom.cellOptions', value: { type: 'gauge', mode: 'lcd' } }] }, { matcher: { id: 'byType', options: 'number' }, properties: [{ id: 'custom.cellOptions', value: { type: 'color-background', mode: 'gradient' } }, { id: 'links', value: [{ title: 'to ${__value.text}', url: '/d/x?var-job=${__data.fields.Work}' }] }] }] }, options: { footer: { show: true, reducer: ['sum'], countRows: false, enablePagination: true }, sortBy: [{ displayName: 'Work', desc: false }] }, says: 'Work' }),
  'table, grouped and filtered': kind('table', [instant('up')], { transformations: [step('filterByValue', { filters: [{ fieldName: 'Value', config: { id: 'greater', options: { value: -1 } } }], type: 'include', match: 'all' }), step('groupBy', { fields: { job: { operation: 'groupby' }, Value: { operation: 'aggregate', aggregations: ['sum', 'count'] } } }), step('limit', { limitField: 3 })], says: 'Value (sum)' }),
  'table of reduced series': kind('table', LINES, { transformations: [step('reduce', { reducers: ['max', 'mean', 'last'] }), step('calculateField', { mode: 'binary', binary: { left: 'Max', operator: '*', right: '10' }, alias: 'tenfold' }), step('renameByRegex', { regex: '(.*)fold', renamePattern: '$1 times' })], says: 'ten times' }),
  'table of joined series': kind('table', LINES, { transformations: [step('joinByField', { byField: 'Time', mode: 'outer' }), step('filterFieldsByName', { include: { pattern: 'Time|meerkat.*' } }), step('convertFieldType', { conversions: [{ targetField: 'Time', destinationType: 'string' }] })], says: 'meerkat' }),
  'table of labels': kind('table', [ref(UP)], { transformations: [step('labelsToFields', { mode: 'columns' }), step('merge'), step('fromAPlugin')], says: 'instance' }),
  'table of small curves': kind('table', LINES, { transformations: [step('timeSeriesTable', {})], says: 'Trend' }),
  'table, transposed rows': kind('table', [instant(UP)], { transformations: [step('seriesToRows'), step('transpose')] }),
  'heatmap of buckets': kind('heatmap', [ref(`sum by (le) (increase(shop_seconds_bucket[10s]))`, { format: 'heatmap', legendFormat: '{{le}}' })], { options: { yAxis: { unit: 's' }, color: { mode: 'scheme', scheme: 'Spectral', reverse: true }, cellGap: 2 } }),
  'heatmap of a native histogram': kind('heatmap', [ref('shop_seconds{job="shop-native"}', { format: 'heatmap' })]),
  'heatmap, counted': kind('heatmap', LINES, { options: { calculate: true, calculation: { yBuckets: { mode: 'count', value: '4' } } } }),
  'histogram of values': kind('histogram', LINES, { options: { bucketCount: 5, combine: true } }),
  'bars by name': kind('barchart', [instant(UP)], { options: { xField: 'job', orientation: 'horizontal', stacking: 'normal', showValue: 'always', xTickLabelRotation: -45 } }),
  'states over time': kind('state-timeline', LINES, { options: { mergeValues: true, showValue: 'always', alignValue: 'center' }, ...custom({ fillOpacity: 90 }, { mappings: [{ type: 'value', options: { 1: { text: 'up', color: 'green' } } }] }) }),
  'status history': kind('status-history', LINES, { options: { rowHeight: 0.8, colWidth: 0.8 } }),
  'words': kind('text', [], { options: { mode: 'html', content: '<h3>in $job</h3><script>window.bad = 1</script>' }, says: /in meerkat/ }),
  'code': kind('text', [], { options: { mode: 'code', content: 'a = ${job}' }, says: 'a = meerkat' }),
  'alerts': kind('alertlist', [], { options: { maxItems: 5, stateFilter: { firing: true, pending: true }, viewMode: 'list' } }),
  'dashboards': kind('dashlist', [], { options: { showSearch: true, query: 'Gallery', tags: [], showHeadings: true }, says: /Gallery/ }),
  'another panel\'s data': kind('stat', [{ refId: 'A', panelId: 1, datasource: { type: 'datasource', uid: '-- Dashboard --' } }], { datasource: { type: 'datasource', uid: '-- Dashboard --' } }),
  'mixed sources': kind('timeseries', LINES.map((t) => ({ ...t, datasource: { type: 'prometheus', uid: '${DS}' } })), { datasource: { type: 'datasource', uid: '-- Mixed --' } }),
  'a variable in everything': kind('timeseries', [ref('rate(meerkat_http_requests_total{job=~"$job"}[$__rate_interval]) or up{job=~"${job:regex}"} * $factor + 0 * ${__range_s}', { interval: '$every', legendFormat: '${job:csv} {{instance}}' })], { title: 'of $job', interval: '>1s' }),
};

// These are boxes that say so, with their data as a table where they have any.
const BOXES = { nodeGraph: [instant(UP)], geomap: [instant(UP)], canvas: [instant(UP)], candlestick: [ref(UP)], xychart: [ref(UP)], flamegraph: [], news: [], 'flant-statusmap-panel': [ref(UP)] };

const OLD = {
  graph: { type: 'graph', targets: [ref('up', { legendFormat: '{{job}}', intervalFactor: 2, step: 4 })], yaxes: [{ format: 'short', logBase: 1, min: 0, label: 'left' }, { format: 'percent', show: true }], seriesOverrides: [{ alias: '/shop/', yaxis: 2, transform: 'negative-Y', fill: 3, dashes: true }, { alias: 'meerkat', stack: false, color: '#f00', bars: true, lines: false }], stack: true, legend: { show: true, values: true, current: true, avg: true, alignAsTable: true, rightSide: true, sort: 'current', sortDesc: true }, thresholds: [{ value: 0.5, op: 'gt', fill: true, line: true, colorMode: 'critical' }], nullPointMode: 'null as zero', steppedLine: true, tooltip: { shared: true, sort: 2 }, xaxis: { mode: 'time' }, becomes: 'timeseries' },
  'graph by series': { type: 'graph', targets: [ref('up')], xaxis: { mode: 'series', values: ['total'] }, becomes: 'bargauge' },
  'graph of a histogram': { type: 'graph', targets: [ref('up')], bars: true, lines: false, xaxis: { mode: 'histogram', buckets: 5 }, becomes: 'histogram' },
  singlestat: { type: 'singlestat', targets: [ref('sum(up)')], format: 'none', prefix: '~', valueName: 'current', thresholds: '1,2', colors: ['#0f0', '#ff0', '#f00'], colorValue: true, sparkline: { show: true }, becomes: 'stat' },
  'singlestat as text': { type: 'singlestat', targets: [ref('vector(1)')], valueMaps: [{ op: '=', value: '1', text: 'good' }], mappingType: 1, valueName: 'current', becomes: 'stat', says: 'good' },
  'singlestat gauge': { type: 'singlestat', targets: [ref('sum(up)')], gauge: { show: true, minValue: 0, maxValue: 9 }, thresholds: '3,6', becomes: 'gauge' },
  'old table': { type: 'table-old', targets: [instant('up')], transform: 'table', styles: [{ pattern: 'Time', type: 'hidden' }, { pattern: 'job', type: 'string', alias: 'Job', link: true, linkUrl: '/d/x?v=${__cell}' }, { pattern: '/.*/', type: 'number', decimals: 2, unit: 'short', colorMode: 'cell', thresholds: ['1', '2'], colors: ['red', 'orange', 'green'] }], sort: { col: 1, desc: true }, pageSize: 3, becomes: 'table', says: 'Job' },
  'old table of aggregations': { type: 'table', styles: [], columns: [{ text: 'Avg', value: 'avg' }, { text: 'Current', value: 'current' }], transform: 'timeseries_aggregations', targets: [ref('up')], becomes: 'table', says: 'Mean' },
  'old pie': { type: 'grafana-piechart-panel', targets: [ref('up + 1', { legendFormat: '{{job}}' })], pieType: 'donut', legendType: 'Right side', valueName: 'current', legend: { values: true, percentage: true }, becomes: 'piechart' },
  'old heatmap': { type: 'heatmap', dataFormat: 'tsbuckets', targets: [ref('sum by (le) (increase(shop_seconds_bucket[10s]))', { format: 'heatmap', legendFormat: '{{le}}' })], yAxis: { format: 's' }, color: { mode: 'spectrum', colorScheme: 'interpolateOranges' }, hideZeroBuckets: true, becomes: 'heatmap' },
  'old text': { type: 'text', mode: 'markdown', content: '# old words', targets: [], becomes: 'text', says: 'old words' },
  'gauge of 6.0': { type: 'gauge', targets: [ref('sum(up)')], options: { fieldOptions: { calcs: ['last'], defaults: { min: 0, max: 10, unit: 'none' }, mappings: [{ id: 0, type: 1, value: '99', text: 'x' }], thresholds: [{ index: 0, value: null, color: 'green' }, { index: 1, value: 5, color: 'red' }] } }, becomes: 'gauge' },
};

const place = (i) => ({ x: (i % 3) * 8, y: Math.floor(i / 3) * 7, w: 8, h: 7 });
const VARIABLES = [
  { name: 'DS', type: 'datasource', query: 'prometheus', hide: 2 },
  { name: 'job', type: 'query', query: { query: 'label_values(up{instance=~".+"}, job)', refId: 'x' }, multi: true, includeAll: true, regex: '/(meerkat|shop)$/', sort: 1, refresh: 1, current: { text: ['meerkat'], value: ['meerkat'] } },
  { name: 'one', type: 'query', query: 'query_result(count(up) by (job))', regex: '/job="(?<text>[^"]+)"[^ ]* (?<value>\\d+)/', refresh: 2, sort: 4 },
  { name: 'names', type: 'query', query: 'label_names()', refresh: 1 }, { name: 'metric', type: 'query', query: 'metrics(shop_.*)', refresh: 1 },
  { name: 'chained', type: 'query', query: 'label_values(up{job=~"$job"}, instance)', refresh: 2, includeAll: true, allValue: '.*', current: { value: '$__all' } },
  { name: 'factor', type: 'custom', query: 'one : 1,two : 2', current: { value: '2' } }, { name: 'every', type: 'interval', query: '1s,5s,1m', auto: true, auto_count: 30, auto_min: '1s', current: { value: '$__auto_interval_every' } },
  { name: 'fixed', type: 'constant', query: 'c' }, { name: 'typed', type: 'textbox', query: 't' }, { name: 'filters', type: 'adhoc', filters: [{ key: 'instance', operator: '=~', value: '.+' }] },
];

async function open(page, base, dashboard) {
  const answer = await page.request.post(`${base}/api/v1/dashboards`, { data: { dashboard } });
  assert.equal(answer.status(), 200, await answer.text());
  const { data } = await answer.json();
  await page.go(`d/${data.uid}/x?from=now-2m&to=now&refresh=off`);
  await page.waitForSelector('[data-dashboard-state="ready"]');
  return () => page.request.delete(`${base}/api/v1/dashboards/${data.uid}`);
}

// What is wrong with the panel: "" when it is drawn as it should be.
async function faultOf(panel, wanted) {
  const is = await panel.evaluate((e) => ({ ...e.dataset, text: e.innerText, drawn: !!e.querySelector('[data-panel-body] canvas, [data-panel-body] svg, [data-panel-body] table, [data-panel-body] .bar-track') }));
  if (is.panelState !== wanted.state) return `${is.panelState} ${is.panelMessage ?? ''}`;
  if (wanted.type && is.panelType !== wanted.type) return `is a ${is.panelType}`;
  if (wanted.says && !(wanted.says instanceof RegExp ? wanted.says.test(is.text) : is.text.includes(wanted.says))) return `does not say ${wanted.says}: ${is.text.slice(0, 120)}`;
  return wanted.drawn && !is.drawn ? 'has no drawing' : '';
}

// What is wrong with them, each given time to be right; the first that never is has waited for the others, too.
async function faults(page, panels, wantedOf) {
  const out = [];
  for (const p of panels) {
    const panel = page.locator(`[data-panel-id="${p.id}"]`).first();
    await panel.scrollIntoViewIfNeeded();
    await becomes(() => faultOf(panel, wantedOf(p)), '', p.title, out.length ? kPatience / 10 : kPatience).catch((e) => out.push(e.message));
  }
  return out;
}

export const tests = [
  ['every kind, option, transformation and matcher of the reference is drawn with data', async ({ page, base, world, skip }) => {
    if (!world.jobs) skip('only beside a server of its own');
    const panels = Object.entries(GALLERY).map(([title, p], i) => ({ datasource: { type: 'prometheus', uid: '${DS}' }, title, ...p, id: i + 1, gridPos: place(i) }));
    const boxes = Object.entries(BOXES).map(([type, targets], i) => ({ type, targets, title: type, id: 200 + i, gridPos: place(panels.length + i) }));
    const close = await open(page, base, { title: 'Gallery', schemaVersion: 41, panels: [...panels, ...boxes], templating: { list: VARIABLES }, graphTooltip: 2, annotations: { list: [{ name: 'up', enable: true, expr: 'up == 1', step: '10s', titleFormat: '{{job}}' }] } });
    const found = await faults(page, panels, (p) => ({ state: 'ready', type: p.type, says: p.says, drawn: !['text', 'alertlist', 'dashlist', 'stat'].includes(p.type) }));
    found.push(...(await faults(page, boxes, (p) => ({ state: 'unsupported', drawn: p.targets.length > 0 }))));
    assert.deepEqual(found, []);
    assert.equal(await page.evaluate(() => window.bad), undefined);
    const value = (name) => page.getAttribute(`[data-variable="${name}"]`, 'data-value');
    for (const [name, wanted] of Object.entries({ chained: '["$__all"]', factor: '["2"]', typed: '["t"]', fixed: '["c"]', metric: /^\["shop_/ })) await becomes(() => value(name), wanted, name);
    await close();
  }],
  ['panels of old versions are drawn as what they became', async ({ page, base, world, skip }) => {
    if (!world.jobs) skip('only beside a server of its own');
    for (const schemaVersion of [12, 21, 27]) {
      const panels = Object.entries(OLD).map(([title, { says, ...p }], i) => ({ title, ...p, id: i + 1, span: 4, gridPos: place(i), datasource: schemaVersion < 21 ? '${DS_PROM}' : null }));
      const body = schemaVersion < 16 ? { rows: [{ title: 'Old row', showTitle: true, height: '250px', panels: panels.slice(0, 6) }, { title: 'Folded', collapse: true, height: 200, panels: panels.slice(6) }] } : { panels };
      const close = await open(page, base, { title: `Old ${schemaVersion}`, schemaVersion, ...body, __inputs: [{ name: 'DS_PROM', type: 'datasource', pluginId: 'prometheus' }] });
      await unfold(page);
      assert.deepEqual(await faults(page, panels, (p) => ({ state: 'ready', type: p.becomes, says: OLD[p.title].says, drawn: !['text', 'stat'].includes(p.becomes) })), [], `version ${schemaVersion}`);
      await close();
    }
  }],
  ['rows and panels are repeated for each value, folded rows too', async ({ page, base }) => {
    const list = [{ name: 'n', type: 'custom', query: 'a,b,c', multi: true, includeAll: true, current: { value: ['a', 'b'] } }, { name: 'm', type: 'custom', query: 'x,y', multi: true, current: { value: ['x', 'y'] } }];
    const stat = (id, y, more = {}) => ({ id, type: 'stat', title: '$n $m', targets: [{ refId: 'A', expr: 'vector(1)', legendFormat: '$n/$m' }], gridPos: { x: 0, y, w: 6, h: 4 }, ...more });
    const row = (id, y, more) => ({ id, type: 'row', title: 'Row $n', gridPos: { x: 0, y, w: 24, h: 1 }, repeat: 'n', panels: [], ...more });
    const close = await open(page, base, { title: 'Repeated', schemaVersion: 41, templating: { list }, panels: [stat(1, 0, { repeat: 'm', maxPerRow: 2 }), row(2, 4, { collapsed: true, panels: [stat(3, 5, { repeat: 'm', repeatDirection: 'v' })] }), row(4, 6, {}), stat(5, 7)] });
    const repeats = (id, wanted) => becomes(() => page.locator(`[data-panel-id="${id}"]`).evaluateAll((all) => all.map((e) => e.dataset.panelTitle)), wanted, `the repeats of panel ${id}`);
    await repeats(1, ['a + b x', 'a + b y']);
    await repeats(5, ['a x + y', 'b x + y']);
    await becomes(() => page.locator('[data-row-state]').count(), 4, 'the number of rows');
    await unfold(page);
    await repeats(3, ['a x', 'a y', 'b x', 'b y']);
    const boxesNow = () => page.locator('[data-panel-id]').evaluateAll((all) => all.map((e) => { const r = e.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; }));
    await holds(async () => {
      const boxes = await boxesNow();
      for (const [i, a] of boxes.entries()) for (const b of boxes.slice(i + 1)) assert.ok(a[2] <= b[0] + 1 || b[2] <= a[0] + 1 || a[3] <= b[1] + 1 || b[3] <= a[1] + 1, 'panels overlap');
    }, 'panels beside each other');
    await close();
  }],
];
