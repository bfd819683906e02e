// Durations as Prometheus and dashboards write them: "1h30m", "15s", "500ms".

const UNITS: [string, number][] = [
  ['y', 365 * 864e5], ['w', 7 * 864e5], ['d', 864e5], ['h', 36e5], ['m', 6e4], ['s', 1e3], ['ms', 1],
];
const kMs: Record<string, number> = { ...Object.fromEntries(UNITS), M: 30 * 864e5 };

// Milliseconds, or undefined when the text is no duration. A bare number counts seconds.
export function parseDuration(text: string): number | undefined {
  const t = text.trim();
  if (/^\d+(\.\d+)?$/.test(t)) return Number(t) * 1000;
  if (!/^(\d+(\.\d+)?(ms|[smhdwMy]))+$/.test(t)) return undefined;
  let sum = 0;
  for (const [, n, unit] of t.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdwMy])/g)) sum += Number(n) * kMs[unit!]!;
  return sum;
}

// "1h30m": exact, largest units first.
export function formatDuration(ms: number): string {
  if (ms <= 0) return '0s';
  let rest = Math.round(ms);
  let out = '';
  for (const [unit, size] of UNITS) {
    const n = Math.floor(rest / size);
    if (n && !(unit === 'y' && rest % size)) {
      out += n + unit;
      rest -= n * size;
    }
  }
  return out;
}

// The largest whole unit, as dashboards show $__interval: 90000 is "1m".
export function largestUnit(ms: number): string {
  for (const [unit, size] of UNITS) if (unit !== 'w' && ms >= size) return Math.floor(ms / size) + unit;
  return '1ms';
}

// For reading: "4 s", "18 min", "3 h 5 min", "41 days".
export function longDuration(ms: number): string {
  const s = ms / 1000;
  if (s < 1) return `${Math.round(ms)} ms`;
  if (s < 60) return `${s < 10 && s % 1 ? s.toFixed(1) : Math.round(s)} s`;
  const min = Math.round(s / 60);
  if (min < 60) return `${min} min`;
  const h = Math.floor(min / 60);
  if (h < 24) return min % 60 ? `${h} h ${min % 60} min` : `${h} h`;
  const d = Math.floor(h / 24);
  return `${d} ${d === 1 ? 'day' : 'days'}`;
}

export function ago(ms: number): string {
  return ms < 0 ? 'in ' + longDuration(-ms) : longDuration(ms) + ' ago';
}
