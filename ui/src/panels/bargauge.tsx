// Bar gauge: one bar a value, lying or standing.
import { type FieldDisplay, FieldType, formattedValueToString } from '@grafana/data';
import { useEffect, useMemo } from 'preact/hooks';
import { withAlpha } from '../chart/colors';
import { useSize, useThemeTurn } from '../components/use';
import { colorByName } from './data/setup';
import { text } from './options';
import { kNoData, type VizProps } from './types';
import { displayValues } from './values';
import { wordColor } from './words';

const kLcdCell = 8;

function barStyle(v: FieldDisplay, mode: string, across: boolean): Record<string, string> {
  const color = v.display.color ?? 'var(--series-1)';
  if (mode === 'basic') return { background: withAlpha(color, 0.85) };
  const steps = v.field.thresholds?.steps ?? [];
  const dir = across ? 'to right' : 'to top';
  if (mode === 'gradient' && v.field.color?.mode === 'thresholds' && steps.length > 1) {
    const [min, max] = [v.field.min ?? 0, v.field.max ?? 100];
    const share = Math.max(0.01, ((v.display.numeric ?? 0) - min) / (max - min || 1));
    const stops = steps.map((s) => `${colorByName(s.color)} ${Math.max(0, Math.min(100, (100 * ((s.value === -Infinity ? min : s.value) - min)) / (max - min || 1) / share)).toFixed(1)}%`);
    return { background: `linear-gradient(${dir}, ${stops.join(', ')})` };
  }
  return { background: `linear-gradient(${dir}, ${withAlpha(color, 0.45)}, ${color})` };
}

function Bar({ v, mode, across, unfilled }: { v: FieldDisplay; mode: string; across: boolean; unfilled: boolean }) {
  const [min, max] = [v.field.min ?? 0, v.field.max ?? 100];
  const share = Number.isFinite(v.display.numeric) ? Math.min(1, Math.max(0, (v.display.numeric - min) / (max - min || 1))) : 0;
  const size = `${Math.max(share * 100, 0.5).toFixed(2)}%`;
  const lcd = mode === 'lcd';
  return (
    <div class={'bar-track' + (lcd ? ' lcd' : '') + (unfilled ? '' : ' bare')} style={{ '--cell': `${kLcdCell}px` }} role="img" aria-label={`${v.display.title ?? ''} ${formattedValueToString(v.display)}`}>
      <i style={{ ...barStyle(v, lcd ? 'basic' : mode, across), ...(across ? { width: size, height: '100%' } : { height: size, width: '100%' }) }} />
    </div>
  );
}

export function BarGauge(p: VizProps) {
  const [box, { width, height }] = useSize<HTMLDivElement>();
  const turn = useThemeTurn();
  const values = useMemo(() => displayValues(p.panel, p.frames, p.replace, p.zone), [p.frames, p.panel, turn]);
  const none = !p.frames.some((f) => f.length && f.fields.some((x) => x.type !== FieldType.time));
  useEffect(() => {
    if (none) p.onEmpty(p.panel.fieldConfig.defaults.noValue || kNoData);
    else p.onDrawn();
  }, [values]);
  const o = p.panel.options;
  const wanted = text(o.orientation, 'auto');
  const across = wanted === 'horizontal' || (wanted === 'auto' && (width < height * 1.5 || values.length > 8));
  const mode = text(o.displayMode, 'gradient');
  const valueMode = text(o.valueMode, 'color');
  const naming = text(o.namePlacement, 'auto');
  const named = naming !== 'hidden' && (values.length > 1 || values.some((v) => v.display.title));
  const beside = across && (naming === 'left' || (naming === 'auto' && height / Math.max(1, values.length) < 44));
  return (
    <div class={`bargauge ${across ? 'across' : 'up'}${beside ? ' beside' : ''}`} ref={box} style={{ '--name-length': Math.max(0, ...values.map((v) => (v.display.title ?? '').length)), '--value-length': Math.max(0, ...values.map((v) => formattedValueToString(v.display).length)) }}>
      {values.map((v, i) => (
        <div key={i} class="bargauge-item" title={`${v.display.title ?? ''}: ${formattedValueToString(v.display)}`}>
          {named && <span class="bargauge-name clip">{v.display.title}</span>}
          <Bar v={v} mode={mode} across={across} unfilled={o.showUnfilled !== false} />
          {valueMode !== 'hidden' && <span class="bargauge-value nowrap" style={valueMode === 'color' ? { color: wordColor(v.display.color) } : undefined}>{formattedValueToString(v.display)}</span>}
        </div>
      ))}
    </div>
  );
}
