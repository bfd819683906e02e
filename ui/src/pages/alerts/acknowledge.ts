// An acknowledged alert is one that is silenced, exactly, for two hours.
import { saveSilence } from '../../api/alertmanager';
import type { Labels } from '../../api/types';
import { readPref } from '../../lib/prefs';

const kQuietMs = 2 * 3600_000;

export function acknowledge(labels: Labels, now = Date.now()) {
  return saveSilence({
    matchers: Object.entries(labels).map(([name, value]) => ({ name, value, isRegex: false, isEqual: true })),
    startsAt: new Date(now).toISOString(),
    endsAt: new Date(now + kQuietMs).toISOString(),
    createdBy: readPref('author', 'acknowledged on the page'),
    comment: 'Acknowledged',
  });
}
