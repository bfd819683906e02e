// A dashboard: its frame, its time, its variables, and editing it.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { Icon } from '../../components/icon';
import { Refresh } from '../../components/refresh';
import { Top } from '../../components/shell';
import { Failed, Loading } from '../../components/state';
import { TimePicker } from '../../components/timepicker';
import { useKeyNote, useShortcut, useTitle } from '../../components/use';
import { add, beginDraft } from '../../lib/dash/draft';
import { migrate } from '../../lib/dash/migrate';
import type { Json } from '../../lib/dash/model';
import { useLoad } from '../../lib/load';
import { navigate, setQuery, useLocation } from '../../lib/router';
import { loadDashboard, rangeOf, replaceFor, titleOf, useBoard, useEvery } from './board';
import { annotationsOf } from './annotations';
import { lookupOf } from './context';
import { SaveDialog } from './edit/save';
import { SettingsDialog } from './edit/settings';
import { DashLinks } from './links';
import { Manage } from './manage';
import { Star } from './star';
import { VariableBar } from './varbar';
import { optionsOf } from './variables';
import { View } from './view';

const noScrape = () => 15_000;
const panelId = (text: string | null) => (text ? Number(text.replace(/^panel-/, '')) : undefined);

export default function DashboardPage() {
  const { path, query } = useLocation();
  const uid = decodeURIComponent(path.split('/')[1] ?? '');
  const loaded = useLoad((signal) => loadDashboard(uid, signal), [uid]);
  const current = loaded.data && (loaded.data.asked === uid ? loaded.data : undefined);
  const [draft, setDraft] = useState<Json>();
  const [saving, setSaving] = useState(false);
  const [setting, setSetting] = useState(false);
  const dashboard = useMemo(() => (current && draft ? migrate(draft, current.meta.uid) : current?.dashboard), [current, draft]);
  const { board, error, busy, refresh, waits } = useBoard(dashboard, current?.scrapeMs ?? noScrape, query);
  const every = query.get('refresh') ?? dashboard?.refresh ?? '';
  const range = rangeOf(dashboard, query);
  const failed = loaded.error ?? error;
  const title = dashboard ? titleOf(dashboard, board) : uid;
  useTitle(dashboard ? title : 'Dashboard');
  useEvery(draft ? '' : every, { refresh, waits });
  useEffect(() => setDraft(undefined), [uid]);
  useEffect(() => {
    if (!current || draft || (!query.get('editPanel') && uid !== 'new')) return;
    setDraft(beginDraft(current.json));
  }, [current, query.get('editPanel')]);
  useEffect(() => {
    if (!draft) return;
    const ask = (e: BeforeUnloadEvent) => e.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [!!draft]);
  useKeyNote('v  e  x', 'On a panel: view alone, edit, open in Explore');
  useKeyNote('\u2190  \u2192', 'On a chart: move the crosshair, with Shift by ten');
  useShortcut('ctrl+s', 'Save the dashboard', () => draft && setSaving(true));

  const state = failed && !board ? 'error' : board ? 'ready' : 'loading';
  const viewed = panelId(query.get('viewPanel'));
  const edited = panelId(query.get('editPanel'));
  const begin = () => current && setDraft(beginDraft(current.json));
  const leave = () => {
    setDraft(undefined);
    setQuery({ editPanel: null });
    if (uid === 'new') navigate('dashboards');
  };
  const addPanel = () => {
    const next = add(draft!);
    setDraft(next.draft);
    setQuery({ editPanel: String(next.id), viewPanel: null }, { replace: false });
  };
  const change = (d: Json) => setDraft(d);
  return (
    <div data-page="dashboard" data-page-state={state === 'loading' ? 'loading' : 'ready'} data-dashboard-uid={uid} data-dashboard-state={state} data-dashboard-message={state === 'error' ? failed?.message : undefined}>
      <Top title={title} crumb={current?.meta.folder || 'Dashboards'} after={<>{uid !== 'new' && <Star key={uid} uid={uid} starred={current?.meta.starred} />}{draft && <span class="badge warning"><Icon name="edit" />editing</span>}</>}>
        {draft && (
          <>
            <button class="btn" onClick={addPanel}><Icon name="plus" /><span class="wide-only">Panel</span></button>
            <button class="btn" aria-label="Settings: variables and annotations" onClick={() => setSetting(true)}><Icon name="sliders" /><span class="wide-only">Settings</span></button>
            <button class="btn" onClick={leave}>Discard</button>
            <button class="btn primary" onClick={() => setSaving(true)}>Save</button>
          </>
        )}
        <TimePicker range={range} zone={board?.zone ?? 'browser'} onChange={(r) => setQuery({ from: r.from, to: r.to }, { replace: false })} onZone={(z) => setQuery({ timezone: z })} />
        <Refresh every={every === 'off' ? '' : every} choices={dashboard?.refreshChoices} busy={busy} onNow={refresh} onEvery={(e) => setQuery({ refresh: e || 'off' })} />
        {current && <Manage loaded={current} editing={!!draft} onEdit={begin} onRestore={(d) => setDraft(beginDraft(d))} />}
      </Top>
      {state === 'error' && <div class="page"><section class="panel"><Failed what="This dashboard cannot be shown" error={failed!} retry={loaded.reload} /></section></div>}
      {state === 'loading' && <Loading />}
      {board && current && (
        <>
          <VariableBar
            marks={annotationsOf(board.dashboard, query)}
            onMark={(marks) => setQuery({ marks })}
            states={board.states}
            load={(s) => optionsOf(s.variable, lookupOf(board), board.span, new AbortController().signal)}
            onChange={(name, values) => setQuery({ ['var-' + name]: values }, { replace: false })}
          >
            {(viewed !== undefined || edited !== undefined) && <button class="btn s" onClick={() => setQuery({ viewPanel: null, editPanel: null }, { replace: false })}>All panels</button>}
            {board.dashboard.links.length > 0 && <DashLinks links={board.dashboard.links} replace={replaceFor(board)} uid={uid} time={`from=${encodeURIComponent(range.from)}&to=${encodeURIComponent(range.to)}`} />}
          </VariableBar>
          <div class={'page dash-page' + (draft ? ' editing' : '')}>
            <View board={board} viewed={viewed} edited={edited} draft={draft} onDraft={change} />
            {!board.dashboard.panels.length && edited === undefined && <div class="state"><span>This dashboard has no panels yet.</span>{draft && <button class="btn primary" onClick={addPanel}><Icon name="plus" />Panel</button>}</div>}
          </div>
        </>
      )}
      {setting && draft && board && <SettingsDialog draft={draft} board={board} onDraft={setDraft} onClose={() => setSetting(false)} />}
      {saving && draft && current && (
        <SaveDialog
          before={current.json} draft={draft} meta={current.meta} isNew={uid === 'new'} onClose={() => setSaving(false)}
          onSaved={(meta) => {
            setSaving(false);
            setDraft(undefined);
            if (uid === meta.uid) loaded.reload();
            navigate(`d/${meta.uid}/${meta.slug}`, { replace: true });
          }}
        />
      )}
    </div>
  );
}
