// Reads a text somebody dropped or pasted as a dashboard. Small, so that any page may use it;
// what the dashboard means is for lib/dash.

import { classicOf, isNewModel } from './dash/v2';

export interface Given {
  name: string; // of the file, or "pasted text"
  dashboard?: Record<string, unknown>;
  error?: string;
}

const isObject = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v);

function unwrap(v: unknown): Record<string, unknown> | undefined {
  if (!isObject(v)) return undefined;
  if (isObject(v.dashboard)) return unwrap(v.dashboard);
  return Array.isArray(v.panels) || Array.isArray(v.rows) ? v : undefined;
}

export function readGiven(name: string, text: string): Given {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (e) {
    return { name, error: `not JSON: ${(e as Error).message}` };
  }
  const dashboard = unwrap(isNewModel(json) ? classicOf(json) : json);
  return dashboard ? { name, dashboard } : { name, error: 'no dashboard: it has neither panels nor rows' };
}
