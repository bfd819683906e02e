// What is asked, as it stands in the address. Links of Prometheus's own page are understood too.
import { parseDuration } from '../../lib/duration';
import type { Range } from '../../lib/time';

export type View = 'graph' | 'table';

export interface Asked {
  exprs: string[];
  range: Range;
  view: View;
  step?: number; // seconds; chosen from the width when missing
  explain: boolean;
  stacked: boolean;
  zone?: string;
  every: string;
}

// g0.expr=…&g0.tab=1&g0.range_input=1h&g0.end_input=…
function fromPrometheus(q: URLSearchParams): Partial<Asked> {
  const exprs: string[] = [];
  for (let i = 0; q.has(`g${i}.expr`); i++) exprs.push(q.get(`g${i}.expr`)!);
  if (!exprs.length) return {};
  const out: Partial<Asked> = { exprs };
  const tab = q.get('g0.tab');
  if (tab) out.view = tab === '0' || tab === 'graph' ? 'graph' : 'table';
  const width = parseDuration(q.get('g0.range_input') ?? '');
  const end = Date.parse((q.get('g0.end_input') ?? '').replace(' ', 'T') + 'Z');
  if (width && Number.isNaN(end)) out.range = { from: `now-${Math.round(width / 1000)}s`, to: 'now' };
  else if (!Number.isNaN(end)) out.range = { from: String(end - (width ?? 3600_000)), to: String(end) };
  return out;
}

export function readAsked(q: URLSearchParams): Asked {
  const exprs = q.getAll('expr');
  const step = parseDuration(q.get('step') ?? '');
  const asked: Asked = {
    exprs: exprs.length ? exprs : [''],
    range: { from: q.get('from') ?? 'now-1h', to: q.get('to') ?? 'now' },
    view: q.get('view') === 'table' ? 'table' : 'graph',
    explain: q.get('explain') === '1',
    stacked: q.get('stack') === '1',
    every: q.get('refresh') ?? '',
  };
  if (step) asked.step = step / 1000;
  const zone = q.get('timezone');
  if (zone) asked.zone = zone;
  return { ...asked, ...fromPrometheus(q) };
}

export function writeAsked(a: Partial<Asked>): Record<string, string | string[] | null> {
  const out: Record<string, string | string[] | null> = {};
  if (a.exprs) out.expr = a.exprs.filter((e) => e.trim());
  if (a.range) Object.assign(out, { from: a.range.from, to: a.range.to });
  if (a.view) out.view = a.view === 'table' ? 'table' : null;
  if ('step' in a) out.step = a.step ? a.step + 's' : null;
  if (a.explain !== undefined) out.explain = a.explain ? '1' : null;
  if (a.stacked !== undefined) out.stack = a.stacked ? '1' : null;
  if (a.every !== undefined) out.refresh = a.every;
  if (a.zone !== undefined) out.timezone = a.zone;
  return out;
}
