// Rules: every group with its rules, how long they take and whether they work.
import { useState } from 'preact/hooks';
import { rules } from '../../api/prometheus';
import type { Rule, RuleGroup } from '../../api/types';
import { Icon } from '../../components/icon';
import { Page, Top } from '../../components/shell';
import { Empty, Failed, Loading, Stale } from '../../components/state';
import { useNow, useTitle } from '../../components/use';
import { ago, formatDuration } from '../../lib/duration';
import { plural, seconds } from '../../lib/format';
import { words } from '../../lib/labels';
import { useLoad } from '../../lib/load';
import { StatusTabs } from './index';

const query = (expr: string) => 'query?expr=' + encodeURIComponent(expr);

function RuleRow({ rule }: { rule: Rule }) {
  return (
    <tr class={rule.health === 'err' ? 'bad' : ''}>
      <td>
        <span class="row">
          {rule.health === 'err' ? <Icon name="critical" label="failing" class="critical-t" /> : <Icon name={rule.type === 'alerting' ? 'bell' : 'explore'} label={rule.type} class="faint" />}
          <span class="strong break">{rule.name}</span>
        </span>
        <span class="tags">{Object.entries(rule.labels ?? {}).map(([k, v]) => <span key={k} class="tag">{k}={v}</span>)}</span>
      </td>
      <td>
        <a class="mono break" href={query(rule.query)}>{rule.query}</a>
        {rule.type === 'alerting' && rule.duration > 0 && <div class="small faint">for {formatDuration(rule.duration * 1000)}{rule.keepFiringFor ? `, keeps firing for ${formatDuration(rule.keepFiringFor * 1000)}` : ''}</div>}
        {rule.lastError && <div class="small critical-t break">{rule.lastError}</div>}
      </td>
      <td class="num">{rule.evaluationTime > 0 && seconds(rule.evaluationTime)}</td>
    </tr>
  );
}

function Group({ group, now }: { group: RuleGroup; now: number }) {
  const last = Date.parse(group.lastEvaluation);
  return (
    <section class="panel" aria-label={group.name}>
      <header class="tall">
        <h2 class="strong">{group.name}</h2>
        <span class="faint small clip">{group.file}</span>
        <span class="end faint small">every {formatDuration(group.interval * 1000)}, {last > 0 ? `${ago(now - last)} in ${seconds(group.evaluationTime)}` : 'not evaluated yet'}</span>
      </header>
      <div class="scroll"><table class="table rules">
        <thead><tr><th scope="col">Rule</th><th scope="col">Expression</th><th scope="col" class="num">Took</th></tr></thead>
        <tbody>{group.rules.map((r, i) => <RuleRow key={i} rule={r} />)}</tbody>
      </table></div>
    </section>
  );
}

export function Rules() {
  useTitle('Rules');
  const [filter, set] = useState('');
  const now = useNow();
  const loaded = useLoad(rules, [], 15_000);
  const w = words(filter);
  const groups = (loaded.data?.groups ?? [])
    .map((g) => ({ ...g, rules: g.rules.filter((r) => w.every((x) => `${g.name} ${r.name} ${r.query} ${JSON.stringify(r.labels ?? {})}`.toLowerCase().includes(x))) }))
    .filter((g) => g.rules.length);
  const total = (loaded.data?.groups ?? []).reduce((n, g) => n + g.rules.length, 0);
  return (
    <Page name="rules" ready={!loaded.loading || !!loaded.data}>
      <Top title="Status" />
      <StatusTabs />
      <div class="page stack">
        <div class="row"><input class="input grow" data-filter placeholder="Filter by name, expression or label" aria-label="Filter rules" value={filter} onInput={(e) => set(e.currentTarget.value)} /><span class="faint small">{plural(total, 'rule')}</span></div>
        <Stale error={loaded.error} at={loaded.at} />
        {!loaded.data && (loaded.error ? <Failed what="Rules could not be read" error={loaded.error} retry={loaded.reload} /> : <Loading />)}
        {groups.map((g) => <Group key={g.file + g.name} group={g} now={now} />)}
        {loaded.data && !groups.length && <Empty>{total ? 'No rule matches.' : 'No rules are loaded. List rule files under rule_files in the configuration.'}</Empty>}
      </div>
    </Page>
  );
}
