// Instant results as rows: what differs between the series, then the value as the server wrote it.
import { Empty } from '../../components/state';
import { formatSeries } from '../../lib/labels';
import { whole } from '../../lib/format';
import type { HistogramValue, QueryData } from '../../api/types';
import { useState } from 'preact/hooks';
import { HistogramCell } from './histogram';

const kRows = 200;

interface Row {
  name: string;
  value: string;
  histogram?: HistogramValue;
}

function rowsOf(data: QueryData): Row[] {
  if (data.resultType === 'vector')
    return data.result.map((s) => ({ name: formatSeries(s.metric), value: s.value?.[1] ?? '', histogram: s.histogram?.[1] }));
  if (data.resultType === 'matrix')
    return data.result.map((s) => ({
      name: formatSeries(s.metric),
      value: (s.values ?? []).map(([t, v]) => `${v} @${t}`).join('\n'),
      histogram: s.histograms?.at(-1)?.[1],
    }));
  return [{ name: data.resultType, value: data.result[1] }];
}

export function ResultTable({ data }: { data: QueryData }) {
  const [most, setMost] = useState(kRows);
  const rows = rowsOf(data);
  if (!rows.length) return <Empty>No series at this time.</Empty>;
  return (
    <div class="scroll">
      <table class="table">
        <thead><tr><th scope="col">Series</th><th scope="col" class="num">Value</th></tr></thead>
        <tbody>
          {rows.slice(0, most).map((r, i) => (
            <tr key={i}>
              <td class="mono break">{r.name}</td>
              <td class="num mono pre">{r.histogram ? <HistogramCell h={r.histogram} /> : r.value}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > most && (
        <div class="row more"><span class="dim">{whole(most)} of {whole(rows.length)} series</span><button class="btn s" onClick={() => setMost(most + 1000)}>Show more</button></div>
      )}
    </div>
  );
}
