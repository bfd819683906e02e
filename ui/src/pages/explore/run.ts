// Asks the server what the page shows: each expression over a range, or at one instant.
import { type Answer, instantQuery, rangeQuery } from '../../api/prometheus';
import { niceStep } from '../../lib/matrix';
import type { Span } from '../../lib/time';
import type { View } from './address';

export interface Outcome {
  expr: string;
  answer?: Answer;
  error?: Error;
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
        const answer =
          view === 'graph'
            ? await rangeQuery(expr, start, span.to / 1000, chosen, signal, { stats: 'true' })
            : await instantQuery(expr, span.to / 1000, signal, { stats: 'true' });
        return { expr, answer, took: performance.now() - began };
      } catch (e) {
        if (signal.aborted) throw e;
        return { expr, error: e as Error, took: performance.now() - began };
      }
    }),
  );
  return { outcomes, view, span, step: chosen };
}
