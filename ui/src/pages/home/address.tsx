// An address for alerts: written for the built-in configuration, or as lines for a file of the user's own.
import { useState } from 'preact/hooks';
import { receiverState, setReceiver } from '../../api/setup';
import { postAlerts } from '../../api/alertmanager';
import type { AlertAddress } from '../../api/types';
import { Icon } from '../../components/icon';
import { Dialog } from '../../components/popup';
import { Loading } from '../../components/state';
import { toast, toastError } from '../../components/toast';
import { useLoad } from '../../lib/load';
import { copy } from './copy';

const KINDS = [['email', 'E-mail'], ['slack', 'Slack'], ['webhook', 'Webhook']] as const;
const kTestMs = 5 * 60_000;

// An alert that ends by itself, to see that the address works.
function sendTest() {
  const now = Date.now();
  return postAlerts([{
    labels: { alertname: 'TestOfTheAddress', severity: 'info' }, annotations: { summary: 'A test from the Home page. If you read this, alerts reach you.' },
    startsAt: new Date(now).toISOString(), endsAt: new Date(now + kTestMs).toISOString(),
  }]);
}

interface Form extends AlertAddress {
  to: string;
  url: string;
  from: string;
  smarthost: string;
  username: string;
  password: string;
  requireTls: boolean;
}

export function AddressForm({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const state = useLoad(receiverState, []);
  const [form, set] = useState<Form>({ kind: 'email', to: '', url: '', from: '', smarthost: '', username: '', password: '', requireTls: true });
  const [error, setError] = useState('');
  const [lines, setLines] = useState('');
  const [busy, setBusy] = useState(false);
  const [saved, setSaved] = useState(false);
  const put = (change: Partial<Form>) => {
    setError('');
    setLines('');
    set({ ...form, ...change });
  };
  const field = (key: 'to' | 'url' | 'from' | 'smarthost' | 'username' | 'password', label: string, hint = '') => {
    const shared = { class: 'input', autocomplete: 'off', placeholder: hint, value: form[key], onInput: (e: { currentTarget: HTMLInputElement }) => put({ [key]: e.currentTarget.value.trim() }) };
    return <label class="field">{label}{key === 'password' ? <input type="password" {...shared} /> : <input type="text" {...shared} />}</label>;
  };
  const save = async () => {
    setBusy(true);
    try {
      const { kind, ...rest } = form;
      const filled = Object.fromEntries(Object.entries(rest).filter(([, v]) => v !== ''));
      const answer = await setReceiver({ kind, ...filled });
      if (answer.saved) {
        setSaved(true);
        onDone();
      } else setLines(answer.yaml ?? '');
    } catch (e) {
      setError((e as Error).message);
    }
    setBusy(false);
  };
  const test = () => sendTest().then(() => toast({ kind: 'ok', text: 'A test alert is on its way; it ends by itself in five minutes.', link: { href: 'alerts', text: 'Alerts' } }), toastError);
  const own = state.data && !state.data.writable;
  return (
    <Dialog title="Where alerts go" onClose={onClose} wide>
      {!state.data && <Loading />}
      {state.data && saved && (
        <>
          <p class="row"><Icon name="check" class="ok-t" /><span>Alerts are sent there from now on, and again when they end.</span></p>
          <div class="acts"><button class="btn" onClick={test}>Send a test</button><button class="btn primary" autofocus onClick={onClose}>Done</button></div>
        </>
      )}
      {state.data && !saved && (
        <>
          <div class="stack form">
            {own && <div class="note info"><Icon name="info" /><span>Alerts are routed by <code class="break">{state.data.file}</code>, a file of yours, so nothing is written from here. This form makes the lines for it.</span></div>}
            <span class="join" role="group" aria-label="Kind">{KINDS.map(([k, text]) => <button key={k} class="btn" aria-pressed={form.kind === k} onClick={() => put({ kind: k })}>{text}</button>)}</span>
            {form.kind === 'email' && (
              <>
                {field('to', 'To', 'team@example.org')}
                <div class="row three">{field('smarthost', 'Mail server and port', 'mail.example.org:587')}{field('from', 'From', 'as To')}</div>
                <div class="row three">{field('username', 'User name', 'if it asks for one')}{field('password', 'Password')}</div>
                <label class="check"><input type="checkbox" checked={form.requireTls} onChange={() => put({ requireTls: !form.requireTls })} />Only with encryption (TLS)</label>
              </>
            )}
            {form.kind === 'slack' && <>{field('url', 'Incoming webhook', 'https://hooks.slack.com/services/…')}{field('to', 'Channel', 'as the webhook has it')}</>}
            {form.kind === 'webhook' && field('url', 'Address', 'http://127.0.0.1:8080/alerts')}
            {error && <p class="critical-t small" role="alert">{error}</p>}
            {lines && <><p class="dim small">Take these over and reload (SIGHUP, or POST /-/reload on the alert manager's address):</p><pre class="yaml" tabIndex={0}>{lines}</pre></>}
          </div>
          <div class="acts">
            <button class="btn" onClick={onClose}>Cancel</button>
            {lines ? <button class="btn primary" onClick={() => copy(lines)}><Icon name="copy" />Copy</button> : <button class="btn primary" disabled={busy} onClick={save}>{own ? 'Make the lines' : 'Save'}</button>}
          </div>
        </>
      )}
    </Dialog>
  );
}
