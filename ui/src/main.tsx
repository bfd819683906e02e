// Starts the application: the frame at once, each page's code when it is first needed.
import { type ComponentType, render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Shell, Top } from './components/shell';
import { Failed } from './components/state';
import { listen, shortcut } from './lib/keys';
import { readTheme, writeTheme } from './lib/prefs';
import { followLinks, useLocation } from './lib/router';

interface PageModule {
  default: ComponentType;
}
type Load = () => Promise<PageModule>;

const status: Load = () => import('./pages/status/index');
const alerts: Load = () => import('./pages/alerts/index');
const explore: Load = () => import('./pages/explore/index');

const ROUTES: [RegExp, Load][] = [
  [/^(home)?$/, () => import('./pages/home/index')],
  [/^(query|graph|explore)$/, explore],
  [/^dashboards$/, () => import('./pages/dashboards/index')],
  [/^d\/[^/]+(\/.*)?$/, () => import('./pages/dashboard/index')],
  [/^(alerts|silences|routes)(\/.*)?$/, alerts],
  [/^(targets|service-discovery|rules|config|flags|status|tsdb-status|alertmanager-discovery)$/, status],
];

function Missing() {
  return (
    <div data-page="missing" data-page-state="ready">
      <Top title="Not found" />
      <div class="page"><p>There is no page at this address. <a href="home">Home</a></p></div>
    </div>
  );
}

const loaded = new Map<Load, ComponentType>();

function Current() {
  const { path } = useLocation();
  const load = ROUTES.find(([pattern]) => pattern.test(path))?.[1];
  const [, redraw] = useState(0);
  const [error, setError] = useState<Error>();
  useEffect(() => {
    setError(undefined);
    if (!load || loaded.has(load)) return;
    load().then(
      (m) => {
        loaded.set(load, m.default);
        redraw((n) => n + 1);
      },
      () => setError(new Error('This part of the page could not be loaded. Was the server updated? Load the page again.')),
    );
  }, [load]);
  if (!load) return <Missing />;
  if (error) return <div class="page"><Failed what="Not loaded" error={error} retry={() => location.reload()} /></div>;
  const Found = loaded.get(load);
  return Found ? <Found /> : <div data-page="" data-page-state="loading" />;
}

listen();
followLinks();
shortcut({
  keys: 'c t',
  what: 'Dark, light, system',
  run: () => writeTheme(({ dark: 'light', light: 'system', system: 'dark' } as const)[readTheme()]),
});
shortcut({
  keys: '/',
  what: "Focus the page's filter",
  run: () => document.querySelector<HTMLElement>('[data-filter]')?.focus(),
});
render(<Shell><Current /></Shell>, document.getElementById('app')!);
