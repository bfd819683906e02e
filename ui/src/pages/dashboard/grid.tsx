// The sections of a dashboard: rows that fold, and panels on a grid of 24 columns.
import { Icon } from '../../components/icon';
import { interpolate } from '../../lib/dash/interpolate';
import type { Placed, Section } from '../../lib/dash/layout';
import { plural } from '../../lib/format';
import { type Board, lookupOf } from './context';
import { PanelBox } from './panel';
import type { EditActions } from './view';

interface Props {
  sections: Section[];
  board: Board;
  findPanel: (id: number) => Placed['panel'] | undefined;
  onView: (id: number | null) => void;
  onEdit?: (id: number) => void;
  onFold: (id: string, folded: boolean) => void;
  countOf: (s: Section) => number;
  edit?: EditActions;
}

const kCell = 38; // pixels of a unit of height with its gap
const kGap = 8;

export function Grid({ sections, board, findPanel, onView, onEdit, onFold, countOf, edit }: Props) {
  return (
    <>
      {sections.map((s, i) => {
        const title = s.row && (interpolate(s.row.title, lookupOf(board, s.row.scope), (b) => (b.texts ?? b.values).join(' + ')) || 'Row');
        return (
          <div key={s.row?.id ?? `top-${i}`} class="dash-section" {...(s.row ? { 'data-row-id': s.row.id, 'data-row-state': s.row.folded ? 'collapsed' : 'open' } : {})}>
            {s.row && (
              <div class="dash-row">
                <button class="plain" data-row-toggle aria-expanded={!s.row.folded} onClick={() => onFold(s.row!.id, !s.row!.folded)}>
                  <Icon name="chevron" class={s.row.folded ? 'folded' : ''} />
                  <h2>{title}</h2>
                </button>
                {s.row.folded && <span class="small faint">{plural(countOf(s), 'panel')}</span>}
              </div>
            )}
            {s.panels.length > 0 && (
              <div class="dash" style={{ '--rows': s.height, minHeight: `${Math.max(0, s.height * kCell - kGap)}px` }}>
                {s.panels.map((placed) => <PanelBox key={placed.key} placed={placed} board={board} alone={false} findPanel={findPanel} onView={onView} onEdit={onEdit} edit={edit} />)}
              </div>
            )}
          </div>
        );
      })}
    </>
  );
}
