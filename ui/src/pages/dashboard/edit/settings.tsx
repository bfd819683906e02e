// The dashboard's variables and annotations as lists and forms. Every change goes into the draft at
// once, so that the page behind shows it.
import { useEffect, useState } from 'preact/hooks';
import { Icon } from '../../../components/icon';
import { Dialog } from '../../../components/popup';
import type { Json } from '../../../lib/dash/model';
import { text } from '../../../lib/dash/model';
import { append, drop, entries, newAnnotation, newVariable, type Part, raise } from '../../../lib/dash/settings';
import type { Board } from '../context';
import { AnnotationForm } from './annotationform';
import { VariableForm } from './variableform';

interface Props {
  draft: Json;
  board: Board;
  onDraft: (draft: Json) => void;
  onClose: () => void;
}

const kWords = {
  variables: { title: 'Variables', add: 'Variable', none: 'No variables: a picker above the panels, whose value is put into their queries as $name.' },
  annotations: { title: 'Annotations', add: 'Annotation', none: 'No annotations: marks on the graphs wherever a query is not zero.' },
};

// What stands in the list beside a name.
function hintOf(part: Part, e: Json): string {
  if (part === 'annotations') return text(e.expr);
  const q = e.query;
  return `${text(e.type, 'query')}  ${typeof q === 'object' && q !== null ? text((q as Json).query) : text(q)}`;
}

export function SettingsDialog({ draft, board, onDraft, onClose }: Props) {
  const [part, setPart] = useState<Part>('variables');
  const [open, setOpen] = useState<number>();
  useEffect(() => setOpen(undefined), [part]);
  const all = entries(draft, part);
  const words = kWords[part];
  const add = () => {
    onDraft(append(draft, part, part === 'variables' ? newVariable(draft) : newAnnotation(draft)));
    setOpen(all.length);
  };
  const Form = part === 'variables' ? VariableForm : AnnotationForm;
  return (
    <Dialog title="Settings of the dashboard" wide onClose={onClose}>
      <div class="join" role="group" aria-label="What to set">
        {(Object.keys(kWords) as Part[]).map((p) => <button key={p} class="btn" aria-pressed={p === part} onClick={() => setPart(p)}>{kWords[p].title} <span class="faint">{entries(draft, p).filter((e) => !e.builtIn).length}</span></button>)}
      </div>
      <ul class="settings" data-settings={part}>
        {all.map((e, i) => e.builtIn ? null : (
          <li key={i} class={i === open ? 'open' : ''}>
            <div class="row">
              <button class="plain grow row clip" aria-expanded={i === open} onClick={() => setOpen(i === open ? undefined : i)}>
                <Icon name="chevron" class={i === open ? '' : 'turned'} /><b>{text(e.name)}</b><code class="faint small clip">{hintOf(part, e)}</code>
              </button>
              <button class="btn icon s quiet" aria-label={`Move ${text(e.name)} up`} disabled={i === 0} onClick={() => { onDraft(raise(draft, part, i)); setOpen(undefined); }}><Icon name="chevron" class="flipped" /></button>
              <button class="btn icon s quiet" aria-label={`Remove ${text(e.name)}`} onClick={() => { onDraft(drop(draft, part, i)); setOpen(undefined); }}><Icon name="trash" /></button>
            </div>
            {i === open && <Form draft={draft} at={i} board={board} onDraft={onDraft} />}
          </li>
        ))}
      </ul>
      {!all.some((e) => !e.builtIn) && <p class="dim">{words.none}</p>}
      <div class="acts"><button class="btn" onClick={add}><Icon name="plus" />{words.add}</button><span class="grow" /><button class="btn primary" onClick={onClose}>Done</button></div>
    </Dialog>
  );
}
