// The frame around every page: the rail with five places, and each page's top bar.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { alerts } from '../api/prometheus';
import { useLoad } from '../lib/load';
import { navigate, useLocation } from '../lib/router';
import { Help } from './help';
import { Icon } from './icon';
import { Mark } from './mark';
import { Search } from './search';
import { Toasts } from './toast';
import { useShortcut } from './use';

const PLACES = [
  { to: 'home', icon: 'home', text: 'Home', key: 'h', paths: /^$|^home$/ },
  { to: 'dashboards', icon: 'grid', text: 'Dashboards', key: 'd', paths: /^(dashboards|d)(\/|$)/ },
  { to: 'query', icon: 'explore', text: 'Explore', key: 'e', paths: /^(query|graph|explore)$/ },
  { to: 'alerts', icon: 'bell', text: 'Alerts', key: 'a', paths: /^(alerts|silences|routes)(\/|$)/ },
  { to: 'targets', icon: 'server', text: 'Status', key: 's', paths: /^(targets|service-discovery|rules|config|flags|status|tsdb-status|alertmanager-discovery)$/ },
];

function Place({ place, path, count }: { place: (typeof PLACES)[number]; path: string; count?: number }) {
  useShortcut('g ' + place.key, place.text, () => navigate(place.to));
  const here = place.paths.test(path);
  return (
    <a href={place.to} aria-current={here ? 'page' : undefined}>
      <Icon name={place.icon} />
      {place.text}
      {count ? <span class="count" aria-label={`${count} firing`}>{count}</span> : null}
    </a>
  );
}

export function Shell({ children }: { children: ComponentChildren }) {
  const { path } = useLocation();
  const [help, setHelp] = useState(false);
  const firing = useLoad((signal) => alerts(signal).then((d) => d.alerts.filter((a) => a.state === 'firing').length), [], 30_000);
  useShortcut('?', 'This list', () => setHelp(true));
  useShortcut('d k', 'Hide the frame (wall screen)', () => document.body.classList.toggle('kiosk'));
  useEffect(() => document.querySelector<HTMLElement>('.main')?.focus({ preventScroll: true }), [path]);
  return (
    <div class="app">
      <a class="btn skip" href="#main" onClick={(e) => { e.preventDefault(); document.querySelector<HTMLElement>('#main')?.focus(); }}>
        Skip to content
      </a>
      <nav class="rail" aria-label="Main">
        <a class="home desk" href="home" aria-label="meerkat home"><Mark /></a>
        {PLACES.map((p) => <Place key={p.text} place={p} path={path} count={p.text === 'Alerts' ? firing.data : undefined} />)}
        <span class="grow" />
        <button class="desk" onClick={() => setHelp(true)}><span class="kbd">?</span>Help</button>
      </nav>
      <main class="main" id="main" tabIndex={-1}>{children}</main>
      {help && <Help onClose={() => setHelp(false)} />}
      <Toasts />
    </div>
  );
}

interface TopProps {
  title: string;
  crumb?: string;
  after?: ComponentChildren; // right after the title
  children?: ComponentChildren; // tools, at the right
}

export function Top({ title, crumb, after, children }: TopProps) {
  return (
    <header class="top">
      {crumb && <span class="crumb wide-only">{crumb} /</span>}
      <h1>{title}</h1>
      {after}
      <span class="grow" />
      <Search />
      {children}
    </header>
  );
}

export function Tabs({ items }: { items: { to: string; text: string; here: boolean }[] }) {
  return (
    <nav class="tabs" aria-label="Sections">
      {items.map((t) => <a key={t.to} href={t.to} aria-current={t.here ? 'page' : undefined}>{t.text}</a>)}
    </nav>
  );
}

// The root of each page, with the state that programs read.
export function Page({ name, ready, children, class: cls = '' }: { name: string; ready: boolean; children: ComponentChildren; class?: string }) {
  return <div class={cls} data-page={name} data-page-state={ready ? 'ready' : 'loading'}>{children}</div>;
}
