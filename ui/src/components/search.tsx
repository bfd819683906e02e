// Search or jump (Ctrl K): pages, dashboards, metrics.
import { useMemo, useState } from 'preact/hooks';
import { listDashboards } from '../api/dashboards';
import { labelValues } from '../api/prometheus';
import { useLoad } from '../lib/load';
import { navigate } from '../lib/router';
import { Icon } from './icon';
import { Dialog } from './popup';
import { useShortcut } from './use';

interface Hit {
  text: string;
  kind: string;
  to: string;
}

const PAGES: Hit[] = [
  ['Home', 'home'], ['Dashboards', 'dashboards'], ['Explore', 'query'], ['Alerts', 'alerts'], ['Silences', 'silences'],
  ['Routes', 'routes'], ['Targets', 'targets'], ['Service discovery', 'service-discovery'], ['Rules', 'rules'],
  ['Storage', 'tsdb-status'], ['Configuration', 'config'], ['Flags', 'flags'], ['Runtime', 'status'],
].map(([text, to]) => ({ text: text!, kind: 'page', to: to! }));

const kMost = 12;

// Every word must occur; hits whose text starts with the words come first.
export function rank(hits: Hit[], text: string): Hit[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return hits
    .filter((h) => words.every((w) => h.text.toLowerCase().includes(w)))
    .sort((a, b) => Number(!a.text.toLowerCase().startsWith(words[0] ?? '')) - Number(!b.text.toLowerCase().startsWith(words[0] ?? '')))
    .slice(0, kMost);
}

function Panel({ onClose }: { onClose: () => void }) {
  const [text, set] = useState('');
  const [at, setAt] = useState(0);
  const boards = useLoad(listDashboards, []);
  const metrics = useLoad((signal) => labelValues('__name__', { limit: 5000 }, signal), []);
  const hits = useMemo(() => {
    const all: Hit[] = [
      ...PAGES,
      ...(boards.data ?? []).map((d) => ({ text: d.title, kind: d.folder || 'dashboard', to: `d/${d.uid}/${d.slug}` })),
      ...(text ? (metrics.data ?? []).map((m) => ({ text: m, kind: 'metric', to: 'query?expr=' + encodeURIComponent(m) })) : []),
    ];
    return rank(all, text);
  }, [text, boards.data, metrics.data]);
  const go = (hit: Hit | undefined) => {
    if (!hit) return;
    onClose();
    navigate(hit.to);
  };
  const onKey = (e: KeyboardEvent) => {
    if (e.key === 'ArrowDown') setAt(Math.min(at + 1, hits.length - 1));
    else if (e.key === 'ArrowUp') setAt(Math.max(at - 1, 0));
    else if (e.key === 'Enter') go(hits[at]);
    else return;
    e.preventDefault();
  };
  return (
    <Dialog title="Search or jump to" onClose={onClose} wide>
      <input
        class="input" autofocus role="combobox" aria-expanded="true" aria-controls="search-hits" aria-label="Search"
        aria-activedescendant={hits[at] ? 'hit-' + at : undefined} placeholder="A page, a dashboard or a metric" value={text}
        onInput={(e) => { set(e.currentTarget.value); setAt(0); }} onKeyDown={onKey}
      />
      <div id="search-hits" role="listbox" aria-label="Results" class="search-hits">
        {hits.map((h, i) => (
          <div key={h.to} id={'hit-' + i} class="opt" role="option" aria-selected={i === at} onPointerMove={() => setAt(i)} onClick={() => go(h)}>
            <span class={'grow clip' + (h.kind === 'metric' ? ' mono' : '')}>{h.text}</span>
            <span class="faint small">{h.kind}</span>
          </div>
        ))}
      </div>
      {!hits.length && <p class="dim small">Nothing has that in its name.</p>}
    </Dialog>
  );
}

export function Search() {
  const [open, set] = useState(false);
  useShortcut('ctrl+k', 'Search or jump', () => set(true));
  return (
    <>
      <button class="btn find" title="Search or jump to" onClick={() => set(true)}>
        <Icon name="search" />
        <span class="grow">Search or jump to</span>{' '}
        <span class="kbd">Ctrl K</span>
      </button>
      {open && <Panel onClose={() => set(false)} />}
    </>
  );
}
