// A panel: its frame at once, its data when it comes into view, its state for readers and programs.
import type { DataFrame } from '@grafana/data';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Boundary } from '../../components/boundary';
import { Icon } from '../../components/icon';
import { useThemeTurn } from '../../components/use';
import type { Placed } from '../../lib/dash/layout';
import { readPref } from '../../lib/prefs';
import { navigate } from '../../lib/router';
import { passedOver, prepare } from '../../panels/data/prepare';
import { type Answers, runTargets } from '../../panels/data/query';
import { isSupported, KINDS, WITHOUT_QUERY } from '../../panels/registry';
import { Table } from '../../panels/table';
import { interpolate } from '../../lib/dash/interpolate';
import { type Board, lookupOf, panelSpan, replaceOf } from './context';
import { Handles } from './edit/drag';
import { exploreAddress, PanelHead } from './head';
import type { EditActions } from './view';
import { useVisible } from './visible';

type State = 'loading' | 'ready' | 'nodata' | 'error' | 'unsupported';
interface Shown {
  state: State;
  message: string;
}
interface Loaded {
  frames: DataFrame[];
  answers?: Answers;
  at: number;
}

const kSettling = 150; // milliseconds before a silhouette shows
const kAgain = 10_000; // until a server that is away is asked again

interface Props {
  placed: Placed;
  board: Board;
  alone: boolean;
  findPanel: (id: number) => Placed['panel'] | undefined;
  onView: (id: number | null) => void;
  onEdit?: (id: number) => void;
  edit?: EditActions;
}

const notDrawn = (type: string): string => (type === 'library-panel' ? "This panel is kept in Grafana's library; the file does not have it" : `Panels of the kind ${type} are not drawn here`);

// Some answers and some errors: what came is drawn, and the header tells of the rest.
function problem(a: Answers, type: string): Shown | undefined {
  if (a.errors.length && !a.frames.length) return { state: 'error', message: [...new Set(a.errors)].join('\n') };
  if (!a.asked && !isSupported(type)) return { state: 'unsupported', message: notDrawn(type) };
  if (!a.asked) return a.missing.length ? { state: 'unsupported', message: [...new Set(a.missing)].join('. ') } : { state: 'nodata', message: 'This panel asks nothing' };
  return undefined;
}

