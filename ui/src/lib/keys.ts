// Keyboard shortcuts: single keys ("r", "?"), chords ("g h") and combinations ("ctrl+k").
// Single keys and chords are off while typing, and altogether if the reader switched them off.
import { readPref } from './prefs';

export interface Shortcut {
  keys: string;
  what: string; // for the help sheet
  run: (e: KeyboardEvent) => void;
}

const active = new Map<string, Shortcut[]>(); // the last one registered wins
let prefix = '';
let prefixAt = 0;
const kChordMs = 1200;

export function shortcut(s: Shortcut): () => void {
  const list = active.get(s.keys) ?? [];
  active.set(s.keys, [...list, s]);
  return () => active.set(s.keys, (active.get(s.keys) ?? []).filter((x) => x !== s));
}

export const shortcuts = (): Shortcut[] => [...active.values()].flatMap((l) => l.slice(-1));

// Keys that a part of the page listens to by itself, for the help sheet.
const notes = new Map<string, string>();
export function keyNote(keys: string, what: string): () => void {
  notes.set(keys, what);
  return () => void notes.delete(keys);
}
export const keyNotes = (): [string, string][] => [...notes];

function typing(e: KeyboardEvent): boolean {
  const at = e.composedPath()[0];
  return at instanceof HTMLElement && (at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName));
}

export function keyName(e: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey'>): string {
  const key = e.key.length === 1 ? e.key.toLowerCase() : e.key;
  return (e.ctrlKey || e.metaKey ? 'ctrl+' : '') + key;
}

export function listen(): void {
  document.addEventListener('keydown', (e) => {
    if (e.defaultPrevented || e.altKey) return;
    const name = keyName(e);
    const combination = e.ctrlKey || e.metaKey;
    if (!combination && (typing(e) || !readPref('singleKeys', true))) return;
    const chord = prefix && Date.now() - prefixAt < kChordMs ? `${prefix} ${name}` : '';
    const found = (chord && active.get(chord)?.at(-1)) || active.get(name)?.at(-1);
    prefix = '';
    if (found) {
      e.preventDefault();
      found.run(e);
    } else if (!combination && [...active.keys()].some((k) => k.startsWith(name + ' '))) {
      prefix = name;
      prefixAt = Date.now();
    }
  });
}
