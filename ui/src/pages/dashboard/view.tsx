// The panels of a dashboard: all of them, one alone, or one being edited.
import { useMemo, useState } from 'preact/hooks';
import { duplicate, findPanel as findRaw, place, remove } from '../../lib/dash/draft';
import { layout, type Section } from '../../lib/dash/layout';
import { type GridPos, type Json, object } from '../../lib/dash/model';
import { setQuery } from '../../lib/router';
import type { Board } from './context';
import { PanelEditor } from './edit/panel';
import { Grid } from './grid';
import { PanelBox } from './panel';
import { boundOf } from './variables';

interface Props {
  board: Board;
  viewed?: number;
  edited?: number;
  draft?: Json;
  onDraft: (draft: Json) => void;
}

export interface EditActions {
  onPlace: (id: number, pos: GridPos, done: boolean) => void;
  posOf: (id: number) => GridPos;
  onRemove: (id: number) => void;
  onDuplicate: (id: number) => void;
}

export function View({ board, viewed, edited, draft, onDraft }: Props) {
  const [folds, setFolds] = useState<Record<string, boolean>>({});
  const { dashboard } = board;
  const values = (name: string) => {
    const s = board.states.get(name);
    if (!s) return undefined;
    const b = boundOf(s, board.span.to - board.span.from);
    const offered = s.options ?? [];
    return b.verbatim ? { values: offered.map((o) => o.value), texts: offered.map((o) => o.text) } : { values: b.values, texts: b.texts ?? b.values };
  };
  const chosen = [...board.states.values()].map((s) => s.chosen.join('\u0000')).join('|');
  const sections = useMemo(() => layout(dashboard.panels, values, (id, byDefault) => folds[id] ?? byDefault), [dashboard, folds, chosen]);
  const all = dashboard.panels.flatMap((p) => [p, ...(p.panels ?? [])]);
  const findPanel = (id: number) => all.find((p) => p.id === id && p.type !== 'row');
  const onView = (id: number | null) => setQuery({ viewPanel: id === null ? null : String(id), editPanel: null }, { replace: false });
  const onEdit = (id: number) => setQuery({ editPanel: String(id), viewPanel: null }, { replace: false });
  const countOf = (s: Section) => layout(dashboard.panels, values, (id) => id !== s.row?.id).find((x) => x.row?.id === s.row?.id)?.panels.length ?? 0;
  if (edited !== undefined && draft) return <PanelEditor draft={draft} id={edited} board={board} panel={findPanel(edited)} findPanel={findPanel} onDraft={onDraft} onDone={() => setQuery({ editPanel: null }, { replace: false })} />;
  const alone = viewed === undefined ? undefined : findPanel(viewed);
  if (alone) {
    const placed = { panel: alone, pos: alone.gridPos, scope: {}, key: `alone-${alone.id}` };
    return <div class="dash-alone"><PanelBox placed={placed} board={board} alone findPanel={findPanel} onView={onView} onEdit={onEdit} /></div>;
  }
  const edit: EditActions | undefined = draft && {
    onPlace: (id, pos) => onDraft(place(draft, id, pos)),
    posOf: (id) => object(findRaw(draft, id)?.gridPos) as unknown as GridPos,
    onRemove: (id) => onDraft(remove(draft, id)),
    onDuplicate: (id) => onDraft(duplicate(draft, id)),
  };
  return <Grid sections={sections} board={board} findPanel={findPanel} onView={onView} onEdit={onEdit} onFold={(id, f) => setFolds({ ...folds, [id]: f })} countOf={countOf} edit={edit} />;
}
