// The metric explorer: every metric with its kind and help; the labels of the chosen one.
import { useMemo, useState } from 'preact/hooks';
import { promClient } from '../../api/completion';
import { Loading } from '../../components/state';
import { whole } from '../../lib/format';
import { useLoad } from '../../lib/load';

const kRows = 100;

export function Metrics({ onPick, onLabel }: { onPick: (metric: string) => void; onLabel: (label: string, value: string) => void }) {
  const [text, setText] = useState('');
  const [kind, setKind] = useState('');
  const [chosen, choose] = useState('');
  const names = useLoad(() => promClient.metricNames(), []);
  const help = useLoad(() => promClient.metricMetadata(), []);
  const about = (name: string) => help.data?.[name]?.[0] ?? help.data?.[name.replace(/_(bucket|count|sum|total|created)$/, '')]?.[0];
  const found = useMemo(() => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    return (names.data ?? []).filter((n) => words.every((w) => n.toLowerCase().includes(w)));
  }, [names.data, text]);
  const kinds = useMemo(() => {
    const sum = new Map<string, number>();
    for (const n of found) {
      const k = about(n)?.type ?? 'unknown';
      sum.set(k, (sum.get(k) ?? 0) + 1);
    }
    return [...sum].sort((a, b) => b[1] - a[1]);
  }, [found, help.data]);
  const shown = kind ? found.filter((n) => (about(n)?.type ?? 'unknown') === kind) : found;

  return (
    <aside class="panel metrics" aria-label="Metrics">
      <header><h2>Metrics</h2><span class="end faint small">{names.data && whole(names.data.length)}</span></header>
      <div class="pad"><input class="input" data-filter placeholder="Filter" aria-label="Filter metrics" value={text} onInput={(e) => setText(e.currentTarget.value)} /></div>
      <div class="row wrap small pad">
        {kinds.map(([k, n]) => <button key={k} class="btn s quiet" aria-pressed={k === kind} onClick={() => setKind(k === kind ? '' : k)}>{k} {n}</button>)}
      </div>
      <div class="metric-list">
        {!names.data && <Loading />}
        {shown.slice(0, kRows).map((n) => (
          <button key={n} class="metric" aria-current={n === chosen ? 'true' : undefined} title={about(n)?.help} onClick={() => choose(n === chosen ? '' : n)} onDblClick={() => onPick(n)}>
            <span class="mono clip">{n}</span>
            <small class="clip">{[about(n)?.type, about(n)?.unit, about(n)?.help].filter(Boolean).join('. ') || 'no description'}</small>
          </button>
        ))}
        {shown.length > kRows && <p class="faint small pad">and {whole(shown.length - kRows)} more</p>}
        {names.data && !shown.length && <p class="faint small pad">No metric has that in its name.</p>}
      </div>
      {chosen && <LabelsOf metric={chosen} onPick={() => onPick(chosen)} onLabel={onLabel} />}
    </aside>
  );
}

function LabelsOf({ metric, onPick, onLabel }: { metric: string; onPick: () => void; onLabel: (label: string, value: string) => void }) {
  const [open, setOpen] = useState('');
  const labels = useLoad(async () => {
    const names = (await promClient.labelNames(metric)).filter((n) => n !== '__name__');
    return Promise.all(names.map(async (name) => ({ name, values: await promClient.labelValues(name, metric) })));
  }, [metric]);
  return (
    <div class="metric-labels small">
      <div class="row"><span class="mono grow clip">{metric}</span><button class="btn s" onClick={onPick}>Use</button></div>
      {labels.data?.map(({ name, values }) => (
        <div key={name}>
          <button class="label-name" aria-expanded={open === name} onClick={() => setOpen(open === name ? '' : name)}>
            <span class="mono grow clip">{name}</span><span class="dim">{values.length}</span>
          </button>
          {open === name && <div class="tags">{values.slice(0, 50).map((v) => <button key={v} class="tag" onClick={() => onLabel(name, v)}>{v}</button>)}</div>}
        </div>
      ))}
    </div>
  );
}
