// A star marks a dashboard as one's own favourite, in this browser.
import { useState } from 'preact/hooks';
import { Icon } from '../../components/icon';
import { readPref, writePref } from '../../lib/prefs';

export function Star({ uid }: { uid: string }) {
  const [stars, set] = useState(() => readPref<string[]>('stars', []));
  const on = stars.includes(uid);
  const toggle = () => {
    const next = on ? stars.filter((s) => s !== uid) : [...stars, uid];
    writePref('stars', next);
    set(next);
  };
  return <button class={'btn icon s quiet' + (on ? ' accent-t starred' : '')} aria-pressed={on} aria-label={on ? 'Remove the star' : 'Star'} onClick={toggle}><Icon name="star" /></button>;
}
