// One cell of a table, drawn as its column wants it.
import { type Field, formattedValueToString } from '@grafana/data';
import { token, withAlpha } from '../../chart/colors';
import { inkOn } from '../../lib/ink';
import { object, text } from '../options';
import { wordColor } from '../words';

type Style = Record<string, string>;

function meterShare(f: Field, v: number): number {
  const range = f.state?.range;
  const [min, max] = [f.config.min ?? range?.min ?? 0, f.config.max ?? range?.max ?? 100];
  return Math.min(1, Math.max(0, (v - min) / (max - min || 1)));
}

function Trend({ value, color }: { value: unknown; color?: string }) {
  const fields = (value as { fields?: Field[] } | undefined)?.fields;
  const y = (fields?.find((f) => f.type === 'number')?.values ?? []).filter((v): v is number => typeof v === 'number' && Number.isFinite(v));
  if (y.length < 2) return null;
  const [lo, hi] = [Math.min(...y), Math.max(...y)];
  const points = y.map((v, i) => `${((100 * i) / (y.length - 1)).toFixed(1)},${(28 - (26 * (v - lo)) / (hi - lo || 1)).toFixed(1)}`).join(' ');
  return <svg class="cell-trend" viewBox="0 0 100 30" preserveAspectRatio="none" aria-hidden="true"><polyline points={points} fill="none" stroke={color ?? token('series-1')} stroke-width="1.5" vector-effect="non-scaling-stroke" /></svg>;
}

export const isRight = (f: Field): boolean => {
  const align = text(object(f.config.custom).align, 'auto');
  return align === 'right' || (align !== 'left' && align !== 'center' && f.type === 'number');
};

export function Cell({ field, row }: { field: Field; row: number }) {
  const value: unknown = field.values[row];
  const custom = object(field.config.custom);
  const options = object(custom.cellOptions);
  const type = text(options.type, 'auto');
  const shown = field.display?.(value);
  const words = shown ? formattedValueToString(shown).replace(/^-(?=[\d.])/, '\u2212') : value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
  const links = field.config.links?.length ? (field.getLinks?.({ valueRowIndex: row }) ?? []) : [];
  const style: Style = {};
  if (type === 'color-text' && shown?.color) style.color = wordColor(shown.color)!;
  if (type === 'color-background' && shown?.color) {
    const soft = text(options.mode, 'gradient') === 'gradient';
    style.background = soft ? `linear-gradient(120deg, ${withAlpha(shown.color, 0.85)}, ${shown.color})` : shown.color;
    style.color = inkOn(shown.color, token('bg-panel'));
  }
  const inside =
    type === 'gauge' && typeof value === 'number' && Number.isFinite(value) ? (
      <span class="row"><span class={'meter grow' + (options.mode === 'lcd' ? ' lcd' : '')} style={{ '--v': `${100 * meterShare(field, value)}%`, '--c': shown?.color ?? 'var(--series-1)' }}><i /></span>{text(options.valueDisplayMode) !== 'hidden' && <span style={text(options.valueDisplayMode) === 'text' ? undefined : { color: wordColor(shown?.color) }}>{words}</span>}</span>
    ) : field.type === 'frame' || type === 'sparkline' ? <Trend value={value} color={shown?.color} />
    : type === 'json-view' ? <code>{words}</code>
    : type === 'image' && /^data:image\//.test(words) ? <img src={words} alt="" height="24" />
    : type === 'data-links' ? links.map((l) => <a key={l.href} class="cell-link" href={l.href} target={l.target}>{l.title || l.href}</a>)
    : links[0] ? <a href={links[0].href} target={links[0].target} title={links[0].title}>{words}</a>
    : words;
  return <td class={(isRight(field) ? 'num' : custom.align === 'center' ? 'mid' : '') + (custom.wrapText ? ' wrap' : ' clip')} style={style} title={words}>{inside}</td>;
}
