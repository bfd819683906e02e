// A ready rule from a panel: its first query, its highest threshold.
import type { Panel } from '../../lib/dash/model';

const quote = (t: string): string => JSON.stringify(t);

export function ruleFrom(title: string, panel: Panel, expr: string): string {
  const steps = panel.fieldConfig.defaults.thresholds?.steps ?? [];
  const top = steps.filter((s) => s.value !== null && Number.isFinite(s.value)).at(-1);
  const name = title.replace(/[^A-Za-z0-9]+(\w?)/g, (_, c: string) => c.toUpperCase()) || 'PanelAlert';
  const limit = top?.value ?? 0;
  const whole = /^[\w:]+(\{[^}]*\})?$|^\w+\(.*\)$/s.test(expr.trim()) ? expr.trim() : `(${expr.trim()})`;
  return [
    `- name: ${quote(title || 'From a panel')}`, '  rules:', `    - alert: ${name[0]!.toUpperCase() + name.slice(1)}`, '      expr: |-',
    ...`${whole} > ${limit}`.split('\n').map((l) => '        ' + l), '      for: 5m', '      labels:', '        severity: warning', '      annotations:',
    `        summary: ${quote(`${title || 'The value'} is {{ $value | humanize }} on {{ $labels.instance }}`)}`,
  ].join('\n');
}
