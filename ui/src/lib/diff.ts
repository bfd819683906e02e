// The difference of two texts, line by line (Myers' algorithm).

export interface DiffLine {
  kind: 'same' | 'added' | 'removed';
  text: string;
}

const kMostEdits = 4000; // beyond, the texts are told apart as a whole

export function diffLines(before: string, after: string): DiffLine[] {
  const a = before.split('\n');
  const b = after.split('\n');
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const same = (text: string): DiffLine => ({ kind: 'same', text });
  return [...a.slice(0, head).map(same), ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)), ...a.slice(a.length - tail).map(same)];
}

function middle(a: string[], b: string[]): DiffLine[] {
  const [n, m] = [a.length, b.length];
  const all = (): DiffLine[] => [...a.map((text): DiffLine => ({ kind: 'removed', text })), ...b.map((text): DiffLine => ({ kind: 'added', text }))];
  if (!n || !m) return all();
  const trace: Map<number, number>[] = [];
  let v = new Map<number, number>([[1, 0]]);
  for (let d = 0; d <= Math.min(n + m, kMostEdits); d++) {
    trace.push(new Map(v));
    for (let k = -d; k <= d; k += 2) {
      let x = k === -d || (k !== d && (v.get(k - 1) ?? -1) < (v.get(k + 1) ?? -1)) ? v.get(k + 1)! : v.get(k - 1)! + 1;
      while (x < n && x - k < m && a[x] === b[x - k]) x++;
      v.set(k, x);
      if (x >= n && x - k >= m) return walkBack(trace, a, b, d);
    }
    v = new Map(v);
  }
  return all();
}

function walkBack(trace: Map<number, number>[], a: string[], b: string[], d: number): DiffLine[] {
  const out: DiffLine[] = [];
  let [x, y] = [a.length, b.length];
  for (; d >= 0; d--) {
    const v = trace[d]!;
    const k = x - y;
    const before = k === -d || (k !== d && (v.get(k - 1) ?? -1) < (v.get(k + 1) ?? -1)) ? k + 1 : k - 1;
    const px = v.get(before) ?? 0;
    const py = px - before;
    while (x > px && y > py && x > 0 && y > 0) out.push({ kind: 'same', text: a[(y--, --x)]! });
    if (d === 0) break;
    if (x === px) out.push({ kind: 'added', text: b[--y]! });
    else out.push({ kind: 'removed', text: a[--x]! });
  }
  return out.reverse();
}

// Only what changed, with a few lines around it; null stands for lines left out.
export function hunks(lines: DiffLine[], around = 3): (DiffLine | null)[] {
  const keep = lines.map(() => false);
  lines.forEach((l, i) => {
    if (l.kind !== 'same') keep.fill(true, Math.max(0, i - around), i + around + 1);
  });
  const out: (DiffLine | null)[] = [];
  lines.forEach((l, i) => {
    if (keep[i]) out.push(l);
    else if (out.length && out.at(-1) !== null) out.push(null);
  });
  return out;
}
