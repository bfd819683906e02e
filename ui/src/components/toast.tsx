// The outcome of an action, bottom right. Good news leaves after 6 s, the rest stays.
import { useEffect, useState } from 'preact/hooks';
import { Icon } from './icon';

export interface Toast {
  kind: 'ok' | 'warning' | 'critical';
  text: string;
  link?: { href: string; text: string };
}
interface Shown extends Toast {
  id: number;
}

let next = 1;
let shown: Shown[] = [];
let listener: ((all: Shown[]) => void) | undefined;

function set(all: Shown[]): void {
  shown = all;
  listener?.(all);
}

const dismiss = (id: number) => set(shown.filter((t) => t.id !== id));

export function toast(t: Toast): void {
  const id = next++;
  set([...shown.slice(-3), { ...t, id }]);
  if (t.kind === 'ok') setTimeout(() => dismiss(id), 6000);
}

export const toastError = (e: unknown): void =>
  toast({ kind: 'critical', text: e instanceof Error ? e.message : String(e) });

export function Toasts() {
  const [all, update] = useState(shown);
  useEffect(() => {
    listener = update;
    return () => (listener = undefined);
  }, []);
  return (
    <div class="toasts" aria-live="polite">
      {all.map((t) => (
        <div key={t.id} class={`popup toast ${t.kind}`}>
          <Icon name={t.kind === 'ok' ? 'check' : t.kind} class={t.kind + '-t'} />
          <span class="grow break">
            {t.text} {t.link && <a href={t.link.href}>{t.link.text}</a>}
          </span>
          <button class="btn icon s quiet" aria-label="Dismiss" onClick={() => dismiss(t.id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
