// Label sets in the words of PromQL.
import type { Labels } from '../api/types';

export const quote = (text: string): string => JSON.stringify(text);
const kBare = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const kMetric = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

const pair = ([name, value]: [string, string]) => `${kBare.test(name) ? name : quote(name)}=${quote(value)}`;

// name{a="b"}; names that PromQL cannot write bare move inside the braces.
export function formatSeries(labels: Labels): string {
  const { __name__: name = '', ...rest } = labels;
  const pairs = Object.entries(rest).map(pair);
  if (name && !kMetric.test(name)) pairs.unshift(quote(name));
  const inside = pairs.length ? `{${pairs.join(', ')}}` : '';
  return kMetric.test(name) ? name + inside : inside || '{}';
}

// A selector that matches exactly these labels.
export const selectorOf = (labels: Labels): string => formatSeries(labels);

// The labels that tell these series apart; the rest is the same for all of them.
export function differing(all: Labels[]): string[] {
  const names = new Set(all.flatMap((l) => Object.keys(l)));
  return [...names].filter((n) => all.some((l) => l[n] !== all[0]?.[n])).sort();
}

// A short name for each series: what differs, or the whole when nothing does.
export function shortNames(all: Labels[]): string[] {
  const keys = differing(all);
  if (all.length < 2 || !keys.length) return all.map(formatSeries);
  return all.map((l) => {
    if (keys.length === 1 && keys[0] !== '__name__') return l[keys[0]!] || formatSeries(l);
    const { __name__: name, ...rest } = l;
    const kept = Object.fromEntries(Object.entries(rest).filter(([k]) => keys.includes(k)));
    return formatSeries(keys.includes('__name__') && name ? { __name__: name, ...kept } : kept);
  });
}

export function matchesText(labels: Labels, words: string[]): boolean {
  const text = Object.entries(labels).map(([k, v]) => `${k}=${v}`).join(' ').toLowerCase();
  return words.every((w) => text.includes(w));
}

export const words = (text: string): string[] => text.toLowerCase().split(/[\s,]+/).filter(Boolean);
