// The graph of an alert rule: what it watches, the threshold, and when it was pending and firing.
// The marks are the rule's backtest by the server: when it would have been pending and firing, and who
// would have been told.
import { useMemo } from 'preact/hooks';
import { backtest } from '../../api/backtest';
import { rangeQuery } from '../../api/prometheus';
import type { Labels } from '../../api/types';
import { align } from '../../chart/align';
import { seriesColor, token } from '../../chart/colors';
import { type ChartSpec, type Mark, plainAxis, plainLine } from '../../chart/model';
import { Plot } from '../../chart/plot';
import { Empty, Failed, Loading } from '../../components/state';
import { useThemeTurn } from '../../components/use';
import { episodesOf, tell } from '../../lib/backtest';
import { limitOf } from '../../lib/alertexpr';
import { count } from '../../lib/format';
import { shortNames } from '../../lib/labels';
import { useLoad } from '../../lib/load';
import { curves, niceStep } from '../../lib/matrix';
import type { Item } from './model';

const kMostLines = 30;
const kMostMarks = 200;

const kMostEvaluations = 3000;

// The rule as it is, or with another expression and wait.
export interface Trial {
  expr: string;
  wait: number; // seconds
}

const withoutName = ({ alertname: _, ...labels }: Labels): Labels => labels;

async function tried(item: Item, trial: Trial | undefined, from: number, to: number, signal: AbortSignal) {
  const interval = Math.max(item.interval || 15, Math.ceil((to - from) / kMostEvaluations));
  const what = trial ? { expr: trial.expr, for: trial.wait + 's' } : { rule: item.rule.name, group: item.group, file: item.file };
  const labels = trial ? Object.entries(item.rule.labels ?? {}).map(([k, v]) => `${k}=${v}`) : [];
  return backtest({ ...what, 'label[]': labels, start: from, end: to, interval }, signal);
}

export function RuleGraph({ item, span, trial }: { item: Item; span: number; trial?: Trial }) {
  const { rule } = item;
  const query = trial?.expr ?? rule.query;
  const turn = useThemeTurn();
  const limit = useMemo(() => limitOf(query), [query]);
  const loaded = useLoad(async (signal) => {
    const to = Date.now() / 1000;
    const step = niceStep(span / 1000, 400);
    const from = to - Math.floor(span / 1000 / step) * step; // the last step is now
    const [{ data }, past] = await Promise.all([rangeQuery(limit?.watched ?? query, from, to, step, signal), tried(item, trial, from, to, signal)]);
    return { watched: data.resultType === 'matrix' ? curves(data.result) : [], past: past.data, warnings: past.warnings ?? [], from, to, step };
  }, [query, trial?.wait, span]);
  const d = loaded.data;
  const held = useMemo(() => (d ? episodesOf(d.past, d.to, trial ? undefined : item.alert?.labels) : []), [d, trial]);
  const spec = useMemo((): ChartSpec | undefined => {
    if (!d) return undefined;
    // The chosen alert's own series come first and, if they can be told, alone.
    const own = withoutName(item.alert?.labels ?? {});
    const mine = d.watched.filter((c) => Object.entries(c.labels).every(([k, v]) => k === '__name__' || own[k] === v));
    const shown = (item.alert && mine.length ? mine : d.watched).slice(0, kMostLines);
    const names = shortNames(shown.map((c) => c.labels));
    const { times, columns } = align(shown.map((c) => ({ ...c, step: d.step })));
    const marks = [
      ...held.map((e): Mark => ({ from: e.from, to: e.to, color: token(e.firing ? 'critical' : 'warning'), text: e.firing ? 'fires' : 'pending' })),
      ...d.past.notifications.slice(0, kMostMarks).map((n): Mark => ({ from: Date.parse(n.at) / 1000, color: token('accent'), text: `${n.receiver} is told: ${n.reason}` })),
    ];
    const above = limit && (limit.op === '>' || limit.op === '>=');
    return {
      times, from: d.from, to: d.to, tooltip: 'all', marks,
      lines: columns.map((v, i) => plainLine(names[i]!, seriesColor(i), v, count)),
      axes: [plainAxis(count, limit ? { softMin: Math.min(limit.value, 0), softMax: limit.value * 1.1 } : {})],
      thresholds: limit ? [{ scale: 'y', value: above ? limit.value : -Infinity, until: above ? Infinity : limit.value, color: token('critical'), line: false, dashed: true, area: true },
        { scale: 'y', value: limit.value, until: limit.value, color: token('critical'), line: true, dashed: true, area: false, label: `fires at ${limit.op} ${count(limit.value)}` }] : [],
    };
  }, [d, held, turn]);
  if (loaded.error && !loaded.data) return <Failed what="The rule's graph could not be drawn" error={loaded.error} retry={loaded.reload} />;
  if (!spec || !d) return <Loading />;
  const drawn = spec.lines.length > 0;
  return (
    <>
      {drawn ? <Plot spec={spec} label={rule.name} /> : <Empty>{limit ? 'Nothing it watches exists in this time.' : 'The condition never held in this time.'}</Empty>}
      <p class="small dim outcome" role="status"><b class="strong">Over this time:</b> {tell(d.past, held, d.from)} {d.warnings.join(' ')}</p>
    </>
  );
}
