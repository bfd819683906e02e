// meerkat's own: an alerting rule tried over stored history, described in API.md.
import { type Params, sendJson } from './http';
import type { Labels } from './types';

export interface Phase {
  state: 'pending' | 'firing';
  from: string; // RFC 3339
  to?: string; // missing: it lasts beyond the end
  value: string;
}
export interface Backtest {
  evaluations: number;
  instances: { labels: Labels; annotations: Labels; phases: Phase[] }[];
  notifications: { at: string; receiver: string; integration: string; status: 'firing' | 'resolved'; reason: string; firing: number[]; resolved: number[] }[];
  failures: number;
  failed: { at: string; error: string }[];
}

export const backtest = (params: Params, signal?: AbortSignal) =>
  sendJson<{ data: Backtest; warnings?: string[] }>('api/v1/rules/backtest', { method: 'POST', form: params, signal });
