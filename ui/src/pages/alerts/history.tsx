// When each alert was pending and firing, from the ALERTS series.
import { useState } from 'preact/hooks';
import { rangeQuery } from '../../api/prometheus';
import { Page, Top } from '../../components/shell';
import { timeLabel } from '../../chart/scales';
import { Empty, Failed, Loading } from '../../components/state';
import { useTitle } from '../../components/use';
import { formatSeries } from '../../lib/labels';
import { useLoad } from '../../lib/load';
import { niceStep } from '../../lib/matrix';
import { formatDate } from '../../lib/time';
import { AlertTabs } from './index';

const SPANS = [['24 hours', 24], ['7 days', 168], ['30 days', 720]] as const;

interface Stretch {
  from: number;
  to: number;
  firing: boolean;
}
interface Lane {
  name: string;
  labels: Record<string, string>; // without the name
  title: string;
  stretches: Stretch[];
}

// One lane per alert; samples no further apart than a step belong together.
export function lanesOf(result: { metric: Record<string, string>; values?: [number, string][] }[], step: number): Lane[] {
  const lanes = new Map<string, Lane>();
  for (const s of result) {
    const { __name__: _, alertstate, ...labels } = s.metric;
    const title = formatSeries(labels);
    const { alertname = '', ...rest } = labels;
    const lane = lanes.get(title) ?? { name: alertname, labels: rest, title, stretches: [] };
    lanes.set(title, lane);
    let open: Stretch | undefined;
    for (const [t] of s.values ?? []) {
      if (open && t - open.to <= step * 0.5) open.to = t + step;
      else lane.stretches.push((open = { from: t, to: t + step, firing: alertstate === 'firing' }));
    }
  }
  const last = (l: Lane) => Math.max(...l.stretches.map((x) => x.to));
  return [...lanes.values()].filter((l) => l.stretches.length).sort((a, b) => last(b) - last(a));
}

const kTicks = 8;
const STEPS = [3600, 2 * 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400, 2 * 86400, 4 * 86400, 7 * 86400];

// Round times, away from the edges.
function ticksOf(from: number, to: number): number[] {
  const step = STEPS.find((s) => (to - from) / s <= kTicks) ?? 7 * 86400;
  const off = new Date(from * 1000).getTimezoneOffset() * 60;
  const out: number[] = [];
  for (let t = Math.ceil((from - off) / step) * step + off; t <= to; t += step) if (t - from > (to - from) / 40 && to - t > (to - from) / 40) out.push(t);
  return out;
}

export function History() {
  useTitle('Alert history');
  const [hours, setHours] = useState<number>(24);
  const loaded = useLoad(async (signal) => {
    const to = Date.now() / 1000;
    const step = niceStep(hours * 3600, 480);
    // Steps end now: what began to fire a moment ago is seen.
    const from = to - Math.floor((hours * 3600) / step) * step;
    const { data } = await rangeQuery('ALERTS', from, to, step, signal);
    return { lanes: data.resultType === 'matrix' ? lanesOf(data.result, step) : [], from, to };
  }, [hours], 60_000);
  const d = loaded.data;
  const at = (t: number) => `${(100 * (t - d!.from)) / (d!.to - d!.from)}%`;
  return (
    <Page name="alert-history" ready={!loaded.loading || !!d}>
      <Top title="Alerts" />
      <AlertTabs />
      <div class="page stack">
        <span class="join" role="group" aria-label="Span">{SPANS.map(([text, h]) => <button key={h} class="btn" aria-pressed={h === hours} onClick={() => setHours(h)}>{text}</button>)}</span>
        <div class="row small dim"><span class="row"><i class="swatch firing" />firing</span><span class="row"><i class="swatch pending" />pending</span></div>
        <section class="panel" aria-label="Alert history">
          {!d && (loaded.error ? <Failed what="The history could not be read" error={loaded.error} retry={loaded.reload} /> : <Loading />)}
          {d && (
            <div class="lanes">
              {d.lanes.map((l) => (
                <>
                  <a class="lane-name" title={l.title} href={'alerts?state=all&filter=' + encodeURIComponent(l.name)}><b class="strong nowrap">{l.name}</b><span class="faint small clip">{Object.values(l.labels).join(', ')}</span></a>
                  <div class="lane" role="img" aria-label={l.stretches.map((s) => `${s.firing ? 'firing' : 'pending'} from ${formatDate(s.from * 1000)} to ${formatDate(s.to * 1000)}`).join('; ')}>
                    {l.stretches.map((s, i) => <i key={i} class={s.firing ? 'firing' : 'pending'} style={{ left: at(s.from), width: `max(2px, calc(${at(Math.min(s.to, d.to))} - ${at(s.from)}))` }} title={`${s.firing ? 'firing' : 'pending'}, ${formatDate(s.from * 1000)} to ${formatDate(s.to * 1000)}`} />)}
                  </div>
                </>
              ))}
              {d.lanes.length > 0 && <><span class="wide-only" /><div class="lane-ticks" aria-hidden="true">{ticksOf(d.from, d.to).map((t) => <span key={t} style={{ left: at(t) }}>{timeLabel(t, (d.to - d.from) / kTicks)}</span>)}</div></>}
            </div>
          )}
          {d && !d.lanes.length && <Empty>No alert was pending or firing in this time.</Empty>}
        </section>
      </div>
    </Page>
  );
}
