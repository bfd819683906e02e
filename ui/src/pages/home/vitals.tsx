// Four figures of the host: processor, memory, disk, network, each over the last minutes.
import { useMemo } from 'preact/hooks';
import { rangeQuery } from '../../api/prometheus';
import { align } from '../../chart/align';
import { seriesColor, token } from '../../chart/colors';
import { type ChartSpec, type Format, plainAxis, plainLine } from '../../chart/model';
import { Plot } from '../../chart/plot';
import { useThemeTurn } from '../../components/use';
import { bytes, bytesPerSecond, percent } from '../../lib/format';
import { useLoad } from '../../lib/load';
import { type Curve, curves } from '../../lib/matrix';
import { formatDate } from '../../lib/time';

const kSpan = 10 * 60; // seconds
const kStep = 5;
const DISKS = 'fstype!~"tmpfs|ramfs|overlay|squashfs|autofs|proc|sysfs"';

interface Vital {
  title: string;
  query: string;
  note: string; // a second figure, in words with its value
  noteFormat: (v: number) => string;
  format: Format;
  max?: 1;
  binary?: boolean;
}

const VITALS: Vital[] = [
  { title: 'CPU', query: '1 - avg(rate(node_cpu_seconds_total{mode="idle"}[1m]))', note: 'max(node_load1)', noteFormat: (v) => `load ${v.toFixed(2)}`, format: percent, max: 1 },
  { title: 'Memory', query: 'sum(node_memory_MemTotal_bytes - node_memory_MemAvailable_bytes)', note: 'sum(node_memory_MemTotal_bytes)', noteFormat: (v) => `of ${bytes(v)}`, format: bytes, binary: true },
  { title: 'Fullest disk', query: `max(1 - node_filesystem_avail_bytes{${DISKS}} / node_filesystem_size_bytes{${DISKS}})`, note: `min(node_filesystem_avail_bytes{${DISKS}} and on (instance, mountpoint) topk(1, 1 - node_filesystem_avail_bytes{${DISKS}} / node_filesystem_size_bytes{${DISKS}}))`, noteFormat: (v) => `${bytes(v)} free`, format: percent, max: 1 },
  { title: 'Network', query: 'sum(rate(node_network_receive_bytes_total{device!="lo"}[1m]))', note: 'sum(rate(node_network_transmit_bytes_total{device!="lo"}[1m]))', noteFormat: (v) => `in, ${bytesPerSecond(v)} out`, format: bytesPerSecond },
];

async function ask(query: string, to: number, signal: AbortSignal): Promise<Curve | undefined> {
  const { data } = await rangeQuery(query, to - kSpan, to, kStep, signal);
  return data.resultType === 'matrix' ? curves(data.result)[0] : undefined;
}

const split = (text: string): [string, string] => {
  const m = /^(\S+?)[\u202f ]?([^\d.\u202f]*)$/.exec(text);
  return m ? [m[1]!, m[2]!] : [text, ''];
};

function Card({ v }: { v: Vital }) {
  const turn = useThemeTurn();
  const loaded = useLoad(async (signal) => {
    const to = Math.floor(Date.now() / 1000 / kStep) * kStep;
    const [curve, note] = await Promise.all([ask(v.query, to, signal), ask(v.note, to, signal)]);
    return { curve, note: note?.values.at(-1), to };
  }, [], kStep * 1000);
  const d = loaded.data;
  const spec = useMemo((): ChartSpec | undefined => {
    if (!d?.curve) return undefined;
    const { times, columns } = align([{ ...d.curve, step: kStep }]);
    const first = times[0]!;
    const young = first > d.to - kSpan + 3 * kStep;
    return {
      times, from: d.to - kSpan, to: d.to, tooltip: 'all', lines: [{ ...plainLine(v.title, seriesColor(0), columns[0]!, v.format), fill: 0.08, points: 'never' }],
      axes: [plainAxis(v.format, { min: 0, ...(v.max ? { max: v.max } : {}), binary: v.binary ?? false })],
      marks: young ? [{ from: first, color: token('axis'), text: `started ${formatDate(first * 1000, undefined, { date: false })}` }] : [],
    };
  }, [d, turn]);
  const last = d?.curve?.values.findLast((x) => x !== null);
  const [figure, unit] = last === undefined || last === null ? ['', ''] : split(v.format(last));
  return (
    <section class="panel vital" aria-label={v.title}>
      <header><h2>{v.title}</h2></header>
      {spec ? (
        <div class="body">
          <div class="figure hero-figure">{figure}<small>{unit}</small></div>
          <div class="small faint">{typeof d?.note === 'number' ? v.noteFormat(d.note) : ''}</div>
          <Plot spec={spec} label={v.title} />
        </div>
      ) : (
        <div class="state"><span>{loaded.loading && !d ? 'Reading' : loaded.error ? loaded.error.message : 'Not measured yet'}</span></div>
      )}
    </section>
  );
}

export const Vitals = () => <div class="vitals">{VITALS.map((v) => <Card key={v.title} v={v} />)}</div>;
