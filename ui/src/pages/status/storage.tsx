// Storage: how much is kept, and which metrics and labels make up the most of it.
import { instantQuery, runtimeInfo, tsdbStatus } from '../../api/prometheus';
import { Page, Top } from '../../components/shell';
import { Failed, Loading } from '../../components/state';
import { useTitle } from '../../components/use';
import { bytes, count, whole } from '../../lib/format';
import { useLoad } from '../../lib/load';
import { formatDate } from '../../lib/time';
import { StatusTabs } from './index';

interface Counted {
  name: string;
  value: number;
}

function Top20({ title, note, rows, format = whole }: { title: string; note: string; rows: Counted[]; format?: (v: number) => string }) {
  const most = Math.max(1, ...rows.map((r) => r.value));
  return (
    <section class="panel" aria-label={title}>
      <header><h2>{title}</h2><span class="end faint small">{note}</span></header>
      <table class="table bars">
        <tbody>
          {rows.map((r) => (
            <tr key={r.name}>
              <td><code class="break">{r.name}</code></td>
              <td class="bar-cell"><div class="meter" style={{ '--v': `${(100 * r.value) / most}%` }}><i /></div></td>
              <td class="num">{format(r.value)}</td>
            </tr>
          ))}
          {!rows.length && <tr><td class="dim">Nothing stored yet</td></tr>}
        </tbody>
      </table>
    </section>
  );
}

const OWN = {
  rate: 'sum(rate(prometheus_tsdb_head_samples_appended_total[5m]))',
  disk: 'sum(prometheus_tsdb_storage_blocks_bytes) or sum(meerkat_storage_bytes)',
};

async function figure(expr: string, signal: AbortSignal): Promise<number | undefined> {
  try {
    const { data } = await instantQuery(expr, Date.now() / 1000, signal);
    return data.resultType === 'vector' && data.result[0] ? Number(data.result[0].value?.[1]) : undefined;
  } catch (e) {
    if (signal.aborted) throw e;
    return undefined;
  }
}

export function Storage() {
  useTitle('Storage');
  const loaded = useLoad(async (signal) => {
    const [tsdb, runtime, rate, disk] = await Promise.all([tsdbStatus(signal), runtimeInfo(signal), figure(OWN.rate, signal), figure(OWN.disk, signal)]);
    return { tsdb, runtime, rate, disk };
  }, [], 60_000);
  const d = loaded.data;
  const head = d?.tsdb.headStats;
  const facts: [string, string | undefined][] = d && head ? [
    ['Series', whole(head.numSeries)],
    ['Label pairs', whole(head.numLabelPairs)],
    ['Chunks', whole(head.chunkCount)],
    ['Samples per second', d.rate === undefined ? undefined : count(d.rate)],
    ['On disk', d.disk === undefined ? undefined : bytes(d.disk)],
    ['Kept for', d.runtime.storageRetention],
    ['Oldest in memory', head.numSeries ? formatDate(head.minTime) : undefined],
    ['Newest', head.numSeries ? formatDate(head.maxTime) : undefined],
  ] : [];
  return (
    <Page name="tsdb-status" ready={!loaded.loading || !!d}>
      <Top title="Status" />
      <StatusTabs />
      <div class="page stack">
        {!d && (loaded.error ? <Failed what="The storage state could not be read" error={loaded.error} retry={loaded.reload} /> : <Loading />)}
        {d && (
          <>
            <section class="panel"><dl class="facts">{facts.filter(([, v]) => v !== undefined).map(([k, v]) => <div key={k}><dt class="small faint">{k}</dt><dd class="section">{v}</dd></div>)}</dl></section>
            <div class="cols two-even">
              <Top20 title="Most series, by metric" note="series" rows={d.tsdb.seriesCountByMetricName} />
              <Top20 title="Most values, by label" note="values" rows={d.tsdb.labelValueCountByLabelName} />
              <Top20 title="Most series, by label pair" note="series" rows={d.tsdb.seriesCountByLabelValuePair} />
              <Top20 title="Most memory, by label" note="bytes" rows={d.tsdb.memoryInBytesByLabelName} format={bytes} />
            </div>
          </>
        )}
      </div>
    </Page>
  );
}
