// The result of range queries as one chart with its legend.
import { useMemo, useState } from 'preact/hooks';
import { align } from '../../chart/align';
import { seriesColor, seriesDash } from '../../chart/colors';
import type { MatrixSeries } from '../../api/types';
import type { Heat } from '../../chart/heat';
import { HeatPlot } from '../../chart/heatplot';
import { Legend } from '../../chart/legend';
import { type ChartSpec, plainAxis, plainLine } from '../../chart/model';
import { Plot } from '../../chart/plot';
import { Empty } from '../../components/state';
import { useThemeTurn } from '../../components/use';
import { count, plural, whole } from '../../lib/format';
import { formatSeries, shortNames } from '../../lib/labels';
import { curves } from '../../lib/matrix';
import { nativeRows } from '../../lib/native';
import type { Result } from './run';

const kMostLines = 500;
const kMostHeats = 6;

// Native histograms cannot be lines: each is a heatmap of its own.
function heatsOf(series: MatrixSeries[]): { name: string; heat: Heat }[] {
  return series.flatMap((s) => {
    const heat = s.histograms?.length ? nativeRows(s.histograms.map(([t]) => t), s.histograms.map(([, h]) => h)) : undefined;
    return heat ? [{ name: formatSeries(s.metric) || 'histogram', heat }] : [];
  });
}

interface Props {
  result: Result;
  stacked: boolean;
  zone?: string;
  onZoom: (from: number, to: number) => void;
}

export function Graph({ result, stacked, zone, onZoom }: Props) {
  const [hidden, setHidden] = useState<ReadonlySet<number>>(new Set());
  const [lifted, lift] = useState<number>();
  const [all, setAll] = useState(false);
  const turn = useThemeTurn();
  const [noExemplars, hideExemplars] = useState(false);
  const points = useMemo(() => result.outcomes.flatMap((o) => o.exemplars ?? []), [result]);
  const { spec, heats, total } = useMemo(() => {
    const of = result.outcomes.map((o) => ({ expr: o.expr, series: o.answer?.data.resultType === 'matrix' ? o.answer.data.result : [] }));
    const series = of.flatMap((o) => o.series);
    const found = of.flatMap((o) => curves(o.series.filter((s) => s.values?.length)).map((c) => ({ ...c, expr: o.expr })));
    const shown = all ? found : found.slice(0, kMostLines);
    // What has no labels is named by what was asked.
    const names = shortNames(shown.map((c) => c.labels)).map((n, i) => (n === '{}' || !n ? shown[i]!.expr.replace(/\s+/g, ' ') : n));
    const { times, columns } = align(shown.map((c) => ({ ...c, step: result.step })));
    const few = shown.length <= 2;
    const lines = columns.map((values, i) => ({
      ...plainLine(names[i]!, seriesColor(i), values, count),
      dash: seriesDash(i),
      fill: stacked ? 0.28 : few ? 0.08 : 0,
      ...(stacked ? { stack: { group: 'all', percent: false } } : {}),
    }));
    const spec: ChartSpec = {
      times, lines, axes: [plainAxis(count)], from: result.span.from / 1000, to: result.span.to / 1000, zone, tooltip: 'all',
      tooltipSort: stacked ? 'none' : 'desc', exemplars: noExemplars ? [] : points.map((p) => ({ ...p, scale: 'y' })),
    };
    return { spec, heats: heatsOf(series), total: found.length };
  }, [result, stacked, zone, all, turn, noExemplars]);
  const look = { from: spec.from, to: spec.to, zone, exemplars: noExemplars ? [] : points, format: (label: string) => (Number.isFinite(Number(label)) ? count(Number(label)) : label) };

  if (!total && !heats.length) return <Empty>No series in this range. The query is fine; nothing matches it between these times.</Empty>;
  return (
    <>
      {total > 0 && <Plot spec={spec} label="Result" hidden={hidden} lifted={lifted} onZoom={onZoom} />}
      {heats.slice(0, kMostHeats).map((h) => (
        <figure key={h.name} class="native">
          <figcaption class="mono clip" title={h.name}>{h.name} <span class="faint">observations by bucket</span></figcaption>
          <HeatPlot heat={h.heat} look={look} label={h.name} show={whole} />
        </figure>
      ))}
      {heats.length > kMostHeats && <div class="note">{whole(kMostHeats)} of {whole(heats.length)} histograms are drawn. Add matchers to choose among them.</div>}
      {points.length > 0 && <div class="row small"><button class="btn s quiet" aria-pressed={!noExemplars} onClick={() => hideExemplars(!noExemplars)}><span class="diamond" aria-hidden="true" />{plural(points.length, 'exemplar')}</button></div>}
      {total > spec.lines.length && (
        <div class="note">
          <span class="grow">{whole(spec.lines.length)} of {whole(total)} series are drawn.</span>
          <button class="btn s" onClick={() => setAll(true)}>Draw all</button>
        </div>
      )}
      {total > 0 && <Legend lines={spec.lines} hidden={hidden} onHidden={setHidden} onLift={lift} table={false} values={[]} />}
    </>
  );
}
