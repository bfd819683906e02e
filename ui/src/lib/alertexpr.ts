// Takes an alert's expression apart into what is watched and the limit it is compared with.
import { parser } from '@prometheus-io/lezer-promql';

export interface Limit {
  watched: string; // the expression without the comparison
  op: '>' | '<' | '>=' | '<=' | '==' | '!=';
  value: number;
}

const MIRRORED = { '>': '<', '<': '>', '>=': '<=', '<=': '>=', '==': '==', '!=': '!=' } as const;

const number = (text: string): number | undefined => {
  const plain = text.trim().replace(/^\((.*)\)$/s, '$1');
  const parts = plain.split(/([*/])/).map((p) => p.trim());
  if (!parts.length || parts.some((p) => p === '')) return undefined;
  let value = Number(parts[0]);
  for (let i = 1; i < parts.length; i += 2) value = parts[i] === '*' ? value * Number(parts[i + 1]) : value / Number(parts[i + 1]);
  return Number.isFinite(value) ? value : undefined;
};

// undefined when the expression is no comparison of one side with a number.
export function limitOf(expr: string): Limit | undefined {
  let node = parser.parse(expr).topNode.firstChild;
  while (node && (node.name === 'ParenExpr' || node.name === 'StepInvariantExpr')) {
    const inner = node.firstChild;
    if (!inner) break;
    node = inner;
  }
  if (node?.name !== 'BinaryExpr') return undefined;
  const left = node.firstChild!;
  const right = node.lastChild!;
  const between = expr.slice(left.to, right.from);
  const op = /^\s*(>=|<=|==|!=|>|<)/.exec(between)?.[1] as Limit['op'] | undefined;
  if (!op || /\bbool\b/.test(between)) return undefined;
  const [l, r] = [expr.slice(left.from, left.to), expr.slice(right.from, right.to)];
  const rv = number(r);
  if (rv !== undefined) return { watched: l, op, value: rv };
  const lv = number(l);
  return lv === undefined ? undefined : { watched: r, op: MIRRORED[op], value: lv };
}
