// One alert: its words, its graph with the threshold in it, who gets it, and what keeps it quiet.
import { useState } from 'preact/hooks';
import { silences } from '../../api/alertmanager';
import { Icon } from '../../components/icon';
import { toast, toastError } from '../../components/toast';
import { longDuration } from '../../lib/duration';
import { count } from '../../lib/format';
import { useLoad } from '../../lib/load';
import { formatMatcher, matches } from '../../lib/matchers';
import { limitOf } from '../../lib/alertexpr';
import { severityOf, severityWord } from '../../lib/severity';
import { formatDate } from '../../lib/time';
import { acknowledge } from './acknowledge';
import { RuleGraph, type Trial } from './graph';
import type { Item } from './model';
import { RouteTree } from './routes';
import { SilenceForm } from './silenceform';
import { Trying } from './trying';

const kHour = 3600_000;
const SPANS = [['1 hour', 1], ['6 hours', 6], ['24 hours', 24], ['7 days', 168]] as const;

function Facts({ item, now }: { item: Item; now: number }) {
  const { alert, rule } = item;
  const limit = limitOf(rule.query);
  const fact = (k: string, v: string) => <span>{k} <b class="strong">{v}</b></span>;
  return (
    <div class="row wrap small dim facts-line">
      {alert?.activeAt && fact(alert.state === 'firing' ? 'Firing for' : 'Pending for', longDuration(Math.max(0, now - Date.parse(alert.activeAt))))}
      {alert && fact('Value', count(Number(alert.value)))}
      {limit && fact('Threshold', `${limit.op} ${count(limit.value)}`)}
      {rule.duration > 0 && fact('Waits', longDuration(rule.duration * 1000))}
      {item.sent && fact('Sent to', item.sent.receivers.map((r) => r.name).join(', '))}
    </div>
  );
}

export function Detail({ item, now }: { item: Item; now: number }) {
  const { alert, rule } = item;
  const [hours, setHours] = useState<number>(6);
  const [trying, setTrying] = useState(false);
  const [trial, setTrial] = useState<Trial>();
  const [silencing, setSilencing] = useState(false);
  const quiet = useLoad(async (signal) => (await silences(signal)).filter((s) => s.status.state !== 'expired'), []);
  const mine = (quiet.data ?? []).filter((s) => s.matchers.every((m) => matches(m, item.labels)));
  const severity = severityOf(item.labels);
  const { summary, description, runbook_url: runbook, runbook: book } = alert?.annotations ?? rule.annotations ?? {};
  const ack = () => acknowledge(item.labels).then(() => { toast({ kind: 'ok', text: 'Acknowledged: quiet for 2 hours.', link: { href: 'silences', text: 'Silences' } }); quiet.reload(); }, toastError);
  const link = runbook ?? book;
  return (
    <div class="stack">
      <section class="panel" aria-label={rule.name}>
        <div class="pad-all stack">
          <div class="row wrap">
            <span class={'badge ' + (alert?.state === 'firing' ? severity : '')}><Icon name={alert?.state === 'firing' ? severity : 'clock'} />{alert?.state === 'firing' ? severityWord(item.labels) : (alert?.state ?? 'inactive')}</span>
            <h2 class="section">{rule.name}</h2>
            <span class="faint small">{item.group}</span>
            <span class="grow" />
            {alert?.state === 'firing' && <button class="btn" onClick={ack}><Icon name="check" />Acknowledge</button>}
            <button class="btn primary" onClick={() => setSilencing(true)}><Icon name="mute" />Silence</button>
          </div>
          {summary && description && <p class="prose">{summary}</p>}
          <p class={'prose' + (summary && description ? ' dim' : '')}>{description || summary || 'This rule has no description.'} {link && /^https?:/.test(link) && <a href={link} target="_blank" rel="noreferrer">Runbook</a>}</p>
          <Facts item={item} now={now} />
          <span class="tags">{Object.entries(item.labels).map(([k, v]) => <span key={k} class="tag">{k}={v}</span>)}</span>
          {rule.lastError && <div class="note critical"><code class="break">{rule.lastError}</code></div>}
        </div>
        <div class="body alert-graph"><RuleGraph item={item} span={hours * kHour} trial={trial} /></div>
        {trying && <Trying rule={rule} trial={trial} onTry={setTrial} onClose={() => { setTrying(false); setTrial(undefined); }} />}
        <div class="row wrap foot">
          <code class="grow clip dim" title={rule.query}>{rule.query}</code>
          <span class="join" role="group" aria-label="Graph of">
            {SPANS.map(([text, h]) => <button key={h} class="btn s" aria-pressed={h === hours} onClick={() => setHours(h)}>{text}</button>)}
          </span>
          <button class="btn s" aria-pressed={trying} onClick={() => { setTrying(!trying); setTrial(undefined); }}>Try a change</button>
          <a class="btn s" href={'query?expr=' + encodeURIComponent(rule.query)}>Explore</a>
        </div>
      </section>
      <div class="cols two-even">
        <section class="panel" aria-label="Who gets this alert">
          <header><h2>Who gets this alert</h2><span class="end"><a class="btn s quiet" href={'routes?labels=' + encodeURIComponent(Object.entries(item.labels).map(([k, v]) => `${k}=${JSON.stringify(v)}`).join(','))}>Try labels</a></span></header>
          <div class="pad"><RouteTree labels={item.labels} /></div>
        </section>
        <section class="panel" aria-label="Silences of this alert">
          <header><h2>Silences</h2><span class="end"><button class="btn s quiet" onClick={() => setSilencing(true)}><Icon name="plus" />New</button></span></header>
          {mine.map((s) => (
            <div key={s.id} class="quiet-entry">
              <code class="break">{s.matchers.map(formatMatcher).join(', ')}</code>
              <div class="row small dim"><span class="grow clip">{s.comment}, by {s.createdBy}</span><span>until {formatDate(Date.parse(s.endsAt), undefined, { seconds: false })}</span></div>
            </div>
          ))}
          {!mine.length && <p class="dim pad">Nothing keeps it quiet.</p>}
        </section>
      </div>
      {silencing && <SilenceForm labels={item.labels} onDone={() => { setSilencing(false); quiet.reload(); }} />}
    </div>
  );
}
