// Status: what the server is doing, one tab per question.
import type { ComponentType } from 'preact';
import { Tabs } from '../../components/shell';
import { useLocation } from '../../lib/router';
import { Config, Flags } from './config';
import { Discovery } from './discovery';
import { Rules } from './rules';
import { Runtime } from './runtime';
import { Storage } from './storage';
import { Targets } from './targets';

const TABS: { to: string; text: string; page: ComponentType }[] = [
  { to: 'targets', text: 'Targets', page: Targets },
  { to: 'service-discovery', text: 'Discovery', page: Discovery },
  { to: 'rules', text: 'Rules', page: Rules },
  { to: 'tsdb-status', text: 'Storage', page: Storage },
  { to: 'config', text: 'Configuration', page: Config },
  { to: 'flags', text: 'Flags', page: Flags },
  { to: 'status', text: 'Runtime', page: Runtime },
];

export const StatusTabs = () => {
  const { path } = useLocation();
  return <Tabs items={TABS.map((t) => ({ to: t.to, text: t.text, here: t.to === path }))} />;
};

export default function Status() {
  const { path } = useLocation();
  // Prometheus's own address for the list of alert managers, which is on the runtime page here.
  const wanted = path === 'alertmanager-discovery' ? 'status' : path;
  const Current = (TABS.find((t) => t.to === wanted) ?? TABS[0]!).page;
  return <Current key={path} />;
}
