// Alertmanager matchers: written, read and tried.
import type { Labels, SilenceMatcher } from '../api/types';
import { quote } from './labels';

export function formatMatcher(m: SilenceMatcher): string {
  const op = m.isEqual === false ? (m.isRegex ? '!~' : '!=') : m.isRegex ? '=~' : '=';
  return m.name + op + quote(m.value);
}

// One matcher, or undefined. The value may stand without quotes.
export function parseMatcher(text: string): SilenceMatcher | undefined {
  const m = /^\s*("(?:[^"\\]|\\.)*"|[^\s=!~"]+)\s*(=~|!~|!=|=)\s*(.*?)\s*$/s.exec(text);
  if (!m) return undefined;
  const plain = (t: string): string | undefined => {
    if (!t.startsWith('"')) return t;
    try {
      return JSON.parse(t) as string;
    } catch {
      return undefined;
    }
  };
  const [name, value] = [plain(m[1]!), plain(m[3]!)];
  if (name === undefined || value === undefined) return undefined;
  return { name, value, isRegex: m[2]!.endsWith('~'), isEqual: !m[2]!.startsWith('!') };
}

// a="b", c=~"d": several on one line, with or without braces.
export function parseMatchers(text: string): SilenceMatcher[] | undefined {
  const inside = text.trim().replace(/^\{(.*)\}$/s, '$1');
  const parts = inside.match(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/g) ?? [];
  const out = parts.filter((p) => p.trim()).map(parseMatcher);
  return out.every((m) => m !== undefined) ? out : undefined;
}

export function matches(m: SilenceMatcher, labels: Labels): boolean {
  const value = labels[m.name] ?? '';
  let hit = value === m.value;
  if (m.isRegex) {
    try {
      hit = new RegExp(`^(?:${m.value})$`, 's').test(value);
    } catch {
      hit = false;
    }
  }
  return hit === (m.isEqual !== false);
}
