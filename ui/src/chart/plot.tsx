// A chart on the page: uPlot, the tooltip, zooming by drag, and a text twin for screen readers.
import { useEffect, useMemo, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { useSize, useThemeTurn } from '../components/use';
import type { ChartSpec } from './model';
import { dataOf, optionsOf } from './options';
import { exemplarAt } from './draw';
import { fill, fillExemplar, place, rowsAt } from './tooltip';

interface Props {
  spec: ChartSpec;
  label: string; // what the picture is of
  hidden?: ReadonlySet<number>;
  lifted?: number; // this line stands out, others fade
  onZoom?: (from: number, to: number) => void; // epoch milliseconds
  onDrawn?: () => void;
}

const kFaded = 0.3;

function tooltipPlugin(spec: ChartSpec, hidden: (i: number) => boolean): uPlot.Plugin {
  const box = document.createElement('div');
  box.className = 'popup tip';
  let near = -1;
  let inside = false;
  let pinned = false;
  const hide = () => {
    pinned = false;
    box.classList.remove('pinned');
    box.remove();
  };
  const show = (u: uPlot) => {
    const { idx, left, top } = u.cursor;
    if (pinned) return;
    if (spec.tooltip === 'none' || !inside || idx == null || left == null || left < 0) return hide();
    const exemplar = exemplarAt(u, spec, left, top ?? 0);
    u.over.classList.toggle('at-exemplar', !!exemplar);
    if (exemplar) {
      fillExemplar(box, spec, exemplar);
      if (!box.isConnected) document.body.append(box);
      const r = u.over.getBoundingClientRect();
      return place(box, r.left + left, r.top + (top ?? 0));
    }
    const rows = rowsAt(spec, idx, hidden, near);
    const t = u.posToVal(left, 'x');
    const close = (spec.to - spec.from) / 150;
    const marks = (spec.marks ?? []).filter((m) => m.text && t >= m.from - close && t <= (m.to ?? m.from) + close);
    if (!rows.length && !marks.length) return hide();
    fill(box, spec, idx, rows, near, marks, false);
    if (!box.isConnected) document.body.append(box);
    const r = u.over.getBoundingClientRect();
    place(box, r.left + left, r.top + (top ?? 0));
  };
  const outside = (e: Event) => pinned && !box.contains(e.target as Node) && hide();
  return {
    hooks: {
      init: (u) => {
        u.over.addEventListener('mouseenter', () => (inside = true));
        u.over.addEventListener('mouseleave', () => {
          inside = false;
          if (!pinned) hide();
        });
        u.over.addEventListener('click', () => {
          const { idx } = u.cursor;
          if (idx == null || !box.isConnected) return;
          pinned = !pinned;
          box.classList.toggle('pinned', pinned);
          const { left = 0, top = 0 } = u.cursor;
          if (pinned && exemplarAt(u, spec, left, top)) return;
          if (pinned) fill(box, spec, idx, rowsAt(spec, idx, hidden, near), near, [], true);
          else hide();
        });
        document.addEventListener('pointerdown', outside);
        u.root.addEventListener('keydown', () => (inside = true));
      },
      setSeries: (_u, i) => (near = i === null ? -1 : i - 1),
      setCursor: show,
      destroy: () => {
        hide();
        document.removeEventListener('pointerdown', outside);
      },
    },
  };
}

function stepCursor(u: uPlot, e: KeyboardEvent): void {
  const by = (e.key === 'ArrowRight' ? 1 : e.key === 'ArrowLeft' ? -1 : 0) * (e.shiftKey ? 10 : 1);
  if (!by) return;
  e.preventDefault();
  const x = u.data[0];
  const at = Math.max(0, Math.min(x.length - 1, (u.cursor.idx ?? x.length) + by));
  u.root.dispatchEvent(new Event('keydown'));
  u.setCursor({ left: u.valToPos(x[at]!, 'x'), top: u.over.clientHeight / 2 });
}

export function Plot({ spec, label, hidden, lifted, onZoom, onDrawn }: Props) {
  const [box, { width, height }] = useSize<HTMLDivElement>();
  const plot = useRef<uPlot | undefined>(undefined);
  const turn = useThemeTurn();
  const call = useRef({ onZoom, onDrawn });
  call.current = { onZoom, onDrawn };
  const isHidden = useMemo(() => (i: number) => hidden?.has(i) ?? false, [hidden]);
  const visible = width > 0 && height > 0;

  useEffect(() => {
    if (!visible) return;
    const { data, bands } = dataOf(spec, isHidden);
    const options = optionsOf(spec, { width, height }, bands, [tooltipPlugin(spec, isHidden)]);
    options.series.forEach((s, i) => i && isHidden(i - 1) && (s.show = false));
    (options.hooks ??= {}).setSelect = [
      (u) => {
        if (u.select.width < 4) return;
        const [a, b] = [u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x')];
        u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        call.current.onZoom?.(Math.round(a * 1000), Math.round(b * 1000));
      },
    ];
    const u = new uPlot(options, data, box.current!);
    plot.current = u;
    queueMicrotask(() => call.current.onDrawn?.());
    return () => {
      plot.current = undefined;
      u.destroy();
    };
  }, [spec, visible, isHidden, turn]);

  useEffect(() => {
    if (visible) plot.current?.setSize({ width, height });
  }, [width, height]);

  useEffect(() => {
    const u = plot.current;
    if (!u) return;
    u.series.forEach((s, i) => i && (s.alpha = lifted === undefined || lifted === i - 1 ? 1 : kFaded));
    u.redraw(false);
  }, [lifted]);

  const summary = `${label}: ${spec.lines.length} ${spec.lines.length === 1 ? 'line' : 'lines'}`;
  return (
    <div class="plot" ref={box} role="img" aria-label={summary} tabIndex={0} onKeyDown={(e) => plot.current && stepCursor(plot.current, e)} />
  );
}
