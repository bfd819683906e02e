// One annotation as a form, with the number of marks it would draw now.
import { useEffect, useState } from 'preact/hooks';
import { migrate } from '../../../lib/dash/migrate';
import { type Json, object, text } from '../../../lib/dash/model';
import { entries, replace } from '../../../lib/dash/settings';
import { marksFrom } from '../annotations';
import { lookupOf } from '../context';
import { TypedField } from './typed';
import type { EntryProps } from './variableform';

const kColors = ['blue', 'green', 'yellow', 'orange', 'red', 'purple'];

export function AnnotationForm({ draft, at, board, onDraft }: EntryProps) {
  const a = entries(draft, 'annotations')[at]!;
  const [found, setFound] = useState<{ count?: number; error?: string }>({});
  const expr = text(a.expr) || text(object(a.target).expr);
  const set = (patch: Json) => onDraft(replace(draft, 'annotations', at, { ...a, ...patch }));
  // Where Grafana keeps the query a second time, both stay the same.
  const setExpr = (next: string) => set({ expr: next, ...(a.target ? { target: { ...object(a.target), expr: next } } : {}) });
  useEffect(() => {
    const read = migrate({ panels: [], annotations: { list: [a] } }, '').annotations[0];
    if (!read?.expr) return setFound({});
    const stop = new AbortController();
    marksFrom(read, board.span, lookupOf(board), stop.signal).then((marks) => setFound({ count: marks.length }), (e: Error) => !stop.signal.aborted && setFound({ error: e.message }));
    return () => stop.abort();
  }, [expr, text(a.step)]);
  const field = (label: string, key: string, hint: string) => <TypedField mono label={label} hint={hint} value={text(a[key])} onDone={(t) => set({ [key]: t })} />;
  return (
    <div class="stack form panel-form pad-all">
      <div class="row three">
        <TypedField label="Name" value={text(a.name)} onDone={(t) => t.trim() && set({ name: t.trim() })} />
        <label class="field">Colour<select class="select" value={text(a.iconColor, 'blue')} onChange={(e) => set({ iconColor: e.currentTarget.value })}>{[...new Set([...kColors, text(a.iconColor, 'blue')])].map((c) => <option key={c} value={c}>{c}</option>)}</select></label>
        {field('Step', 'step', 'by the time shown')}
      </div>
      <TypedField mono label="Query" hint="changes(process_start_time_seconds[1m]) > 0" value={expr} onDone={setExpr} />
      <div class="row three">{field('Title', 'titleFormat', '{{instance}}')}{field('Text', 'textFormat', '')}</div>
      <div class="row wrap">
        <label class="check"><input type="checkbox" checked={a.enable !== false} onChange={(e) => set({ enable: e.currentTarget.checked })} />On when the page opens</label>
        <label class="check"><input type="checkbox" checked={a.useValueForTime === true || a.useValueForTime === 'on'} onChange={(e) => set({ useValueForTime: e.currentTarget.checked })} />The value is the time</label>
        <label class="check"><input type="checkbox" checked={a.hide === true} onChange={(e) => set({ hide: e.currentTarget.checked })} />Without a switch on the page</label>
      </div>
      <p class="small" data-preview aria-live="polite">{found.error ? <span class="critical-t break">{found.error}</span> : found.count === undefined ? '' : `${found.count} ${found.count === 1 ? 'mark' : 'marks'} in the time shown`}</p>
    </div>
  );
}
