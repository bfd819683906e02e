// Annotations: marks in time from queries, and from the states of alerts.
import { rangeQuery } from '../../api/prometheus';
import type { Mark } from '../../chart/model';
import { interpolate, type Lookup, promFormat } from '../../lib/dash/interpolate';
import { niceStep } from '../../lib/matrix';
import { parseDuration } from '../../lib/duration';
import type { Annotation, Dashboard } from '../../lib/dash/model';
import type { Span } from '../../lib/time';
import { colorByName } from '../../panels/data/setup';
import { renderLegend } from '../../panels/data/frames';
import { scoped } from '../../panels/data/query';

const kPoints = 240;
const kMostMarks = 200;

// The states of alerts, on every graph when the reader wants them.
export const ALERTS: Annotation = {
  name: 'Alerts', enable: false, hide: false, color: 'red', builtIn: false, expr: 'ALERTS{alertstate="firing"}', titleFormat: '{{alertname}}', textFormat: '{{instance}}',
};

// What the dashboard has and the reader switched: marks=Name,Other in the address wins over the JSON.
export function annotationsOf(d: Dashboard, query: URLSearchParams): Annotation[] {
  const own = d.annotations.filter((a) => !a.builtIn && a.expr);
  const all = own.some((a) => a.name === ALERTS.name) ? own : [...own, ALERTS];
  const chosen = query.get('marks')?.split(',').map(decodeURIComponent);
  return chosen ? all.map((a) => ({ ...a, enable: a.hide ? a.enable : chosen.includes(a.name) })) : all;
}

// The address for the same with one of them switched.
export function switched(all: Annotation[], name: string): string {
  return all.filter((a) => !a.hide && a.enable !== (a.name === name)).map((a) => encodeURIComponent(a.name)).join(',');
}

// Consecutive samples that are not zero belong to one mark.
export async function marksFrom(a: Annotation, span: Span, lookup: Lookup, signal: AbortSignal): Promise<Mark[]> {
  const step = Math.max((parseDuration(a.step ?? '') ?? 0) / 1000, niceStep((span.to - span.from) / 1000, kPoints));
  const start = Math.floor(span.from / 1000 / step) * step;
  const times = scoped({ lookup }, { interval: step * 1000, rate: Math.max(4 * step, 60) * 1000 });
  const { data } = await rangeQuery(interpolate(a.expr!, times, promFormat), start, span.to / 1000, step, signal);
  if (data.resultType !== 'matrix') return [];
  const color = colorByName(a.color);
  const out: Mark[] = [];
  for (const s of data.result) {
    const text = [a.titleFormat, a.textFormat].filter(Boolean).map((t) => renderLegend(interpolate(t!, lookup), s.metric)).join(' ') || a.name;
    let open: { from: number; to: number } | undefined;
    const close = () => open && out.push({ from: open.from, ...(open.to > open.from ? { to: open.to } : {}), color, text });
    for (const [t, v] of s.values ?? []) {
      if (a.useValueForTime) {
        const at = Number(v) / 1000;
        if (!out.some((m) => m.from === at && m.text === text)) out.push({ from: at, color, text });
        continue;
      }
      if (Number(v) === 0 || v === 'NaN') {
        close();
        open = undefined;
      } else if (open && t - open.to <= step * 1.5) open.to = t;
      else {
        close();
        open = { from: t, to: t };
      }
    }
    if (!a.useValueForTime) close();
  }
  return out;
}

export async function marksOf(all: Annotation[], span: Span, lookup: Lookup, signal: AbortSignal): Promise<Mark[]> {
  const wanted = all.filter((a) => a.enable && a.expr);
  const found = await Promise.all(wanted.map((a) => marksFrom(a, span, lookup, signal).catch((): Mark[] => [])));
  return found.flat().slice(0, kMostMarks);
}
