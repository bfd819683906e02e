// Reads a text somebody dropped or pasted as a dashboard. Small, so that any page may use it;
// what the dashboard means is for lib/dash.

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
  if (isObject(json) && String(json.apiVersion ?? '').startsWith('dashboard.grafana.app/v2')) return { name, error: 'in the new model (v2), which is not read here; export it in the classic model' };
  const dashboard = unwrap(json);
  return dashboard ? { name, dashboard } : { name, error: 'no dashboard: it has neither panels nor rows' };
}
