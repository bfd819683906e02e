// Gauge: 240 degrees, a track, the value, and thresholds as a thin ring outside.
import { type DisplayValue, type Field, type FieldDisplay, FieldType, formattedValueToString } from '@grafana/data';
import { useEffect, useMemo } from 'preact/hooks';
import { useSize, useThemeTurn } from '../components/use';
import { colorByName } from './data/setup';
import { text } from './options';
import { kNoData, type VizProps } from './types';
import { displayValues, share } from './values';

const START = 150;
const SWEEP = 240;
const kLabelRoom = 20;

function point(r: number, share: number): string {
  const d = ((START + SWEEP * share) * Math.PI) / 180;
  return `${(50 + r * Math.cos(d)).toFixed(2)} ${(50 + r * Math.sin(d)).toFixed(2)}`;
}
const arc = (r: number, from: number, to: number) => `M${point(r, from)}A${r} ${r} 0 ${(to - from) * SWEEP > 180 ? 1 : 0} 1 ${point(r, to)}`;

const minus = (t: string) => t.replace(/^-(?=[\d.])/, '\u2212');

interface DialProps {
  value: DisplayValue;
  config: Pick<Field['config'], 'min' | 'max' | 'thresholds'>;
  ring: boolean;
  labels: boolean;
  title?: string;
}

function Dial({ value, config, ring, labels, title }: DialProps) {
  const min = config.min ?? 0;
  const max = config.max ?? 100;
  const at = (v: number) => Math.min(1, Math.max(0, (v - min) / (max - min || 1)));
  const steps = config.thresholds?.steps ?? [];
  const percent = config.thresholds?.mode === 'percentage';
  const bounds = steps.map((s) => (s.value === -Infinity || s.value === null ? 0 : percent ? Math.min(1, Math.max(0, s.value / 100)) : at(s.value)));
  const share = Number.isFinite(value.numeric) ? at(value.numeric) : 0;
  const words = formattedValueToString(value);
  const size = Math.max(6, Math.min(17, 90 / (words.length + 0.5)));
  return (
    <svg class="dial" viewBox="1 1 98 78" role="img" aria-label={`${title ? title + ': ' : ''}${words}`}>
      {ring && steps.map((s, i) => {
        const [a, b] = [bounds[i]!, bounds[i + 1] ?? 1];
        return b - a > 0.004 ? <path key={i} d={arc(46.5, a + (i ? 0.006 : 0), b)} stroke={colorByName(s.color)} stroke-width="1.5" fill="none" /> : null;
      })}
      <path d={arc(39, 0, 1)} stroke="var(--bg-raised)" stroke-width="9" fill="none" />
      {share > 0.001 && <path d={arc(39, 0, share)} stroke={value.color} stroke-width="9" fill="none" />}
      {labels && steps.slice(1).map((s, i) => <text key={i} x={point(48, bounds[i + 1]!).split(' ')[0]} y={point(48, bounds[i + 1]!).split(' ')[1]} class="dial-tick" text-anchor="middle">{s.value}</text>)}
      <text x="50" y="55" text-anchor="middle" font-size={size} font-weight="600" fill="var(--text)">
        {value.prefix}{minus(value.text)}<tspan font-size={size * 0.65} fill="var(--text-2)">{value.suffix}</tspan>
      </text>
    </svg>
  );
}

export function Gauge(p: VizProps) {
  const [box, { width, height }] = useSize<HTMLDivElement>();
  const turn = useThemeTurn();
  const values = useMemo((): FieldDisplay[] => displayValues(p.panel, p.frames, p.replace, p.zone), [p.frames, p.panel, turn]);
  const none = !p.frames.some((f) => f.length && f.fields.some((x) => x.type !== FieldType.time));
  useEffect(() => {
    if (none) p.onEmpty(p.panel.fieldConfig.defaults.noValue || kNoData);
    else p.onDrawn();
  }, [values]);
  const o = p.panel.options;
  const { columns, rows } = share(values.length, width, height, text(o.orientation, 'auto') === 'auto' ? 'auto' : text(o.orientation) === 'horizontal' ? 'vertical' : 'horizontal');
  const many = values.length > 1;
  return (
    <div class="viz-cells" ref={box} style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`, gridTemplateRows: `repeat(${rows}, minmax(0, 1fr))` }}>
      {width > 0 && values.map((v, i) => {
        const named = many && !!v.display.title && height / rows > 3 * kLabelRoom;
        return (
          <div key={i} class="gauge-cell" title={formattedValueToString(v.display)}>
            <Dial value={v.display} config={v.field} ring={o.showThresholdMarkers !== false} labels={o.showThresholdLabels === true} title={v.display.title} />
            {named && <div class="gauge-name clip">{v.display.title}</div>}
          </div>
        );
      })}
    </div>
  );
}
