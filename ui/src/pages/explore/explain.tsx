// How an answer came about: one row per node of the expression, in words, with its series.
import { useMemo } from 'preact/hooks';
import { instantQuery } from '../../api/prometheus';
import { explain, type Step } from '../../lib/explain';
import { seconds, whole } from '../../lib/format';
import { useLoad } from '../../lib/load';

interface Counted {
  series?: number;
  took?: number; // seconds
  samples?: number;
  error?: string;
}

// The count of an instant result; a range selector counts the series of its selector.
async function countOf(step: Step, at: number, signal: AbortSignal): Promise<Counted> {
  if (step.kind === 'text') return {};
  try {
    const { data } = await instantQuery(step.kind === 'range' ? `last_over_time(${step.text})` : step.text, at, signal, { stats: 'true' });
    const series = data.resultType === 'vector' ? data.result.length : 1;
    return { series, took: data.stats?.timings.evalTotalTime, samples: data.stats?.samples?.totalQueryableSamples };
  } catch (e) {
    if (signal.aborted) throw e;
    return { error: (e as Error).message };
  }
}

export function Explain({ expr, at }: { expr: string; at: number }) {
  const steps = useMemo(() => explain(expr), [expr]);
  const counts = useLoad(
    async (signal) => {
      const out: Counted[] = [];
      for (const s of steps) out.push(await countOf(s, at, signal));
      return out;
    },
    [expr, Math.floor(at / 15)],
  );
  const most = Math.max(1, ...(counts.data ?? []).map((c) => c.series ?? 0));
  if (!steps.length) return null;
  return (
    <section class="panel" aria-label="How this was worked out">
      <header><h2>How this was worked out</h2><span class="end faint small">read from the bottom up</span></header>
      <div class="scroll">
        <table class="table tree">
          <thead><tr><th scope="col">Step</th><th scope="col">In words</th><th scope="col" class="num">Series</th><th scope="col" class="num desk">Samples read</th><th scope="col" class="num desk">Time</th></tr></thead>
          <tbody>
            {steps.map((s, i) => {
              const c = counts.data?.[i];
              return (
                <tr key={i}>
                  <td style={{ '--d': s.depth }} class={s.depth ? 'child' : ''}><code class="clip" title={s.text}>{s.short}</code></td>
                  <td class="dim">{c?.error ? <span class="critical-t">{c.error}</span> : s.words}</td>
                  <td class="num">{c?.series !== undefined && <span class="row"><span class="meter grow" style={{ '--v': `${Math.max(3, (100 * c.series) / most)}%` }}><i /></span><span class="count-of">{whole(c.series)}</span></span>}</td>
                  <td class="num desk">{c?.samples !== undefined && whole(c.samples)}</td>
                  <td class="num desk">{c?.took !== undefined && seconds(c.took)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
