// Finds the values of a dashboard's variables: from the address, else what the JSON chose if the
// server still has it, else the first there is. Those that refer to others wait for them.
import { instantQuery, labelNames, labelValues, series } from '../../api/prometheus';
import { targetKind } from '../../lib/dash/datasource';
import { ALL, type Bound, interpolate, type Lookup, promFormat, references } from '../../lib/dash/interpolate';
import type { Dashboard, Variable, VarOption } from '../../lib/dash/model';
import { applyRegex, customOptions, intervalOptions, parseVariableQuery, sortOptions } from '../../lib/dash/options';
import { autoInterval } from '../../lib/dash/intervals';
import { formatSeries } from '../../lib/labels';
import type { Span } from '../../lib/time';

export interface VarState {
  variable: Variable;
  chosen: string[]; // ["$__all"] for all
  options?: VarOption[]; // not asked for yet when missing
  error?: string;
}
export type VarStates = ReadonlyMap<string, VarState>;

const kMostOptions = 5000;
const kStore = 'prometheus'; // the value of a datasource variable: the built-in store

async function ask(v: Variable, lookup: Lookup, span: Span, signal: AbortSignal): Promise<string[]> {
  const q = parseVariableQuery(interpolate(v.query, lookup, promFormat));
  const time = { start: span.from / 1000, end: span.to / 1000 };
  const match = (m: string | undefined) => (m ? { 'match[]': m } : {});
  switch (q.kind) {
    case 'labelNames':
      return labelNames({ ...time, ...match(q.match) }, signal);
    case 'labelValues':
      return q.label ? labelValues(q.label, { ...time, ...match(q.match) }, signal) : [];
    case 'metrics': {
      const re = new RegExp(q.pattern);
      return (await labelValues('__name__', time, signal)).filter((n) => re.test(n));
    }
    case 'result': {
      const { data } = await instantQuery(q.expr, time.end, signal);
      if (data.resultType !== 'vector') return data.resultType === 'scalar' ? [String(data.result[1])] : [];
      return data.result.map((s) => `${formatSeries(s.metric).replace(/", /g, '",')} ${s.value?.[1]} ${Math.round((s.value?.[0] ?? 0) * 1000)}`);
    }
    case 'series':
      return q.match ? (await series({ ...time, 'match[]': q.match, limit: kMostOptions }, signal)).map(formatSeries) : [];
  }
}

export async function optionsOf(v: Variable, lookup: Lookup, span: Span, signal: AbortSignal): Promise<VarOption[]> {
  if (v.type === 'custom') return customOptions(interpolate(v.query, lookup));
  if (v.type === 'interval') return intervalOptions(v, span.to - span.from);
  if (v.type === 'datasource') return [{ text: 'meerkat', value: kStore }];
  if (v.type !== 'query') return v.options;
  if (!v.query.trim()) return v.options.filter((o) => o.value !== ALL);
  const found = applyRegex(await ask(v, lookup, span, signal), interpolate(v.regex, lookup));
  return sortOptions(found, v.sort).slice(0, kMostOptions);
}

export function boundOf(s: VarState, rangeMs: number): Bound {
  const { variable: v, chosen } = s;
  const several = v.multi || v.includeAll;
  if (v.type === 'interval' && chosen[0]?.startsWith('$__auto')) return { values: [autoInterval(rangeMs, v.auto?.count ?? 30, v.auto?.min ?? '10s')] };
  if (chosen[0] === ALL) {
    if (v.allValue) return { values: [v.allValue], texts: ['All'], several: true, verbatim: true };
    return { values: (s.options ?? []).map((o) => o.value), texts: ['All'], several: true };
  }
  const texts = chosen.map((c) => s.options?.find((o) => o.value === c)?.text ?? c);
  return { values: chosen, texts, several };
}

function fromAddress(v: Variable, query: URLSearchParams): string[] | undefined {
  const given = query.getAll('var-' + v.name);
  if (!given.length) return undefined;
  if (given.includes(ALL) || (v.includeAll && given.includes('All'))) return [ALL];
  return v.multi ? given : given.slice(-1);
}

// What the JSON chose is kept if it is still offered; All is always there where it is allowed.
function settle(v: Variable, options: VarOption[]): string[] {
  const has = (c: string) => options.some((o) => o.value === c);
  if (v.current.includes(ALL) && v.includeAll) return [ALL];
  const kept = v.current.filter(has);
  if (kept.length) return v.multi ? kept : kept.slice(0, 1);
  if (options.length) return v.includeAll && !v.current.length ? [ALL] : [options[0]!.value];
  return v.includeAll ? [ALL] : v.current.filter((c) => c !== ALL);
}

