// Everything a panel needs to know of the dashboard it stands on.
import type { Mark } from '../../chart/model';
import { type Bound, format, interpolate, type Lookup } from '../../lib/dash/interpolate';
import type { Dashboard, Panel } from '../../lib/dash/model';
import { parseDuration } from '../../lib/duration';
import { parseTime, type Range, resolve, type Span } from '../../lib/time';
import type { Replace } from '../../panels/data/prepare';
import type { SharedRequests } from '../../panels/data/shared';
import { adhocMatcher, boundOf, type VarStates } from './variables';

export interface Board {
  dashboard: Dashboard;
  range: Range;
  span: Span;
  zone: string;
  states: VarStates;
  turn: number; // grows with each refresh
  shared: SharedRequests;
  scrapeMs: (expr: string) => number;
  marks: ReadonlyMap<number, Mark[]>; // by panel id; 0: those of every panel
  filters: string[];
  setRange: (from: number, to: number) => void;
}

const word = (v: string | number): Bound => ({ values: [String(v)] });

// $__range, $__from, ${__dashboard.uid} and their like.
export function builtins(d: Dashboard, span: Span, zone: string): (name: string, values: Lookup) => Bound | undefined {
  const range = span.to - span.from;
  return (name) => {
    switch (name) {
      case '__range': case '__range_s': return word(Math.round(range / 1000) + (name === '__range' ? 's' : ''));
      case '__range_ms': return word(range);
      case '__from': return word(span.from);
      case '__to': return word(span.to);
      case '__dashboard': return { values: [d.title], fields: { uid: d.uid, name: d.title } };
      case '__org': return { values: ['1'], fields: { name: 'Main Org.', id: 1 } };
      case '__user': return { values: ['1'], fields: { id: 1, login: 'meerkat', email: '' } };
      case '__timezone': return word(zone === 'browser' ? Intl.DateTimeFormat().resolvedOptions().timeZone : zone);
      case 'timeFilter': case '__timeFilter': case '__name': return word('');
      case '__url_time_range': return word(`from=${span.from}&to=${span.to}`);
      case '__url': return { values: [location.pathname], fields: { path: location.pathname, params: location.search } };
      default: {
        const input = d.inputs.get(name);
        return input ? word(input.type === 'constant' ? input.value : 'prometheus') : undefined;
      }
    }
  };
}

export function lookupOf(b: Pick<Board, 'dashboard' | 'span' | 'zone' | 'states'>, scope: Record<string, string> = {}): Lookup {
  const builtin = builtins(b.dashboard, b.span, b.zone);
  const range = b.span.to - b.span.from;
  const lookup: Lookup = (name) => {
    if (name in scope) {
      const s = b.states.get(name);
      return { values: [scope[name]!], texts: [s?.options?.find((o) => o.value === scope[name])?.text ?? scope[name]!], several: s?.variable.multi || s?.variable.includeAll };
    }
    const s = b.states.get(name);
    if (s) {
      const bound = boundOf(s, range);
      return bound.verbatim && bound.values[0]?.includes('$') ? { ...bound, values: [interpolate(bound.values[0], (n) => (n === name ? undefined : lookup(n)))] } : bound;
    }
    const auto = /^__auto_interval_(\w+)$/.exec(name);
    if (auto && b.states.has(auto[1]!)) return boundOf({ ...b.states.get(auto[1]!)!, chosen: ['$__auto'] }, range);
    if (name === '__all_variables') {
      const all = [...b.states.values()].filter((x) => x.variable.type !== 'adhoc').flatMap((x) => x.chosen.map((c) => `var-${encodeURIComponent(x.variable.name)}=${encodeURIComponent(c)}`));
      return { values: [all.join('&')], verbatim: true };
    }
    return builtin(name, lookup);
  };
  return lookup;
}

// Values of data links: ${__field.labels.x}, ${__value.text}, ${__data.fields.y}.
type Context = { value?: { field?: { name: string; labels?: Record<string, string>; display?: (v: unknown) => { text: string; numeric: number }; values: unknown[]; state?: { displayName?: string | null } }; frame?: { name?: string; fields: { name: string; values: unknown[]; display?: (v: unknown) => { text: string }; state?: { displayName?: string | null } }[] }; rowIndex?: number; calculatedValue?: { text: string; numeric: number } } };

function ofData(name: string, c: Context | undefined): Bound | undefined {
  const at = c?.value;
  if (!at?.field) return undefined;
  const row = at.rowIndex ?? 0;
  if (name === '__field' || name === '__series')
    return { values: [at.field.state?.displayName ?? at.frame?.name ?? at.field.name], fields: { name: at.frame?.name ?? at.field.state?.displayName ?? at.field.name, displayName: at.field.state?.displayName ?? at.field.name, labels: { ...at.field.labels } } };
  if (name === '__value') {
    const raw = at.calculatedValue ? at.calculatedValue.numeric : at.field.values[row];
    const shown = at.calculatedValue ?? at.field.display?.(raw);
    const time = at.frame?.fields.find((f) => f.name === 'Time')?.values[row];
    return { values: [String(raw)], fields: { raw, numeric: shown?.numeric ?? raw, text: shown?.text ?? String(raw), time } };
  }
  if (name === '__data') {
    const fields = at.frame?.fields ?? [];
    const values: Record<string, unknown> = {};
    fields.forEach((f, i) => {
      const shown = f.display?.(f.values[row]);
      const v = new String(shown?.text ?? f.values[row]) as unknown as Record<string, unknown>;
      Object.assign(v, { text: shown?.text ?? String(f.values[row]), numeric: f.values[row] });
      values[f.state?.displayName ?? f.name] = values[f.name] = values[String(i)] = v;
    });
    return { values: [''], fields: { fields: values } };
  }
  return undefined;
}

export function replaceOf(lookup: Lookup): Replace {
  return (text, scope, how) => {
    if (typeof text !== 'string') return text;
    const extra = scope as Record<string, { value?: unknown; text?: unknown }> | undefined;
    const find: Lookup = (name) => ofData(name, extra?.__dataContext as Context | undefined) ?? (extra?.[name] ? { values: [String(extra[name].value)] } : lookup(name));
    return interpolate(text, find, how && how !== 'glob' ? (b, n) => format(n, b, how) : undefined);
  };
}

// The span a panel looks at: its own from, moved back by its own shift.
export function panelSpan(panel: Panel, b: Pick<Board, 'span' | 'zone' | 'range'>, replace: Replace): Span {
  let { from, to } = b.span;
  const own = panel.timeFrom && replace(panel.timeFrom);
  if (own) {
    const range = /now/.test(own) ? { from: own, to: 'now' } : { from: 'now-' + own, to: own.includes('/') ? 'now-' + own : 'now' };
    if (parseTime(range.from, Date.now()) !== undefined) ({ from, to } = resolve(range, Date.now(), b.zone));
  }
  const shift = panel.timeShift && parseDuration(replace(panel.timeShift).replace(/\/\w$/, ''));
  return shift ? { from: from - shift, to: to - shift } : { from, to };
}

export function filtersOf(states: VarStates): string[] {
  return [...states.values()].filter((s) => s.variable.type === 'adhoc').flatMap((s) => s.chosen.map(adhocMatcher)).filter((m) => m !== undefined);
}
