// A star marks a dashboard as a favourite; the server keeps it.
import { useState } from 'preact/hooks';
import { starDashboard } from '../../api/dashboards';
import { Icon } from '../../components/icon';
import { toastError } from '../../components/toast';

export function Star({ uid, starred }: { uid: string; starred?: boolean }) {
  const [chosen, set] = useState<boolean>();
  const on = chosen ?? starred ?? false;
  const toggle = () => {
    set(!on);
    starDashboard(uid, !on).catch((e: Error) => {
      set(on);
      toastError(e);
    });
  };
  return <button class={'btn icon s quiet' + (on ? ' accent-t starred' : '')} aria-pressed={on} aria-label={on ? 'Remove the star' : 'Star'} onClick={toggle}><Icon name="star" /></button>;
}
