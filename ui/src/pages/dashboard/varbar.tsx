// The pickers of variables under the top bar.
import { useId, useRef, useState } from 'preact/hooks';
import { promClient } from '../../api/completion';
import { Icon } from '../../components/icon';
import { Drop } from '../../components/popup';
import { ALL } from '../../lib/dash/interpolate';
import type { Annotation, VarOption } from '../../lib/dash/model';
import { ALERTS, switched } from './annotations';
import type { VarState, VarStates } from './variables';

interface PickerProps {
  state: VarState;
  load: (s: VarState) => Promise<VarOption[]>;
  onChange: (name: string, values: string[]) => void;
}

const kShown = 300;

function shownText(s: VarState, options: VarOption[] | undefined): string {
  if (s.chosen[0] === ALL) return 'All';
  const texts = s.chosen.map((c) => options?.find((o) => o.value === c)?.text ?? s.variable.options.find((o) => o.value === c)?.text ?? c);
  if (!texts.length) return 'none';
  return texts.length > 2 ? `${texts[0]} + ${texts.length - 1}` : texts.join(' + ');
}

function Choices({ state, options, chosen, onPick, onToggle, error }: { state: VarState; options?: VarOption[]; chosen: string[]; onPick: (v: string) => void; onToggle: (v: string) => void; error?: string }) {
  const [filter, setFilter] = useState('');
  const { multi, includeAll } = state.variable;
  const found = (options ?? []).filter((o) => o.text.toLowerCase().includes(filter.toLowerCase()));
  const row = (o: VarOption) => {
    const on = chosen.includes(o.value);
    return (
      <div key={o.value} class={'opt var-opt' + (on ? ' on' : '')}>
        {multi && <input type="checkbox" aria-label={o.text} checked={on} onChange={() => onToggle(o.value)} />}
        <button class="plain grow clip" onClick={() => (multi ? onToggle(o.value) : onPick(o.value))}>{o.text}</button>
        {multi ? <button class="only small" onClick={() => onPick(o.value)}>only</button> : on && <Icon name="check" class="accent-t" />}
      </div>
    );
  };
  return (
    <div class="var-choices">
      <div class="pad-all">
        <input class="input" autofocus aria-label="Filter values" placeholder="Filter" value={filter} onInput={(e) => setFilter(e.currentTarget.value)} onKeyDown={(e) => e.key === 'Enter' && found[0] && onPick(found[0].value)} />
      </div>
      {error && <p class="critical-t small pad break">{error}</p>}
      {!options && !error && <p class="faint small pad">Loading</p>}
      {includeAll && !filter && row({ text: 'All', value: ALL })}
      {found.slice(0, kShown).map(row)}
      {found.length > kShown && <p class="faint small pad">and {found.length - kShown} more; filter to see them</p>}
      {options && !found.length && <p class="faint small pad">No values</p>}
    </div>
  );
}

function Picker({ state, load, onChange }: PickerProps) {
  const [options, setOptions] = useState<VarOption[]>();
  const [draft, setDraft] = useState<string[]>();
  const [error, setError] = useState<string>();
  const v = state.variable;
  const known = state.options ?? options;
  const chosen = draft ?? state.chosen;
  const open = () => {
    if (state.options || options) return;
    load(state).then(setOptions, (e: Error) => setError(e.message));
  };
  const toggle = (value: string) => {
    if (value === ALL) return setDraft([ALL]);
    const base = chosen.filter((c) => c !== ALL);
    const next = base.includes(value) ? base.filter((c) => c !== value) : [...base, value];
    setDraft(next.length ? next : v.includeAll ? [ALL] : base);
  };
  const apply = () => {
    if (draft && JSON.stringify(draft) !== JSON.stringify(state.chosen)) onChange(v.name, draft);
    setDraft(undefined);
  };
  const label = v.hide === 1 ? '' : (v.label ?? v.name);
  return (
    <span onClick={open}>
      <Drop class="btn var" onClose={apply} button={<>{label && <b>{label}</b>}<span class="clip">{shownText(state, known)}</span>{(state.error ?? error) && <Icon name="warning" label={state.error ?? error} class="warning-t" />}<Icon name="chevron" /></>}>
        {(close) => <Choices state={state} options={known} chosen={chosen} error={state.error ?? error} onToggle={toggle} onPick={(value) => { setDraft(undefined); onChange(v.name, [value]); close(); }} />}
      </Drop>
    </span>
  );
}

