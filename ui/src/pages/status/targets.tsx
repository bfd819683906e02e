// Targets: what is scraped, whether it answers, and what was known of it before relabelling.
import { useMemo, useState } from 'preact/hooks';
import { instantQuery, targets } from '../../api/prometheus';
import type { Target } from '../../api/types';
import { Icon } from '../../components/icon';
import { Page, Top } from '../../components/shell';
import { Empty, Failed, Loading, Stale } from '../../components/state';
import { useNow, useTitle } from '../../components/use';
import { ago } from '../../lib/duration';
import { plural, seconds, whole } from '../../lib/format';
import { matchesText, words } from '../../lib/labels';
import { useLoad } from '../../lib/load';
import { setQuery, useLocation } from '../../lib/router';
import { StatusTabs } from './index';
import { LabelTable } from './labels';
import { Pushed } from './pushed';
import { RelabelSteps } from './relabel';

const STATES = {
  up: { cls: 'ok', icon: 'check', text: 'up' },
  down: { cls: 'critical', icon: 'critical', text: 'down' },
  unknown: { cls: '', icon: 'clock', text: 'waiting' },
} as const;

const kNever = Date.parse('0001-01-02T00:00:00Z');

// The page of what was pushed, which the server scrapes from itself.
const isPushDoor = (t: Target): boolean => /^builtin:.*\/pushed$/.test(t.scrapeUrl);

function hint(t: Target): string {
  const host = new URL(t.scrapeUrl, 'http://x').host;
  if (/refused/.test(t.lastError)) return `Check that the exporter runs on ${host}.`;
  if (/deadline|timeout|timed out/i.test(t.lastError)) return `It did not answer within ${t.scrapeTimeout}.`;
  if (/no such host|resolve|lookup/i.test(t.lastError)) return 'Check the name and the name server.';
  if (/status (401|403)/i.test(t.lastError)) return 'Check the credentials in the scrape configuration.';
  return '';
}

