// What a reader chose for this browser. Storage may be missing or full; then choices last a page.
const memory = new Map<string, string>();

export function readPref<T>(name: string, fallback: T): T {
  try {
    const text = localStorage.getItem('meerkat.' + name) ?? memory.get(name);
    return text === null || text === undefined ? fallback : (JSON.parse(text) as T);
  } catch {
    return fallback;
  }
}

export function writePref(name: string, value: unknown): void {
  const text = JSON.stringify(value);
  memory.set(name, text);
  try {
    localStorage.setItem('meerkat.' + name, text);
  } catch {
    // Kept in memory.
  }
}

export type Theme = 'dark' | 'light' | 'system';

// The theme is stored as a bare word: boot.ts reads it before anything else is loaded.
export function readTheme(): Theme {
  try {
    const word = localStorage.getItem('meerkat.theme');
    return word === 'dark' || word === 'light' ? word : 'system';
  } catch {
    return 'system';
  }
}

export function writeTheme(theme: Theme): void {
  try {
    localStorage.setItem('meerkat.theme', theme);
  } catch {
    // The choice lasts until the page is left.
  }
  dispatchEvent(new Event('meerkat:theme-choice'));
}
