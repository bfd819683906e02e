// Alerts: what fires, who is told, what is kept quiet.
import { silences } from '../../api/alertmanager';
import { alerts } from '../../api/prometheus';
import { Tabs } from '../../components/shell';
import { useLoad } from '../../lib/load';
import { useLocation } from '../../lib/router';
import { History } from './history';
import { Alerts } from './list';
import { Routes } from './routes';
import { Silences } from './silences';

export function AlertTabs() {
  const { path, query } = useLocation();
  const state = query.get('state') ?? 'firing';
  const counts = useLoad(async (signal) => {
    const [all, quiet] = await Promise.all([alerts(signal), silences(signal).catch(() => [])]);
    const n = (s: string) => all.alerts.filter((a) => a.state === s).length;
    return { firing: n('firing'), pending: n('pending'), silences: quiet.filter((s) => s.status.state !== 'expired').length };
  }, [], 15_000).data;
  const tab = (to: string, text: string, here: boolean, n?: number) => ({ to, text: n === undefined ? text : `${text} ${n}`, here });
  return (
    <Tabs
      items={[
        tab('alerts', 'Firing', path === 'alerts' && state === 'firing', counts?.firing),
        tab('alerts?state=pending', 'Pending', path === 'alerts' && state === 'pending', counts?.pending),
        tab('alerts?state=all', 'All rules', path === 'alerts' && state === 'all'),
        tab('silences', 'Silences', path === 'silences', counts?.silences),
        tab('routes', 'Routes', path === 'routes'),
        tab('alerts/history', 'History', path === 'alerts/history'),
      ]}
    />
  );
}

export default function AlertPages() {
  const { path } = useLocation();
  if (path === 'silences') return <Silences />;
  if (path === 'routes') return <Routes />;
  if (path === 'alerts/history') return <History />;
  return <Alerts />;
}