function Row({ t, samples, now }: { t: Target; samples?: number; now: number }) {
  const [open, set] = useState(false);
  const state = STATES[t.health];
  const last = Date.parse(t.lastScrape);
  const { job: _, ...shown } = t.labels;
  return (
    <>
      <tr class={t.health === 'down' ? 'bad' : ''}>
        <td><span class={'badge ' + state.cls}><Icon name={state.icon} />{state.text}</span></td>
        <td class="endpoint">
          <button class="plain mono clip" aria-expanded={open} title={t.scrapeUrl} onClick={() => set(!open)}>
            <Icon name="chevron" class={open ? '' : 'folded'} />{t.scrapeUrl.replace(/^https?:\/\//, '')}
          </button>
        </td>
        <td><span class="tags">{Object.entries(shown).map(([k, v]) => <span key={k} class="tag">{k}={v}</span>)}</span></td>
        <td class="num dim">{last > kNever ? ago(now - last) : 'not yet'}</td>
        <td class="num">{last > kNever && seconds(t.lastScrapeDuration)}</td>
        <td class="num">{samples !== undefined && whole(samples)}</td>
      </tr>
      {t.lastError && (
        <tr class="more bad"><td /><td colSpan={5}><div class="critical-t small break">{t.lastError}</div>{hint(t) && <div class="small dim">{hint(t)}</div>}</td></tr>
      )}
      {open && (
        <tr class="more"><td /><td colSpan={5}>
          <div class="relabel">
            <LabelTable title="Discovered, before relabelling" labels={t.discoveredLabels} />
            <LabelTable title="Kept" labels={t.labels} />
          </div>
          <RelabelSteps pool={t.scrapePool} labels={t.discoveredLabels} />
          <p class="small faint">Scraped every {t.scrapeInterval}, at most {t.scrapeTimeout}. <a href={t.globalUrl} target="_blank" rel="noreferrer">{t.globalUrl}</a></p>
        </td></tr>
      )}
    </>
  );
}

function Pool({ name, all, shown, samples, now }: { name: string; all: Target[]; shown: Target[]; samples: Map<string, number>; now: number }) {
  const [open, set] = useState(true);
  const up = all.filter((t) => t.health === 'up').length;
  const down = all.some((t) => t.health === 'down');
  return (
    <section class="panel" aria-label={name}>
      <header class="tall">
        <h2 class="strong">{name}</h2>
        <span class={'badge ' + (down ? 'critical' : up === all.length ? 'ok' : '')}>{up} of {all.length} up</span>
        <span class="faint small">every {all[0]!.scrapeInterval}</span>
        <span class="end"><button class="btn icon s quiet" aria-expanded={open} aria-label={`${open ? 'Fold' : 'Unfold'} ${name}`} onClick={() => set(!open)}><Icon name="chevron" class={open ? '' : 'folded'} /></button></span>
      </header>
      {open && (
        <div class="scroll">
          <table class="table targets">
            <thead><tr><th scope="col">State</th><th scope="col">Endpoint</th><th scope="col">Labels</th><th scope="col" class="num">Last scrape</th><th scope="col" class="num">Took</th><th scope="col" class="num">Samples</th></tr></thead>
            <tbody>{shown.map((t) => <Row key={t.scrapeUrl + JSON.stringify(t.labels)} t={t} now={now} samples={samples.get(`${t.labels.job}/${t.labels.instance}`)} />)}</tbody>
          </table>
        </div>
      )}
    </section>
  );
}

export function Targets() {
  useTitle('Targets');
  const { query } = useLocation();
  const filter = query.get('search') ?? '';
  const health = query.get('health') ?? '';
  const now = useNow();
  const loaded = useLoad(targets, [], 10_000);
  const samples = useLoad(async (signal) => {
    const { data } = await instantQuery('scrape_samples_scraped', Date.now() / 1000, signal);
    return new Map(data.resultType === 'vector' ? data.result.map((s) => [`${s.metric.job}/${s.metric.instance}`, Number(s.value?.[1])]) : []);
  }, [], 30_000);
  const active = loaded.data?.activeTargets ?? [];
  const pools = useMemo(() => {
    const by = new Map<string, Target[]>();
    for (const t of active) by.set(t.scrapePool, [...(by.get(t.scrapePool) ?? []), t]);
    const broken = (l: Target[]) => Number(l.some((t) => t.health === 'down'));
    return [...by].sort((a, b) => broken(b[1]) - broken(a[1]) || a[0].localeCompare(b[0]));
  }, [loaded.data]);
  const wanted = (t: Target) => (!health || t.health === health) && matchesText({ ...t.labels, url: t.scrapeUrl }, words(filter));
  const n = (h: string) => active.filter((t) => t.health === h).length;
  const choice = (value: string, text: string, count: number) => (
    <button class="btn" aria-pressed={health === value} onClick={() => setQuery({ health: value })}>{text} {count}</button>
  );
  const shownPools = pools.map(([name, all]) => ({ name, all, shown: all.filter(wanted) })).filter((p) => p.shown.length);

  return (
    <Page name="targets" ready={!loaded.loading || !!loaded.data}>
      <Top title="Status" />
      <StatusTabs />
      <div class="page stack">
        <div class="row wrap">
          <span class="join" role="group" aria-label="State">
            {choice('', 'All', active.length)}{choice('down', 'Down', n('down'))}{choice('unknown', 'Waiting', n('unknown'))}{choice('up', 'Up', n('up'))}
          </span>
          <input class="input grow filter" data-filter placeholder="Filter by job, address or label" aria-label="Filter targets" value={filter} onInput={(e) => setQuery({ search: e.currentTarget.value })} />
        </div>
        <Stale error={loaded.error} at={loaded.at} />
        {!loaded.data && (loaded.error ? <Failed what="Targets could not be read" error={loaded.error} retry={loaded.reload} /> : <Loading />)}
        {shownPools.map((p) => <Pool key={p.name} {...p} now={now} samples={samples.data ?? new Map()} />)}
        {active.some(isPushDoor) && <Pushed now={now} />}
        {loaded.data && !active.length && <Empty>Nothing is scraped yet. Add a job to the configuration file.</Empty>}
        {active.length > 0 && !shownPools.length && <Empty action={<button class="btn s" onClick={() => setQuery({ search: '', health: '' })}>Show all</button>}>No target matches. {plural(active.length, 'target is', 'targets are')} known.</Empty>}
      </div>
    </Page>
  );
}
