// Time ranges as people write them: "now-6h", "now/d", ISO dates, epoch milliseconds.

export interface Range {
  from: string;
  to: string;
}
export interface Span {
  from: number; // epoch milliseconds
  to: number;
}

const MS: Record<string, number> = { ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5 };
const kWord: Record<string, string> = {
  s: 'second', m: 'minute', h: 'hour', d: 'day', w: 'week', M: 'month', Q: 'quarter', y: 'year',
};

// 'browser', 'utc' or an IANA name, as a name Intl knows; undefined means the browser's own.
export function zoneName(zone: string | undefined): string | undefined {
  if (!zone || zone === 'browser' || zone === 'default') return undefined;
  return zone.toLowerCase() === 'utc' ? 'UTC' : zone;
}

const formatters = new Map<string, Intl.DateTimeFormat>();
function formatter(zone: string | undefined, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = zone + JSON.stringify(options);
  let f = formatters.get(key);
  if (!f) {
    try {
      f = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', ...options });
    } catch {
      f = new Intl.DateTimeFormat('en-GB', { hourCycle: 'h23', ...options });
    }
    formatters.set(key, f);
  }
  return f;
}

const kAll: Intl.DateTimeFormatOptions = {
  year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
};

export interface Parts {
  year: number;
  month: number; // 1 to 12
  day: number;
  hour: number;
  minute: number;
  second: number;
}

export function partsIn(ms: number, zone?: string): Parts {
  const out: Record<string, number> = {};
  for (const p of formatter(zoneName(zone), kAll).formatToParts(ms)) out[p.type] = Number(p.value);
  return out as unknown as Parts;
}

// The instant that reads as these parts in the zone.
export function fromParts(p: Parts, zone?: string): number {
  const wanted = Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second);
  let guess = wanted;
  for (let i = 0; i < 2; i++) {
    const q = partsIn(guess, zone);
    guess += wanted - Date.UTC(q.year, q.month - 1, q.day, q.hour, q.minute, q.second);
  }
  return guess;
}

function shift(ms: number, amount: number, unit: string, zone?: string): number {
  if (unit === 's' || unit === 'm' || unit === 'h') return ms + amount * MS[unit]!;
  const p = partsIn(ms, zone);
  if (unit === 'd') p.day += amount;
  if (unit === 'w') p.day += amount * 7;
  if (unit === 'M') p.month += amount;
  if (unit === 'Q') p.month += amount * 3;
  if (unit === 'y') p.year += amount;
  if (unit === 'M' || unit === 'Q' || unit === 'y') {
    const days = new Date(Date.UTC(p.year, p.month, 0)).getUTCDate();
    p.day = Math.min(p.day, days);
  }
  return fromParts(p, zone) + (ms % 1000);
}

function floor(ms: number, unit: string, zone?: string): number {
  const p = partsIn(ms, zone);
  if (unit === 'w') p.day -= (new Date(Date.UTC(p.year, p.month - 1, p.day)).getUTCDay() + 6) % 7;
  if (unit === 'Q') p.month -= (p.month - 1) % 3;
  if (unit === 'y') p.month = 1;
  if (unit === 'M' || unit === 'Q' || unit === 'y') p.day = 1;
  if (unit !== 's' && unit !== 'm' && unit !== 'h') p.hour = 0;
  if (unit !== 's' && unit !== 'm') p.minute = 0;
  if (unit !== 's') p.second = 0;
  return fromParts(p, zone);
}

// Milliseconds since the epoch, or undefined when the text is no time. `up` rounds "/d" to the end.
export function parseTime(text: string, now: number, up = false, zone?: string): number | undefined {
  const t = text.trim();
  const relative = /^now((?:[+-]\d+[smhdwMQy])*)((?:\/f?[smhdwMQy])?)((?:[+-]\d+[smhdwMQy])*)$/.exec(t);
  if (relative) {
    let at = now;
    for (const [, sign, n, unit] of (relative[1] ?? '').matchAll(/([+-])(\d+)(\w)/g))
      at = shift(at, Number(sign + n!), unit!, zone);
    const unit = relative[2]?.replace(/^\/f?/, '');
    if (unit) at = up ? shift(floor(at, unit, zone), 1, unit, zone) - 1 : floor(at, unit, zone);
    for (const [, sign, n, u] of (relative[3] ?? '').matchAll(/([+-])(\d+)(\w)/g))
      at = shift(at, Number(sign + n!), u!, zone);
    return at;
  }
  if (/^\d{9,10}$/.test(t)) return Number(t) * 1000;
  if (/^\d{11,14}$/.test(t)) return Number(t);
  const date = /^(\d{4})-(\d\d?)(?:-(\d\d?))?(?:[ T](\d\d?):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?$/.exec(t);
  if (date) {
    const [y, mo, d, h, mi, s] = date.slice(1).map((v) => (v === undefined ? undefined : Number(v)));
    const p = { year: y!, month: mo!, day: d ?? 1, hour: h ?? 0, minute: mi ?? 0, second: s ?? 0 };
    if (p.month > 12 || p.month < 1 || p.day > 31 || p.day < 1 || p.hour > 23 || p.minute > 59) return undefined;
    const at = fromParts(p, zone);
    return h === undefined && up ? at + MS.d! - 1 : at;
  }
  const iso = /^\d{4}-\d\d-\d\dT/.test(t) ? Date.parse(t) : NaN;
  return Number.isNaN(iso) ? undefined : iso;
}

export function resolve(range: Range, now: number, zone?: string): Span {
  const to = parseTime(range.to, now, true, zone) ?? now;
  const from = parseTime(range.from, now, false, zone) ?? to - MS.h!;
  return from < to ? { from, to } : { from: to - MS.h!, to };
}

export const isRelative = (range: Range): boolean => range.to.includes('now') || range.from.includes('now');

const two = (n: number) => String(n).padStart(2, '0');

export function formatDate(ms: number, zone?: string, { seconds = true, date = true } = {}): string {
  const p = partsIn(ms, zone);
  const time = `${two(p.hour)}:${two(p.minute)}${seconds ? ':' + two(p.second) : ''}`;
  return date ? `${p.year}-${two(p.month)}-${two(p.day)} ${time}` : time;
}

// "Last 1 hour", "Today", "2026-11-20 09:00 to 10:30".
export function describe(range: Range, zone?: string): string {
  const last = /^now-(\d+)([smhdwMQy])$/.exec(range.from);
  if (last && range.to === 'now') return `Last ${last[1]} ${kWord[last[2]!]}${last[1] === '1' ? '' : 's'}`;
  const whole = /^now(?:-(\d+)([dwMy]))?\/([dwMy])$/.exec(range.from);
  if (whole && (range.to === range.from || (range.to === 'now' && !whole[1]))) {
    const word = kWord[whole[3]!]!;
    if (!whole[1]) return (word === 'day' ? 'Today' : `This ${word}`) + (range.to === 'now' ? ' so far' : '');
    return word === 'day' && whole[1] === '1' ? 'Yesterday' : `Previous ${word}`;
  }
  const show = (text: string, up: boolean) => {
    if (text.includes('now')) return text;
    const at = parseTime(text, 0, up, zone);
    return at === undefined ? text : formatDate(at, zone);
  };
  const [a, b] = [show(range.from, false), show(range.to, true)];
  return a.slice(0, 10) === b.slice(0, 10) && b.length > 10 ? `${a} to ${b.slice(11)}` : `${a} to ${b}`;
}
