// What watching costs: the server's own processor time, memory and disk.
import { instantQuery } from '../../api/prometheus';
import { bytes, count } from '../../lib/format';
import { useLoad } from '../../lib/load';

const ASKED = {
  cpu: 'sum(rate(process_cpu_seconds_total{job=~"prometheus|meerkat"}[2m]))',
  memory: 'sum(process_resident_memory_bytes{job=~"prometheus|meerkat"})',
  samples: 'sum(rate(prometheus_tsdb_head_samples_appended_total[2m]))',
  disk: 'sum(meerkat_storage_bytes) or sum(prometheus_tsdb_storage_blocks_bytes + prometheus_tsdb_wal_storage_size_bytes)',
  series: 'sum(prometheus_tsdb_head_series)',
};

export function Costs() {
  const loaded = useLoad(async (signal) => {
    const entries = await Promise.all(Object.entries(ASKED).map(async ([k, q]) => {
      const { data } = await instantQuery(q, Date.now() / 1000, signal);
      return [k, data.resultType === 'vector' && data.result[0] ? Number(data.result[0].value?.[1]) : undefined] as const;
    }));
    return Object.fromEntries(entries) as Record<keyof typeof ASKED, number | undefined>;
  }, [], 15_000);
  const d = loaded.data;
  const facts: [string, string | undefined][] = [
    ['CPU', d?.cpu === undefined ? undefined : `${(d.cpu * 100).toFixed(1)}%`],
    ['Memory', d?.memory === undefined ? undefined : bytes(d.memory)],
    ['Disk', d?.disk === undefined ? undefined : bytes(d.disk)],
    ['Series', d?.series === undefined ? undefined : count(d.series)],
    ['Samples', d?.samples === undefined ? undefined : `${count(d.samples)} per second`],
  ];
  const known = facts.filter(([, v]) => v !== undefined);
  if (!known.length) return null;
  return (
    <section class="panel" aria-label="What watching costs">
      <header><h2>What watching costs</h2></header>
      <div class="row wrap costs">{known.map(([k, v]) => <span key={k} class="dim">{k} <b class="strong">{v}</b></span>)}</div>
    </section>
  );
}
