// The routing tree, and who gets an alert with given labels.
import { amStatus } from '../../api/alertmanager';
import type { Labels } from '../../api/types';
import { Icon } from '../../components/icon';
import { Page, Top } from '../../components/shell';
import { Empty, Failed, Loading } from '../../components/state';
import { useTitle } from '../../components/use';
import { useLoad } from '../../lib/load';
import { formatMatcher } from '../../lib/matchers';
import { setQuery, useLocation } from '../../lib/router';
import { parseLabels, type Route, readRoutes, takers } from '../../lib/routes';
import { AlertTabs } from './index';

const rowsOf = (r: Route): number => 1 + r.routes.reduce((n, x) => n + rowsOf(x), 0);

// `up`: rows between this one and the one it hangs from.
function Node({ route, depth, up, taken, reached }: { route: Route; depth: number; up: number; taken: Set<Route>; reached: Set<Route> }) {
  const on = reached.has(route);
  let below = 0;
  return (
    <>
      <div class={'route-node' + (on ? ' on' : '') + (depth ? ' child' : '')} style={{ '--d': depth, '--up': up }}>
        <code class="grow break">{route.matchers.map(formatMatcher).join(', ') || 'everything'}</code>
        {route.goesOn && <span class="small faint nowrap">and goes on</span>}
        <span class="nowrap">{route.receiver}</span>
        {taken.has(route) && <span class="badge gets"><Icon name="check" />gets it</span>}
      </div>
      {route.routes.map((r, i) => {
        const node = <Node key={i} route={r} depth={depth + 1} up={below} taken={taken} reached={reached} />;
        below += rowsOf(r);
        return node;
      })}
    </>
  );
}

// Every route on the way to one that takes the alert.
function onTheWay(root: Route, taken: Set<Route>): Set<Route> {
  const out = new Set<Route>();
  const visit = (r: Route): boolean => {
    const hit = r.routes.map(visit).some(Boolean) || taken.has(r);
    if (hit) out.add(r);
    return hit;
  };
  visit(root);
  return out;
}

export function RouteTree({ labels }: { labels: Labels }) {
  const loaded = useLoad(amStatus, []);
  if (!loaded.data) return loaded.error ? <Failed what="The routes could not be read" error={loaded.error} retry={loaded.reload} /> : <Loading />;
  const root = readRoutes(loaded.data.config.original);
  if (!root) return <Empty>No route is configured.</Empty>;
  const taken = Object.keys(labels).length ? takers(root, labels) : new Set<Route>();
  return <div class="routes"><Node route={root} depth={0} up={0} taken={taken} reached={onTheWay(root, taken)} /></div>;
}

export function Routes() {
  useTitle('Routes');
  const { query } = useLocation();
  const text = query.get('labels') ?? '';
  return (
    <Page name="routes" ready>
      <Top title="Alerts" />
      <AlertTabs />
      <div class="page stack">
        <label class="field">Which receiver gets an alert with these labels?
          <input class="input mono" data-filter placeholder='severity="critical", team="db"' value={text} onInput={(e) => setQuery({ labels: e.currentTarget.value })} />
        </label>
        <section class="panel" aria-label="Routes"><div class="pad-all"><RouteTree labels={parseLabels(text)} /></div></section>
      </div>
    </Page>
  );
}
