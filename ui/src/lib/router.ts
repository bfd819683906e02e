// Addresses inside the application. A path here is relative to the base address the server was
// started under ("alerts", "d/abc/host"), so the same links work behind a route prefix.
import { useEffect, useState } from 'preact/hooks';

const listeners = new Set<() => void>();

export const basePath = (): string => new URL(document.baseURI).pathname;

// The current path without base and without slashes at its ends.
export function currentPath(): string {
  const base = basePath();
  const path = location.pathname;
  return (path.startsWith(base) ? path.slice(base.length) : path).replace(/^\/+|\/+$/g, '');
}

function changed(): void {
  for (const f of [...listeners]) f();
}

export function navigate(to: string, { replace = false } = {}): void {
  const url = new URL(to, document.baseURI);
  if (url.href === location.href) return;
  if (replace) history.replaceState(null, '', url);
  else history.pushState(null, '', url);
  changed();
}

// Changes parameters of the current address; null or '' removes one, an array repeats it.
export function setQuery(
  changes: Record<string, string | string[] | null | undefined>,
  { replace = true } = {},
): void {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(changes)) {
    url.searchParams.delete(name);
    for (const v of Array.isArray(value) ? value : value ? [value] : []) url.searchParams.append(name, v);
  }
  navigate(url.href, { replace });
}

export function useLocation(): { path: string; query: URLSearchParams } {
  const read = () => currentPath() + '?' + location.search.slice(1);
  const [at, set] = useState(read);
  useEffect(() => {
    const f = () => set(read());
    listeners.add(f);
    addEventListener('popstate', f);
    f();
    return () => {
      listeners.delete(f);
      removeEventListener('popstate', f);
    };
  }, []);
  const cut = at.indexOf('?');
  return { path: at.slice(0, cut), query: new URLSearchParams(at.slice(cut + 1)) };
}

// Follows ordinary clicks on links of our own without loading the page again.
export function followLinks(): void {
  document.addEventListener('click', (e) => {
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    const link = (e.target as Element | null)?.closest?.('a');
    if (!link || (link.target && link.target !== '_self') || link.hasAttribute('download')) return;
    const url = new URL(link.href, document.baseURI);
    const inside = url.origin === location.origin && url.pathname.startsWith(basePath());
    if (!inside || /^(api|-|metrics|federate)(\/|$)/.test(url.pathname.slice(basePath().length))) return;
    e.preventDefault();
    if (url.pathname === location.pathname && url.search === location.search && url.hash) {
      document.querySelector(url.hash)?.scrollIntoView();
      return;
    }
    navigate(url.href);
    scrollTo(0, 0);
  });
}
