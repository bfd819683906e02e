// A dashboard.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { Icon } from '../../components/icon';
import { Refresh } from '../../components/refresh';
import { Top } from '../../components/shell';
import { Failed, Loading } from '../../components/state';
import { TimePicker } from '../../components/timepicker';
import { useTitle } from '../../components/use';
import { layout, type Section } from '../../lib/dash/layout';
import { parseDuration } from '../../lib/duration';
import { useLoad } from '../../lib/load';
import { setQuery, useLocation } from '../../lib/router';
import { type Loaded, loadDashboard, rangeOf, replaceFor, titleOf, useBoard } from './board';
import { type Board, lookupOf } from './context';
import { Grid } from './grid';
import { DashLinks } from './links';
import { Manage } from './manage';
import { PanelBox } from './panel';
import { Star } from './star';
import { boundOf, optionsOf } from './variables';
import { VariableBar } from './varbar';

const noScrape = () => 15_000;

function View({ loaded, board, viewed }: { loaded: Loaded; board: Board; viewed: number | undefined }) {
  const [folds, setFolds] = useState<Record<string, boolean>>({});
  const { dashboard } = loaded;
  const values = (name: string) => {
    const s = board.states.get(name);
    if (!s) return undefined;
    const b = boundOf(s, board.span.to - board.span.from);
    return b.verbatim ? { values: (s.options ?? []).map((o) => o.value), texts: (s.options ?? []).map((o) => o.text) } : { values: b.values, texts: b.texts ?? b.values };
  };
  const chosen = [...board.states.values()].map((s) => s.chosen.join('\u0000')).join('|');
  const sections = useMemo(() => layout(dashboard.panels, values, (id, byDefault) => folds[id] ?? byDefault), [dashboard, folds, chosen]);
  const all = dashboard.panels.flatMap((p) => [p, ...(p.panels ?? [])]);
  const findPanel = (id: number) => all.find((p) => p.id === id);
  const onView = (id: number | null) => setQuery({ viewPanel: id === null ? null : String(id) }, { replace: false });
  const countOf = (s: Section) => layout(dashboard.panels, values, (id) => id !== s.row?.id).find((x) => x.row?.id === s.row?.id)?.panels.length ?? 0;
  const alone = viewed === undefined ? undefined : findPanel(viewed);
  if (alone) {
    const placed = { panel: alone, pos: alone.gridPos, scope: {}, key: `alone-${alone.id}` };
    return <div class="dash-alone"><PanelBox placed={placed} board={board} alone findPanel={findPanel} onView={onView} /></div>;
  }
  return <Grid sections={sections} board={board} findPanel={findPanel} onView={onView} onFold={(id, f) => setFolds({ ...folds, [id]: f })} countOf={countOf} />;
}

export default function DashboardPage() {
  const { path, query } = useLocation();
  const uid = decodeURIComponent(path.split('/')[1] ?? '');
  const loaded = useLoad((signal) => loadDashboard(uid, signal), [uid]);
  const current = loaded.data?.meta.uid === uid || loaded.data ? loaded.data : undefined;
  const dashboard = current?.dashboard;
  const { board, error, busy, refresh } = useBoard(dashboard, current?.scrapeMs ?? noScrape, query);
  const every = query.get('refresh') ?? dashboard?.refresh ?? '';
  const range = rangeOf(dashboard, query);
  const failed = loaded.error ?? error;
  const title = dashboard ? titleOf(dashboard, board) : uid;
  useTitle(dashboard ? title : 'Dashboard');

  useEffect(() => {
    const ms = parseDuration(every);
    if (!ms || ms < 1000) return;
    let due = Date.now() + ms;
    const tick = () => {
      if (document.hidden || Date.now() < due) return;
      due = Date.now() + ms;
      refresh();
    };
    const timer = setInterval(tick, Math.min(ms, 1000));
    document.addEventListener('visibilitychange', tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', tick);
    };
  }, [every]);

  const state = failed && !board ? 'error' : board ? 'ready' : 'loading';
  const viewed = query.get('viewPanel');
  const viewPanel = viewed ? Number(viewed.replace(/^panel-/, '')) : undefined;
  const zone = board?.zone ?? 'browser';
  const leave = () => setQuery({ viewPanel: null }, { replace: false });
  return (
    <div data-page="dashboard" data-page-state={state === 'loading' ? 'loading' : 'ready'} data-dashboard-uid={uid} data-dashboard-state={state} data-dashboard-message={state === 'error' ? failed?.message : undefined}>
      <Top title={title} crumb={current?.meta.folder || 'Dashboards'} after={<Star uid={uid} />}>
        <TimePicker range={range} zone={zone} onChange={(r) => setQuery({ from: r.from, to: r.to }, { replace: false })} onZone={(z) => setQuery({ timezone: z })} />
        <Refresh every={every} choices={dashboard?.refreshChoices} busy={busy} onNow={refresh} onEvery={(e) => setQuery({ refresh: e || 'off' })} />
        {current && <Manage loaded={current} />}
      </Top>
      {state === 'error' && <div class="page"><section class="panel"><Failed what="This dashboard cannot be shown" error={failed!} retry={loaded.reload} /></section></div>}
      {state === 'loading' && <Loading />}
      {board && current && (
        <>
          <VariableBar
            states={board.states}
            load={(s) => optionsOf(s.variable, lookupOf(board), board.span, new AbortController().signal)}
            onChange={(name, values) => setQuery({ ['var-' + name]: values }, { replace: false })}
          >
            {viewPanel !== undefined && <button class="btn s" onClick={leave}><Icon name="chevron" class="folded" />All panels</button>}
            {board.dashboard.links.length > 0 && <DashLinks links={board.dashboard.links} replace={replaceFor(board)} uid={uid} time={`from=${encodeURIComponent(range.from)}&to=${encodeURIComponent(range.to)}`} />}
          </VariableBar>
          <div class="page dash-page"><View loaded={current} board={board} viewed={viewPanel} /></div>
        </>
      )}
    </div>
  );
}
