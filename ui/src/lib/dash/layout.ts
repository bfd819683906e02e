// Where panels stand: rows with their panels, copies made by repeat, and gaps closed upwards.
import type { GridPos, Panel } from './model';

export interface Placed {
  panel: Panel;
  pos: GridPos;
  scope: Record<string, string>; // repeat: variable to value
  key: string;
}
export interface Section {
  row?: { id: string; title: string; scope: Record<string, string>; folded: boolean }; // missing: panels above the first row
  panels: Placed[]; // positions within the section, from y = 0
  height: number;
}

export type ValuesOf = (variable: string) => { values: string[]; texts: string[] } | undefined;

const kMostCopies = 200;

// Copies of one panel; the ones after the first push everything below down.
function repeated(panel: Panel, scope: Record<string, string>, values: ValuesOf): Placed[] {
  const key = (v: string) => `${panel.id}/${JSON.stringify(scope)}/${v}`;
  const found = panel.repeat && !(panel.repeat in scope) ? values(panel.repeat)?.values.slice(0, kMostCopies) : undefined;
  if (!found?.length) return [{ panel, pos: { ...panel.gridPos }, scope, key: key('') }];
  const { x, y, w, h } = panel.gridPos;
  if (panel.repeatDirection === 'v') return found.map((v, i) => ({ panel, pos: { x, y: y + i * h, w, h }, scope: { ...scope, [panel.repeat!]: v }, key: key(v) }));
  const perRow = Math.min(found.length, panel.maxPerRow ?? 4);
  const width = Math.max(1, Math.floor(24 / perRow));
  return found.map((v, i) => ({
    panel, pos: { x: (i % perRow) * width, y: y + Math.floor(i / perRow) * h, w: width, h }, scope: { ...scope, [panel.repeat!]: v }, key: key(v),
  }));
}

const hit = (a: GridPos, b: GridPos) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

// Top to bottom, left to right; each moves up as far as it can, and below what it would overlap.
export function compact(items: Placed[]): number {
  const done: GridPos[] = [];
  const sorted = [...items].sort((a, b) => a.pos.y - b.pos.y || a.pos.x - b.pos.x);
  let bottom = 0;
  for (const { pos } of sorted) {
    pos.w = Math.max(1, Math.min(24, pos.w));
    pos.h = Math.max(1, pos.h);
    pos.x = Math.max(0, Math.min(24 - pos.w, pos.x));
    const crash = () => done.find((d) => hit(d, pos));
    pos.y = Math.min(pos.y, bottom);
    while (pos.y > 0) {
      pos.y--;
      if (crash()) {
        pos.y++;
        break;
      }
    }
    for (let c = crash(); c; c = crash()) pos.y = c.y + c.h;
    done.push(pos);
    bottom = Math.max(bottom, pos.y + pos.h);
  }
  return bottom;
}

function place(panels: Panel[], scope: Record<string, string>, values: ValuesOf): { panels: Placed[]; height: number } {
  const out: Placed[] = [];
  let shift = 0;
  const ordered = [...panels].sort((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x);
  for (const p of ordered) {
    const copies = repeated(p, scope, values);
    for (const c of copies) c.pos.y += shift;
    const lowest = Math.max(...copies.map((c) => c.pos.y + c.pos.h));
    shift += Math.max(0, lowest - (p.gridPos.y + shift + p.gridPos.h));
    out.push(...copies);
  }
  return { panels: out, height: compact(out) };
}

export function layout(all: Panel[], values: ValuesOf, folded: (id: string, byDefault: boolean) => boolean): Section[] {
  const groups: { row?: Panel; panels: Panel[] }[] = [{ panels: [] }];
  // A row that is folded holds its panels; those of an open one follow it.
  for (const p of [...all].sort((a, b) => (a.gridPos.y - b.gridPos.y) || (Number(b.type === 'row') - Number(a.type === 'row')) || (a.gridPos.x - b.gridPos.x))) {
    if (p.type === 'row') groups.push({ row: p, panels: [...(p.panels ?? [])] });
    else groups.at(-1)!.panels.push(p);
  }
  const out: Section[] = [];
  let n = 0;
  for (const { row, panels } of groups) {
    if (!row) {
      if (panels.length) out.push(place(panels, {}, values));
      continue;
    }
    const found = row.repeat ? values(row.repeat) : undefined;
    const copies = found?.values.length ? found.values.slice(0, kMostCopies).map((v) => ({ [row.repeat!]: v })) : [{}];
    for (const scope of copies) {
      const id = `row-${++n}`;
      const isFolded = folded(id, row.collapsed === true);
      out.push({ row: { id, title: row.title, scope, folded: isFolded }, ...(isFolded ? { panels: [], height: 0 } : place(panels, scope, values)) });
    }
  }
  return out;
}
