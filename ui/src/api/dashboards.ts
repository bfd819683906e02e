// meerkat's own endpoints for dashboards, described in API.md.
import { ApiError, sendJson } from './http';
import type { DashboardFull, DashboardItem, DashboardMeta, DashboardSave, DashboardVersion } from './types';

const root = 'api/v1/dashboards';
const one = (uid: string) => `${root}/${encodeURIComponent(uid)}`;

interface Envelope<T> {
  data: T;
}
const data = <T>(e: Envelope<T>): T => e.data;

export const listDashboards = (signal?: AbortSignal) =>
  sendJson<Envelope<DashboardItem[]>>(root, { signal }).then(data);
export const getDashboard = (uid: string, signal?: AbortSignal) =>
  sendJson<Envelope<DashboardFull>>(one(uid), { signal }).then(data);
export const saveDashboard = (save: DashboardSave) =>
  sendJson<Envelope<DashboardMeta>>(root, { method: 'POST', json: save }).then(data);
export const deleteDashboard = (uid: string) => sendJson<unknown>(one(uid), { method: 'DELETE' });
export const starDashboard = (uid: string, on: boolean) => sendJson<unknown>(one(uid) + '/star', { method: on ? 'PUT' : 'DELETE' });
export const dashboardVersions = (uid: string, signal?: AbortSignal) =>
  sendJson<Envelope<DashboardVersion[]>>(one(uid) + '/versions', { signal }).then(data);
export const dashboardVersion = (uid: string, version: number, signal?: AbortSignal) =>
  sendJson<Envelope<DashboardFull & DashboardVersion>>(`${one(uid)}/versions/${version}`, { signal }).then(data);

export const isConflict = (e: unknown): boolean => e instanceof ApiError && e.status === 409;
