// Alertmanager's HTTP API, api/v2, which meerkat serves on the same address.
import { sendJson } from './http';
import type { AlertGroup, AmAlert, AmStatus, Labels, Silence, SilenceDraft } from './types';

const at = (path: string) => 'api/v2/' + path;

export const alertGroups = (signal?: AbortSignal) => sendJson<AlertGroup[]>(at('alerts/groups'), { signal });
export const amAlerts = (filter: string[], signal?: AbortSignal) =>
  sendJson<AmAlert[]>(at('alerts'), { params: { filter }, signal });
export const silences = (signal?: AbortSignal) => sendJson<Silence[]>(at('silences'), { signal });
export const amStatus = (signal?: AbortSignal) => sendJson<AmStatus>(at('status'), { signal });

// With an id the silence is changed: the manager expires the old one and answers with the new id.
export const saveSilence = (draft: SilenceDraft) =>
  sendJson<{ silenceID: string }>(at('silences'), { method: 'POST', json: draft });
export const expireSilence = (id: string) =>
  sendJson<unknown>(at('silence/' + encodeURIComponent(id)), { method: 'DELETE' });

export const postAlerts = (alerts: { labels: Labels; annotations: Labels; startsAt: string; endsAt: string }[]) =>
  sendJson<unknown>(at('alerts'), { method: 'POST', json: alerts });
