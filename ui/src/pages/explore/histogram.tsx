// A native histogram: its buckets as bars, its count, sum and mean in words.
import type { HistogramValue } from '../../api/types';
import { count } from '../../lib/format';

export function HistogramCell({ h }: { h: HistogramValue }) {
  const buckets = h.buckets ?? [];
  const most = Math.max(1e-300, ...buckets.map((b) => Number(b[3])));
  const mean = Number(h.sum) / Number(h.count);
  return (
    <span class="histogram">
      <svg viewBox={`0 0 ${Math.max(1, buckets.length) * 6} 32`} role="img" aria-label={`histogram of ${buckets.length} buckets`}>
        {buckets.map((b, i) => {
          const height = (Number(b[3]) / most) * 32;
          return <rect key={i} x={i * 6} y={32 - height} width="5" height={height}><title>{`${b[1]} to ${b[2]}: ${b[3]}`}</title></rect>;
        })}
      </svg>
      <span>count {count(Number(h.count))}, sum {count(Number(h.sum))}{Number.isFinite(mean) ? `, mean ${count(mean)}` : ''}</span>
    </span>
  );
}
