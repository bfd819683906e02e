// Groups that short-lived jobs pushed, in Pushgateway's API.
import { send, sendJson } from './http';
import type { Labels } from './types';

interface Family {
  time_stamp: string;
  type: string;
  help?: string;
  metrics: { labels: Labels; value?: string }[];
}
export interface PushedGroup {
  labels: Labels;
  ok: boolean; // the last push was taken
  at: number; // of the latest push, epoch milliseconds
  metrics: string[]; // names of families
}

type Raw = { labels: Labels; last_push_successful: boolean } & Record<string, unknown>;

const OWN = /^push_(failure_)?time_seconds$/; // the door's own words on a group
const isFamily = (v: unknown): v is Family => typeof v === 'object' && v !== null && Array.isArray((v as Family).metrics);

export async function pushedGroups(signal?: AbortSignal): Promise<PushedGroup[]> {
  const { data } = await sendJson<{ data: Raw[] }>('api/v1/metrics', { signal });
  return data.map(({ labels, last_push_successful: ok, ...rest }) => {
    const families = Object.entries(rest).filter((e): e is [string, Family] => isFamily(e[1]));
    return { labels, ok, at: Math.max(0, ...families.map(([, f]) => Date.parse(f.time_stamp) || 0)), metrics: families.map(([name]) => name).filter((n) => !OWN.test(n)).sort() };
  });
}

// Slashes and empty values go as base64, as Pushgateway has it.
function part(name: string, value: string): string {
  if (value && !value.includes('/')) return `${encodeURIComponent(name)}/${encodeURIComponent(value)}`;
  const bytes = String.fromCharCode(...new TextEncoder().encode(value));
  return `${encodeURIComponent(name)}@base64/${value ? btoa(bytes).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '') : '='}`;
}

export function pathOf(labels: Labels): string {
  const { job = '', ...rest } = labels;
  return 'metrics/' + [part('job', job), ...Object.entries(rest).map(([n, v]) => part(n, v))].join('/');
}

export async function forgetGroup(labels: Labels): Promise<void> {
  const answer = await send(pathOf(labels), { method: 'DELETE' });
  if (!answer.ok) throw new Error((await answer.text()) || `The server answered ${answer.status}.`);
}
