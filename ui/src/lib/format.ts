// Figures for our own pages: three significant digits, a thin space before the unit, a real minus.

const kThin = '\u202f';
const kMinus = '\u2212';

function three(v: number): string {
  const a = Math.abs(v);
  if (a === 0) return '0';
  if (a >= 100 || Number.isInteger(v)) return v.toFixed(0);
  if (a < 1e-4) return v.toExponential(2);
  return String(Number(v.toPrecision(3)));
}

function scaled(v: number, base: number, units: string[]): string {
  if (!Number.isFinite(v)) return v > 0 ? '+Inf' : v < 0 ? '-Inf' : 'NaN';
  let i = 0;
  let a = Math.abs(v);
  while (a >= base && i < units.length - 1) {
    a /= base;
    i++;
  }
  return (v < 0 ? kMinus : '') + three(a) + (units[i] ? kThin + units[i] : '');
}

export const count = (v: number): string => scaled(v, 1000, ['', 'k', 'M', 'G', 'T', 'P', 'E']);
export const bytes = (v: number): string => scaled(v, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']);
export const bytesPerSecond = (v: number): string => scaled(v, 1000, ['B/s', 'kB/s', 'MB/s', 'GB/s', 'TB/s']);
export const percent = (share: number): string => three(share * 100).replace('-', kMinus) + '%';
export const whole = (v: number): string => Math.round(v).toLocaleString('en');

export function seconds(v: number): string {
  const a = Math.abs(v);
  if (a === 0) return `0${kThin}s`;
  if (a < 1e-3) return three(v * 1e6) + kThin + 'µs';
  if (a < 1) return three(v * 1e3) + kThin + 'ms';
  return three(v) + kThin + 's';
}

export const plural = (n: number, one: string, many = one + 's'): string => `${whole(n)} ${n === 1 ? one : many}`;
