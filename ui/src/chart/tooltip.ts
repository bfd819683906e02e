// The box beside the crosshair: date and time, then key, name and value of each line.
import { formatDate } from '../lib/time';
import type { ChartSpec, Exemplar, Line, Mark } from './model';

const kRows = 10;

export interface Row {
  index: number;
  line: Line;
  value: number;
}

// The lines to tell of at sample `at`, in the order to show them.
export function rowsAt(spec: ChartSpec, at: number, hidden: (i: number) => boolean, nearest: number): Row[] {
  let rows: Row[] = [];
  spec.lines.forEach((line, index) => {
    const value = line.values[at];
    if (hidden(index) || !line.inTooltip || typeof value !== 'number') return;
    if (spec.hideZeros && value === 0) return;
    rows.push({ index, line, value });
  });
  if (spec.tooltip === 'single') return rows.filter((r) => r.index === nearest);
  const sort = spec.tooltipSort ?? 'none';
  if (sort !== 'none') rows.sort((a, b) => (sort === 'asc' ? a.value - b.value : b.value - a.value));
  else if (rows.some((r) => r.line.stack)) rows = rows.reverse();
  return rows;
}

const el = (tag: string, cls: string, text = ''): HTMLElement => {
  const e = document.createElement(tag);
  e.className = cls;
  e.textContent = text;
  return e;
};

export function fill(box: HTMLElement, spec: ChartSpec, at: number, rows: Row[], nearest: number, marks: Mark[], pinned: boolean): void {
  box.replaceChildren();
  box.append(el('div', 't', formatDate(spec.times[at]! * 1000, spec.zone)));
  const first = Math.max(0, Math.min(rows.findIndex((r) => r.index === nearest) - kRows + 1, rows.length - kRows));
  const shown = pinned ? rows : rows.slice(first, first + kRows);
  for (const r of shown) {
    const row = el('div', r.index === nearest && rows.length > 1 ? 'r near' : 'r');
    const key = el('span', 'key');
    key.style.setProperty('--c', r.line.color);
    row.append(key, el('span', 'n', r.line.label), el('b', '', r.line.format(r.line.negated ? Math.abs(r.value) : r.value)));
    box.append(row);
    if (!pinned) continue;
    for (const link of r.line.links?.(at) ?? []) {
      const a = el('a', 'small', link.title) as HTMLAnchorElement;
      a.href = link.href;
      if (link.blank) a.target = '_blank';
      box.append(a);
    }
  }
  if (rows.length > shown.length) box.append(el('div', 't', `and ${rows.length - shown.length} more`));
  for (const m of marks) {
    const row = el('div', 'r');
    const key = el('span', 'key');
    key.style.setProperty('--c', m.color);
    row.append(key, el('span', 'n', m.text));
    box.append(row);
  }
}

// One exemplar: when, how much, and whose; a trace's id can be copied once the box is pinned.
export function fillExemplar(box: HTMLElement, spec: ChartSpec, e: Exemplar): void {
  box.replaceChildren(el('div', 't', formatDate(e.at * 1000, spec.zone)));
  const format = spec.lines.find((l) => l.scale === e.scale)?.format ?? String;
  const line = (name: string, value: string) => {
    const row = el('div', 'r');
    row.append(el('span', 'n', name), el('b', '', value));
    box.append(row);
  };
  line('exemplar', format(e.value));
  for (const [name, value] of Object.entries(e.labels)) line(name, value);
}

// Beside the crosshair, flipped before it would be cut.
export function place(box: HTMLElement, x: number, y: number): void {
  const { offsetWidth: w, offsetHeight: h } = box;
  const left = x + 12 + w > innerWidth - 8 ? x - 12 - w : x + 12;
  box.style.left = `${Math.max(8, left)}px`;
  box.style.top = `${Math.max(8, Math.min(y + 12, innerHeight - h - 8))}px`;
}
