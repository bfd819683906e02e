// $__interval, $__rate_interval and the step a query is sent with.
import { parseDuration, largestUnit } from '../duration';

const ROUND: [number, number][] = [
  [10, 1], [15, 10], [35, 20], [75, 50], [150, 100], [350, 200], [750, 500], [1500, 1e3], [3500, 2e3], [7500, 5e3], [12500, 1e4], [17500, 15e3], [25e3, 2e4],
  [45e3, 3e4], [9e4, 6e4], [21e4, 12e4], [45e4, 3e5], [75e4, 6e5], [105e4, 9e5], [15e5, 12e5], [27e5, 18e5], [54e5, 36e5], [9e6, 72e5], [162e5, 108e5],
  [324e5, 216e5], [864e5, 432e5], [6048e5, 864e5], [18144e5, 6048e5], [36288e5, 2592e6],
];
const kYear = 31536e6;

// Milliseconds, rounded to a length people use.
export function roundInterval(ms: number): number {
  return ROUND.find(([below]) => ms < below)?.[1] ?? kYear;
}

export function calculateInterval(rangeMs: number, points: number, leastMs: number): number {
  return Math.max(roundInterval(rangeMs / Math.max(1, points)), leastMs);
}

const kMostSteps = 11_000;

export interface Timing {
  interval: number; // $__interval, milliseconds
  step: number; // sent, seconds
  rate: number; // $__rate_interval, milliseconds
  start: number; // seconds, a multiple of step
  end: number;
}

export interface TimingInput {
  from: number; // milliseconds
  to: number;
  points: number;
  panelInterval?: string; // least interval of the panel
  queryInterval?: string; // least step of the query
  factor?: number; // intervalFactor of old queries
  scrape: number; // the target's scrape interval, milliseconds
  zoneOffset?: number; // seconds east of UTC: steps of a day begin at local midnight
}

const least = (text: string | undefined): number => parseDuration((text ?? '').replace(/^[<>]=?/, '')) ?? 0;

export function timing(i: TimingInput): Timing {
  const range = i.to - i.from;
  const floor = Math.max(least(i.panelInterval) || i.scrape, 1);
  const interval = calculateInterval(range, i.points, floor);
  const queryStep = least(i.queryInterval);
  const exact = interval * (i.factor && i.factor > 1 ? i.factor : 1);
  const stepMs = Math.max(exact, queryStep, range / kMostSteps, 1);
  const step = stepMs >= 1000 ? Math.ceil(stepMs / 1000) : Math.ceil(stepMs) / 1000;
  const base = queryStep || i.scrape;
  const off = i.zoneOffset ?? 0;
  return {
    interval: Math.max(interval, queryStep),
    step,
    rate: Math.max(Math.max(interval, queryStep) + base, 4 * base),
    start: Math.floor((i.from / 1000 + off) / step) * step - off,
    end: Math.floor((i.to / 1000 + off) / step) * step - off,
  };
}

export const asText = (ms: number): string => largestUnit(ms);

// The value of an interval variable's "auto".
export function autoInterval(rangeMs: number, count: number, min: string): string {
  return largestUnit(Math.max(roundInterval(rangeMs / Math.max(1, count)), parseDuration(min) ?? 10_000));
}
