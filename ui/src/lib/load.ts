// Loading with the states every page shows: nothing yet, data, data that has grown old, an error.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

export interface Loaded<T> {
  data?: T;
  error?: Error; // the last attempt failed; `data`, if any, is from an earlier one
  loading: boolean;
  at?: number; // when `data` arrived, epoch milliseconds
  reload: () => void;
}

// Calls `load` when `deps` change and then every `everyMs` (0: never) while the page can be seen.
// The previous attempt is cancelled first, except when only the time has come: an answer that takes
// longer than `everyMs` still arrives. A cancelled attempt changes nothing.
export function useLoad<T>(
  load: (signal: AbortSignal) => Promise<T>,
  deps: unknown[],
  everyMs = 0,
): Loaded<T> {
  const [state, set] = useState<Omit<Loaded<T>, 'reload'>>({ loading: true });
  const [turn, setTurn] = useState(0);
  const last = useRef(0);
  const under = useRef(false); // an attempt is under way
  const reload = useCallback(() => setTurn((n) => n + 1), []);

  useEffect(() => {
    const control = new AbortController();
    under.current = true;
    set((s) => ({ ...s, loading: true }));
    load(control.signal).then(
      (data) => {
        if (control.signal.aborted) return;
        last.current = Date.now();
        under.current = false;
        set({ data, loading: false, at: last.current });
      },
      (error: unknown) => {
        if (control.signal.aborted) return;
        last.current = Date.now();
        under.current = false;
        set((s) => ({ ...s, error: error instanceof Error ? error : new Error(String(error)), loading: false }));
      },
    );
    return () => control.abort();
  }, [...deps, turn]);

  useEffect(() => {
    if (!everyMs) return;
    const due = () => !document.hidden && !under.current && reload();
    const timer = setInterval(due, everyMs);
    const seen = () => Date.now() - last.current >= everyMs && due();
    document.addEventListener('visibilitychange', seen);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', seen);
    };
  }, [everyMs]);

  return { ...state, reload };
}
