// A heatmap on the page: the drawing, and what is under the pointer.
import { useEffect, useRef } from 'preact/hooks';
import { useSize, useThemeTurn } from '../components/use';
import { formatDate } from '../lib/time';
import { drawHeat, type Heat, type HeatLook, type Placed } from './heat';

interface Props {
  heat: Heat;
  look: HeatLook;
  label: string;
  show: (count: number) => string;
  onDrawn?: () => void;
}

export function HeatPlot({ heat, look, label, show, onDrawn }: Props) {
  const [box, { width, height }] = useSize<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const tip = useRef<HTMLDivElement>(null);
  const placed = useRef<Placed | undefined>(undefined);
  const turn = useThemeTurn();
  useEffect(() => {
    if (!width || !height) return;
    placed.current = drawHeat(canvas.current!, heat, look, width, height);
    onDrawn?.();
  }, [heat, look.from, look.to, look.exemplars, width, height, turn]);
  const move = (e: MouseEvent) => {
    const at = placed.current;
    if (!at || !tip.current) return;
    const r = canvas.current!.getBoundingClientRect();
    const [x, y] = [e.clientX - r.left, e.clientY - r.top];
    const column = heat.times.findIndex((t) => x >= at.x(t - heat.step / 2) && x < at.x(t + heat.step / 2));
    const row = Math.floor((at.bottom - y) / at.rowHeight);
    const v = heat.cells[row]?.[column];
    tip.current.hidden = v === undefined || v === null;
    if (v === undefined || v === null) return;
    const bucket = heat.rows[row]!;
    tip.current.textContent = `${formatDate(heat.times[column]! * 1000, look.zone)}\n${Number.isFinite(bucket.lower) ? `${look.format(String(bucket.lower))} to ` : 'up to '}${look.format(bucket.label)}: ${show(v)}`;
    tip.current.style.left = `${Math.min(e.clientX + 12, innerWidth - 240)}px`;
    tip.current.style.top = `${e.clientY + 12}px`;
  };
  return (
    <div class="heatmap" ref={box}>
      <canvas ref={canvas} role="img" aria-label={`${label}: ${heat.rows.length} buckets over time`} onMouseMove={move} onMouseLeave={() => tip.current && (tip.current.hidden = true)} />
      <div ref={tip} class="popup tip pre" hidden />
    </div>
  );
}