export function PanelBox({ placed, board, alone, findPanel, onView, onEdit, edit }: Props) {
  const { panel, scope } = placed;
  const root = useRef<HTMLElement>(null);
  const visible = useVisible(root);
  const [loaded, setLoaded] = useState<Loaded>();
  const [shown, setShown] = useState<Shown>({ state: 'loading', message: '' });
  const [busy, setBusy] = useState(false);
  const [retry, setRetry] = useState(0);
  const good = useRef(0); // when the last answer without a fault came
  const [stale, setStale] = useState(0); // the drawing is of then
  const queries = useRef(0);
  const [sent, setSent] = useState(0);
  const lookup = useMemo(() => lookupOf(board, scope), [board.states, board.span, scope]);
  const replace = useMemo(() => replaceOf(lookup), [lookup]);
  const span = useMemo(() => panelSpan(panel, board, replace), [board.span, panel, replace]);
  const title = interpolate(panel.title, lookup, (b) => (b.texts ?? b.values).join(' + '));
  const kind = KINDS[panel.type];
  const theme = useThemeTurn();
  const made = useMemo(() => JSON.stringify(panel), [panel]);
  // What the drawing depends on: the same key needs nothing new when the panel comes back into view.
  const key = `${board.turn}/${span.from}/${span.to}/${retry}/${theme}/${made}/${[...board.states.values()].map((s) => s.chosen.join()).join('|')}/${board.filters.join()}`;
  const done = useRef('');

  useEffect(() => {
    if (!visible || done.current === key) return;
    const control = new AbortController();
    if (WITHOUT_QUERY.has(panel.type)) {
      done.current = key;
      setLoaded({ frames: [], at: Date.now() });
      return;
    }
    setBusy(true);
    let again: ReturnType<typeof setTimeout> | undefined;
    const load = async () => {
      const answers = await runTargets(panel, {
        dashboard: board.dashboard, span, points: Math.max(100, root.current?.clientWidth ?? 600), zone: board.zone, lookup, filters: board.filters, scrapeMs: board.scrapeMs, shared: board.shared,
        count: () => setSent(++queries.current), panelById: findPanel,
      }, control.signal);
      if (control.signal.aborted) return;
      // The server is away: what was drawn stays, and says of when it is.
      if (answers.away && !answers.frames.length && good.current) {
        setStale(good.current);
        setBusy(false);
        again = setTimeout(() => setRetry((n) => n + 1), kAgain);
        return;
      }
      const frames = await prepare(panel, answers.frames, replace, board.zone);
      if (control.signal.aborted) return;
      done.current = key;
      const bad = problem(answers, panel.type);
      setStale(0);
      good.current = bad ? 0 : Date.now();
      setLoaded({ frames, answers, at: Date.now() });
      if (bad) setShown(bad);
      else if (!isSupported(panel.type)) setShown({ state: 'unsupported', message: notDrawn(panel.type) });
      setBusy(false);
    };
    load().catch((e: unknown) => {
      if (control.signal.aborted) return;
      done.current = key;
      setShown({ state: 'error', message: e instanceof Error ? e.message : String(e) });
      setBusy(false);
    });
    return () => {
      control.abort();
      clearTimeout(again);
      setBusy(false);
    };
  }, [visible, key]);

  const answers = loaded?.answers;
  const bad = answers && problem(answers, panel.type);
  const draw = loaded && kind && !bad;
  const why = (message: string) => {
    const text = message === 'No data' && !WITHOUT_QUERY.has(panel.type) ? `No data${panel.timeFrom ? '' : ' in this time range'}` : message;
    setShown((s) => (s.state === 'nodata' && s.message === text ? s : { state: 'nodata', message: text }));
  };
  const drawn = () => setShown((s) => (s.state === 'ready' ? s : { state: 'ready', message: '' }));
  const empty = shown.state === 'nodata';
  const Viz = kind!;
  const repeat = panel.repeat ? scope[panel.repeat] : Object.values(scope)[0];
  const { x, y, w, h } = placed.pos;
  // Keys on a panel that holds the focus: v alone, e edit, x Explore.
  const onKey = (e: KeyboardEvent) => {
    if (e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test((e.target as Element).tagName) || !readPref('singleKeys', true)) return;
    if (e.key === 'v') onView(alone ? null : panel.id);
    else if (e.key === 'e' && onEdit) onEdit(panel.id);
    else if (e.key === 'x' && panel.targets.length) navigate(exploreAddress({ panel, board, span, lookup }));
    else return;
    e.preventDefault();
  };
  return (
    <section
      ref={root} class={'panel dash-panel' + (panel.transparent ? ' bare' : '') + (title ? '' : ' untitled') + (visible ? '' : ' away') + (stale ? ' stale' : '') + ` kind-${panel.type}`} aria-label={title || `Panel ${panel.id}`} aria-busy={busy} tabIndex={-1} onKeyDown={onKey}
      style={alone ? undefined : { '--x': x, '--y': y, '--w': w, '--h': h }}
      data-panel-id={panel.id} data-panel-type={panel.type} data-panel-title={title} data-panel-state={shown.state} data-panel-message={shown.message || undefined} data-panel-queries={sent} data-panel-repeat={repeat}
    >
      <PanelHead stale={stale} panel={panel} title={title} shown={shown} warnings={answers ? [...answers.warnings, ...passedOver(panel)] : []} errors={answers?.frames.length ? answers.errors : []} board={board} span={span} replace={replace} lookup={lookup} frames={loaded?.frames ?? []} alone={alone} onView={onView} onEdit={onEdit} edit={edit} />
      {edit && !alone && <Handles pos={edit.posOf(panel.id)} title={title || 'panel'} onPlace={(pos, over) => edit.onPlace(panel.id, pos, over)} />}
      {busy && loaded && <div class="panel-busy" aria-hidden="true" />}
      <div class="body" data-panel-body>
        {!loaded && shown.state === 'loading' && <Silhouette type={panel.type} />}
        {draw && (
          <div class={'viz' + (shown.state === 'ready' || shown.state === 'loading' ? '' : ' gone')}>
            <Boundary turn={loaded} onError={(e) => setShown({ state: 'error', message: `This panel could not be drawn: ${e.message}` })}><Viz panel={panel} frames={loaded.frames} span={span} zone={board.zone} marks={marksFor(panel.id, board)} exemplars={answers?.exemplars} syncKey={board.dashboard.graphTooltip ? board.dashboard.uid : undefined} replace={replace} onZoom={board.setRange} onDrawn={drawn} onEmpty={why} /></Boundary>
          </div>
        )}
        {empty && <div class="state"><span>{shown.message}</span></div>}
        {shown.state === 'error' && (
          <div class="state error" role="alert" tabIndex={0}>
            <code class="critical-t">{shown.message}</code>
            <button class="btn s" onClick={() => setRetry((n) => n + 1)}>Try again</button>
          </div>
        )}
        {shown.state === 'unsupported' && (
          loaded && loaded.frames.length > 0 ? (
            <div class="unsupported">
              <div class="note"><Icon name="info" /><span>{shown.message}; its data as a table.</span></div>
              <div class="viz"><Table panel={panel} frames={loaded.frames} span={span} zone={board.zone} marks={NO_MARKS} replace={replace} onZoom={board.setRange} onDrawn={nothing} onEmpty={nothing} /></div>
            </div>
          ) : <div class="state small"><span>{shown.message}.</span></div>
        )}
      </div>
    </section>
  );
}

function marksFor(id: number, board: Board) {
  return board.marks.get(id) ?? board.marks.get(0) ?? NO_MARKS;
}
const NO_MARKS: never[] = [];
const nothing = () => undefined;

function Silhouette({ type }: { type: string }) {
  const [late, set] = useState(false);
  useEffect(() => {
    const t = setTimeout(() => set(true), kSettling);
    return () => clearTimeout(t);
  }, []);
  if (!late) return null;
  return <div class={'skel ' + (['timeseries', 'heatmap', 'barchart', 'histogram'].includes(type) ? 'curve' : 'block')} />;
}
