// The alerts: a list grouped as notified, and everything about the chosen one beside it.
import { useMemo } from 'preact/hooks';
import { alertGroups } from '../../api/alertmanager';
import { rules } from '../../api/prometheus';
import type { AlertGroup } from '../../api/types';
import { Icon } from '../../components/icon';
import { Refresh } from '../../components/refresh';
import { Page, Top } from '../../components/shell';
import { Empty, Failed, Loading, Stale } from '../../components/state';
import { useNow, useTitle } from '../../components/use';
import { longDuration, parseDuration } from '../../lib/duration';
import { plural } from '../../lib/format';
import { matchesText, words } from '../../lib/labels';
import { useLoad } from '../../lib/load';
import { setQuery, useLocation } from '../../lib/router';
import { severityOf } from '../../lib/severity';
import { Detail } from './detail';
import { AlertTabs } from './index';
import { type Item, itemsOf, type Section, sectionsOf } from './model';

function Entry({ item, here, now }: { item: Item; here: boolean; now: number }) {
  const state = item.alert?.state ?? 'inactive';
  const severity = severityOf(item.labels);
  const since = item.alert?.activeAt ? now - Date.parse(item.alert.activeAt) : 0;
  const age = state === 'pending' ? `${longDuration(since)} of ${longDuration(item.rule.duration * 1000)}` : state === 'firing' ? longDuration(Math.max(0, since)) : '';
  const { alertname: _, severity: __, ...tags } = item.alert?.labels ?? {};
  const text = item.alert?.annotations.summary ?? item.alert?.annotations.description ?? item.rule.query;
  return (
    <button class="alert-entry" aria-current={here ? 'true' : undefined} onClick={() => setQuery({ alert: item.key })}>
      {state === 'firing' ? <Icon name={severity} label={severity} class={severity + '-t'} /> : <Icon name={state === 'pending' ? 'clock' : item.rule.health === 'err' ? 'critical' : 'check'} label={state} class={state === 'pending' ? 'warning-t' : item.rule.health === 'err' ? 'critical-t' : 'faint'} />}
      <span class="strong clip">{item.rule.name}</span>
      <span class="small dim nowrap">{age}</span>
      <span class="dim small clip second">{text}</span>
      <span class="tags second">{Object.entries(tags).slice(0, 4).map(([k, v]) => <span key={k} class="tag">{k}={v}</span>)}</span>
    </button>
  );
}

function List({ sections, chosen, now }: { sections: Section[]; chosen?: Item; now: number }) {
  return (
    <>
      {sections.map((s) => (
        <section key={s.title + s.note} aria-label={s.title}>
          <div class="group-head"><span class="strong">{s.title}</span><span class="grow clip">{s.note}</span><span class="nowrap">{plural(s.items.length, 'alert')}</span></div>
          {s.items.map((i) => <Entry key={i.key} item={i} here={i === chosen} now={now} />)}
        </section>
      ))}
    </>
  );
}

export function Alerts() {
  useTitle('Alerts');
  const { query } = useLocation();
  const state = query.get('state') ?? 'firing';
  const filter = query.get('filter') ?? '';
  const every = query.get('refresh') ?? '15s';
  const now = useNow();
  const loaded = useLoad(async (signal) => {
    const [{ groups }, sent] = await Promise.all([rules(signal), alertGroups(signal).catch((): AlertGroup[] => [])]);
    return { groups, sent };
  }, [], parseDuration(every) ?? 0);
  const d = loaded.data;
  const { sections, rulesKnown } = useMemo(() => {
    if (!d) return { sections: [], rulesKnown: 0 };
    const items = itemsOf(d.groups, d.sent.flatMap((g) => g.alerts));
    const wanted = (i: Item) => matchesText({ ...i.labels, rule: i.rule.name }, words(filter));
    const keep = items.filter(wanted);
    const sections: Section[] =
      state === 'firing' ? sectionsOf(keep, d.sent)
      : state === 'pending' ? [{ title: 'Not sent yet', note: 'waiting out their for: time', items: keep.filter((i) => i.alert?.state === 'pending') }].filter((s) => s.items.length)
      : [...new Set(keep.map((i) => i.group))].map((g) => ({ title: g, note: '', items: keep.filter((i) => i.group === g) }));
    const calm = state === 'firing' && !filter && !sections.length && items.length > 0;
    if (calm) sections.push({ title: 'Nothing is firing', note: 'what is watched, nearest to firing first', items: [...keep].sort((a, b) => Number(b.alert?.state === 'pending') - Number(a.alert?.state === 'pending')) });
    return { sections, rulesKnown: items.length };
  }, [d, state, filter]);
  const all = sections.flatMap((s) => s.items);
  const chosen = all.find((i) => i.key === query.get('alert')) ?? all[0];
  const last = Math.max(0, ...(d?.groups ?? []).map((g) => Date.parse(g.lastEvaluation) || 0));

  return (
    <Page name="alerts" ready={!loaded.loading || !!d}>
      <Top title="Alerts">
        {last > 0 && <span class="badge ok wide-only"><Icon name="check" />Rules evaluated {longDuration(Math.max(0, now - last))} ago</span>}
        <Refresh every={every} busy={loaded.loading} onNow={loaded.reload} onEvery={(e) => setQuery({ refresh: e || 'off' })} />
      </Top>
      <AlertTabs />
      <div class="page stack">
        <Stale error={loaded.error} at={loaded.at} />
        {!d && (loaded.error ? <Failed what="Alerts could not be read" error={loaded.error} retry={loaded.reload} /> : <Loading />)}
        {d && (
          <div class="cols alerts">
            <section class="panel" aria-label="Alerts as notified">
              <div class="pad-all"><input class="input" data-filter placeholder="Filter, for example team=db" aria-label="Filter alerts" value={filter} onInput={(e) => setQuery({ filter: e.currentTarget.value })} /></div>
              <List sections={sections} chosen={chosen} now={now} />
              {!all.length && (
                <Empty>
                  {filter ? 'Nothing matches.' : state === 'firing' ? `Nothing is firing. ${plural(rulesKnown, 'alert rule is', 'alert rules are')} watched.` : state === 'pending' ? 'Nothing is pending.' : 'No alert rules are loaded.'}
                </Empty>
              )}
            </section>
            {chosen ? <Detail key={chosen.key} item={chosen} now={now} /> : <div class="stack" />}
          </div>
        )}
      </div>
    </Page>
  );
}
