// The result of range queries as one chart with its legend.
import { useMemo, useState } from 'preact/hooks';
import { align } from '../../chart/align';
import { seriesColor, seriesDash } from '../../chart/colors';
import { Legend } from '../../chart/legend';
import { type ChartSpec, plainAxis, plainLine } from '../../chart/model';
import { Plot } from '../../chart/plot';
import { Empty } from '../../components/state';
import { useThemeTurn } from '../../components/use';
import { count, whole } from '../../lib/format';
import { shortNames } from '../../lib/labels';
import { curves } from '../../lib/matrix';
import type { Result } from './run';

const kMostLines = 500;

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
  const { spec, total } = useMemo(() => {
    const found = result.outcomes.flatMap((o) => (o.answer?.data.resultType === 'matrix' ? curves(o.answer.data.result) : []));
    const shown = all ? found : found.slice(0, kMostLines);
    const names = shortNames(shown.map((c) => c.labels));
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
      tooltipSort: stacked ? 'none' : 'desc',
    };
    return { spec, total: found.length };
  }, [result, stacked, zone, all, turn]);

  if (!total) return <Empty>No series in this range. The query is fine; nothing matches it between these times.</Empty>;
  return (
    <>
      <Plot spec={spec} label="Result" hidden={hidden} lifted={lifted} onZoom={onZoom} />
      {total > spec.lines.length && (
        <div class="note">
          <span class="grow">{whole(spec.lines.length)} of {whole(total)} series are drawn.</span>
          <button class="btn s" onClick={() => setAll(true)}>Draw all</button>
        </div>
      )}
      <Legend lines={spec.lines} hidden={hidden} onHidden={setHidden} onLift={lift} table={false} values={[]} />
    </>
  );
}
