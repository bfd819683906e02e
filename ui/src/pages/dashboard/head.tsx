// A panel's header: state, title, description, links, and its menu.
import type { DataFrame } from '@grafana/data';
import { useState } from 'preact/hooks';
import { Icon } from '../../components/icon';
import { Dialog, Drop } from '../../components/popup';
import { type Lookup, interpolate, promFormat } from '../../lib/dash/interpolate';
import { timing } from '../../lib/dash/intervals';
import type { Panel } from '../../lib/dash/model';
import { markdown } from '../../lib/sanitize';
import { describe, formatDate, type Span } from '../../lib/time';
import type { Replace } from '../../panels/data/prepare';
import { scoped } from '../../panels/data/query';
import { ruleFrom } from './alertrule';
import type { Board } from './context';
import { toCsv } from './csv';
import { download } from './download';
import type { EditActions } from './view';

interface Props {
  panel: Panel;
  title: string;
  shown: { state: string; message: string };
  warnings: string[];
  stale: number; // epoch milliseconds the drawing is of; 0: it is fresh
  errors: string[]; // of queries that failed while others did not
  board: Board;
  span: Span;
  replace: Replace;
  lookup: Lookup;
  frames: DataFrame[];
  alone: boolean;
  onView: (id: number | null) => void;
  onEdit?: (id: number) => void;
  edit?: EditActions;
}

type Asked = Pick<Props, 'panel' | 'board' | 'span' | 'lookup'>;

// The panel's expressions as they were sent, for Explore.
function expressions({ panel, board, span, lookup }: Asked): string[] {
  return panel.targets.filter((t) => t.expr && !t.hide).map((t) => {
    const times = timing({ from: span.from, to: span.to, points: 1000, panelInterval: panel.interval, queryInterval: t.interval && interpolate(t.interval, lookup), scrape: board.scrapeMs(t.expr!) });
    return interpolate(t.expr!, scoped({ lookup }, times), promFormat);
  });
}

export const exploreAddress = (p: Asked): string =>
  `query?${expressions(p).map((e) => 'expr=' + encodeURIComponent(e)).join('&')}&from=${encodeURIComponent(p.board.range.from)}&to=${encodeURIComponent(p.board.range.to)}`;

function ownTime(panel: Panel, replace: Replace): string {
  if (panel.hideTimeOverride || (!panel.timeFrom && !panel.timeShift)) return '';
  const from = panel.timeFrom && replace(panel.timeFrom);
  return [from && describe(/now/.test(from) ? { from, to: 'now' } : { from: 'now-' + from, to: 'now' }), panel.timeShift && `shifted by ${replace(panel.timeShift)}`].filter(Boolean).join(', ');
}

export function PanelHead(p: Props) {
  const { panel, title, shown, alone, onView, onEdit, edit } = p;
  const [rule, setRule] = useState<string>();
  const links = panel.links.filter((l) => l.url);
  const time = ownTime(panel, p.replace);
  const csv = () => download(`${title || 'panel'}.csv`, toCsv(p.frames), 'text/csv');
  return (
    <header class={title ? '' : 'untitled'}>
      {shown.state === 'error' && <Icon name="critical" label="Error" class="critical-t" />}
      {title && <h2 title={title}>{title}</h2>}
      {panel.description && (
        <Drop class="btn icon s quiet" label="About this panel" button={<Icon name="info" />}>
          {() => <div class="about" dangerouslySetInnerHTML={{ __html: markdown(interpolate(panel.description!, p.lookup)) }} />}
        </Drop>
      )}
      {time && <span class="small faint nowrap clip">{time}</span>}
      <span class="end">
        {p.stale > 0 && <span class="badge warning" role="status" title="The server cannot be reached; it is asked again every ten seconds"><Icon name="clock" />as of {formatDate(p.stale, p.board.zone, { date: false })}</span>}
        {p.errors.length > 0 && <span class="badge critical" title={p.errors.join('\n')}><Icon name="critical" label={`A query failed: ${p.errors.join('. ')}`} /></span>}
        {p.warnings.length > 0 && <span class="badge warning" title={p.warnings.join('\n')}><Icon name="warning" label={p.warnings.join('. ')} /></span>}
        {links.length > 0 && (
          <Drop toRight role="menu" class="btn icon s quiet" label="Links" button={<Icon name="link" />}>
            {(close) => links.map((l, i) => <a key={i} class="opt" role="menuitem" href={p.replace(l.url!)} target={l.targetBlank ? '_blank' : undefined} rel="noreferrer" onClick={close}>{p.replace(l.title ?? l.url!)}</a>)}
          </Drop>
        )}
        <span class="menu">
          <Drop toRight role="menu" class="btn icon s quiet" label={`Menu of ${title || 'panel'}`} button={<Icon name="more" />}>
            {(close) => (
              <>
                <button class="opt" role="menuitem" onClick={() => { close(); onView(alone ? null : panel.id); }}>{alone ? 'Back to the dashboard' : 'View alone'}</button>
                {onEdit && <button class="opt" role="menuitem" onClick={() => { close(); onEdit(panel.id); }}>Edit</button>}
                {edit && <button class="opt" role="menuitem" onClick={() => { close(); edit.onDuplicate(panel.id); }}>Duplicate</button>}
                {edit && <button class="opt critical-t" role="menuitem" onClick={() => { close(); edit.onRemove(panel.id); }}>Remove</button>}
                {expressions(p).length > 0 && <a class="opt" role="menuitem" href={exploreAddress(p)} onClick={close}>Open in Explore</a>}
                {p.frames.length > 0 && <button class="opt" role="menuitem" onClick={() => { close(); csv(); }}>Download as CSV</button>}
                {expressions(p).length > 0 && <button class="opt" role="menuitem" onClick={() => { close(); setRule(ruleFrom(title, panel, expressions(p)[0]!)); }}>Make an alert rule</button>}
              </>
            )}
          </Drop>
        </span>
      </span>
      {rule && (
        <Dialog title="An alert rule from this panel" wide onClose={() => setRule(undefined)}>
          <p class="dim small">Put this under <code>groups:</code> in a file that <code>rule_files</code> names.</p>
          <pre class="yaml" tabIndex={0}>{rule}</pre>
          <div class="acts"><button class="btn" onClick={() => setRule(undefined)}>Close</button><button class="btn primary" onClick={() => navigator.clipboard?.writeText(rule)}>Copy</button></div>
        </Dialog>
      )}
    </header>
  );
}
