// A change to a rule, tried over the past before it is written into the rule file.
import { useState } from 'preact/hooks';
import type { AlertingRule } from '../../api/types';
import { Icon } from '../../components/icon';
import { toast } from '../../components/toast';
import { formatDuration, parseDuration } from '../../lib/duration';
import type { Trial } from './graph';

interface Props {
  rule: AlertingRule;
  trial?: Trial;
  onTry: (trial: Trial) => void;
  onClose: () => void;
}

export function Trying({ rule, trial, onTry, onClose }: Props) {
  const [expr, setExpr] = useState(rule.query);
  const [wait, setWait] = useState(formatDuration(rule.duration * 1000));
  const ms = parseDuration(wait);
  const lines = `expr: |-\n  ${expr.split('\n').join('\n  ')}\nfor: ${wait}`;
  const copy = () => void navigator.clipboard?.writeText(lines).then(() => toast({ kind: 'ok', text: 'Copied. Put it into the rule file and reload.' }), () => toast({ kind: 'warning', text: 'Copying is not allowed here.' }));
  return (
    <form class="row wrap foot trying" aria-label="Try a change" onSubmit={(e) => { e.preventDefault(); if (ms !== undefined && expr.trim()) onTry({ expr: expr.trim(), wait: ms / 1000 }); }}>
      <label class="field grow">Expression<input class="input mono" spellcheck={false} value={expr} onInput={(e) => setExpr(e.currentTarget.value)} /></label>
      <label class="field">Waits (for)<input class="input" size={6} aria-invalid={ms === undefined} value={wait} onInput={(e) => setWait(e.currentTarget.value.trim())} /></label>
      <button class="btn primary" type="submit" disabled={ms === undefined || !expr.trim()}>Try</button>
      {trial && <button class="btn" type="button" onClick={copy}><Icon name="copy" />Copy the change</button>}
      <button class="btn quiet" type="button" onClick={onClose}>Back to the rule</button>
    </form>
  );
}
