// How two versions of a dashboard differ, as lines of their JSON.
import { useMemo } from 'preact/hooks';
import { diffLines, hunks } from '../../../lib/diff';
import type { Json } from '../../../lib/dash/model';

const SIGN = { same: ' ', added: '+', removed: '\u2212' };

export function Diff({ before, after }: { before: Json; after: Json }) {
  const lines = useMemo(() => hunks(diffLines(JSON.stringify(before, null, 2), JSON.stringify(after, null, 2))), [before, after]);
  if (!lines.length) return <p class="dim small">Nothing differs.</p>;
  return <pre class="yaml diff" tabIndex={0}>{lines.map((l, i) => (l ? <span key={i} class={l.kind}>{`${SIGN[l.kind]} ${l.text}\n`}</span> : <span key={i} class="faint">{'…\n'}</span>))}</pre>;
}
