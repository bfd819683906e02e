// Which kind of source a query asks. Every Prometheus-like source resolves to the built-in store.
import type { Dashboard, Datasource } from './model';

const PROMETHEUS = new Set(['prometheus', 'victoriametrics-metrics-datasource', 'grafana-amazonprometheus-datasource', 'grafana-azureprometheus-datasource']);
const OTHERS = ['loki', 'postgres', 'mysql', 'jaeger', 'tempo', 'opensearch', 'elastic', 'influx', 'testdata', 'cloudwatch', 'zipkin', 'graphite'];

type Source = Datasource | string | null | undefined;

// 'prometheus', another kind, or undefined when the dashboard does not say.
export function kindOf(source: Source, d: Dashboard): string | undefined {
  if (source === null || source === undefined) return undefined;
  if (typeof source === 'object') {
    const t = source.type;
    if (!t || t === 'datasource' || t === 'grafana' || t.startsWith('$')) return kindOf(source.uid ?? t, d);
    return PROMETHEUS.has(t) ? 'prometheus' : t;
  }
  if (source === '-- Dashboard --') return 'dashboard';
  if (source === '__expr__') return 'expression';
  if (source === 'grafana' || source === '-- Mixed --' || source === '-- Grafana --' || source === 'default' || source === '') return undefined;
  const name = /^\$\{?(\w+)/.exec(source)?.[1];
  if (name) {
    const variable = d.variables.find((v) => v.name === name);
    const kind = variable ? variable.query : d.inputs.get(name)?.pluginId;
    if (kind) return PROMETHEUS.has(kind) ? 'prometheus' : kind;
    return /loki/i.test(name) ? 'loki' : undefined;
  }
  return OTHERS.find((o) => source.toLowerCase().includes(o));
}

export const targetKind = (target: Source, panel: Source, d: Dashboard): string => {
  const own = kindOf(target, d);
  if (own === 'expression') return own;
  return own ?? kindOf(panel, d) ?? 'prometheus';
};
