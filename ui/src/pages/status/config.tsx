// The configuration as loaded (the server hides secrets) and the flags the server was started with.
import { useState } from 'preact/hooks';
import { amStatus } from '../../api/alertmanager';
import { config, flags } from '../../api/prometheus';
import { Icon } from '../../components/icon';
import { Page, Top } from '../../components/shell';
import { Failed, Loading } from '../../components/state';
import { toast } from '../../components/toast';
import { useTitle } from '../../components/use';
import { useLoad } from '../../lib/load';
import { StatusTabs } from './index';

function Yaml({ title, text }: { title: string; text: string }) {
  const copy = () => navigator.clipboard?.writeText(text).then(() => toast({ kind: 'ok', text: 'Copied.' }), () => toast({ kind: 'warning', text: 'Copying is not allowed here.' }));
  return (
    <section class="panel" aria-label={title}>
      <header><h2>{title}</h2><span class="end"><button class="btn s quiet" onClick={copy}><Icon name="copy" />Copy</button></span></header>
      <div class="pad"><pre class="yaml" tabIndex={0}>{text || '# empty'}</pre></div>
    </section>
  );
}

export function Config() {
  useTitle('Configuration');
  const prom = useLoad(config, []);
  const am = useLoad(amStatus, []);
  return (
    <Page name="config" ready={!prom.loading}>
      <Top title="Status" />
      <StatusTabs />
      <div class="page stack">
        {prom.error && <Failed what="The configuration could not be read" error={prom.error} retry={prom.reload} />}
        {prom.data ? <Yaml title="Scraping and rules" text={prom.data.yaml} /> : !prom.error && <Loading />}
        {am.data && <Yaml title="Alert routing" text={am.data.config.original} />}
      </div>
    </Page>
  );
}

export function Flags() {
  useTitle('Flags');
  const [filter, set] = useState('');
  const loaded = useLoad(flags, []);
  const rows = Object.entries(loaded.data ?? {}).filter(([k, v]) => `${k}=${v}`.toLowerCase().includes(filter.toLowerCase()));
  return (
    <Page name="flags" ready={!loaded.loading}>
      <Top title="Status" />
      <StatusTabs />
      <div class="page stack">
        <input class="input" data-filter placeholder="Filter flags" aria-label="Filter flags" value={filter} onInput={(e) => set(e.currentTarget.value)} />
        {!loaded.data && (loaded.error ? <Failed what="Flags could not be read" error={loaded.error} retry={loaded.reload} /> : <Loading />)}
        {loaded.data && (
          <section class="panel"><table class="table">
            <thead><tr><th scope="col">Flag</th><th scope="col">Value</th></tr></thead>
            <tbody>{rows.map(([k, v]) => <tr key={k}><td class="mono">--{k}</td><td class="mono break">{v}</td></tr>)}</tbody>
          </table></section>
        )}
      </div>
    </Page>
  );
}
