// Stands in for moment-timezone and its 200 KB of tables: the browser knows the zones already.
import moment from 'moment';
import { partsIn } from '../lib/time';

type Zone = { name: string };

function zone(name: string): Zone | null {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return { name };
  } catch {
    return null;
  }
}

// Minutes east of UTC at that instant.
function offset(ms: number, name: string): number {
  const p = partsIn(ms, name);
  return Math.round((Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second) - Math.floor(ms / 1000) * 1000) / 60_000);
}

const guess = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;
const names = (): string[] => (Intl as unknown as { supportedValuesOf?: (key: string) => string[] }).supportedValuesOf?.('timeZone') ?? ['UTC'];

export const tz = Object.assign((input: moment.MomentInput, ...rest: unknown[]) => inZone(moment(input), String(rest.at(-1))), { zone, guess, names });

function inZone(m: moment.Moment, name: string): moment.Moment {
  return m.utcOffset(offset(m.valueOf(), name));
}

Object.assign(moment, { tz });
Object.assign(moment.fn, {
  tz(this: moment.Moment, name: string) {
    return inZone(this, name);
  },
});

export default moment;
