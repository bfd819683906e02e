// Stacks are drawn as running sums with bands between them; a line's own values stay as they are.
import type { Line, Value } from './model';

export interface Stacked {
  drawn: Value[][]; // what each line shows, in the lines' order
  bands: [number, number][]; // upper and lower line to fill between
}

// Lines of one group and one sign pile up in order; hidden ones take no room.
export function stack(lines: Line[], hidden: (i: number) => boolean): Stacked {
  const drawn = lines.map((l) => l.values);
  const bands: [number, number][] = [];
  const groups = new Map<string, number[]>();
  lines.forEach((l, i) => {
    if (!l.stack || hidden(i)) return;
    const key = `${l.scale}/${l.stack.group}/${l.draw}/${below(l) ? '-' : '+'}`;
    groups.set(key, [...(groups.get(key) ?? []), i]);
  });
  for (const members of groups.values()) {
    const length = lines[members[0]!]!.values.length;
    const percent = lines[members[0]!]!.stack!.percent;
    const total = new Array<number>(length).fill(0);
    for (const i of members) lines[i]!.values.forEach((v, k) => (total[k]! += Math.abs(v ?? 0)));
    const sum = new Array<number>(length).fill(0);
    members.forEach((i, place) => {
      drawn[i] = lines[i]!.values.map((v, k) => {
        if (typeof v !== 'number') return v === null && members.length > 1 && total[k] ? sum[k]! : v;
        sum[k]! += percent ? (total[k] ? v / total[k]! : 0) : v;
        return sum[k]!;
      });
      if (place) bands.push([i, members[place - 1]!]);
    });
  }
  return { drawn, bands };
}

function below(line: Line): boolean {
  let least = 0;
  let most = 0;
  for (const v of line.values) {
    if (typeof v !== 'number') continue;
    if (v < least) least = v;
    if (v > most) most = v;
  }
  return least < 0 && most <= 0;
}
