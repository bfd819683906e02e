// The values a variable offers: from its own text, or from the server's answers.
import type { VarOption, Variable } from './model';
import { autoInterval } from './intervals';

// Commas separate, "\," is a comma, "text : value" names both.
export function customOptions(query: string): VarOption[] {
  return (query.match(/(?:\\,|[^,])+/g) ?? []).map((part) => {
    const plain = part.replace(/\\,/g, ',').trim();
    const both = /^\s*(.+)\s:\s(.+)$/s.exec(plain);
    return both ? { text: both[1]!.trim(), value: both[2]!.trim() } : { text: plain, value: plain };
  }).filter((o) => o.value !== '');
}

export function intervalOptions(v: Variable, rangeMs: number): VarOption[] {
  const named = (v.query.match(/(["'])(.*?)\1|[^,]+/g) ?? []).map((t) => t.trim().replace(/^["']|["']$/g, '')).filter(Boolean).map((t) => ({ text: t, value: t }));
  if (!v.auto) return named;
  const auto = autoInterval(rangeMs, v.auto.count, v.auto.min);
  return [{ text: `auto (${auto})`, value: '$__auto_interval_' + v.name }, ...named.filter((o) => o.value !== 'auto')];
}

export type PromVariableQuery =
  | { kind: 'labelNames'; match?: string }
  | { kind: 'labelValues'; label: string; match?: string }
  | { kind: 'metrics'; pattern: string }
  | { kind: 'result'; expr: string }
  | { kind: 'series'; match: string };

// The comma before the last argument, outside of brackets and quotes.
function lastComma(text: string): number {
  let depth = 0;
  let cut = -1;
  let quote = '';
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (quote) {
      if (c === '\\') i++;
      else if (c === quote) quote = '';
    } else if (c === '"' || c === "'" || c === '`') quote = c;
    else if ('({['.includes(c)) depth++;
    else if (')}]'.includes(c)) depth--;
    else if (c === ',' && depth === 0) cut = i;
  }
  return cut;
}

export function parseVariableQuery(query: string): PromVariableQuery {
  const q = query.trim();
  const call = /^(label_names|label_values|metrics|query_result)\s*\(([\s\S]*)\)\s*$/.exec(q);
  if (!call) return { kind: 'series', match: q };
  const inside = call[2]!.trim();
  switch (call[1]) {
    case 'label_names':
      return inside ? { kind: 'labelNames', match: inside } : { kind: 'labelNames' };
    case 'metrics':
      return { kind: 'metrics', pattern: inside };
    case 'query_result':
      return { kind: 'result', expr: inside };
    default: {
      const cut = lastComma(inside);
      const label = inside.slice(cut + 1).trim();
      const match = cut < 0 ? '' : inside.slice(0, cut).trim();
      return match ? { kind: 'labelValues', label, match } : { kind: 'labelValues', label };
    }
  }
}

// "/re/flags" or a plain pattern; named groups text and value, else the first group, else the whole.
export function applyRegex(found: string[], regex: string): VarOption[] {
  const plain = found.map((v) => ({ text: v, value: v }));
  if (!regex.trim()) return unique(plain);
  const slashed = /^\/([\s\S]*)\/([dgimsuvy]*)$/.exec(regex.trim());
  let re: RegExp;
  try {
    re = slashed ? new RegExp(slashed[1]!, slashed[2]!.replace(/[gy]/g, '')) : new RegExp(`^${regex}$`);
  } catch {
    return unique(plain);
  }
  const out: VarOption[] = [];
  for (const item of found) {
    const m = re.exec(item);
    if (!m) continue;
    const value = m.groups?.value ?? m.groups?.text ?? (m.length > 1 ? m.slice(1).find((g) => g !== undefined) : item);
    if (value === undefined) continue;
    out.push({ text: m.groups?.text ?? value, value });
  }
  return unique(out);
}

function unique(options: VarOption[]): VarOption[] {
  const seen = new Set<string>();
  return options.filter((o) => !seen.has(o.value) && seen.add(o.value));
}

const firstNumber = (t: string): number => Number(/\d+(?:\.\d+)?/.exec(t)?.[0] ?? -1);

export function sortOptions(options: VarOption[], sort: number): VarOption[] {
  if (!sort) return options;
  const natural = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
  const by: Record<number, (a: VarOption, b: VarOption) => number> = {
    1: (a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0),
    3: (a, b) => firstNumber(a.text) - firstNumber(b.text),
    5: (a, b) => a.text.toLowerCase().localeCompare(b.text.toLowerCase(), 'en'),
    7: (a, b) => natural.compare(a.text, b.text),
  };
  const down = sort % 2 === 0;
  const order = by[down ? sort - 1 : sort] ?? by[1]!;
  return [...options].sort((a, b) => (down ? order(b, a) : order(a, b)));
}
