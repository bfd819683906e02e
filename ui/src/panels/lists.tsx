// Lists: alerts, dashboards, log lines.
import { FieldType } from '@grafana/data';
import { useEffect, useMemo } from 'preact/hooks';
import { listDashboards } from '../api/dashboards';
import { rules } from '../api/prometheus';
import { Icon } from '../components/icon';
import { ago } from '../lib/duration';
import { useLoad } from '../lib/load';
import { severityOf } from '../lib/severity';
import { formatDate } from '../lib/time';
import { number, object, text } from './options';
import { kNoData, type VizProps } from './types';

const kAlerts = 20;
const kBoards = 10;
const kLines = 1000;

export function AlertList(p: VizProps) {
  const loaded = useLoad((signal) => rules(signal), [p.span.to], 0);
  const o = p.panel.options;
  const filter = object(o.stateFilter);
  const all = useMemo(() => {
    const wanted = (state: string) => (Object.keys(filter).length ? filter[state] === true || (state === 'inactive' && filter.normal === true) : state !== 'inactive');
    const name = text(o.alertName).toLowerCase();
    return (loaded.data?.groups ?? []).flatMap((g) => g.rules).filter((r) => r.type === 'alerting').filter((r) => wanted(r.state) && r.name.toLowerCase().includes(name));
  }, [loaded.data]);
  useEffect(() => {
    if (loaded.data) p.onDrawn();
    else if (loaded.error) p.onEmpty(loaded.error.message);
  }, [loaded.data, loaded.error]);
  if (!loaded.data) return null;
  if (text(o.viewMode) === 'stat') return <div class="viz-cells"><div class="stat-cell center"><div class="stat-figure" style={{ fontSize: '40px' }}>{all.length}</div></div></div>;
  return (
    <ul class="list-panel scroll">
      {all.slice(0, number(o.maxItems) ?? kAlerts).map((r, i) => {
        const first = r.alerts[0];
        const severity = severityOf(first?.labels ?? r.labels ?? {});
        const firing = r.state === 'firing';
        return (
          <li key={i}>
            <a class="opt" href={`alerts?state=all&filter=${encodeURIComponent(r.name)}`}>
              <Icon name={firing ? severity : r.state === 'pending' ? 'clock' : 'check'} label={r.state} class={firing ? severity + '-t' : r.state === 'pending' ? 'warning-t' : 'ok-t'} />
              <span class="grow clip">{r.name}</span>
              <span class="small faint">{r.state}{first?.activeAt ? ', ' + ago(Date.now() - Date.parse(first.activeAt)) : ''}</span>
            </a>
          </li>
        );
      })}
      {!all.length && <li class="state">No alerts to show</li>}
    </ul>
  );
}

export function DashList(p: VizProps) {
  const loaded = useLoad(listDashboards, []);
  const o = p.panel.options;
  const tags = Array.isArray(o.tags) ? o.tags.map(String) : [];
  const words = text(o.query).toLowerCase();
  const all = (loaded.data ?? []).filter((d) => (o.showSearch ? d.title.toLowerCase().includes(words) && tags.every((t) => d.tags.includes(t)) : o.showStarred ? d.starred : true));
  useEffect(() => {
    if (loaded.data) p.onDrawn();
    else if (loaded.error) p.onEmpty(loaded.error.message);
  }, [loaded.data, loaded.error]);
  if (!loaded.data) return null;
  const query = [o.keepTime ? p.replace('${__url_time_range}') : '', o.includeVars ? p.replace('${__all_variables}') : ''].filter(Boolean).join('&');
  return (
    <ul class="list-panel scroll">
      {all.slice(0, number(o.maxItems) ?? kBoards).map((d) => <li key={d.uid}><a class="opt" href={`d/${d.uid}/${d.slug}${query ? '?' + query : ''}`}><Icon name="grid" class="faint" /><span class="grow clip">{d.title}</span><span class="small faint">{d.folder}</span></a></li>)}
      {!all.length && <li class="state">{o.showStarred && !o.showSearch ? 'No dashboard is starred' : 'No dashboards to show'}</li>}
    </ul>
  );
}

export function Logs(p: VizProps) {
  const lines = useMemo(() => {
    const out = p.frames.flatMap((f) => {
      const time = f.fields.find((x) => x.type === FieldType.time);
      const body = f.fields.find((x) => x.type === FieldType.string) ?? f.fields.find((x) => x.type === FieldType.number);
      return body ? body.values.map((v, i) => ({ at: Number(time?.values[i] ?? 0), text: `${body.labels ? Object.entries(body.labels).map(([k, x]) => `${k}=${x}`).join(' ') + ' ' : ''}${v}` })) : [];
    });
    const up = text(p.panel.options.sortOrder) === 'Ascending';
    return out.sort((a, b) => (up ? a.at - b.at : b.at - a.at)).slice(0, kLines);
  }, [p.frames]);
  useEffect(() => {
    if (!lines.length) p.onEmpty(kNoData);
    else p.onDrawn();
  }, [lines]);
  if (!lines.length) return null;
  return (
    <ol class={'log-panel scroll' + (p.panel.options.wrapLogMessage === false ? '' : ' wrapped')} tabIndex={0}>
      {lines.map((l, i) => <li key={i}>{p.panel.options.showTime !== false && <span class="faint">{formatDate(l.at, p.zone)} </span>}{l.text}</li>)}
    </ol>
  );
}
