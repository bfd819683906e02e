// When each alert was pending and firing, from the ALERTS series.
import { useState } from 'preact/hooks';
import { rangeQuery } from '../../api/prometheus';
import { Page, Top } from '../../components/shell';
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
  title: string;
  stretches: Stretch[];
}

// One lane per alert; samples no further apart than a step belong together.
export function lanesOf(result: { metric: Record<string, string>; values?: [number, string][] }[], step: number): Lane[] {
  const lanes = new Map<string, Lane>();
  for (const s of result) {
    const { __name__: _, alertstate, ...labels } = s.metric;
    const title = formatSeries(labels);
    const lane = lanes.get(title) ?? { name: labels.alertname ?? '', title, stretches: [] };
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
        <section class="panel" aria-label="Alert history">
          {!d && (loaded.error ? <Failed what="The history could not be read" error={loaded.error} retry={loaded.reload} /> : <Loading />)}
          {d && (
            <div class="lanes">
              {d.lanes.map((l) => (
                <>
                  <span class="clip" title={l.title}>{l.name} <span class="faint small">{l.title}</span></span>
                  <div class="lane" role="img" aria-label={l.stretches.map((s) => `${s.firing ? 'firing' : 'pending'} from ${formatDate(s.from * 1000)} to ${formatDate(s.to * 1000)}`).join('; ')}>
                    {l.stretches.map((s, i) => <i key={i} class={s.firing ? 'firing' : 'pending'} style={{ left: at(s.from), width: `max(2px, calc(${at(Math.min(s.to, d.to))} - ${at(s.from)}))` }} title={`${s.firing ? 'firing' : 'pending'}, ${formatDate(s.from * 1000)} to ${formatDate(s.to * 1000)}`} />)}
                  </div>
                </>
              ))}
              {d.lanes.length > 0 && <><span /><div class="row small faint"><span class="grow">{formatDate(d.from * 1000, undefined, { seconds: false })}</span><span>now</span></div></>}
            </div>
          )}
          {d && !d.lanes.length && <Empty>No alert was pending or firing in this time.</Empty>}
        </section>
      </div>
    </Page>
  );
}
