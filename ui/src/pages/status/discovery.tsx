// Service discovery: what was found for each job, kept and dropped.
import { useState } from 'preact/hooks';
import { targets } from '../../api/prometheus';
import type { Labels } from '../../api/types';
import { Page, Top } from '../../components/shell';
import { Empty, Failed, Loading } from '../../components/state';
import { useTitle } from '../../components/use';
import { whole } from '../../lib/format';
import { matchesText, words } from '../../lib/labels';
import { useLoad } from '../../lib/load';
import { StatusTabs } from './index';
import { LabelTable } from './labels';
import { RelabelSteps } from './relabel';

interface Found {
  discovered: Labels;
  kept?: Labels;
}
const kRows = 50;

function Job({ name, found, dropped }: { name: string; found: Found[]; dropped: number }) {
  const [open, set] = useState(false);
  const active = found.filter((f) => f.kept).length;
  return (
    <section class="panel" aria-label={name}>
      <header class="tall">
        <h2 class="strong">{name}</h2>
        <span class="badge">{active} kept</span>
        <span class="badge">{dropped} dropped</span>
        <span class="end"><button class="btn s" aria-expanded={open} onClick={() => set(!open)}>{open ? 'Hide labels' : 'Show labels'}</button></span>
      </header>
      {open && (
        <div class="stack pad">
          {found.slice(0, kRows).map((f, i) => (
            <div key={i} class="relabel">
              <LabelTable title="Discovered, before relabelling" labels={f.discovered} />
              {f.kept ? <LabelTable title="Kept" labels={f.kept} /> : <div class="small faint">Dropped by relabelling</div>}
              <RelabelSteps pool={name} labels={f.discovered} />
            </div>
          ))}
          {found.length > kRows && <p class="faint small">{whole(kRows)} of {whole(found.length)} are shown; filter to see others.</p>}
        </div>
      )}
    </section>
  );
}

export function Discovery() {
  useTitle('Service discovery');
  const [filter, set] = useState('');
  const loaded = useLoad(targets, [], 30_000);
  const jobs = new Map<string, Found[]>();
  const add = (job: string, f: Found) => jobs.set(job, [...(jobs.get(job) ?? []), f]);
  for (const t of loaded.data?.activeTargets ?? []) add(t.scrapePool, { discovered: t.discoveredLabels, kept: t.labels });
  for (const t of loaded.data?.droppedTargets ?? []) add(t.scrapePool ?? t.discoveredLabels.job ?? '', { discovered: t.discoveredLabels });
  const matching = [...jobs].map(([name, found]) => ({ name, found: found.filter((f) => matchesText({ ...f.discovered, ...f.kept }, words(filter))) }));
  return (
    <Page name="service-discovery" ready={!loaded.loading || !!loaded.data}>
      <Top title="Status" />
      <StatusTabs />
      <div class="page stack">
        <input class="input" data-filter placeholder="Filter by any label" aria-label="Filter discovered targets" value={filter} onInput={(e) => set(e.currentTarget.value)} />
        {!loaded.data && (loaded.error ? <Failed what="Discovery could not be read" error={loaded.error} retry={loaded.reload} /> : <Loading />)}
        {matching.filter((j) => j.found.length).map((j) => (
          <Job key={j.name} {...j} dropped={filter ? j.found.filter((f) => !f.kept).length : (loaded.data?.droppedTargetCounts?.[j.name] ?? j.found.filter((f) => !f.kept).length)} />
        ))}
        {loaded.data && !jobs.size && <Empty>No job is configured.</Empty>}
      </div>
    </Page>
  );
}
