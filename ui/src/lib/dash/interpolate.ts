// Puts values into texts: $name, ${name}, ${name:format}, ${name.field}, [[name]], [[name:format]].
import { parseTime, partsIn } from '../time';

export const ALL = '$__all';

// A value as the formats need it: one or several, with the texts shown for them.
export interface Bound {
  values: string[];
  texts?: string[];
  several?: boolean; // multi or All: the default in queries is a regular expression
  verbatim?: boolean; // allValue: nothing is escaped
  fields?: Record<string, unknown>; // for ${name.field}
}
export type Lookup = (name: string) => Bound | undefined;

const kSyntax = /\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)((?:\.[^:^}]+|\[[^\]]*\])+)?(?::([^}]+))?\}/g;

export const escapeRegex = (t: string): string => t.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
// In a PromQL string a backslash of the regular expression is written twice.
const escapePromRegex = (t: string): string => t.replace(/\\/g, '\\\\\\\\').replace(/[$^*{}[\]'+?.()|]/g, '\\\\$&');
const escapePromString = (t: string): string => t.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
const escapeHtml = (t: string): string => t.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

// The default inside PromQL.
export function promFormat(b: Bound): string {
  if (b.verbatim) return b.values.join('|');
  if (!b.several) return escapePromString(b.values[0] ?? '');
  if (!b.values.length) return '';
  const parts = b.values.map(escapePromRegex);
  return parts.length === 1 ? parts[0]! : `(${parts.join('|')})`;
}

const quoted = (values: string[], q: string, escape: (v: string) => string) => values.map((v) => q + escape(v) + q).join(',');

export function formatDateWith(ms: number, pattern: string): string {
  const p = partsIn(ms, 'utc');
  const two = (n: number) => String(n).padStart(2, '0');
  const map: Record<string, string> = { YYYY: String(p.year), YY: two(p.year % 100), MM: two(p.month), M: String(p.month), DD: two(p.day), D: String(p.day), HH: two(p.hour), H: String(p.hour), mm: two(p.minute), ss: two(p.second), SSS: String(ms % 1000).padStart(3, '0') };
  return pattern.replace(/YYYY|YY|MM|M|DD|D|HH|H|mm|ss|SSS/g, (m) => map[m]!);
}

function asDate(value: string, arg: string): string {
  const ms = parseTime(value, Date.now()) ?? NaN;
  if (Number.isNaN(ms)) return 'NaN';
  if (!arg || arg === 'iso') return new Date(ms).toISOString();
  if (arg === 'seconds') return String(Math.round(ms / 1000));
  return formatDateWith(ms, arg);
}

export function format(name: string, b: Bound, how: string): string {
  const cut = how.indexOf(':');
  const [kind, arg] = cut < 0 ? [how, ''] : [how.slice(0, cut), how.slice(cut + 1)];
  const v = b.values;
  const one = v.length === 1;
  if (b.verbatim && !['queryparam', 'percentencode', 'uriencode', 'text'].includes(kind)) return v.join(',');
  switch (kind) {
    case 'raw': case 'csv': return v.join(',');
    case 'pipe': return v.join('|');
    case 'regex': return one ? escapeRegex(v[0]!) : `(${v.map(escapeRegex).join('|')})`;
    case 'json': return one && !b.several ? v[0]! : JSON.stringify(v);
    case 'lucene': return one ? v[0]!.replace(/([!*+\-=<>\s&|()[\]{}^~?:\\/"])/g, '\\$1') : `(${v.map((x) => `"${x.replace(/"/g, '\\"')}"`).join(' OR ')})`;
    case 'distributed': return v.map((x, i) => (i ? `${name}=${x}` : x)).join(',');
    case 'doublequote': return quoted(v, '"', (x) => x.replace(/"/g, '\\"'));
    case 'singlequote': return quoted(v, "'", (x) => x.replace(/'/g, "\\'"));
    case 'sqlstring': return quoted(v, "'", (x) => x.replace(/'/g, "''"));
    case 'percentencode': case 'uriencode': {
      const whole = one ? v[0]! : `{${v.join(',')}}`;
      return kind === 'uriencode' ? encodeURI(whole) : encodeURIComponent(whole).replace(/[!'()*]/g, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase());
    }
    case 'queryparam': return v.map((x) => `var-${encodeURIComponent(name)}=${encodeURIComponent(x)}`).join('&');
    case 'customqueryparam': {
      const [key = name, prefix = ''] = arg.split(':');
      return v.map((x) => `${encodeURIComponent(key || name)}=${encodeURIComponent(prefix + x)}`).join('&');
    }
    case 'join': return v.join(arg || ',');
    case 'html': return v.map(escapeHtml).join(', ');
    case 'text': return (b.texts ?? v).join(' + ');
    case 'date': return asDate(v[0] ?? '', arg);
    default: return one ? v[0]! : `{${v.join(',')}}`; // glob
  }
}

function field(b: Bound, path: string): string | undefined {
  let at: unknown = b.fields;
  for (const [, dot, index] of path.matchAll(/\.([^.[\]]+)|\[["']?([^"'\]]*)["']?\]/g)) {
    const key = dot ?? index!;
    at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined;
  }
  return at === undefined || at === null ? undefined : String(at);
}

// `fallback` is used where no format is named; unknown names stay as they are.
export function interpolate(text: string, lookup: Lookup, fallback: (b: Bound, name: string) => string = (b, n) => format(n, b, 'glob')): string {
  if (!text || !/[$[]/.test(text)) return text;
  return text.replace(kSyntax, (whole, a?: string, b?: string, bf?: string, c?: string, path?: string, cf?: string) => {
    const name = (a ?? b ?? c)!;
    const bound = lookup(name);
    if (!bound) return whole;
    if (path) {
      const found = field(bound, path);
      if (found !== undefined) return cf ? format(name, { values: [found] }, cf) : found;
      if (bound.fields) return whole.includes('.labels') || whole.includes('[') ? '' : whole;
    }
    const how = bf ?? cf;
    return how ? format(name, bound, how) : fallback(bound, name);
  });
}

// The names a text refers to.
export function references(text: string): Set<string> {
  const out = new Set<string>();
  for (const m of text.matchAll(kSyntax)) out.add((m[1] ?? m[2] ?? m[4])!);
  return out;
}
