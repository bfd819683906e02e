// Refresh now, or every so often. What it starts pauses while the tab is hidden.
import { Icon } from './icon';
import { Drop } from './popup';
import { useShortcut } from './use';

export const INTERVALS = ['5s', '10s', '30s', '1m', '5m', '15m', '30m', '1h', '2h', '1d'];

interface Props {
  every: string; // '' is off
  choices?: string[];
  busy?: boolean;
  onNow: () => void;
  onEvery: (every: string) => void;
}

export function Refresh({ every, choices = INTERVALS, busy, onNow, onEvery }: Props) {
  useShortcut('r', 'Refresh now', onNow);
  return (
    <span class="join" role="group" aria-label="Refresh">
      <button class="btn" aria-label="Refresh now" aria-busy={busy} onClick={onNow}>
        <Icon name="refresh" />
        <span class="wide-only">Refresh</span>
      </button>
      <Drop toRight role="menu" label={`Refresh every, ${every || 'off'}`} button={<>{every || 'Off'}<Icon name="chevron" /></>}>
        {(close) =>
          ['', ...choices].map((c) => (
            <button key={c} class="opt" role="menuitemradio" aria-checked={c === every} onClick={() => { close(); onEvery(c); }}>
              {c ? 'Every ' + c : 'Off'}
            </button>
          ))
        }
      </Drop>
    </span>
  );
}