async function resolveOne(v: Variable, query: URLSearchParams, lookup: Lookup, span: Span, d: Dashboard, signal: AbortSignal): Promise<VarState> {
  const given = fromAddress(v, query);
  if (v.type === 'textbox' || v.type === 'constant') {
    const own = /^\$\{(\w+)\}$/.exec(v.query)?.[1];
    const fallback = own && d.inputs.has(own) ? d.inputs.get(own)!.value : v.query;
    return { variable: v, chosen: given ?? (v.type === 'textbox' && v.current.length ? v.current : [interpolate(fallback, lookup)]), options: [] };
  }
  if (v.type === 'adhoc' || v.type === 'groupby') {
    return { variable: v, chosen: query.getAll('var-' + v.name).length ? query.getAll('var-' + v.name) : (v.filters ?? []).map((f) => `${f.key}|${f.operator}|${f.value}`), options: [] };
  }
  if (v.type === 'datasource') return { variable: v, chosen: [kStore], options: [{ text: 'meerkat', value: kStore }] };
  // A variable of another kind of source offers what was saved with it.
  if (v.type === 'query' && targetKind(v.datasource, undefined, d) !== 'prometheus') {
    const kept = v.options.filter((o) => o.value !== ALL);
    return { variable: v, chosen: given ?? (v.current.length ? v.current : settle(v, kept)), options: kept };
  }
  const needed = !given || (given[0] === ALL && !v.allValue);
  if (v.type === 'query' && !needed) return { variable: v, chosen: given };
  try {
    const options = await optionsOf(v, lookup, span, signal);
    return { variable: v, chosen: given ?? settle(v, options), options };
  } catch (e) {
    if (signal.aborted) throw e;
    return { variable: v, chosen: given ?? v.current, options: [], error: (e as Error).message };
  }
}

export const dependsOn = (v: Variable): Set<string> => references(`${v.query} ${v.regex}`);

// While the dashboard is edited its variables change under their names.
const sameQuestion = (a: Variable, b: Variable): boolean => a === b || (['type', 'query', 'regex', 'sort', 'multi', 'includeAll', 'allValue', 'current', 'options'] as const).every((k) => JSON.stringify(a[k]) === JSON.stringify(b[k]));

// Answers of an earlier round stay when nothing they depend on has changed.
export async function resolveVariables(
  d: Dashboard, query: URLSearchParams, span: Span, builtin: (name: string, values: Lookup) => Bound | undefined, before: VarStates | undefined, again: boolean, signal: AbortSignal,
): Promise<VarStates> {
  const done = new Map<string, Promise<VarState>>();
  const byName = new Map(d.variables.map((v) => [v.name, v]));
  const changed = new Set<string>();
  const start = (v: Variable, path: string[]): Promise<VarState> => {
    const running = done.get(v.name);
    if (running) return running;
    const needs = [...dependsOn(v)].filter((n) => n !== v.name && byName.has(n) && !path.includes(n));
    const mine = (async () => {
      const found = new Map(await Promise.all(needs.map(async (n) => [n, await start(byName.get(n)!, [...path, v.name])] as const)));
      const old = before?.get(v.name);
      const asked = fromAddress(v, query);
      const fresh = !old || old.error || !sameQuestion(old.variable, v) || needs.some((n) => changed.has(n)) || (again && v.refresh === 2) || v.type === 'interval';
      if (!fresh && (!asked || (asked[0] !== ALL || old.options || v.allValue))) {
        const state = { ...old, variable: v, chosen: asked ?? old.chosen };
        if (JSON.stringify(state.chosen) !== JSON.stringify(old.chosen)) changed.add(v.name);
        return state;
      }
      const lookup: Lookup = (name) => {
        const s = found.get(name);
        return s ? boundOf(s, span.to - span.from) : builtin(name, lookup);
      };
      const state = await resolveOne(v, query, lookup, span, d, signal);
      if (!old || JSON.stringify(state.chosen) !== JSON.stringify(old.chosen)) changed.add(v.name);
      return state;
    })();
    done.set(v.name, mine);
    return mine;
  };
  const all = await Promise.all(d.variables.map(async (v) => [v.name, await start(v, [])] as const));
  return new Map(all);
}

// var-Filters=key|op|value as a matcher.
export function adhocMatcher(filter: string): string | undefined {
  const [key, op = '=', ...rest] = filter.split('|');
  if (!key) return undefined;
  const value = rest.join('|');
  if (op === '=|' || op === '!=|') return `${key}${op === '=|' ? '=~' : '!~'}${JSON.stringify(value.split('__gfp__').join('|'))}`;
  return ['=', '!=', '=~', '!~'].includes(op) ? `${key}${op}${JSON.stringify(value)}` : undefined;
}
