// All dashboards: folders, tags, stars, search; and the place to bring new ones.
import { useMemo, useState } from 'preact/hooks';
import { listDashboards, starDashboard } from '../../api/dashboards';
import type { DashboardItem } from '../../api/types';
import { Icon } from '../../components/icon';
import { Page, Top } from '../../components/shell';
import { Empty, Failed, Loading, Stale } from '../../components/state';
import { toastError } from '../../components/toast';
import { useTitle } from '../../components/use';
import { plural } from '../../lib/format';
import { words } from '../../lib/labels';
import { useLoad } from '../../lib/load';
import { setQuery, useLocation } from '../../lib/router';
import { Import } from './import';

interface RowProps {
  d: DashboardItem;
  starred: boolean;
  onStar: () => void;
  onTag: (tag: string) => void;
}

function Row({ d, starred, onStar, onTag }: RowProps) {
  return (
    <li class="board-row">
      <button class={'btn icon s quiet' + (starred ? ' accent-t starred' : ' faint')} aria-pressed={starred} aria-label={`${starred ? 'Remove the star of' : 'Star'} ${d.title}`} onClick={onStar}><Icon name="star" /></button>
      <a class="grow clip" href={`d/${encodeURIComponent(d.uid)}/${d.slug}`}>{d.title}</a>
      <span class="tags board-tags">{d.tags.map((t) => <button key={t} class="tag" onClick={() => onTag(t)}>{t}</button>)}</span>
      <span class="small faint nowrap desk">{d.source === 'file' ? 'from a file' : 'stored'}</span>
    </li>
  );
}

export default function Dashboards() {
  useTitle('Dashboards');
  const { query } = useLocation();
  const loaded = useLoad(listDashboards, [], 30_000);
  const [chosen, setChosen] = useState<Record<string, boolean>>({}); // switched since the list was read
  const [importing, setImporting] = useState(false);
  const search = query.get('query') ?? '';
  const tags = query.getAll('tag');
  const onlyStars = query.get('starred') === '1';
  const all = useMemo(() => (loaded.data ?? []).map((d) => ({ ...d, starred: chosen[d.uid] ?? d.starred })), [loaded.data, chosen]);
  const shown = useMemo(() => {
    const w = words(search);
    return all.filter((d) => w.every((x) => `${d.title} ${d.folder} ${d.tags.join(' ')}`.toLowerCase().includes(x)) && tags.every((t) => d.tags.includes(t)) && (!onlyStars || d.starred));
  }, [all, search, tags.join(), onlyStars]);
  const folders = [...new Set(shown.map((d) => d.folder))].sort();
  const counts = [...all.flatMap((d) => d.tags).reduce((m, t) => m.set(t, (m.get(t) ?? 0) + 1), new Map<string, number>())].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
  const star = (uid: string, on: boolean) => {
    setChosen((c) => ({ ...c, [uid]: on }));
    starDashboard(uid, on).catch((e: Error) => {
      setChosen((c) => ({ ...c, [uid]: !on }));
      toastError(e);
    });
  };
  const tag = (t: string) => setQuery({ tag: tags.includes(t) ? tags.filter((x) => x !== t) : [...tags, t] });
  return (
    <Page name="dashboards" ready={!loaded.loading || !!loaded.data}>
      <Top title="Dashboards">
        <a class="btn" href="d/new"><Icon name="plus" /><span class="wide-only">New</span></a>
        <button class="btn primary" onClick={() => setImporting(true)}><Icon name="down" /><span class="wide-only">Import</span></button>
      </Top>
      <div class="page stack">
        <div class="row wrap">
          <input class="input grow filter" data-filter placeholder="Filter by title, folder or tag" aria-label="Filter dashboards" value={search} onInput={(e) => setQuery({ query: e.currentTarget.value })} />
          <button class="btn" aria-pressed={onlyStars} onClick={() => setQuery({ starred: onlyStars ? null : '1' })}><Icon name="star" />Starred</button>
        </div>
        {counts.length > 0 && <div class="row wrap small" role="group" aria-label="Tags">{counts.slice(0, 24).map(([t, n]) => <button key={t} class="btn s" aria-pressed={tags.includes(t)} onClick={() => tag(t)}>{t} <span class="faint">{n}</span></button>)}</div>}
        <Stale error={loaded.error} at={loaded.at} />
        {!loaded.data && (loaded.error ? <Failed what="Dashboards could not be read" error={loaded.error} retry={loaded.reload} /> : <Loading />)}
        {folders.map((f) => {
          const mine = shown.filter((d) => d.folder === f).sort((a, b) => Number(b.starred) - Number(a.starred) || a.title.localeCompare(b.title));
          return (
            <section key={f} class="panel" aria-label={f || 'General'}>
              <header><Icon name="folder" class="faint" /><h2>{f || 'General'}</h2><span class="end faint small pad-right">{plural(mine.length, 'dashboard')}</span></header>
              <ul>{mine.map((d) => <Row key={d.uid} d={d} starred={d.starred} onStar={() => star(d.uid, !d.starred)} onTag={tag} />)}</ul>
            </section>
          );
        })}
        {loaded.data && !shown.length && (
          <section class="panel"><Empty action={<button class="btn s" onClick={() => (all.length ? setQuery({ query: '', tag: [], starred: null }) : setImporting(true))}>{all.length ? 'Show all' : 'Import a dashboard'}</button>}>
            {all.length ? 'No dashboard matches.' : 'No dashboards yet. A Grafana JSON file works as it is.'}
          </Empty></section>
        )}
      </div>
      <Import open={importing} onClose={() => setImporting(false)} onDone={loaded.reload} />
    </Page>
  );
}
