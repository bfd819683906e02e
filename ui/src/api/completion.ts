// What the editor's completion asks of the server, remembered for a minute.
import { labelNames, labelValues, metadata, series } from './prometheus';
import { formatSeries } from '../lib/labels';

const kKeepMs = 60_000;
const kLookbackMs = 12 * 3600_000;
const kMostMetrics = 20_000;

const kept = new Map<string, { at: number; value: Promise<unknown> }>();

function remember<T>(key: string, load: () => Promise<T>, fallback: T): Promise<T> {
  const old = kept.get(key);
  if (old && Date.now() - old.at < kKeepMs) return old.value as Promise<T>;
  const value = load().catch(() => {
    kept.delete(key);
    return fallback;
  });
  kept.set(key, { at: Date.now(), value });
  return value;
}

const since = () => ({ start: (Date.now() - kLookbackMs) / 1000, end: Date.now() / 1000 });
const match = (metric?: string) => (metric ? { 'match[]': formatSeries({ __name__: metric }) } : {});

// The shape codemirror-promql expects of a client.
export const promClient = {
  labelNames: (metric?: string) =>
    remember(`names/${metric}`, () => labelNames({ ...since(), ...match(metric) }), []),
  labelValues: (label: string, metric?: string) =>
    remember(`values/${label}/${metric}`, () => labelValues(label, { ...since(), ...match(metric), limit: 2000 }), []),
  metricNames: () => remember('metrics', () => labelValues('__name__', { ...since(), limit: kMostMetrics }), []),
  metricMetadata: () => remember('metadata', () => metadata(), {}),
  series: (metric: string) =>
    remember(
      `series/${metric}`,
      async () => (await series({ ...since(), ...match(metric), limit: 500 })).map((l) => new Map(Object.entries(l))),
      [] as Map<string, string>[],
    ),
  flags: () => Promise.resolve({} as Record<string, string>),
};
