// How a discovered target became what is scraped, rule by rule.
import { useState } from 'preact/hooks';
import { type RelabelStep, relabelSteps } from '../../api/prometheus';
import type { Labels } from '../../api/types';
import { Failed, Loading } from '../../components/state';
import { useLoad } from '../../lib/load';

// Only what a rule says beyond what every rule has.
function told(rule: RelabelStep['rule']): string {
  const plain: Record<string, unknown> = { separator: ';', regex: '(.*)', replacement: '$1', action: 'replace' };
  return Object.entries(rule).filter(([k, v]) => k === 'action' || plain[k] !== v).map(([k, v]) => `${k}: ${Array.isArray(v) ? `[${v.join(', ')}]` : String(v)}`).join('  ');
}

function changes(before: Labels, after: Labels): { text: string; kind: string }[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.filter((n) => before[n] !== after[n]).map((n) => (after[n] === undefined ? { text: `\u2212 ${n}`, kind: 'removed' } : { text: `${before[n] === undefined ? '+' : '\u2192'} ${n}=${after[n]}`, kind: 'added' }));
}

function Steps({ pool, labels }: { pool: string; labels: Labels }) {
  const loaded = useLoad((signal) => relabelSteps(pool, labels, signal), [pool, JSON.stringify(labels)]);
  if (!loaded.data) return loaded.error ? <Failed what="The steps could not be read" error={loaded.error} retry={loaded.reload} /> : <Loading />;
  const { steps } = loaded.data;
  if (!steps.length) return <p class="small dim">This job has no relabelling rules.</p>;
  return (
    <ol class="steps small">
      {steps.map((s, i) => {
        const changed = s.keep ? changes(i ? steps[i - 1]!.output : labels, s.output) : [];
        return (
          <li key={i}>
            <code class="break">{told(s.rule)}</code>
            {!s.keep ? <span class="badge critical">drops it</span> : changed.length ? <span class="tags">{changed.map((c) => <span key={c.text} class={'tag ' + c.kind}>{c.text}</span>)}</span> : <span class="faint">changes nothing</span>}
          </li>
        );
      })}
    </ol>
  );
}

export function RelabelSteps(p: { pool: string; labels: Labels }) {
  const [open, set] = useState(false);
  return (
    <div class="relabel-steps">
      <button class="btn s" aria-expanded={open} onClick={() => set(!open)}>{open ? 'Hide the steps' : 'Show each rule'}</button>
      {open && <Steps {...p} />}
    </div>
  );
}
