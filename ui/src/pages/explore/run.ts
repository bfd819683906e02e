// Asks the server what the page shows: each expression over a range, or at one instant.
import { type Answer, exemplars, instantQuery, rangeQuery } from '../../api/prometheus';
import { exemplarPoints, type Point } from '../../lib/exemplars';
import { niceStep } from '../../lib/matrix';
import type { Span } from '../../lib/time';
import type { View } from './address';

export interface Outcome {
  expr: string;
  answer?: Answer;
  error?: Error;
  exemplars?: Point[];
  took: number; // milliseconds, as seen from here
}
export interface Result {
  outcomes: Outcome[];
  view: View;
  span: Span;
  step: number; // seconds
}

const kWidestSteps = 11_000; // the server refuses more points per series

export async function run(exprs: string[], view: View, span: Span, width: number, step: number | undefined, signal: AbortSignal): Promise<Result> {
  const seconds = (span.to - span.from) / 1000;
  const chosen = Math.max(step ?? niceStep(seconds, Math.max(120, width / 2)), seconds / kWidestSteps);
  const start = Math.floor(span.from / 1000 / chosen) * chosen;
  const outcomes = await Promise.all(
    exprs.map(async (expr): Promise<Outcome> => {
      const began = performance.now();
      try {
        if (view === 'table') return { expr, answer: await instantQuery(expr, span.to / 1000, signal, { stats: 'true' }), took: performance.now() - began };
        const [{ answer, took }, found] = await Promise.all([
          rangeQuery(expr, start, span.to / 1000, chosen, signal, { stats: 'true' }).then((a) => ({ answer: a, took: performance.now() - began })),
          exemplars(expr, span.from / 1000, span.to / 1000, signal).catch(() => []), // a graph without them is still a graph
        ]);
        return { expr, answer, took, exemplars: exemplarPoints(found, span.from / 1000, span.to / 1000) };
      } catch (e) {
        if (signal.aborted) throw e;
        return { expr, error: e as Error, took: performance.now() - began };
      }
    }),
  );
  return { outcomes, view, span, step: chosen };
}
