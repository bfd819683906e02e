// An expression's tree in plain words, from the parser the editor uses.
import { parser } from '@prometheus-io/lezer-promql';
import type { SyntaxNode } from '@lezer/common';

export interface Step {
  depth: number;
  text: string; // the expression of this node, as written
  short: string; // the same with its inner part left out
  words: string;
  kind: 'instant' | 'range' | 'text'; // text: a string, it has no series
}

const AGGREGATES: Record<string, string> = {
  sum: 'Add up', avg: 'Take the mean of', min: 'Take the smallest of', max: 'Take the largest of', count: 'Count', group: 'Keep one for',
  stddev: 'Take the standard deviation of', stdvar: 'Take the variance of', topk: 'Keep the largest of', bottomk: 'Keep the smallest of',
  quantile: 'Take a quantile of', count_values: 'Count equal values of', limitk: 'Keep a few of', limit_ratio: 'Keep a share of',
};
const FUNCTIONS: Record<string, string> = {
  rate: 'Increase per second, resets allowed for', irate: 'Increase per second between the last two samples', increase: 'Increase over the window, resets allowed for',
  delta: 'Difference between the ends of the window', idelta: 'Difference between the last two samples', deriv: 'Slope per second',
  histogram_quantile: 'Estimate the quantile from the buckets', abs: 'Drop the sign', ceil: 'Round up', floor: 'Round down', round: 'Round',
  clamp_min: 'Raise to at least a value', clamp_max: 'Lower to at most a value', clamp: 'Keep between two values', absent: 'One when there is nothing',
  absent_over_time: 'One when the window is empty', label_replace: 'Rewrite a label', label_join: 'Join labels', sort: 'Sort, smallest first', sort_desc: 'Sort, largest first',
  time: 'The time of evaluation', timestamp: 'The time of each sample', vector: 'A number as a series', scalar: 'The one series as a number', changes: 'How often the value changed',
  resets: 'How often the counter began anew', predict_linear: 'Where the straight line leads', avg_over_time: 'Mean over the window', min_over_time: 'Smallest in the window',
  max_over_time: 'Largest in the window', sum_over_time: 'Sum over the window', count_over_time: 'Samples in the window', last_over_time: 'Last sample in the window',
  quantile_over_time: 'Quantile over the window', stddev_over_time: 'Standard deviation over the window', present_over_time: 'One where the window has samples',
};
const OPERATORS: Record<string, string> = {
  '+': 'Add', '-': 'Subtract', '*': 'Multiply', '/': 'Divide', '%': 'Remainder of division', '^': 'Raise to the power', '==': 'Keep where equal', '!=': 'Keep where different',
  '>': 'Keep where greater', '<': 'Keep where smaller', '>=': 'Keep where greater or equal', '<=': 'Keep where smaller or equal', and: 'Keep the left where the right exists',
  or: 'The left, and the right where the left is missing', unless: 'Keep the left where the right is missing', atan2: 'Angle of the two',
};

const SHOWN = new Set(['AggregateExpr', 'BinaryExpr', 'FunctionCall', 'VectorSelector', 'MatrixSelector', 'SubqueryExpr', 'OffsetExpr', 'StepInvariantExpr', 'UnaryExpr', 'NumberDurationLiteral', 'NumberLiteral', 'StringLiteral']);

function window(text: string): string {
  return /\[([^\]:]+)(?::([^\]]*))?\]\s*(?:offset.*|@.*)?$/.exec(text)?.[1]?.trim() ?? '';
}

function words(node: SyntaxNode, text: string): string {
  const head = /^\s*([a-zA-Z_]\w*)/.exec(text)?.[1] ?? '';
  switch (node.name) {
    case 'AggregateExpr': {
      const by = /\b(by|without)\s*\(([^)]*)\)/.exec(text);
      const kept = !by ? 'into one line' : by[1] === 'by' ? `one line per ${by[2]!.trim() || 'nothing'}` : `leaving out ${by[2]!.trim()}`;
      return `${AGGREGATES[head] ?? head} what is left, ${kept}`;
    }
    case 'FunctionCall':
      return FUNCTIONS[head] ?? `Apply ${head}`;
    case 'BinaryExpr': {
      const op = operator(node, text);
      return (OPERATORS[op] ?? `Apply ${op}`) + (/\bbool\b/.test(text) ? ', as 0 or 1' : '');
    }
    case 'VectorSelector': return 'Read these series';
    case 'MatrixSelector': return `Read these series, ${window(text)} back from each step`;
    case 'SubqueryExpr': return `Evaluate the inner part again and again over ${window(text)}`;
    case 'OffsetExpr': return 'Look at an earlier time';
    case 'StepInvariantExpr': return 'Always look at one fixed time';
    case 'UnaryExpr': return 'Turn the sign';
    case 'StringLiteral': return 'A text';
    default: return 'A number';
  }
}

function operator(node: SyntaxNode, text: string): string {
  const left = node.firstChild;
  for (let c = left?.nextSibling; c; c = c.nextSibling) {
    const said = text.slice(c.from - node.from, c.to - node.from).trim();
    if (OPERATORS[said]) return said;
  }
  return '?';
}

// Rows from the root down; parentheses and other wrapping nodes are passed over.
export function explain(expr: string): Step[] {
  const out: Step[] = [];
  const visit = (node: SyntaxNode, depth: number): void => {
    const text = expr.slice(node.from, node.to);
    let below = depth;
    const shown = SHOWN.has(node.name);
    if (shown) {
      const range = node.name === 'MatrixSelector' || node.name === 'SubqueryExpr';
      out.push({ depth, text, short: text.replace(/\s+/g, ' '), words: words(node, text), kind: node.name === 'StringLiteral' ? 'text' : range ? 'range' : 'instant' });
      below++;
    }
    const at = out.length - 1;
    for (let c = node.firstChild; c; c = c.nextSibling) if (node.name !== 'VectorSelector' && node.name !== 'MatrixSelector') visit(c, below);
    if (shown && out.length - 1 > at) out[at]!.short = shorten(text, out[at + 1]!.text);
  };
  visit(parser.parse(expr).topNode, 0);
  return out.filter((s) => !/^[\d.]+$/.test(s.text) || s.depth === 0);
}

function shorten(text: string, inner: string): string {
  const cut = inner.length > 3 ? text.replace(inner, '…') : text;
  return cut.replace(/\s+/g, ' ').trim();
}
