// Histogram: how often values fall into buckets of one size.
import { type Field } from '@grafana/data';
import { useEffect, useMemo } from 'preact/hooks';
import { useSize, useThemeTurn } from '../components/use';
import { Bars, type Bar } from './bars';
import { colorOf, finite, show, timeSeries } from './fields';
import { number } from './options';
import { kNoData, type VizProps } from './types';

const SIZES = [1, 2, 2.5, 5];

export function bucketSize(lo: number, hi: number, count: number): number {
  const raw = (hi - lo) / Math.max(1, count);
  if (!(raw > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  return (SIZES.find((s) => s * power >= raw) ?? 10) * power;
}

function make(p: VizProps): { bars: Bar[]; field: Field } | undefined {
  const all = timeSeries(p.frames);
  const values = all.map((s) => s.field.values.map(finite).filter((v): v is number => v !== null));
  const flat = values.flat();
  if (!flat.length) return undefined;
  const [lo, hi] = [Math.min(...flat), Math.max(...flat)];
  const size = number(p.panel.options.bucketSize) || bucketSize(lo, hi, number(p.panel.options.bucketCount) ?? 30);
  const offset = number(p.panel.options.bucketOffset) ?? 0;
  const base = Math.floor((lo - offset) / size) * size + offset;
  const n = Math.min(500, Math.floor((hi - base) / size) + 1);
  const combined = p.panel.options.combine === true;
  const groups = combined ? [flat] : values;
  const counts = groups.map((g) => {
    const row = new Array<number>(n).fill(0);
    for (const v of g) row[Math.min(n - 1, Math.floor((v - base) / size))]!++;
    return row;
  });
  const field = all[0]!.field;
  const bars = Array.from({ length: n }, (_, b) => ({
    label: show(field, base + b * size),
    parts: counts.map((c, i) => ({ value: c[b]!, color: colorOf(all[i]!.field), name: combined ? '' : all[i]!.name, text: String(c[b]) })),
  }));
  return { bars, field };
}

export function Histogram(p: VizProps) {
  const [box, { width, height }] = useSize<HTMLDivElement>();
  const turn = useThemeTurn();
  const made = useMemo(() => make(p), [p.frames, p.panel, turn]);
  useEffect(() => {
    if (!made) p.onEmpty(kNoData);
    else p.onDrawn();
  }, [made]);
  return (
    <div class="plot" ref={box}>
      {made && width > 0 && <Bars bars={made.bars} width={width} height={height} stacked lying={false} share={0.95} showValues={false} format={String} label={p.panel.title || 'Histogram'} />}
    </div>
  );
}
