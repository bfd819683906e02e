// Home: what a newcomer sees ten seconds after the first start.
import { alertGroups, amStatus } from '../../api/alertmanager';
import { listDashboards } from '../../api/dashboards';
import { flags, rules, runtimeInfo, targets } from '../../api/prometheus';
import { Mark } from '../../components/mark';
import { Page, Top } from '../../components/shell';
import { Failed, Loading, Stale } from '../../components/state';
import { useTitle } from '../../components/use';
import { longDuration } from '../../lib/duration';
import { plural } from '../../lib/format';
import { useLoad } from '../../lib/load';
import { Costs } from './costs';
import { Found } from './found';
import { NextSteps } from './next';
import { Vitals } from './vitals';
import { Watched } from './watched';

function greeting(up: number, all: number, firing: number, host: string): string {
  const what = `Watching ${host ? host + ', ' : ''}${plural(all, 'target')}`;
  if (firing) return `${what}, ${plural(firing, 'alert')} firing`;
  return up === all ? `${what}, all well` : `${what}, ${all - up} down`;
}

// The flag may be relative to where the server was started.
function dataDirectory(cwd: string, path: string): string {
  return (path.startsWith('/') ? path : `${cwd}/${path}`).replace(/(.)\/$/, '$1');
}

export default function Home() {
  useTitle('');
  const loaded = useLoad(async (signal) => {
    const [t, r, rt, given, boards, am, groups] = await Promise.all([
      targets(signal), rules(signal), runtimeInfo(signal), flags(signal), listDashboards(signal).catch(() => []), amStatus(signal).catch(() => undefined), alertGroups(signal).catch(() => []),
    ]);
    return { targets: t.activeTargets, rules: r.groups.flatMap((g) => g.rules), runtime: rt, directory: dataDirectory(rt.CWD, given['storage.tsdb.path'] ?? ''), boards, am, groups };
  }, [], 5_000);
  const d = loaded.data;
  const firing = d?.rules.reduce((n, r) => n + (r.type === 'alerting' ? r.alerts.filter((a) => a.state === 'firing').length : 0), 0) ?? 0;
  const up = d?.targets.filter((t) => t.health === 'up').length ?? 0;
  return (
    <Page name="home" ready={!loaded.loading || !!d}>
      <Top title="Home" />
      <div class="page stack">
        <Stale error={loaded.error} at={loaded.at} />
        {!d && (loaded.error ? <Failed what="The server does not answer" error={loaded.error} retry={loaded.reload} /> : <Loading />)}
        {d && (
          <>
            <div class="hero">
              <Mark />
              <div>
                <h2>{greeting(up, d.targets.length, firing, d.runtime.hostname ?? '')}</h2>
                <p class="dim">Started {longDuration(Date.now() - Date.parse(d.runtime.startTime))} ago. Data stays on this machine, in <code>{d.directory}</code>, for {d.runtime.storageRetention}.</p>
              </div>
            </div>
            <Vitals />
            <div class="cols two-even">
              <div class="stack"><Watched targets={d.targets} boards={d.boards} onChange={loaded.reload} /><Found onChange={loaded.reload} /><Costs /></div>
              <NextSteps targets={d.targets} rules={d.rules} boards={d.boards} routing={d.am?.config.original} onDone={loaded.reload} />
            </div>
          </>
        )}
      </div>
    </Page>
  );
}
