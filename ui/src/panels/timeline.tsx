// State timeline and status history: a lane per series, a block per state.
import { type Field, FieldType } from '@grafana/data';
import { useEffect, useMemo } from 'preact/hooks';
import { token } from '../chart/colors';
import { timeLabel } from '../chart/scales';
import { useSize, useThemeTurn } from '../components/use';
import { inkOn } from '../lib/ink';
import { formatDate } from '../lib/time';
import { show } from './fields';
import { number, text } from './options';
import { kNoData, type VizProps } from './types';
import { getFieldDisplayName } from '@grafana/data';

interface Block {
  from: number; // seconds
  to: number;
  text: string;
  color: string;
}
interface Lane {
  name: string;
  blocks: Block[];
}

const STEPS = [30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 604800];
const kBottom = 24;

function blocksOf(times: number[], field: Field, end: number, merge: boolean): Block[] {
  const out: Block[] = [];
  const step = typeof field.config.interval === 'number' ? field.config.interval / 1000 : undefined;
  for (let i = 0; i < times.length; i++) {
    const v: unknown = field.values[i];
    if (v === null || v === undefined || Number.isNaN(v)) continue;
    const next = times[i + 1];
    const to = next === undefined ? Math.min(end, times[i]! + (step ?? end - times[i]!)) : step && next - times[i]! > step * 1.5 ? times[i]! + step : next;
    const words = show(field, v);
    const color = field.display?.(v).color ?? token('series-1');
    const last = out.at(-1);
    if (merge && last && last.text === words && last.color === color && times[i]! - last.to < 1e-6) last.to = to;
    else out.push({ from: times[i]!, to, text: words, color });
  }
  return out;
}

function lanesOf(p: VizProps, merge: boolean): Lane[] {
  const end = p.span.to / 1000;
  return p.frames.flatMap((frame) => {
    const time = frame.fields.find((f) => f.type === FieldType.time);
    if (!time) return [];
    const times = (time.values as number[]).map((t) => t / 1000);
    return frame.fields.filter((f) => f.type !== FieldType.time && f.type !== FieldType.other).map((f) => ({ name: getFieldDisplayName(f, frame, p.frames), blocks: blocksOf(times, f, end, merge) }));
  }).filter((l) => l.blocks.length);
}

export function Timeline(p: VizProps) {
  const [box, { width, height }] = useSize<HTMLDivElement>();
  const turn = useThemeTurn();
  const history = p.panel.type === 'status-history';
  const lanes = useMemo(() => lanesOf(p, !history && p.panel.options.mergeValues !== false), [p.frames, p.panel, turn]);
  useEffect(() => {
    if (!lanes.length) p.onEmpty(kNoData);
    else p.onDrawn();
  }, [lanes]);
  if (!lanes.length) return null;
  const [from, to] = [p.span.from / 1000, p.span.to / 1000];
  const left = Math.min(width * 0.3, 16 + 6.4 * Math.max(...lanes.map((l) => l.name.length)));
  const room = Math.max(16, (height - kBottom) / lanes.length);
  const bar = room * (number(p.panel.options.rowHeight) ?? 0.9);
  const x = (t: number) => left + (Math.min(1, Math.max(0, (t - from) / (to - from)))) * (width - left - 12);
  const step = STEPS.find((s) => (s / (to - from)) * (width - left) >= 72) ?? 604800;
  const ticks: number[] = [];
  for (let t = Math.ceil(from / step) * step; t <= to; t += step) ticks.push(t);
  const words = text(p.panel.options.showValue, 'auto');
  return (
    <div class="plot scroll" ref={box}>
      {width > 0 && (
        <svg class="bars-svg" width={width} height={Math.max(height, lanes.length * room + kBottom)} role="img" aria-label={`${p.panel.title || 'Timeline'}: ${lanes.length} lanes`}>
          {lanes.map((l, i) => (
            <g key={i}>
              <text x={left - 8} y={i * room + room / 2 + 4} text-anchor="end">{l.name.slice(0, Math.max(4, Math.floor(left / 6.4)))}<title>{l.name}</title></text>
              {l.blocks.map((b, k) => {
                const [a, e] = [x(b.from), x(b.to)];
                return (
                  <g key={k}>
                    <rect x={a} y={i * room + (room - bar) / 2} width={Math.max(1, e - a - (history ? 1 : 0))} height={bar} fill={b.color} fill-opacity="0.85" rx="1"><title>{`${l.name}: ${b.text}\n${formatDate(b.from * 1000, p.zone)} to ${formatDate(b.to * 1000, p.zone)}`}</title></rect>
                    {words !== 'never' && e - a > b.text.length * 7 + 8 && bar > 12 && <text x={a + 6} y={i * room + room / 2 + 4} style={{ fill: inkOn(b.color) }}>{b.text}</text>}
                  </g>
                );
              })}
            </g>
          ))}
          {ticks.map((t) => <text key={t} x={x(t)} y={lanes.length * room + 16} text-anchor="middle">{timeLabel(t, step, p.zone)}</text>)}
        </svg>
      )}
    </div>
  );
}
