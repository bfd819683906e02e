// Small hooks that many components need.
import { useEffect, useRef, useState } from 'preact/hooks';
import { keyNote, shortcut } from '../lib/keys';

export function useShortcut(keys: string, what: string, run: () => void): void {
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => shortcut({ keys, what, run: () => latest.current() }), [keys]);
}

// Tells the help sheet of keys handled elsewhere.
export function useKeyNote(keys: string, what: string): void {
  useEffect(() => keyNote(keys, what), [keys]);
}

// Redraws every `ms`, so that "4 s ago" stays true.
export function useNow(ms = 1000): number {
  const [now, set] = useState(Date.now());
  useEffect(() => {
    const t = setInterval(() => document.hidden || set(Date.now()), ms);
    return () => clearInterval(t);
  }, [ms]);
  return now;
}

// The theme's turn: a number that changes when colours do.
export function useThemeTurn(): number {
  const [turn, set] = useState(0);
  useEffect(() => {
    const f = () => set((n) => n + 1);
    addEventListener('meerkat:theme', f);
    return () => removeEventListener('meerkat:theme', f);
  }, []);
  return turn;
}

const kSite = globalThis.document?.title || 'meerkat'; // as the server named it

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title ? `${title} · ${kSite}` : kSite;
  }, [title]);
}

export function useSize<T extends HTMLElement>(): [preact.RefObject<T | null>, { width: number; height: number }] {
  const ref = useRef<T | null>(null);
  const [size, set] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const el = ref.current;
    if (!el) return;
    const read = () => set((s) => (s.width === el.clientWidth && s.height === el.clientHeight ? s : { width: el.clientWidth, height: el.clientHeight }));
    read();
    const watch = new ResizeObserver(read);
    watch.observe(el);
    return () => watch.disconnect();
  }, []);
  return [ref, size];
}
