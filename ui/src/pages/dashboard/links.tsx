// Links of the dashboard to others, and to anywhere.
import { listDashboards } from '../../api/dashboards';
import { Icon } from '../../components/icon';
import { Drop } from '../../components/popup';
import type { DashLink } from '../../lib/dash/model';
import { useLoad } from '../../lib/load';
import type { Replace } from '../../panels/data/prepare';

interface Props {
  links: DashLink[];
  replace: Replace;
  uid: string;
  time: string; // from=…&to=… as in the address
}

function withState(url: string, l: DashLink, replace: Replace, time: string): string {
  const extra = [l.keepTime && time, l.includeVars && replace('${__all_variables}')].filter(Boolean).join('&');
  return extra ? url + (url.includes('?') ? '&' : '?') + extra : url;
}

// Addresses of Grafana begin with a slash; here they stand below the base.
const local = (url: string): string => (url.startsWith('/') && !url.startsWith('//') ? url.slice(1) || './' : url);

function ByTag({ link, replace, uid, time }: { link: DashLink } & Omit<Props, 'links'>) {
  const found = (useLoad(listDashboards, []).data ?? []).filter((d) => d.uid !== uid && link.tags.length > 0 && link.tags.every((t) => d.tags.includes(t)));
  if (!found.length) return null;
  const to = (d: (typeof found)[number]) => withState(`d/${d.uid}/${d.slug}`, link, replace, time);
  if (!link.asDropdown) return <>{found.slice(0, 8).map((d) => <a key={d.uid} class="btn s" href={to(d)} target={link.targetBlank ? '_blank' : undefined}>{d.title}</a>)}</>;
  return (
    <Drop toRight role="menu" class="btn s" button={<>{replace(link.title) || link.tags.join(', ')}<Icon name="chevron" /></>}>
      {(close) => found.map((d) => <a key={d.uid} class="opt" role="menuitem" href={to(d)} target={link.targetBlank ? '_blank' : undefined} onClick={close}>{d.title}</a>)}
    </Drop>
  );
}

export function DashLinks(p: Props) {
  return (
    <>
      {p.links.map((l, i) =>
        l.type === 'dashboards' ? <ByTag key={i} link={l} replace={p.replace} uid={p.uid} time={p.time} />
        : l.url ? <a key={i} class="btn s" title={l.tooltip} href={withState(local(p.replace(l.url)), l, p.replace, p.time)} target={l.targetBlank ? '_blank' : undefined} rel="noreferrer"><Icon name="link" />{p.replace(l.title) || l.url}</a>
        : null,
      )}
    </>
  );
}
