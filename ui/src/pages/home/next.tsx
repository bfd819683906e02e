// What to do next, in four steps; done ones are ticked.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { DashboardItem, Rule, Target } from '../../api/types';
import { Icon } from '../../components/icon';
import type { Given } from '../../lib/dashjson';
import { plural } from '../../lib/format';
import { FileButton, importAll, useDrop } from '../dashboards/import';
import { AddressForm } from './address';
import { copy } from './copy';

const JOB = `scrape_configs:
  - job_name: api
    static_configs:
      - targets: ["10.0.0.5:8080"]`;

interface Props {
  targets: Target[];
  rules: Rule[];
  boards: DashboardItem[];
  routing?: string;
  onDone: () => void;
}

function Step({ n, done, title, note, act }: { n: number; done: boolean; title: string; note: string; act?: ComponentChildren }) {
  return (
    <div class="li">
      <span class={'step-no' + (done ? ' done' : '')}>{done ? <Icon name="check" label="done" /> : n}</span>
      <span class={done ? 'clip' : 'strong clip'}>{title}</span>
      <span class="small faint">{note}</span>
      {act && <span class="act">{act}</span>}
    </div>
  );
}

export function NextSteps({ targets, rules, boards, routing, onDone }: Props) {
  const take = (given: Given[]) => void importAll(given).then(onDone);
  const over = useDrop(take);
  const [asking, ask] = useState(false);
  const own = boards.some((b) => b.source === 'stored');
  const more = new Set(targets.map((t) => t.scrapePool)).size > 2;
  const told = /(email|webhook|slack|pagerduty|opsgenie|telegram|discord|msteams|pushover|sns|victorops|webex|wechat)\w*_configs/.test(routing ?? '');
  const alerting = rules.filter((r) => r.type === 'alerting').length;
  const watching = targets.some((t) => t.health === 'up');
  const done = [watching, own, more, told].filter(Boolean).length;
  return (
    <section class="panel" aria-label="What to do next">
      <header><h2>What to do next</h2><span class="end faint small pad-right">{done} of 4 done</span></header>
      <Step n={1} done={watching} title="Watch this host" note={watching ? 'Figures are being stored' : 'The first scrape is on its way'} />
      <Step n={2} done={own} title="Bring a dashboard" note="A Grafana JSON file works as it is" act={<FileButton text="Choose file" onFiles={take} />} />
      {!own && <div class={'drop-zone' + (over ? ' over' : '')}>Drop JSON files here</div>}
      <Step n={3} done={more} title="Watch more" note="Look for exporters here, or add to prometheus.yml" act={<button class="btn s" onClick={() => copy(JOB)}>Copy</button>} />
      {!more && <pre class="yaml snippet" tabIndex={0}>{JOB}</pre>}
      <Step n={4} done={told} title="Be told when something breaks" note={`${plural(alerting, 'alert rule is', 'alert rules are')} ready${told ? '' : '; they need an address'}`} act={told ? <a class="btn s" href="routes">Routes</a> : <button class="btn primary s" onClick={() => ask(true)}>Add an address</button>} />
      {asking && <AddressForm onClose={() => ask(false)} onDone={onDone} />}
    </section>
  );
}
