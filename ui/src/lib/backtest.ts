// What a rule would have done, in figures and words.
import type { Backtest } from '../api/backtest';
import type { Labels } from '../api/types';
import { longDuration } from './duration';
import { plural } from './format';

export interface Episode {
  from: number; // seconds
  to: number;
  firing: boolean;
}

const seconds = (text: string): number => Date.parse(text) / 1000;

// Labels may have more (those the rule adds) but not other values.
const within = (all: Labels, part: Labels): boolean => Object.entries(part).every(([k, v]) => all[k] === v);

// Of one alert, or of all.
export function episodesOf(b: Backtest, end: number, only?: Labels): Episode[] {
  return b.instances
    .filter((i) => !only || within(only, i.labels))
    .flatMap((i) => i.phases.map((p) => ({ from: seconds(p.from), to: p.to ? seconds(p.to) : end, firing: p.state === 'firing' })))
    .filter((e) => e.from < end);
}

export function tell(b: Backtest, episodes: Episode[], start: number): string {
  const fired = episodes.filter((e) => e.firing && e.to > start);
  const length = fired.reduce((n, e) => n + e.to - Math.max(start, e.from), 0);
  const short = episodes.filter((e) => !e.firing && e.to > start && !fired.some((f) => f.from === e.to)).length;
  const told = new Map<string, number>();
  for (const n of b.notifications) if (seconds(n.at) >= start) told.set(n.receiver, (told.get(n.receiver) ?? 0) + 1);
  const parts = [
    fired.length ? `Fires ${fired.length === 1 ? 'once' : `${fired.length} times`}, for ${longDuration(length * 1000)}` : 'Does not fire',
    short ? `${plural(short, 'time')} pending for too short` : '',
    ...[...told].map(([receiver, n]) => `${plural(n, 'notification')} to ${receiver}`),
    b.failures ? `${plural(b.failures, 'evaluation')} failed` : '',
  ];
  return parts.filter(Boolean).join('; ') + '.';
}
