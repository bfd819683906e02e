// To the clipboard, and a word on how that went.
import { toast } from '../../components/toast';

export const copy = (text: string): void =>
  void navigator.clipboard?.writeText(text).then(() => toast({ kind: 'ok', text: 'Copied.' }), () => toast({ kind: 'warning', text: 'Copying is not allowed here.' }));