function TextBox({ state, onChange }: Omit<PickerProps, 'load'>) {
  const v = state.variable;
  const [text, set] = useState(state.chosen[0] ?? '');
  const done = () => text !== (state.chosen[0] ?? '') && onChange(v.name, [text]);
  return <label class="btn var"><b>{v.hide === 1 ? '' : (v.label ?? v.name)}</b><input class="var-text" aria-label={v.label ?? v.name} value={text} onInput={(e) => set(e.currentTarget.value)} onBlur={done} onKeyDown={(e) => e.key === 'Enter' && done()} /></label>;
}

// What can follow the text of a filter: label names, then the values of the one that is named.
async function filterHints(text: string): Promise<string[]> {
  const m = /^\s*([\w.:-]+)\s*(=~|!~|!=|=)/.exec(text);
  if (!m) return (await promClient.labelNames()).filter((n) => n !== '__name__').map((n) => n + '=');
  return (await promClient.labelValues(m[1]!)).slice(0, kShown).map((v) => `${m[1]}${m[2]}"${v}"`);
}

function Filters({ state, onChange }: Omit<PickerProps, 'load'>) {
  const v = state.variable;
  const [text, set] = useState('');
  const [hints, setHints] = useState<string[]>([]);
  const list = useId();
  const latest = useRef('');
  // An answer to what was typed before comes too late. Without hints everything can still be typed.
  const suggest = (t: string) => {
    latest.current = t;
    void filterHints(t).then((found) => latest.current === t && setHints(found), () => undefined);
  };
  const add = (t: string) => {
    const m = /^\s*([\w.:-]+)\s*(=~|!~|!=|=)\s*"?(.*?)"?\s*$/.exec(t);
    if (!m) return;
    onChange(v.name, [...state.chosen, `${m[1]}|${m[2]}|${m[3]}`]);
    set('');
  };
  // A whole hint that was picked is what is meant; a name alone waits for its value.
  const typed = (t: string) => {
    if (hints.includes(t) && t.endsWith('"')) return add(t);
    set(t);
    suggest(t);
  };
  return (
    <span class="btn var">
      <b>{v.label ?? v.name}</b>
      {state.chosen.map((f) => <button key={f} class="tag" aria-label={`Remove ${f}`} onClick={() => onChange(v.name, state.chosen.filter((x) => x !== f))}>{f.split('|').join(' ')} ×</button>)}
      <input class="var-text" aria-label="Add a filter" placeholder='label="value"' value={text} list={list} onFocus={() => suggest(text)} onInput={(e) => typed(e.currentTarget.value)} onKeyDown={(e) => e.key === 'Enter' && add(text)} />
      <datalist id={list}>{hints.map((h) => <option key={h} value={h} />)}</datalist>
    </span>
  );
}

interface Props {
  states: VarStates;
  load: PickerProps['load'];
  onChange: PickerProps['onChange'];
  marks: Annotation[];
  onMark: (marks: string) => void;
  children?: preact.ComponentChildren;
}

export function VariableBar({ states, load, onChange, marks, onMark, children }: Props) {
  const all = [...states.values()];
  const shown = all.filter((s) => s.variable.hide !== 2 && s.variable.type !== 'constant' && !(s.variable.type === 'datasource' && (s.options?.length ?? 0) < 2));
  return (
    <>
      <div hidden>{all.map((s) => <span key={s.variable.name} data-variable={s.variable.name} data-value={JSON.stringify(s.chosen)} />)}</div>
      <div class="bar" role="group" aria-label="Variables">
        {shown.map((s) =>
          s.variable.type === 'textbox' ? <TextBox key={s.variable.name} state={s} onChange={onChange} />
          : s.variable.type === 'adhoc' ? <Filters key={s.variable.name} state={s} onChange={onChange} />
          : <Picker key={s.variable.name + JSON.stringify(s.chosen)} state={s} load={load} onChange={onChange} />,
        )}
        <span class="grow" />
        {marks.filter((a) => !a.hide).map((a) => (
          <button key={a.name} class="btn s quiet" aria-pressed={a.enable} title={`${a.name}: marks on the graphs`} onClick={() => onMark(switched(marks, a.name))}>
            <Icon name={a === ALERTS || a.name === ALERTS.name ? 'bell' : 'mark'} />{a.name}
          </button>
        ))}
        {children}
      </div>
    </>
  );
}
