// Asks what a panel needs, one request after the other, and makes frames of the answers.
import type { DataFrame } from '@grafana/data';
import { parser } from '@prometheus-io/lezer-promql';
import { ApiError } from '../../api/http';
import { type Answer, exemplars, type ExemplarSeries, instantQuery, rangeQuery } from '../../api/prometheus';
import { targetKind } from '../../lib/dash/datasource';
import { interpolate, type Lookup, promFormat } from '../../lib/dash/interpolate';
import { asText, timing } from '../../lib/dash/intervals';
import type { Dashboard, Panel, Target } from '../../lib/dash/model';
import { exemplarPoints, type Point } from '../../lib/exemplars';
import { partsIn, type Span } from '../../lib/time';
import { framesOf } from './frames';
import type { SharedRequests } from './shared';

export interface QueryContext {
  dashboard: Dashboard;
  span: Span; // after the panel's own shifts
  points: number;
  zone: string;
  lookup: Lookup;
  filters: string[]; // ad hoc matchers
  scrapeMs: (expr: string) => number;
  shared: SharedRequests;
  count: () => void; // one request is sent
  panelById: (id: number) => Panel | undefined;
}
export interface Answers {
  frames: DataFrame[];
  warnings: string[];
  errors: string[];
  missing: string[]; // kinds of sources that are not connected
  exemplars: Point[];
  asked: number;
  away?: boolean; // the server could not be reached
}

const WITH_EXEMPLARS = new Set(['timeseries', 'heatmap']);

const kUnconnected = 'is not connected here';

// Ad hoc filters go into every selector.
export function withFilters(expr: string, filters: string[]): string {
  if (!filters.length) return expr;
  const add = filters.join(',');
  const inserts: { at: number; text: string }[] = [];
  parser.parse(expr).iterate({
    enter: (node) => {
      if (node.name !== 'VectorSelector') return;
      const braces = node.node.getChild('LabelMatchers');
      if (!braces) inserts.push({ at: node.to, text: `{${add}}` });
      else {
        const inside = expr.slice(braces.from + 1, braces.to - 1).trim();
        inserts.push({ at: braces.to - 1, text: inside && !inside.endsWith(',') ? ',' + add : add });
      }
    },
  });
  return inserts.reverse().reduce((text, i) => text.slice(0, i.at) + i.text + text.slice(i.at), expr);
}

function offsetSeconds(ms: number, zone: string): number {
  const p = partsIn(ms, zone);
  return Math.round((Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second) - ms) / 60_000) * 60;
}

export function scoped(c: Pick<QueryContext, 'lookup'>, t: { interval: number; rate: number }): Lookup {
  const own: Record<string, string> = {
    __interval: asText(t.interval), __interval_ms: String(t.interval), __rate_interval: asText(t.rate), __rate_interval_ms: String(t.rate), interval: asText(t.interval), __auto: asText(t.interval),
  };
  return (name) => c.lookup(name) ?? (own[name] === undefined ? undefined : { values: [own[name]] });
}

async function one(target: Target, panel: Panel, c: QueryContext, signal: AbortSignal, several: boolean): Promise<Pick<Answers, 'frames' | 'warnings' | 'exemplars'>> {
  const raw = target.expr!;
  const t = timing({
    from: c.span.from, to: c.span.to, points: panel.maxDataPoints ?? c.points, panelInterval: panel.interval && interpolate(panel.interval, c.lookup),
    queryInterval: (target.interval ?? '') && interpolate(target.interval!, c.lookup), factor: target.intervalFactor, scrape: c.scrapeMs(interpolate(raw, c.lookup)), zoneOffset: offsetSeconds(c.span.from, c.zone),
  });
  const lookup = scoped(c, t);
  const expr = withFilters(interpolate(raw, lookup, promFormat), c.filters).trim();
  const legend = interpolate(target.legendFormat ?? '', lookup);
  const send = <T,>(key: string, begin: (s: AbortSignal) => Promise<T>): Promise<T> => c.shared.get(key, (s) => (c.count(), begin(s)), signal);
  const answers: Answer[] = [];
  const instant = target.instant === true;
  if (!instant || target.range === true) answers.push(await send(`r ${t.start} ${t.end} ${t.step} ${expr}`, (s) => rangeQuery(expr, t.start, t.end, t.step, s)));
  if (instant) answers.push(await send(`i ${c.span.to} ${expr}`, (s) => instantQuery(expr, c.span.to / 1000, s)));
  let points: Point[] = [];
  if (target.exemplar && !instant && WITH_EXEMPLARS.has(panel.type)) {
    // A panel without its exemplars is still a panel.
    const found = await send(`e ${t.start} ${t.end} ${expr}`, (s) => exemplars(expr, t.start, t.end, s)).catch((e: unknown): ExemplarSeries[] => {
      if (signal.aborted) throw e;
      return [];
    });
    points = exemplarPoints(found, c.span.from / 1000, c.span.to / 1000);
  }
  return {
    exemplars: points,
    frames: answers.flatMap(({ data }) => framesOf({ target, data, legend, expr, stepMs: t.step * 1000, valueName: several ? `Value #${target.refId}` : 'Value' })),
    warnings: answers.flatMap((a) => a.warnings),
  };
}

export async function runTargets(panel: Panel, c: QueryContext, signal: AbortSignal): Promise<Answers> {
  const out: Answers = { frames: [], warnings: [], errors: [], missing: [], exemplars: [], asked: 0 };
  const tables = panel.targets.filter((t) => t.expr?.trim() && !t.hide).length > 1;
  for (const target of panel.targets) {
    if (target.hide) continue;
    const kind = targetKind(target.datasource, panel.datasource, c.dashboard);
    if (kind === 'dashboard' || (target.panelId !== undefined && !target.expr)) {
      const source = c.panelById(Number(target.panelId));
      if (!source || source === panel) continue;
      const theirs = await runTargets(source, c, signal);
      out.asked += theirs.asked;
      for (const key of ['frames', 'warnings', 'errors', 'missing', 'exemplars'] as const) (out[key] as unknown[]).push(...theirs[key]);
      continue;
    }
    if (kind !== 'prometheus') {
      out.missing.push(kind === 'expression' ? 'Calculations over queries are not done here' : `${kind} ${kUnconnected}`);
      continue;
    }
    if (!target.expr?.trim()) continue;
    out.asked++;
    try {
      const found = await one(target, panel, c, signal, tables);
      out.frames.push(...found.frames);
      out.warnings.push(...found.warnings);
      out.exemplars.push(...found.exemplars);
    } catch (e) {
      if (signal.aborted) throw e;
      out.errors.push((e as Error).message);
      out.away = e instanceof ApiError && e.kind === 'unreachable';
    }
  }
  return out;
}
