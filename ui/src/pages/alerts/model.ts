// Alerts of the rules and groups of the alert manager, brought together.
import type { AlertGroup, AlertingRule, AmAlert, Labels, PromAlert, RuleGroup } from '../../api/types';

export interface Item {
  key: string;
  rule: AlertingRule;
  group: string; // of the rule
  file: string;
  interval: number; // seconds between evaluations
  alert?: PromAlert; // missing for a rule that is quiet
  sent?: AmAlert; // as the alert manager has it
  labels: Labels;
}
export interface Section {
  title: string;
  note: string;
  items: Item[];
}

// The manager's labels may have more (external labels) but not other values.
const same = (a: Labels, b: Labels): boolean => Object.entries(a).every(([k, v]) => b[k] === v);

export function itemsOf(groups: RuleGroup[], sent: AmAlert[]): Item[] {
  const out: Item[] = [];
  for (const g of groups) {
    for (const rule of g.rules) {
      if (rule.type !== 'alerting') continue;
      const base = { rule, group: g.name, file: g.file, interval: g.interval };
      if (!rule.alerts.length) out.push({ ...base, key: `${g.file}/${g.name}/${rule.name}/${rule.query}`, labels: { alertname: rule.name, ...rule.labels } });
      for (const alert of rule.alerts)
        out.push({ ...base, key: `${g.name}/${JSON.stringify(alert.labels)}`, alert, labels: alert.labels, sent: sent.find((s) => same(alert.labels, s.labels)) });
    }
  }
  return out;
}

const pairs = (l: Labels) => Object.entries(l).map(([k, v]) => `${k}=${v}`).join(', ');

// Firing alerts as they are notified: one section per group, then those that are silenced or
// inhibited, then those the manager has not heard of.
export function sectionsOf(items: Item[], groups: AlertGroup[]): Section[] {
  const firing = items.filter((i) => i.alert?.state === 'firing');
  const placed = new Set<Item>();
  const out: Section[] = [];
  const by = new Map<string, Item>();
  for (const i of firing) if (i.sent) by.set(i.sent.fingerprint, i);
  for (const g of groups) {
    const mine = g.alerts.filter((a) => a.status.state === 'active').map((a) => by.get(a.fingerprint)).filter((i): i is Item => !!i);
    mine.forEach((i) => placed.add(i));
    if (mine.length) out.push({ title: g.receiver.name, note: pairs(g.labels), items: mine });
  }
  const quiet = (title: string, note: string, of: (i: Item) => unknown) => {
    const mine = firing.filter((i) => !placed.has(i) && of(i));
    mine.forEach((i) => placed.add(i));
    if (mine.length) out.push({ title, note, items: mine });
  };
  quiet('Silenced', 'kept quiet by a silence', (i) => i.sent?.status.silencedBy.length);
  quiet('Inhibited', 'another alert speaks for them', (i) => i.sent?.status.inhibitedBy.length);
  quiet('Muted', 'outside the hours of their route', (i) => i.sent?.status.state === 'suppressed');
  quiet('Firing', groups.length ? 'not notified yet' : '', () => true);
  return out;
}
