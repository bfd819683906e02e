// The sheet of keyboard shortcuts, and the choices that belong to this browser.
import { useState } from 'preact/hooks';
import { keyNotes, shortcuts } from '../lib/keys';
import { readPref, readTheme, type Theme, writePref, writeTheme } from '../lib/prefs';
import { Dialog } from './popup';

const show = (keys: string) => keys.replace('ctrl+', 'Ctrl ').replace('Enter', '↵').replace(' ', ' then ').replace('Ctrl then ', 'Ctrl ');
const THEMES: Theme[] = ['dark', 'light', 'system'];

export function ThemeChoice() {
  const [theme, set] = useState(readTheme());
  return (
    <span class="join" role="group" aria-label="Theme">
      {THEMES.map((t) => (
        <button key={t} class="btn s" aria-pressed={t === theme} onClick={() => { writeTheme(t); set(t); }}>
          {t[0]!.toUpperCase() + t.slice(1)}
        </button>
      ))}
    </span>
  );
}

export function Help({ onClose }: { onClose: () => void }) {
  const [single, setSingle] = useState(readPref('singleKeys', true));
  return (
    <Dialog title="Keys" onClose={onClose} wide>
      <dl class="keys-list">
        {shortcuts().map((s) => (
          <div key={s.keys} class="row">
            <dt><span class="kbd">{show(s.keys)}</span></dt>
            <dd>{s.what}</dd>
          </div>
        ))}
        {keyNotes().map(([keys, what]) => (
          <div key={keys} class="row">
            <dt><span class="kbd">{keys}</span></dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <div class="sep" />
      <div class="row wrap">
        <label class="check">
          <input type="checkbox" checked={single} onChange={(e) => { writePref('singleKeys', e.currentTarget.checked); setSingle(e.currentTarget.checked); }} />
          Single keys work
        </label>
        <span class="grow" />
        <ThemeChoice />
        <button class="btn" onClick={onClose}>Close</button>
      </div>
    </Dialog>
  );
}
