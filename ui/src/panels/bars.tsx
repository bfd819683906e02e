// Upright or lying bars with an axis: what histograms and bar charts draw with.
import { token } from '../chart/colors';

export interface Bar {
  label: string;
  parts: { value: number; color: string; name: string; text: string }[];
}
interface Props {
  bars: Bar[];
  width: number;
  height: number;
  stacked: boolean;
  lying: boolean;
  share: number; // of the room a bar takes
  showValues: boolean;
  format: (v: number) => string;
  label: string;
  rotate?: number;
}

function niceTop(v: number): number[] {
  if (!(v > 0)) return [0, 1];
  const raw = v / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw)!;
  return Array.from({ length: Math.ceil(v / step) + 1 }, (_, i) => i * step);
}

export function Bars({ bars, width, height, stacked, lying, share, showValues, format, label, rotate = 0 }: Props) {
  const most = Math.max(0, ...bars.map((b) => (stacked ? b.parts.reduce((n, p) => n + Math.max(0, p.value), 0) : Math.max(0, ...b.parts.map((p) => p.value)))));
  const ticks = niceTop(most);
  const top = ticks.at(-1)!;
  const left = lying ? Math.min(width * 0.4, 12 + 6 * Math.max(4, ...bars.map((b) => b.label.length))) : 14 + 6 * Math.max(...ticks.map((t) => format(t).length));
  const bottom = !lying && rotate ? 56 : 24;
  const [w, h] = [Math.max(1, width - left - 12), Math.max(1, height - bottom - 8)];
  const room = (lying ? h : w) / Math.max(1, bars.length);
  const every = Math.max(1, Math.ceil((lying ? 16 : 7 * Math.max(2, ...bars.map((b) => Math.min(20, b.label.length)))) / room / (rotate ? 3 : 1)));
  const along = (v: number) => (Math.max(0, v) / top) * (lying ? w : h);
  return (
    <svg class="bars-svg" width={width} height={height} role="img" aria-label={`${label}: ${bars.length} bars`}>
      {ticks.map((t) =>
        lying ? <g key={t}><line x1={left + along(t)} x2={left + along(t)} y1={8} y2={8 + h} stroke={token('grid')} /><text x={left + along(t)} y={height - 6} text-anchor="middle">{format(t)}</text></g>
        : <g key={t}><line x1={left} x2={left + w} y1={8 + h - along(t)} y2={8 + h - along(t)} stroke={token('grid')} /><text x={left - 8} y={12 + h - along(t)} text-anchor="end">{format(t)}</text></g>,
      )}
      {bars.map((b, i) => {
        const each = (room * share) / (stacked ? 1 : Math.max(1, b.parts.length));
        let sum = 0;
        const at = room * i + (room * (1 - share)) / 2;
        return (
          <g key={i}>
            {b.parts.map((p, k) => {
              const size = along(p.value);
              const begin = stacked ? sum : 0;
              if (stacked) sum += size;
              const side = at + (stacked ? 0 : each * k);
              return (
                <rect key={k} fill={p.color} fill-opacity="0.85" {...(lying ? { x: left + begin, y: 8 + side, width: size, height: Math.max(1, each) } : { x: left + side, y: 8 + h - begin - size, width: Math.max(1, each), height: size })}>
                  <title>{`${b.label} ${p.name}: ${p.text}`}</title>
                </rect>
              );
            })}
            {showValues && each > 24 && !stacked && b.parts.map((p, k) => (lying ? <text key={k} x={left + along(p.value) + 4} y={12 + at + each * (k + 0.5)}>{p.text}</text> : <text key={k} x={left + at + each * (k + 0.5)} y={4 + h - along(p.value)} text-anchor="middle">{p.text}</text>))}
            {i % every === 0 && (lying ? <text x={left - 8} y={12 + at + (room * share) / 2} text-anchor="end">{b.label.slice(0, Math.floor(left / 6))}</text>
              : <text x={left + room * (i + 0.5)} y={8 + h + 16} text-anchor={rotate ? 'end' : 'middle'} transform={rotate ? `rotate(${rotate > 0 ? -rotate : rotate} ${left + room * (i + 0.5)} ${8 + h + 16})` : undefined}>{b.label.slice(0, 24)}</text>)}
          </g>
        );
      })}
    </svg>
  );
}
