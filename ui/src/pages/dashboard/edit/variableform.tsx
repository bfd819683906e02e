// One variable as a form, with the values it would offer now.
import { useEffect, useState } from 'preact/hooks';
import { migrate } from '../../../lib/dash/migrate';
import { type Json, number, object, text, type VarOption } from '../../../lib/dash/model';
import { entries, nameFault, ofKind, replace, withQuery } from '../../../lib/dash/settings';
import { type Board, lookupOf } from '../context';
import { optionsOf } from '../variables';
import { TypedField } from './typed';

export interface EntryProps {
  draft: Json;
  at: number;
  board: Board;
  onDraft: (draft: Json) => void;
}

const kKinds = { query: 'Query', custom: 'List of values', interval: 'Intervals', textbox: 'Text', constant: 'Constant', datasource: 'Data source', adhoc: 'Ad hoc filters' };
const kQuery: Record<string, { label: string; hint: string }> = {
  query: { label: 'Query', hint: 'label_values(up, job)' },
  custom: { label: 'Values, with commas between', hint: 'a, b, name : value' },
  interval: { label: 'Intervals', hint: '1m,5m,1h' },
  textbox: { label: 'Default', hint: '' },
  constant: { label: 'Value', hint: '' },
};
const kSort = { 0: 'As they come', 1: 'A to Z', 2: 'Z to A', 3: 'Numbers, up', 4: 'Numbers, down', 5: 'A to Z, any case', 6: 'Z to A, any case', 7: 'Natural, up', 8: 'Natural, down' };
const kPreview = 24;

function usePreview(v: Json, board: Board): { options?: VarOption[]; error?: string } {
  const [found, set] = useState<{ options?: VarOption[]; error?: string }>({});
  const key = JSON.stringify([v.type, v.query, v.regex, v.sort]);
  useEffect(() => {
    const stop = new AbortController();
    const timer = setTimeout(() => {
      const variable = migrate({ panels: [], templating: { list: [v] } }, '').variables[0];
      if (!variable) return;
      optionsOf(variable, lookupOf(board), board.span, stop.signal).then((options) => set({ options }), (e: Error) => !stop.signal.aborted && set({ error: e.message }));
    }, 300);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [key]);
  return found;
}

export function VariableForm({ draft, at, board, onDraft }: EntryProps) {
  const v = entries(draft, 'variables')[at]!;
  const [name, setName] = useState(text(v.name));
  const type = text(v.type, 'query');
  const query = typeof v.query === 'object' && v.query !== null ? text(object(v.query).query) : text(v.query);
  const [typed, setTyped] = useState<{ type: string; query: string }>(); // previewed at once, kept when the field is left
  const asked = typed?.type === type ? typed.query : query;
  const preview = usePreview(asked === query ? v : withQuery(v, asked), board);
  const set = (patch: Json) => onDraft(replace(draft, 'variables', at, { ...v, ...patch }));
  const fault = nameFault(draft, at, name);
  const listed = type === 'query' || type === 'custom';
  const pick = (label: string, value: number, choices: Record<number, string>, key: string) => (
    <label class="field">{label}<select class="select" value={String(value)} onChange={(e) => set({ [key]: Number(e.currentTarget.value) })}>{Object.entries(choices).map(([k, t]) => <option key={k} value={k}>{t}</option>)}</select></label>
  );
  const check = (label: string, key: string) => <label class="check"><input type="checkbox" checked={v[key] === true} onChange={(e) => set({ [key]: e.currentTarget.checked })} />{label}</label>;
  return (
    <div class="stack form panel-form pad-all">
      <div class="row three">
        <TypedField label="Name" invalid={!!fault} value={text(v.name)} onType={setName} onDone={(t) => { if (!nameFault(draft, at, t)) set({ name: t }); setName(text(nameFault(draft, at, t) ? v.name : t)); }} />
        <TypedField label="Label" hint="the name" value={text(v.label)} onDone={(t) => set({ label: t || undefined })} />
        <label class="field">Kind<select class="select" value={type} onChange={(e) => onDraft(replace(draft, 'variables', at, ofKind(v, e.currentTarget.value)))}>{Object.entries({ ...kKinds, ...(type in kKinds ? {} : { [type]: type }) }).map(([k, t]) => <option key={k} value={k}>{t}</option>)}</select></label>
      </div>
      {fault && <p class="critical-t small" role="alert">{fault}</p>}
      {kQuery[type] && <TypedField key={type} mono label={kQuery[type].label} hint={kQuery[type].hint} value={query} onType={(t) => setTyped({ type, query: t })} onDone={(t) => onDraft(replace(draft, 'variables', at, withQuery(v, t)))} />}
      {type === 'query' && <p class="small faint">label_values(metric, label), label_names(), metrics(pattern) or query_result(expression)</p>}
      {type === 'query' && (
        <div class="row three">
          <TypedField mono label="Keep what matches" hint="/.*/" value={text(v.regex)} onDone={(t) => set({ regex: t })} />
          {pick('Order', number(v.sort) ?? 0, kSort, 'sort')}
          {pick('Ask again', number(v.refresh) ?? 0, { 0: 'Never', 1: 'When the page opens', 2: 'When the time changes' }, 'refresh')}
        </div>
      )}
      <div class="row wrap">
        {listed && check('Several at once', 'multi')}
        {listed && check('Offer All', 'includeAll')}
        {listed && v.includeAll === true && <TypedField mono label="All means" hint="every value" value={text(v.allValue)} onDone={(t) => set({ allValue: t || undefined })} />}
        <span class="grow" />
        {pick('On the page', number(v.hide) ?? 0, { 0: 'Shown', 1: 'Without its label', 2: 'Hidden' }, 'hide')}
      </div>
      {(listed || type === 'interval') && (
        <div class="field" data-preview aria-live="polite">
          <span>{preview.options ? `Offers ${preview.options.length} ${preview.options.length === 1 ? 'value' : 'values'}` : preview.error ? '' : 'Looking'}</span>
          {preview.error && <span class="critical-t break">{preview.error}</span>}
          <span class="tags">{preview.options?.slice(0, kPreview).map((o) => <span key={o.value} class="tag">{o.text}</span>)}{(preview.options?.length ?? 0) > kPreview && <span class="faint">…</span>}</span>
        </div>
      )}
    </div>
  );
}
