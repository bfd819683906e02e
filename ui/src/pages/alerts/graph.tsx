// The graph of an alert rule: what it watches, the threshold, and when it was pending and firing.
// Over a long span this is the rule's backtest: the marks show when it would have fired.
import { useMemo } from 'preact/hooks';
import { rangeQuery } from '../../api/prometheus';
import { align } from '../../chart/align';
import { seriesColor, token } from '../../chart/colors';
import { type ChartSpec, type Mark, plainAxis, plainLine } from '../../chart/model';
import { Plot } from '../../chart/plot';
import { Empty, Failed, Loading } from '../../components/state';
import { useThemeTurn } from '../../components/use';
import { limitOf } from '../../lib/alertexpr';
import { count } from '../../lib/format';
import { shortNames } from '../../lib/labels';
import { useLoad } from '../../lib/load';
import { type Curve, curves, niceStep } from '../../lib/matrix';
import type { Item } from './model';

const kMostLines = 30;

// Stretches in which the rule's condition held, as pending and then, after `wait`, as firing.
export function episodes(condition: Curve[], step: number, wait: number): { from: number; to: number; firing: boolean }[] {
  const out: { from: number; to: number; firing: boolean }[] = [];
  for (const c of condition) {
    for (let i = 0; i < c.times.length; ) {
      let j = i;
      while (j + 1 < c.times.length && c.times[j + 1]! - c.times[j]! <= step * 1.5) j++;
      const [from, to] = [c.times[i]!, c.times[j]! + step];
      if (wait > 0) out.push({ from, to: Math.min(to, from + wait), firing: false });
      if (to - from > wait) out.push({ from: from + wait, to, firing: true });
      i = j + 1;
    }
  }
  return out;
}

export function RuleGraph({ item, span }: { item: Item; span: number }) {
  const { rule } = item;
  const turn = useThemeTurn();
  const limit = useMemo(() => limitOf(rule.query), [rule.query]);
  const loaded = useLoad(async (signal) => {
    const to = Date.now() / 1000;
    const step = niceStep(span / 1000, 400);
    const from = to - Math.floor(span / 1000 / step) * step; // the last step is now
    const ask = async (expr: string) => {
      const { data } = await rangeQuery(expr, from, to, step, signal);
      return data.resultType === 'matrix' ? curves(data.result) : [];
    };
    const condition = await ask(rule.query);
    const watched = limit ? await ask(limit.watched) : condition;
    return { condition, watched, from, to, step };
  }, [rule.query, span]);
  const spec = useMemo((): ChartSpec | undefined => {
    const d = loaded.data;
    if (!d) return undefined;
    // The chosen alert's own series come first and, if they can be told, alone.
    const { alertname: _, ...own } = item.alert?.labels ?? {};
    const mine = d.watched.filter((c) => Object.entries(c.labels).every(([k, v]) => k === '__name__' || own[k] === v));
    const shown = (item.alert && mine.length ? mine : d.watched).slice(0, kMostLines);
    const names = shortNames(shown.map((c) => c.labels));
    const { times, columns } = align(shown.map((c) => ({ ...c, step: d.step })));
    const held = item.alert && mine.length ? d.condition.filter((c) => Object.entries(c.labels).every(([k, v]) => k === '__name__' || own[k] === v)) : d.condition;
    const marks = episodes(held, d.step, rule.duration).map((e): Mark => ({ from: e.from, to: e.to, color: token(e.firing ? 'critical' : 'warning'), text: e.firing ? 'fires' : 'pending' }));
    const above = limit && (limit.op === '>' || limit.op === '>=');
    return {
      times, from: d.from, to: d.to, tooltip: 'all', marks,
      lines: columns.map((v, i) => plainLine(names[i]!, seriesColor(i), v, count)),
      axes: [plainAxis(count, limit ? { softMin: Math.min(limit.value, 0), softMax: limit.value * 1.1 } : {})],
      thresholds: limit ? [{ scale: 'y', value: above ? limit.value : -Infinity, until: above ? Infinity : limit.value, color: token('critical'), line: false, dashed: true, area: true },
        { scale: 'y', value: limit.value, until: limit.value, color: token('critical'), line: true, dashed: true, area: false, label: `fires at ${limit.op} ${count(limit.value)}` }] : [],
    };
  }, [loaded.data, turn]);
  if (loaded.error && !loaded.data) return <Failed what="The rule's graph could not be drawn" error={loaded.error} retry={loaded.reload} />;
  if (!spec) return <Loading />;
  if (!spec.lines.length) return <Empty>{limit ? 'Nothing it watches exists in this time.' : 'The condition never held in this time.'}</Empty>;
  return <Plot spec={spec} label={rule.name} />;
}
