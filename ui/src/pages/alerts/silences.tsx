// Silences: active, to come, and past ones; each says what it mutes now and for how long.
import { useState } from 'preact/hooks';
import { amAlerts, expireSilence, silences } from '../../api/alertmanager';
import type { AmAlert, Silence } from '../../api/types';
import { Icon } from '../../components/icon';
import { Dialog } from '../../components/popup';
import { Page, Top } from '../../components/shell';
import { Empty, Failed, Loading, Stale } from '../../components/state';
import { toast, toastError } from '../../components/toast';
import { useNow, useTitle } from '../../components/use';
import { longDuration } from '../../lib/duration';
import { plural } from '../../lib/format';
import { words } from '../../lib/labels';
import { useLoad } from '../../lib/load';
import { formatMatcher } from '../../lib/matchers';
import { formatDate } from '../../lib/time';
import { AlertTabs } from './index';
import { SilenceForm } from './silenceform';

interface EntryProps {
  s: Silence;
  muted: number;
  now: number;
  onEdit: () => void;
  onEnd: () => void;
}

function Entry({ s, muted, now, onEdit, onEnd }: EntryProps) {
  const [from, to] = [Date.parse(s.startsAt), Date.parse(s.endsAt)];
  const share = Math.min(1, Math.max(0, (now - from) / (to - from)));
  const state = s.status.state;
  return (
    <div class="quiet-entry">
      <div class="row wrap">
        <code class="grow break">{s.matchers.map(formatMatcher).join(', ')}</code>
        <button class="btn s" onClick={onEdit}>{state === 'expired' ? 'Again' : 'Edit'}</button>
        {state !== 'expired' && <button class="btn s" onClick={onEnd}>End now</button>}
      </div>
      <div class="row small dim">
        <span class="grow break">{s.comment}, by {s.createdBy}</span>
        <span class="nowrap">
          {state === 'active' && `mutes ${muted}, ${longDuration(to - now)} left`}
          {state === 'pending' && `begins in ${longDuration(from - now)}`}
          {state === 'expired' && `ended ${formatDate(to, undefined, { seconds: false })}`}
        </span>
      </div>
      {state === 'active' && <div class="meter" style={{ '--v': `${share * 100}%`, '--c': 'var(--line-control)' }}><i /></div>}
    </div>
  );
}

export function Silences() {
  useTitle('Silences');
  const [filter, setFilter] = useState('');
  const [editing, edit] = useState<Silence | 'new'>();
  const [ending, end] = useState<Silence>();
  const now = useNow();
  const loaded = useLoad(async (signal) => {
    const [all, muted] = await Promise.all([silences(signal), amAlerts([], signal).catch((): AmAlert[] => [])]);
    return { all, muted };
  }, [], 15_000);
  const w = words(filter);
  const shown = (loaded.data?.all ?? []).filter((s) => w.every((x) => `${s.matchers.map(formatMatcher).join(' ')} ${s.comment} ${s.createdBy}`.toLowerCase().includes(x)));
  const mutes = (id: string) => (loaded.data?.muted ?? []).filter((a) => a.status.silencedBy.includes(id)).length;
  const confirm = () => {
    const s = ending!;
    end(undefined);
    expireSilence(s.id).then(() => { toast({ kind: 'ok', text: 'The silence has ended.' }); loaded.reload(); }, toastError);
  };
  const section = (state: Silence['status']['state'], title: string, none: string) => {
    const mine = shown.filter((s) => s.status.state === state).sort((a, b) => a.endsAt.localeCompare(b.endsAt) * (state === 'expired' ? -1 : 1));
    return (
      <section class="panel" aria-label={title}>
        <header><h2>{title}</h2><span class="end faint small pad-right">{plural(mine.length, 'silence')}</span></header>
        {mine.map((s) => <Entry key={s.id} s={s} muted={mutes(s.id)} now={now} onEdit={() => edit(s)} onEnd={() => end(s)} />)}
        {!mine.length && <Empty>{none}</Empty>}
      </section>
    );
  };
  return (
    <Page name="silences" ready={!loaded.loading || !!loaded.data}>
      <Top title="Alerts" />
      <AlertTabs />
      <div class="page stack">
        <div class="row">
          <input class="input grow" data-filter placeholder="Filter by matcher, reason or name" aria-label="Filter silences" value={filter} onInput={(e) => setFilter(e.currentTarget.value)} />
          <button class="btn primary" onClick={() => edit('new')}><Icon name="plus" />New silence</button>
        </div>
        <Stale error={loaded.error} at={loaded.at} />
        {!loaded.data && (loaded.error ? <Failed what="Silences could not be read" error={loaded.error} retry={loaded.reload} /> : <Loading />)}
        {loaded.data && (
          <>
            {section('active', 'Active', 'Nothing is silenced.')}
            {section('pending', 'To come', 'None is planned.')}
            {section('expired', 'Ended', 'None has ended lately.')}
          </>
        )}
      </div>
      {editing && <SilenceForm silence={editing === 'new' ? undefined : editing} onDone={() => { edit(undefined); loaded.reload(); }} />}
      {ending && (
        <Dialog title={`End the silence of ${ending.matchers.map(formatMatcher).join(', ')}?`} onClose={() => end(undefined)}>
          <p class="dim">Alerts it mutes are notified again.</p>
          <div class="acts"><button class="btn" autofocus onClick={() => end(undefined)}>Keep</button><button class="btn danger" onClick={confirm}>End now</button></div>
        </Dialog>
      )}
    </Page>
  );
}
