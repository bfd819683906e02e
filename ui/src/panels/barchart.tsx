// Bar chart: one group of bars for each row of a table, or each time of a series.
import { type DataFrame, type Field, FieldType, getFieldDisplayName } from '@grafana/data';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { Legend } from '../chart/legend';
import { plainLine } from '../chart/model';
import { useSize, useThemeTurn } from '../components/use';
import { formatDate } from '../lib/time';
import { Bars, type Bar } from './bars';
import { colorOf, finite, hidden, reduce, reducerName, show, timeSeries } from './fields';
import { legendOptions, number, text } from './options';
import { kNoData, type VizProps } from './types';

interface Made {
  names: string[];
  fields: Field[];
  labels: string[];
}

const kMostBars = 400;

function fromTable(frame: DataFrame, all: DataFrame[], xField: string): Made | undefined {
  const numbers = frame.fields.filter((f) => f.type === FieldType.number && !hidden(f, 'viz') && getFieldDisplayName(f, frame, all) !== xField);
  const x = frame.fields.find((f) => f.name === xField || getFieldDisplayName(f, frame, all) === xField) ?? frame.fields.find((f) => f.type === FieldType.string) ?? frame.fields.find((f) => f.type === FieldType.time);
  if (!x || !numbers.length) return undefined;
  return { fields: numbers, names: numbers.map((f) => getFieldDisplayName(f, frame, all)), labels: x.values.slice(0, kMostBars).map((v) => show(x, v)) };
}

function make(p: VizProps): Made | undefined {
  const xField = text(p.panel.options.xField);
  const table = p.frames.find((f) => f.length && f.fields.some((x) => x.type === FieldType.string));
  if (table ?? p.frames.length === 1) return fromTable(table ?? p.frames[0]!, p.frames, xField);
  const all = timeSeries(p.frames);
  if (!all.length) return undefined;
  const times = [...new Set(all.flatMap((s) => s.times))].sort((a, b) => a - b).slice(-kMostBars);
  return {
    names: all.map((s) => s.name), labels: times.map((t) => formatDate(t * 1000, p.zone)),
    fields: all.map((s) => ({ ...s.field, values: times.map((t) => s.field.values[s.times.indexOf(t)] ?? null) })),
  };
}

export function BarChart(p: VizProps) {
  const [box, { width, height }] = useSize<HTMLDivElement>();
  const [off, setOff] = useState<ReadonlySet<number>>(new Set());
  const turn = useThemeTurn();
  const made = useMemo(() => make(p), [p.frames, p.panel, turn]);
  useEffect(() => {
    if (!made?.labels.length) p.onEmpty(kNoData);
    else p.onDrawn();
  }, [made]);
  if (!made?.labels.length) return null;
  const o = p.panel.options;
  const legend = legendOptions(o);
  const stacking = text(o.stacking, 'none');
  const colors = made.fields.map(colorOf);
  const bars: Bar[] = made.labels.map((label, r) => {
    const values = made.fields.map((f, i) => (off.has(i) ? 0 : (finite(f.values[r]) ?? 0)));
    const sum = stacking === 'percent' ? values.reduce((a, b) => a + b, 0) || 1 : 1;
    return { label, parts: made.fields.map((f, i) => ({ value: values[i]! / sum, color: colors[i]!, name: made.names[i]!, text: show(f, f.values[r]) })) };
  });
  const lines = made.names.map((n, i) => plainLine(n, colors[i]!, [], String));
  const first = made.fields[0]!;
  return (
    <div class={'viz-chart' + (legend.right && legend.shown ? ' right' : '')}>
      <div class="plot" ref={box}>
        {width > 0 && <Bars bars={bars} width={width} height={height} stacked={stacking !== 'none'} lying={text(o.orientation) === 'horizontal'} share={number(o.groupWidth) ?? 0.7} showValues={text(o.showValue, 'auto') !== 'never'} format={(v) => (stacking === 'percent' ? `${Math.round(v * 100)}%` : show(first, v))} label={p.panel.title || 'Bar chart'} rotate={number(o.xTickLabelRotation)} />}
      </div>
      {legend.shown && <Legend lines={lines} hidden={off} onHidden={setOff} table={legend.table} values={legend.calcs.map((c) => ({ name: reducerName(c), of: (l) => { const f = made.fields[lines.indexOf(l)]!; const v = reduce(f, c); return { text: show(f, v), order: v }; } }))} />}
    </div>
  );
}
