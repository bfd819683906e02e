// The dashboard's life: its JSON, its variables, its time, its refreshes.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { getDashboard } from '../../api/dashboards';
import { targets } from '../../api/prometheus';
import type { DashboardFull, DashboardMeta } from '../../api/types';
import type { Mark } from '../../chart/model';
import { emptyDashboard } from '../../lib/dash/draft';
import { interpolate } from '../../lib/dash/interpolate';
import { migrate } from '../../lib/dash/migrate';
import type { Dashboard, Json } from '../../lib/dash/model';
import { parseDuration } from '../../lib/duration';
import { setQuery } from '../../lib/router';
import { type Range, resolve } from '../../lib/time';
import { SharedRequests } from '../../panels/data/shared';
import { annotationsOf, marksOf } from './annotations';
import { type Board, builtins, filtersOf, lookupOf, replaceOf } from './context';
import { resolveVariables, type VarStates } from './variables';

export interface Loaded {
  json: Json; // as it was given
  dashboard: Dashboard;
  meta: DashboardMeta;
}

const kScrape = 15_000;

// The scrape interval an expression is made from: of the job it names, else the slowest there is.
function scrapeIntervals(jobs: Map<string, number>): (expr: string) => number {
  const slowest = jobs.size ? Math.max(...jobs.values()) : kScrape;
  return (expr) => {
    const job = /\bjob\s*=\s*"([^"]+)"/.exec(expr)?.[1];
    return (job && jobs.get(job)) || slowest;
  };
}

async function readIntervals(signal: AbortSignal): Promise<Map<string, number>> {
  try {
    const { activeTargets } = await targets(signal);
    const out = new Map<string, number>();
    for (const t of activeTargets) {
      const ms = parseDuration(t.scrapeInterval);
      if (ms) out.set(t.labels.job ?? t.scrapePool, Math.max(ms, out.get(t.labels.job ?? t.scrapePool) ?? 0));
    }
    return out;
  } catch {
    return new Map();
  }
}

export interface Asked extends Loaded {
  asked: string; // the uid this answers
  scrapeMs: (expr: string) => number;
}

// "new" is a dashboard that is not saved yet.
function blank(): DashboardFull {
  return { dashboard: emptyDashboard(), meta: { uid: 'new', slug: 'new', folder: '', version: 0, source: 'stored', updated: new Date().toISOString(), starred: false } };
}

export async function loadDashboard(uid: string, signal: AbortSignal): Promise<Asked> {
  const [full, jobs] = await Promise.all([uid === 'new' ? blank() : getDashboard(uid, signal), readIntervals(signal)]);
  return {
    asked: uid, json: full.dashboard, meta: full.meta, dashboard: migrate(full.dashboard, full.meta.uid), scrapeMs: scrapeIntervals(jobs) };
}

export function rangeOf(d: Dashboard | undefined, query: URLSearchParams): Range {
  return { from: query.get('from') ?? d?.time.from ?? 'now-6h', to: query.get('to') ?? d?.time.to ?? 'now' };
}

export interface Live {
  board?: Board;
  error?: Error;
  busy: boolean;
  refresh: () => void;
  waits: () => boolean; // for answers of the last refresh
}

export function useBoard(dashboard: Dashboard | undefined, scrapeMs: (expr: string) => number, query: URLSearchParams): Live {
  const range = rangeOf(dashboard, query);
  const zone = query.get('timezone') ?? dashboard?.timezone ?? 'browser';
  const [turn, setTurn] = useState(0);
  const [states, setStates] = useState<{ of: string; states: VarStates; turn: number }>();
  const [marks, setMarks] = useState<ReadonlyMap<number, Mark[]>>(new Map());
  const [error, setError] = useState<Error>();
  const [busy, setBusy] = useState(false);
  const shared = useRef(new SharedRequests());
  const vars = [...query].filter(([k]) => k.startsWith('var-')).map((p) => p.join('=')).join('&');
  const definitions = useMemo(() => JSON.stringify(dashboard?.variables), [dashboard]);
  const span = useMemo(() => resolve(range, Date.now(), zone), [range.from, range.to, zone, turn, dashboard?.uid]);

  useEffect(() => {
    if (!dashboard) return;
    const control = new AbortController();
    setBusy(true);
    const before = states?.of === dashboard.uid ? states.states : undefined;
    const builtin = builtins(dashboard, span, zone);
    resolveVariables(dashboard, query, span, builtin, before, true, control.signal).then(
      (found) => {
        if (control.signal.aborted) return;
        shared.current.forget();
        setError(undefined);
        setStates({ of: dashboard.uid, states: found, turn });
        setBusy(false);
      },
      (e: unknown) => {
        if (control.signal.aborted) return;
        setError(e as Error);
        setBusy(false);
      },
    );
    return () => control.abort();
  }, [dashboard?.uid, definitions, vars, span]);

  const board = useMemo((): Board | undefined => {
    if (!dashboard || states?.of !== dashboard.uid) return undefined;
    return {
      dashboard, range, span, zone, states: states.states, turn, shared: shared.current, scrapeMs, marks, filters: filtersOf(states.states),
      setRange: (from, to) => setQuery({ from: String(from), to: String(to) }, { replace: false }),
    };
  }, [dashboard, states, marks, zone]);

  useEffect(() => {
    if (!board) return;
    const control = new AbortController();
    const all = annotationsOf(board.dashboard, query);
    if (!all.some((a) => a.enable)) return setMarks((m) => (m.size ? new Map() : m));
    const lookup = lookupOf(board);
    const read = async () => {
      const general = await marksOf(all.filter((a) => !a.panels), board.span, lookup, control.signal);
      const out = new Map<number, Mark[]>([[0, general]]);
      for (const a of all.filter((x) => x.panels)) {
        const own = await marksOf([a], board.span, lookup, control.signal);
        const ids = board.dashboard.panels.flatMap((p) => [p, ...(p.panels ?? [])]).map((p) => p.id).filter((id) => a.panels!.ids.includes(id) !== a.panels!.exclude);
        for (const id of ids) out.set(id, [...(out.get(id) ?? general), ...own]);
      }
      if (!control.signal.aborted) setMarks(out);
    };
    read().catch(() => undefined);
    return () => control.abort();
  }, [states, query.get('marks')]);

  return { board, error, busy, refresh: () => setTurn((n) => n + 1), waits: () => busy || shared.current.pending > 0 };
}

export const titleOf = (d: Dashboard, board: Board | undefined): string => (board ? interpolate(d.title, lookupOf(board)) : d.title);
export const replaceFor = (board: Board) => replaceOf(lookupOf(board));

// Calls `refresh` every so often while the tab can be seen, and at once when it is seen again too late. What is still
// waited for is not cancelled: answers that take longer than the interval would never be drawn.
export function useEvery(every: string, { refresh, waits }: Pick<Live, 'refresh' | 'waits'>): void {
  const latest = useRef({ refresh, waits });
  latest.current = { refresh, waits };
  useEffect(() => {
    const ms = parseDuration(every);
    if (!ms || ms < 1000) return;
    let due = Date.now() + ms;
    const tick = () => {
      if (document.hidden || Date.now() < due || latest.current.waits()) return;
      due = Date.now() + ms;
      latest.current.refresh();
    };
    const timer = setInterval(tick, Math.min(ms, 1000));
    document.addEventListener('visibilitychange', tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', tick);
    };
  }, [every]);
}
