// Moving and resizing panels on the grid, by pointer or by arrow keys.
import { useRef } from 'preact/hooks';
import { Icon } from '../../../components/icon';
import type { GridPos } from '../../../lib/dash/model';

const kCell = 38; // pixels of a unit of height with its gap
const kColumns = 24;

interface Props {
  pos: GridPos; // as it stands in the JSON
  title: string;
  onPlace: (pos: GridPos, done: boolean) => void;
}

const clamp = (p: GridPos): GridPos => {
  const w = Math.max(1, Math.min(kColumns, p.w));
  return { x: Math.max(0, Math.min(kColumns - w, p.x)), y: Math.max(0, p.y), w, h: Math.max(1, p.h) };
};

export function Handles({ pos, title, onPlace }: Props) {
  const from = useRef<{ x: number; y: number; pos: GridPos; column: number } | undefined>(undefined);
  const start = (e: PointerEvent) => {
    const grid = (e.currentTarget as HTMLElement).closest('.dash');
    if (!grid || e.button !== 0) return;
    e.preventDefault();
    (e.currentTarget as HTMLElement).setPointerCapture(e.pointerId);
    from.current = { x: e.clientX, y: e.clientY, pos, column: (grid.clientWidth + 8) / kColumns };
  };
  const cells = (e: PointerEvent) => {
    const f = from.current!;
    return { dx: Math.round((e.clientX - f.x) / f.column), dy: Math.round((e.clientY - f.y) / kCell), base: f.pos };
  };
  const moved = (e: PointerEvent): GridPos => {
    const { dx, dy, base } = cells(e);
    return clamp({ ...base, x: base.x + dx, y: base.y + dy });
  };
  const sized = (e: PointerEvent): GridPos => {
    const { dx, dy, base } = cells(e);
    return clamp({ ...base, w: Math.min(kColumns - base.x, base.w + dx), h: base.h + dy });
  };
  const follow = (to: (e: PointerEvent) => GridPos) => ({
    onPointerDown: start,
    onPointerMove: (e: PointerEvent) => from.current && onPlace(to(e), false),
    onPointerUp: (e: PointerEvent) => {
      if (!from.current) return;
      onPlace(to(e), true);
      from.current = undefined;
    },
    onPointerCancel: () => {
      if (from.current) onPlace(from.current.pos, true);
      from.current = undefined;
    },
  });
  const keys = (e: KeyboardEvent) => {
    const dx = e.key === 'ArrowRight' ? 1 : e.key === 'ArrowLeft' ? -1 : 0;
    const dy = e.key === 'ArrowDown' ? 1 : e.key === 'ArrowUp' ? -1 : 0;
    if (!dx && !dy) return;
    e.preventDefault();
    onPlace(clamp(e.shiftKey ? { ...pos, w: pos.w + dx, h: pos.h + dy } : { ...pos, x: pos.x + dx, y: pos.y + dy }), true);
  };
  return (
    <>
      <button class="drag-handle" aria-label={`Move ${title}; arrow keys move, with Shift they resize`} title="Drag to move" onKeyDown={keys} {...follow(moved)}><Icon name="drag" /></button>
      <span class="size-handle" title="Drag to resize" {...follow(sized)} />
    </>
  );
}
