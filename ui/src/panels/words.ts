// The colour of words on a panel: as configured, but never too faint to read.
import { token } from '../chart/colors';
import { readable } from '../lib/ink';

export const wordColor = (color: string | undefined, large = false): string | undefined =>
  color === undefined ? undefined : readable(color, token('bg-panel'), token('text'), large ? 3 : 4.5);
