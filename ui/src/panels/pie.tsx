// Pie and donut: slices by size, with a legend of values and shares.
import { type FieldDisplay, formattedValueToString } from '@grafana/data';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { token } from '../chart/colors';
import { useThemeTurn } from '../components/use';
import { inkOn } from '../lib/ink';
import { legendOptions, object, text } from './options';
import { kNoData, type VizProps } from './types';
import { displayValues } from './values';

interface Slice {
  v: FieldDisplay;
  from: number; // shares of the circle
  to: number;
  color: string;
}

function slices(values: FieldDisplay[], off: ReadonlySet<string>, sort: string): Slice[] {
  const good = values.filter((v) => v.display.numeric > 0 && Number.isFinite(v.display.numeric) && !off.has(v.display.title ?? ''));
  if (sort !== 'none') good.sort((a, b) => (sort === 'asc' ? 1 : -1) * (a.display.numeric - b.display.numeric));
  const total = good.reduce((n, v) => n + v.display.numeric, 0);
  let at = 0;
  return good.map((v) => {
    const from = at;
    at += v.display.numeric / total;
    return { v, from, to: at, color: v.display.color ?? token('series-1') };
  });
}

const on = (r: number, share: number) => `${(50 + r * Math.sin(share * 2 * Math.PI)).toFixed(3)} ${(50 - r * Math.cos(share * 2 * Math.PI)).toFixed(3)}`;

function shape(from: number, to: number, inner: number): string {
  const R = 48;
  if (to - from > 0.9999) return `M50 2A48 48 0 1 1 49.99 2Z` + (inner ? `M50 ${50 - inner}A${inner} ${inner} 0 1 0 50.01 ${50 - inner}Z` : '');
  const big = to - from > 0.5 ? 1 : 0;
  return inner
    ? `M${on(R, from)}A${R} ${R} 0 ${big} 1 ${on(R, to)}L${on(inner, to)}A${inner} ${inner} 0 ${big} 0 ${on(inner, from)}Z`
    : `M50 50L${on(R, from)}A${R} ${R} 0 ${big} 1 ${on(R, to)}Z`;
}

const percent = (share: number) => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)}%`;

export function Pie(p: VizProps) {
  const turn = useThemeTurn();
  const [off, setOff] = useState<ReadonlySet<string>>(new Set());
  const values = useMemo(() => displayValues(p.panel, p.frames, p.replace, p.zone), [p.frames, p.panel, turn]);
  const o = p.panel.options;
  const all = useMemo(() => slices(values, off, text(o.sort, 'desc')), [values, off]);
  const some = values.some((v) => Number.isFinite(v.display.numeric));
  useEffect(() => {
    if (!some) p.onEmpty(p.panel.fieldConfig.defaults.noValue || kNoData);
    else p.onDrawn();
  }, [values]);
  if (!some) return null;
  const legend = legendOptions(o);
  const extra = Array.isArray(object(o.legend).values) ? (object(o.legend).values as unknown[]).map(String) : [];
  const labels = Array.isArray(o.displayLabels) ? o.displayLabels.map(String) : [];
  const inner = text(o.pieType, 'pie') === 'donut' ? 30 : 0;
  const shareOf = (v: FieldDisplay) => all.find((s) => s.v === v);
  const toggle = (name: string) => setOff((s) => { const n = new Set(s); if (!n.delete(name)) n.add(name); return n; });
  return (
    <div class={'viz-chart' + (legend.right && legend.shown ? ' right' : '')}>
      <div class="pie-box">
        <svg viewBox="0 0 100 100" role="img" aria-label={`${p.panel.title || 'Pie'}: ${all.map((s) => `${s.v.display.title} ${percent(s.to - s.from)}`).join(', ')}`}>
          {!all.length && <circle cx="50" cy="50" r="48" fill="var(--bg-raised)" />}
          {all.map((s, i) => (
            <path key={i} d={shape(s.from, s.to, inner)} fill={s.color} stroke="var(--bg-panel)" stroke-width="0.6" fill-rule="evenodd"><title>{`${s.v.display.title}: ${formattedValueToString(s.v.display)} (${percent(s.to - s.from)})`}</title></path>
          ))}
          {labels.length > 0 && all.filter((s) => s.to - s.from > 0.05).map((s, i) => {
            const [x, y] = on(inner ? 39 : 32, (s.from + s.to) / 2).split(' ');
            const words = [labels.includes('name') && s.v.display.title, labels.includes('value') && formattedValueToString(s.v.display), labels.includes('percent') && percent(s.to - s.from)].filter(Boolean);
            return <text key={i} x={x} y={y} class="pie-label" text-anchor="middle" fill={inkOn(s.color)}>{words.join(' ')}</text>;
          })}
        </svg>
      </div>
      {legend.shown && (
        <div class="legend-box">
          <table class="table legend-table">
            {extra.length > 0 && <thead><tr><th scope="col">Name</th>{extra.includes('value') && <th scope="col" class="num">Value</th>}{extra.includes('percent') && <th scope="col" class="num">Share</th>}</tr></thead>}
            <tbody>
              {values.map((v, i) => {
                const s = shareOf(v);
                const name = v.display.title ?? '';
                return (
                  <tr key={i}>
                    <td><button class={off.has(name) ? 'off' : ''} aria-pressed={!off.has(name)} onClick={() => toggle(name)}><span class="key" style={{ '--c': v.display.color }} /><span class="clip">{name || 'no name'}</span></button></td>
                    {extra.includes('value') && <td class="num">{formattedValueToString(v.display)}</td>}
                    {extra.includes('percent') && <td class="num">{s ? percent(s.to - s.from) : ''}</td>}
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}
