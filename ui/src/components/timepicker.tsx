// The time range in words; the popup takes absolute times, quick ranges and the time zone.
import { useState } from 'preact/hooks';
import { readPref, writePref } from '../lib/prefs';
import { describe, formatDate, parseTime, type Range, resolve } from '../lib/time';
import { Icon } from './icon';
import { Drop } from './popup';
import { useShortcut } from './use';

const QUICK = ['5m', '15m', '30m', '1h', '3h', '6h', '12h', '24h', '2d', '7d', '30d', '90d'].map((d) => ({ from: 'now-' + d, to: 'now' }));
const WHOLE: Range[] = [{ from: 'now/d', to: 'now/d' }, { from: 'now-1d/d', to: 'now-1d/d' }, { from: 'now/w', to: 'now/w' }];
const ZONES = ['browser', 'utc'];

interface Props {
  range: Range;
  zone?: string;
  onChange: (range: Range) => void;
  onZone?: (zone: string) => void;
}

// "90m" and "2d" count back from now.
export function readField(text: string): string {
  const t = text.trim();
  return /^\d+[smhdwMy]$/.test(t) ? 'now-' + t : t === 'today' ? 'now/d' : t;
}

export function moved(range: Range, zone: string | undefined, by: number, now = Date.now()): Range {
  const { from, to } = resolve(range, now, zone);
  const step = (to - from) * by;
  return { from: String(Math.round(from + step)), to: String(Math.round(to + step)) };
}

export function widened(range: Range, zone: string | undefined, now = Date.now()): Range {
  const { from, to } = resolve(range, now, zone);
  const half = (to - from) / 2;
  return { from: String(Math.round(from - half)), to: String(Math.round(Math.min(to + half, now))) };
}

function Choices({ range, zone, onChange, onZone, close }: Props & { close: () => void }) {
  const show = (text: string, up: boolean) => (text.includes('now') ? text : formatDate(parseTime(text, Date.now(), up, zone) ?? Date.now(), zone));
  const [from, setFrom] = useState(show(range.from, false));
  const [to, setTo] = useState(show(range.to, true));
  const lately = readPref<Range[]>('ranges', []);
  const a = parseTime(readField(from), Date.now(), false, zone);
  const b = parseTime(readField(to), Date.now(), true, zone);
  const wrong = a === undefined ? 'From is no time.' : b === undefined ? 'To is no time.' : a >= b ? 'To is before From.' : '';
  const pick = (r: Range) => {
    close();
    onChange(r);
  };
  const apply = () => {
    if (wrong) return;
    const stamp = (text: string, ms: number) => (readField(text).includes('now') ? readField(text) : String(ms));
    const r = { from: stamp(from, a!), to: stamp(to, b!) };
    writePref('ranges', [r, ...lately.filter((l) => l.from !== r.from || l.to !== r.to)].slice(0, 4));
    pick(r);
  };
  const enter = (e: KeyboardEvent) => e.key === 'Enter' && apply();
  const option = (r: Range) => {
    const here = r.from === range.from && r.to === range.to;
    return (
      <button key={r.from + r.to} class="opt" aria-current={here ? 'true' : undefined} onClick={() => pick(r)}>
        <span class="grow">{describe(r, zone)}</span>
        {here && <Icon name="check" class="accent-t" />}
      </button>
    );
  };
  return (
    <div class="when">
      <div class="when-fields">
        <label class="field">From<input class="input" autofocus value={from} onInput={(e) => setFrom(e.currentTarget.value)} onKeyDown={enter} aria-invalid={a === undefined} /></label>
        <label class="field">To<input class="input" value={to} onInput={(e) => setTo(e.currentTarget.value)} onKeyDown={enter} aria-invalid={!!wrong && a !== undefined} /></label>
        <span class={'small ' + (wrong ? 'critical-t' : 'faint')}>{wrong || 'now-6h, 90m, today, a date, an epoch'}</span>
        <div class="row">
          <button class="btn primary" disabled={!!wrong} title={wrong} onClick={apply}>Apply</button>
          {onZone && (
            <select class="select" aria-label="Time zone" value={zone ?? 'browser'} onChange={(e) => onZone(e.currentTarget.value)}>
              {[...new Set([...ZONES, zone ?? 'browser'])].map((z) => <option key={z} value={z}>{z === 'browser' ? 'Browser time' : z === 'utc' ? 'UTC' : z}</option>)}
            </select>
          )}
        </div>
        {lately.length > 0 && <div class="small faint">Used lately</div>}
        {lately.map(option)}
      </div>
      <div class="when-quick">{[...QUICK, ...WHOLE].map(option)}</div>
    </div>
  );
}

export function TimePicker(props: Props) {
  const { range, zone, onChange } = props;
  useShortcut('t ArrowLeft', 'Earlier by half the range', () => onChange(moved(range, zone, -0.5)));
  useShortcut('t ArrowRight', 'Later by half the range', () => onChange(moved(range, zone, 0.5)));
  useShortcut('t z', 'Widen the time range', () => onChange(widened(range, zone)));
  return (
    <span class="join" role="group" aria-label="Time range">
      <button class="btn icon wide-only" aria-label="Earlier" title="Earlier" onClick={() => onChange(moved(range, zone, -0.5))}>‹</button>
      <Drop toRight button={<><Icon name="clock" /><span class="when-label">{describe(range, zone)}</span><Icon name="chevron" class="wide-only" /></>}>
        {(close) => <Choices {...props} close={close} />}
      </Drop>
      <button class="btn icon wide-only" aria-label="Later" title="Later" onClick={() => onChange(moved(range, zone, 0.5))}>›</button>
      <button class="btn icon wide-only" aria-label="Widen" title="Widen the range" onClick={() => onChange(widened(range, zone))}>−</button>
    </span>
  );
}
