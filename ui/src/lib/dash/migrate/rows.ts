// The layout before version 16: rows of a height, panels with a span out of twelve.
import { isObject, type Json, list, number, text } from '../model';

const kCell = 38; // pixels of one unit of height with its gap
const kDefault = 250;

const heightOf = (v: unknown): number => Math.max(1, Math.ceil((number(text(v).replace(/px$/, '')) ?? kDefault) / kCell));

// Rows become row panels when any row shows a title, is folded or repeats; else only their panels stay.
export function rowsToGrid(dashboard: Json): Json[] {
  const rows = list(dashboard.rows);
  const out: Json[] = [];
  const showRows = rows.some((r) => r.collapse || r.showTitle || r.repeat);
  let y = 0;
  for (const row of rows) {
    const h = heightOf(row.height);
    const inside: Json[] = [];
    let [x, top, tallest] = [0, showRows ? y + 1 : y, 0];
    for (const p of list(row.panels)) {
      const w = Math.min(24, Math.max(1, Math.round((number(p.span) ?? 4) * 2)));
      const height = p.height !== undefined ? heightOf(p.height) : h;
      if (x + w > 24) {
        x = 0;
        top += tallest;
        tallest = 0;
      }
      inside.push({ ...p, gridPos: { x, y: top, w, h: height } });
      x += w;
      tallest = Math.max(tallest, height);
    }
    const bottom = top + tallest;
    if (showRows) {
      const folded = row.collapse === true;
      out.push({ type: 'row', title: text(row.title), collapsed: folded, repeat: row.repeat ?? undefined, gridPos: { x: 0, y, w: 24, h: 1 }, panels: folded ? inside : [] });
      if (!folded) out.push(...inside);
      y = folded ? y + 1 : bottom;
    } else {
      out.push(...inside);
      y = bottom;
    }
  }
  return out;
}

export const hasRows = (d: Json): boolean => Array.isArray(d.rows) && d.rows.some(isObject) && !list(d.panels).length;
