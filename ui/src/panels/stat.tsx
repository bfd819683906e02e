// Stat: figures with their names, over a small curve.
import { type FieldDisplay, FieldType, formattedValueToString } from '@grafana/data';
import { useEffect, useMemo } from 'preact/hooks';
import { token, withAlpha } from '../chart/colors';
import { useSize, useThemeTurn } from '../components/use';
import { inkOn, toRgb } from '../lib/ink';
import { Figure } from './figure';
import { object, text } from './options';
import { kNoData, type VizProps } from './types';
import { displayValues, fontFor, share } from './values';
import { wordColor } from './words';

function Curve({ value, color }: { value: FieldDisplay; color: string }) {
  const y = (value.sparkline?.y.values ?? []) as (number | null)[];
  const xs = (value.sparkline?.x?.values ?? y.map((_, i) => i)) as number[];
  const good = y.filter((v): v is number => typeof v === 'number' && Number.isFinite(v));
  if (good.length < 2) return null;
  const [lo, hi] = [Math.min(...good), Math.max(...good)];
  const [x0, x1] = [xs[0]!, xs.at(-1)!];
  const points = y.map((v, i) => (typeof v === 'number' && Number.isFinite(v) ? `${((100 * (xs[i]! - x0)) / (x1 - x0 || 1)).toFixed(2)},${(hi === lo ? 60 : 94 - (88 * (v - lo)) / (hi - lo)).toFixed(2)}` : '')).filter(Boolean);
  return (
    <svg class="spark" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
      <polygon points={`0,100 ${points.join(' ')} 100,100`} fill={withAlpha(color, 0.14)} />
      <polyline points={points.join(' ')} fill="none" stroke={color} stroke-width="1.5" vector-effect="non-scaling-stroke" />
    </svg>
  );
}

function Cell({ v, panel, width, height, many }: { v: FieldDisplay; panel: VizProps['panel']; width: number; height: number; many: boolean }) {
  const o = panel.options;
  const mode = text(o.textMode, 'auto');
  const colorMode = text(o.colorMode, 'value');
  const color = v.display.color ?? token('text');
  const filled = colorMode.startsWith('background') && toRgb(color)?.alpha !== 0;
  const ink = filled ? inkOn(color, token('bg-panel')) : undefined;
  const showName = mode === 'value_and_name' || mode === 'name' || (mode === 'auto' && many);
  const showValue = mode !== 'name' && mode !== 'none';
  const whole = formattedValueToString(v.display);
  const curve = text(o.graphMode, 'area') === 'area' && v.sparkline && height > 56;
  const nameRoom = showName && showValue ? 20 : 0;
  const room = height - nameRoom - (curve ? Math.min(48, height * 0.35) : 0) - 8;
  const label = mode === 'name' ? (v.display.title ?? '') : whole;
  const given = Number(object(o.text)[mode === 'name' ? 'titleSize' : 'valueSize']);
  const size = Math.min(given > 0 ? given : Infinity, fontFor(label.length + 0.5, width - 24, room));
  const link = v.hasLinks ? v.getLinks?.()[0] : undefined;
  const body = (
    <>
      {showName && showValue && <div class="stat-name clip">{v.display.title}</div>}
      {showName && !showValue && <div class="stat-figure clip" style={{ fontSize: `${size}px` }}>{v.display.title}</div>}
      {showValue && <Figure value={v.display} size={size} color={colorMode === 'value' ? wordColor(v.display.color, size >= 24) : undefined} />}
      {curve && <div class="stat-curve"><Curve value={v} color={filled ? ink! : colorMode === 'none' ? token('series-1') : color} /></div>}
    </>
  );
  const cls = 'stat-cell' + (text(o.justifyMode) === 'center' || (!many && !curve && height < 90) ? ' center' : '');
  const style = filled ? { background: color, color: ink } : undefined;
  return link ? <a class={cls} style={style} href={link.href} target={link.target} title={link.title || whole}>{body}</a> : <div class={cls} style={style} title={whole}>{body}</div>;
}

export function Stat(p: VizProps) {
  const [box, { width, height }] = useSize<HTMLDivElement>();
  const turn = useThemeTurn();
  const values = useMemo(() => displayValues(p.panel, p.frames, p.replace, p.zone, text(p.panel.options.graphMode, 'area') === 'area'), [p.frames, p.panel, turn]);
  const none = !p.frames.some((f) => f.length && f.fields.some((x) => x.type !== FieldType.time));
  useEffect(() => {
    if (none) p.onEmpty(p.panel.fieldConfig.defaults.noValue || kNoData);
    else p.onDrawn();
  }, [values]);
  const { columns, rows } = share(values.length, width, height, text(p.panel.options.orientation, 'auto'));
  return (
    <div class="viz-cells" ref={box} style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`, gridTemplateRows: `repeat(${rows}, minmax(0, 1fr))` }}>
      {width > 0 && values.map((v, i) => <Cell key={i} v={v} panel={p.panel} width={width / columns} height={height / rows} many={values.length > 1} />)}
    </div>
  );
}
