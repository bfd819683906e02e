// Prometheus's HTTP API, api/v1.
import { type Params, sendJson } from './http';
import type {
  AlertsData, BuildInfo, Labels, Metadata, QueryData, RuleGroup, RuntimeInfo, TargetsData, TsdbStatus,
} from './types';

interface Envelope<T> {
  status: 'success' | 'error';
  data: T;
  warnings?: string[];
  infos?: string[];
}

async function get<T>(path: string, params?: Params, signal?: AbortSignal): Promise<T> {
  return (await sendJson<Envelope<T>>('api/v1/' + path, { params, signal })).data;
}

export interface Answer {
  data: QueryData;
  warnings: string[];
  infos: string[];
}

// Long expressions go in the body: proxies cut addresses at about 8 KB.
const kLongestAddress = 2000;

async function query(path: string, params: Params, signal?: AbortSignal): Promise<Answer> {
  const long = String(params.query ?? '').length > kLongestAddress;
  const call = long ? { method: 'POST' as const, form: params, signal } : { params, signal };
  const { data, warnings = [], infos = [] } = await sendJson<Envelope<QueryData>>('api/v1/' + path, call);
  return { data, warnings, infos };
}

// Times are in seconds, as the API has them.
export const instantQuery = (expr: string, time: number, signal?: AbortSignal, more: Params = {}) =>
  query('query', { query: expr, time, ...more }, signal);

export const rangeQuery = (
  expr: string, start: number, end: number, step: number, signal?: AbortSignal, more: Params = {},
) => query('query_range', { query: expr, start, end, step, ...more }, signal);

export interface ExemplarSeries {
  seriesLabels: Labels;
  exemplars: { labels: Labels; value: string; timestamp: number }[];
}
export const exemplars = (expr: string, start: number, end: number, signal?: AbortSignal) =>
  get<ExemplarSeries[]>('query_exemplars', { query: expr, start, end }, signal);

export const labelNames = (params: Params, signal?: AbortSignal) => get<string[]>('labels', params, signal);
export const labelValues = (label: string, params: Params, signal?: AbortSignal) =>
  get<string[]>(`label/${encodeURIComponent(label)}/values`, params, signal);
export const series = (params: Params, signal?: AbortSignal) => get<Labels[]>('series', params, signal);
export const metadata = (signal?: AbortSignal) => get<Record<string, Metadata[]>>('metadata', {}, signal);

export const targets = (signal?: AbortSignal) => get<TargetsData>('targets', { state: 'any' }, signal);
export interface RelabelStep {
  rule: Record<string, unknown>;
  output: Labels;
  keep: boolean;
}
export const relabelSteps = (scrapePool: string, labels: Labels, signal?: AbortSignal) =>
  get<{ steps: RelabelStep[] }>('targets/relabel_steps', { scrapePool, labels: JSON.stringify(labels) }, signal);
export const rules = (signal?: AbortSignal) => get<{ groups: RuleGroup[] }>('rules', {}, signal);
export const alerts = (signal?: AbortSignal) => get<AlertsData>('alerts', {}, signal);
export const alertmanagers = (signal?: AbortSignal) =>
  get<{ activeAlertmanagers: { url: string }[]; droppedAlertmanagers: { url: string }[] }>('alertmanagers', {}, signal);

export const buildInfo = (signal?: AbortSignal) => get<BuildInfo>('status/buildinfo', {}, signal);
export const runtimeInfo = (signal?: AbortSignal) => get<RuntimeInfo>('status/runtimeinfo', {}, signal);
export const config = (signal?: AbortSignal) => get<{ yaml: string }>('status/config', {}, signal);
export const flags = (signal?: AbortSignal) => get<Record<string, string>>('status/flags', {}, signal);
export const tsdbStatus = (signal?: AbortSignal, limit = 20) => get<TsdbStatus>('status/tsdb', { limit }, signal);
