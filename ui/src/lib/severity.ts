// Severity as an icon and a word, never colour alone.
import type { Labels } from '../api/types';

export type Severity = 'critical' | 'warning' | 'info';

export function severityOf(labels: Labels): Severity {
  const word = (labels.severity ?? labels.priority ?? '').toLowerCase();
  if (/^(crit|page|fatal|emerg|high|p1|sev1|error)/.test(word)) return 'critical';
  if (/^(info|none|notice|low|debug|p[45])/.test(word)) return 'info';
  return 'warning';
}

export const severityWord = (labels: Labels): string => labels.severity ?? severityOf(labels);
