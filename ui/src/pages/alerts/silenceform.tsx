// Makes or changes a silence, with a live preview of what it keeps quiet.
import { useState } from 'preact/hooks';
import { amAlerts, saveSilence } from '../../api/alertmanager';
import type { Labels, Silence } from '../../api/types';
import { Dialog } from '../../components/popup';
import { toast, toastError } from '../../components/toast';
import { formatDuration, parseDuration } from '../../lib/duration';
import { plural } from '../../lib/format';
import { useLoad } from '../../lib/load';
import { formatMatcher, parseMatchers } from '../../lib/matchers';
import { readPref, writePref } from '../../lib/prefs';

interface Props {
  labels?: Labels; // silence this alert
  silence?: Silence; // or change this one
  onDone: () => void;
}

const asMatchers = (labels: Labels) => Object.entries(labels).map(([k, v]) => `${k}=${JSON.stringify(v)}`).join('\n');

function left(s: Silence | undefined): string {
  if (!s) return '2h';
  const rest = Date.parse(s.endsAt) - Math.max(Date.now(), Date.parse(s.startsAt));
  return rest > 60_000 ? formatDuration(Math.round(rest / 60_000) * 60_000) : '2h';
}

export function SilenceForm({ labels, silence, onDone }: Props) {
  const [text, setText] = useState(silence ? silence.matchers.map(formatMatcher).join('\n') : asMatchers(labels ?? {}));
  const [length, setLength] = useState(left(silence));
  const [by, setBy] = useState(silence?.createdBy ?? readPref('author', ''));
  const [comment, setComment] = useState(silence?.comment ?? '');
  const [busy, setBusy] = useState(false);
  const matchers = parseMatchers(text.split('\n').filter((l) => l.trim()).join(','));
  const ms = parseDuration(length);
  const wrong = !matchers ? 'A matcher is not understood; write name="value".' : !matchers.length ? 'At least one matcher is needed.' : !ms ? 'The length is no duration.' : !by.trim() ? 'Who are you?' : !comment.trim() ? 'Say why, for the others.' : '';
  const preview = useLoad(async (signal) => (matchers?.length ? amAlerts(matchers.map(formatMatcher), signal) : []), [text]);
  const save = async () => {
    if (wrong) return;
    setBusy(true);
    const start = silence ? Math.max(Date.now(), Date.parse(silence.startsAt)) : Date.now();
    try {
      writePref('author', by.trim());
      await saveSilence({
        ...(silence && silence.status.state !== 'expired' ? { id: silence.id } : {}),
        matchers: matchers!, startsAt: new Date(silence?.status.state === 'active' ? Date.parse(silence.startsAt) : start).toISOString(),
        endsAt: new Date(start + ms!).toISOString(), createdBy: by.trim(), comment: comment.trim(),
      });
      toast({ kind: 'ok', text: `Quiet for ${length}.` });
      onDone();
    } catch (e) {
      toastError(e);
      setBusy(false);
    }
  };
  return (
    <Dialog title={silence ? 'Edit silence' : 'New silence'} onClose={onDone} wide>
      <div class="stack form">
        <label class="field">Matchers, one a line
          <textarea class="input" rows={4} autofocus placeholder='alertname="DiskFull"' aria-invalid={!matchers} value={text} onInput={(e) => setText(e.currentTarget.value)} />
        </label>
        <div class="row wrap">
          <label class="field">For<input class="input" value={length} aria-invalid={!ms} onInput={(e) => setLength(e.currentTarget.value)} /></label>
          {['30m', '2h', '8h', '1d', '1w'].map((d) => <button key={d} class="btn s" aria-pressed={d === length} onClick={() => setLength(d)}>{d}</button>)}
        </div>
        <label class="field">By<input class="input" value={by} onInput={(e) => setBy(e.currentTarget.value)} /></label>
        <label class="field">Why<input class="input" value={comment} onInput={(e) => setComment(e.currentTarget.value)} /></label>
        <div class="note" aria-live="polite">
          {preview.error ? <span class="critical-t">{preview.error.message}</span> : (
            <div class="grow">
              <b class="strong">Matches {plural(preview.data?.length ?? 0, 'alert')} now</b>
              <div class="tags">{(preview.data ?? []).slice(0, 12).map((a) => <span key={a.fingerprint} class="tag">{[a.labels.alertname, a.labels.instance].filter(Boolean).join(' ')}</span>)}</div>
            </div>
          )}
        </div>
      </div>
      <div class="acts">
        <span class="grow small dim">{wrong}</span>
        <button class="btn" onClick={onDone}>Cancel</button>
        <button class="btn primary" disabled={!!wrong || busy} title={wrong} onClick={save}>{silence ? 'Save' : 'Silence'}</button>
      </div>
    </Dialog>
  );
}
