// Variables and annotations in a dashboard's JSON while it is edited. What the forms do not know
// stays as it was given.
import { type Json, list, object, text } from './model';

export type Part = 'variables' | 'annotations';
const kPlace = { variables: 'templating', annotations: 'annotations' } as const;

export const entries = (d: Json, part: Part): Json[] => list(object(d[kPlace[part]]).list);

function write(d: Json, part: Part, all: Json[]): Json {
  return { ...d, [kPlace[part]]: { ...object(d[kPlace[part]]), list: all } };
}

export const replace = (d: Json, part: Part, at: number, entry: Json): Json => write(d, part, entries(d, part).map((e, i) => (i === at ? entry : e)));
export const append = (d: Json, part: Part, entry: Json): Json => write(d, part, [...entries(d, part), entry]);
export const drop = (d: Json, part: Part, at: number): Json => write(d, part, entries(d, part).filter((_, i) => i !== at));

// Moves an entry up: variables are shown, and annotations drawn, in this order.
export function raise(d: Json, part: Part, at: number): Json {
  const all = [...entries(d, part)];
  if (at > 0) all.splice(at - 1, 2, all[at]!, all[at - 1]!);
  return write(d, part, all);
}

function freeName(d: Json, part: Part, stem: string): string {
  const taken = new Set(entries(d, part).map((e) => text(e.name)));
  for (let i = 1; ; i++) {
    const name = i === 1 ? stem : stem + i;
    if (!taken.has(name)) return name;
  }
}

const kSource = { type: 'prometheus', uid: 'prometheus' };

export const newVariable = (d: Json): Json => ({
  type: 'query', name: freeName(d, 'variables', 'variable'), hide: 0, datasource: kSource, query: '', definition: '', regex: '', refresh: 1, sort: 1,
  multi: false, includeAll: false, current: {}, options: [],
});

export const newAnnotation = (d: Json): Json => ({
  name: freeName(d, 'annotations', 'Marks'), datasource: kSource, enable: true, hide: false, iconColor: 'blue', expr: '', step: '', titleFormat: '', textFormat: '',
});

// A variable of another kind has nothing chosen and nothing remembered.
export function ofKind(v: Json, type: string): Json {
  const { auto: _, auto_count: _c, auto_min: _m, filters: _f, ...rest } = v;
  const query = ({ interval: '1m,5m,15m,1h,6h,1d', datasource: 'prometheus' } as Record<string, string>)[type] ?? '';
  const filters = type === 'adhoc' ? { filters: [], datasource: kSource } : {};
  const source = type === 'query' ? { datasource: kSource } : {};
  return { ...rest, ...source, ...filters, type, query, definition: '', regex: '', current: {}, options: [], hide: type === 'constant' ? 2 : 0 };
}

// Grafana keeps a query variable's text in an object and once more beside it.
export function withQuery(v: Json, query: string): Json {
  if (text(v.type, 'query') !== 'query') return { ...v, query, current: {}, options: [] };
  const held = typeof v.query === 'object' && v.query !== null ? { ...object(v.query), query } : query;
  return { ...v, query: held, definition: query };
}

// Why a variable cannot be called so; '' when it can.
export function nameFault(d: Json, at: number, name: string): string {
  if (!/^\w+$/.test(name)) return 'A name has letters, digits and underscores only.';
  if (name.startsWith('__')) return 'Names with two underscores in front belong to the dashboard itself.';
  return entries(d, 'variables').some((e, i) => i !== at && text(e.name) === name) ? 'Another variable has this name.' : '';
}
