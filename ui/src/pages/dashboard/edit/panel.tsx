// The panel editor: the panel as it will be, its queries below, its settings beside.
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Icon } from '../../../components/icon';
import { findPanel as findIn, update } from '../../../lib/dash/draft';
import { upgradedPanel } from '../../../lib/dash/migrate';
import { type Json, list, text } from '../../../lib/dash/model';
import type { Panel } from '../../../lib/dash/model';
import type { Board } from '../context';
import { PanelBox } from '../panel';
import { PanelForm } from './form';

interface EditorProps {
  value: string;
  label: string;
  hint?: string;
  templated?: boolean;
  onChange: (text: string) => void;
  onRun: (text: string) => void;
}

interface Props {
  draft: Json;
  id: number;
  board: Board;
  panel: Panel | undefined;
  findPanel: (id: number) => Panel | undefined;
  onDraft: (draft: Json) => void;
  onDone: () => void;
}

// The query editor is loaded when a panel is first edited, not with every dashboard.
function useEditor(): ComponentType<EditorProps> | undefined {
  const [found, set] = useState<{ Editor: ComponentType<EditorProps> }>();
  useEffect(() => {
    void import('../../../components/editor').then((m) => set({ Editor: m.Editor }));
  }, []);
  return found?.Editor;
}

export function PanelEditor({ draft, id, board, panel, findPanel, onDraft, onDone }: Props) {
  const Editor = useEditor();
  const raw = findIn(draft, id);
  const [texts, setTexts] = useState<Record<number, string>>({});
  if (!raw || !panel) return <div class="state">This panel is not in the dashboard any more. <button class="btn s" onClick={onDone}>Back</button></div>;
  const shown = upgradedPanel(raw);
  const targets = list(shown.targets);
  const patch = (p: Json) => onDraft(update(draft, id, p));
  const setTarget = (i: number, change: Json) => patch({ targets: targets.map((t, k) => (k === i ? { ...t, ...change } : t)) });
  // Leaving the editor runs what was written: neither Done nor Save loses it.
  const keep = (i: number) => texts[i] !== undefined && texts[i] !== text(targets[i]?.expr) && setTarget(i, { expr: texts[i] });
  const addQuery = () => {
    const used = new Set(targets.map((t) => t.refId));
    const refId = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].find((c) => !used.has(c)) ?? `Q${targets.length}`;
    patch({ targets: [...targets, { refId, expr: '', legendFormat: '__auto' }] });
  };
  const placed = { panel, pos: panel.gridPos, scope: {}, key: `edit-${id}` };
  return (
    <div class="cols panel-editor">
      <div class="stack">
        <div class="panel-preview"><PanelBox placed={placed} board={board} alone findPanel={findPanel} onView={onDone} /></div>
        <section class="panel queries" aria-label="Queries">
          {targets.map((t, i) => (
            <div key={i} class="query">
              <span class="query-name" aria-hidden="true">{text(t.refId)}</span>
              <div class="grow stack" onFocusOut={() => keep(i)}>
                {Editor ? <Editor value={texts[i] ?? text(t.expr)} label={`Query ${text(t.refId)}`} templated onChange={(v) => setTexts({ ...texts, [i]: v })} onRun={(v) => setTarget(i, { expr: v })} /> : <div class="skel editor" />}
                <div class="row wrap">
                  <label class="row small dim">Legend<input class="input" placeholder="{{instance}}" value={text(t.legendFormat)} onChange={(e) => setTarget(i, { legendFormat: e.currentTarget.value })} /></label>
                  <select class="select" aria-label="Format" value={text(t.format, 'time_series')} onChange={(e) => setTarget(i, { format: e.currentTarget.value })}><option value="time_series">Series</option><option value="table">Table</option><option value="heatmap">Heatmap</option></select>
                  <label class="check small"><input type="checkbox" checked={t.instant === true} onChange={(e) => setTarget(i, { instant: e.currentTarget.checked, range: !e.currentTarget.checked })} />Instant</label>
                  <label class="check small"><input type="checkbox" checked={t.hide === true} onChange={(e) => setTarget(i, { hide: e.currentTarget.checked })} />Hidden</label>
                  <span class="grow" />
                  {texts[i] !== undefined && texts[i] !== text(t.expr) && <button class="btn s primary" onClick={() => setTarget(i, { expr: texts[i] })}>Run</button>}
                  <button class="btn icon s quiet" aria-label={`Remove query ${text(t.refId)}`} onClick={() => { setTexts({}); patch({ targets: targets.filter((_, k) => k !== i) }); }}><Icon name="trash" /></button>
                </div>
              </div>
            </div>
          ))}
          <div class="row"><button class="btn" onClick={addQuery}><Icon name="plus" />Query</button><span class="grow" /><button class="btn primary" onClick={onDone}>Done</button></div>
        </section>
      </div>
      <section class="panel" aria-label="Settings"><header><h2>Settings</h2></header><div class="pad"><PanelForm panel={shown} onChange={patch} /></div></section>
    </div>
  );
}
