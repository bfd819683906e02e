// Time series: the chart and its legend, below or beside it.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { Legend, type LegendValue } from '../../chart/legend';
import { Plot } from '../../chart/plot';
import { useThemeTurn } from '../../components/use';
import { reduce, reducerName, show } from '../fields';
import { legendOptions } from '../options';
import { kNoData, type VizProps } from '../types';
import { chartOf } from './chart';

const NONE: ReadonlySet<number> = new Set();

export function TimeSeries(p: VizProps) {
  const [chosen, setChosen] = useState<ReadonlySet<number>>();
  const [lifted, lift] = useState<number>();
  const turn = useThemeTurn();
  const options = useMemo(() => legendOptions(p.panel.options), [p.panel]);
  const made = useMemo(() => {
    const chart = chartOf(p);
    for (const l of chart?.spec.lines ?? []) {
      const empty = options.hideEmpty && !l.values.some((v) => typeof v === 'number');
      if (empty || (options.hideZero && l.values.every((v) => !v))) l.inLegend = false;
    }
    return chart;
  }, [p.frames, p.marks, p.panel, p.syncKey, turn]);
  const hidden = chosen ?? made?.off ?? NONE;
  const values = useMemo((): LegendValue[] => {
    if (!made) return [];
    return options.calcs.map((calc) => ({
      name: reducerName(calc),
      of: (line) => {
        const s = made.series[made.spec.lines.indexOf(line)];
        if (!s) return { text: '', order: 0 };
        const v = reduce(s.field, calc);
        return { text: show(s.field, v), order: Number.isFinite(v) ? v : -Infinity };
      },
    }));
  }, [made, options]);
  useEffect(() => {
    if (!made) p.onEmpty(p.frames.length ? 'The answer has no numbers over time' : kNoData);
  }, [made]);
  if (!made) return null;
  return (
    <div class={'viz-chart' + (options.right && options.shown ? ' right' : '')} style={options.width ? { '--legend-width': `${options.width}px` } : undefined}>
      <Plot spec={made.spec} label={p.panel.title || 'Chart'} hidden={hidden} lifted={lifted} onZoom={p.onZoom} onDrawn={p.onDrawn} />
      {options.shown && (
        <Legend lines={made.spec.lines} hidden={hidden} onHidden={setChosen} onLift={lift} table={options.table} values={values} sortBy={options.sortBy} sortDesc={options.sortDesc} />
      )}
    </div>
  );
}
