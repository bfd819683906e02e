// What a page or a section shows when it has nothing to draw: one sentence, then what to do.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ago } from '../lib/duration';
import { Icon } from './icon';

// Silent for 150 ms: what arrives at once needs no silhouette.
export function Loading({ lines = 3 }: { lines?: number }) {
  const [late, set] = useState(false);
  useEffect(() => {
    const t = setTimeout(() => set(true), 150);
    return () => clearTimeout(t);
  }, []);
  return (
    <div class="stack loading" aria-busy="true">
      <span class="sr" role="status">Loading</span>
      {late && Array.from({ length: lines }, (_, i) => <div key={i} class="skel skel-line" />)}
    </div>
  );
}

export function Empty({ children, action }: { children: ComponentChildren; action?: ComponentChildren }) {
  return (
    <div class="state">
      <span>{children}</span>
      {action}
    </div>
  );
}

export function Failed({ error, what, retry }: { error: Error; what: string; retry?: () => void }) {
  return (
    <div class="state error" role="alert" tabIndex={0}>
      <span class="row critical-t">
        <Icon name="critical" label="Error" />
        {what}
      </span>
      <code class="critical-t">{error.message}</code>
      {retry && <button class="btn s" onClick={retry}>Try again</button>}
    </div>
  );
}

// Shown above data that could not be refreshed.
export function Stale({ error, at }: { error?: Error; at?: number }) {
  if (!error || !at) return null;
  return (
    <div class="note warning" role="status">
      <Icon name="clock" />
      <span>
        As of {ago(Date.now() - at)}. {error.message} Trying again.
      </span>
    </div>
  );
}
