// Exporters on this machine that nobody watches yet: looked for on a click, watched on another.
import { useState } from 'preact/hooks';
import { searchExporters, watchExporter } from '../../api/setup';
import type { FoundExporters } from '../../api/types';
import { Icon } from '../../components/icon';
import { toast, toastError } from '../../components/toast';
import { plural } from '../../lib/format';
import { copy } from './copy';

const jobFor = (file: string) => `scrape_configs:
  - job_name: watched
    file_sd_configs:
      - files: [${JSON.stringify(file)}]`;

export function Found({ onChange }: { onChange: () => void }) {
  const [found, set] = useState<FoundExporters>();
  const [busy, setBusy] = useState(false);
  const look = async () => {
    setBusy(true);
    await searchExporters().then(set, toastError);
    setBusy(false);
  };
  const watch = async (address: string, title: string) => {
    try {
      await watchExporter(address);
      toast({ kind: 'ok', text: `${title} is watched from now on.`, link: { href: 'targets', text: 'Targets' } });
      set((f) => f && { ...f, found: f.found.filter((x) => x.address !== address) });
      onChange();
    } catch (e) {
      toastError(e);
    }
  };
  return (
    <section class="panel" aria-label="Found on this machine">
      <header><h2>Found on this machine, not watched yet</h2><span class="end">{found && <button class="btn s quiet" disabled={busy} onClick={look}>Look again</button>}</span></header>
      {!found && (
        <div class="li">
          <Icon name="search" class="faint" />
          <span class="dim">Asks the ports that listen on this machine for <code>/metrics</code>. Nothing is asked before you look.</span>
          <button class="btn s act" disabled={busy} onClick={look}>{busy ? 'Looking' : 'Look'}</button>
        </div>
      )}
      {found?.found.map((f) => (
        <div key={f.address} class="li" data-found={f.address}>
          <Icon name="search" class="faint" />
          <span class="clip">{f.title}</span>
          <span class="small faint clip">{f.address}, {plural(f.samples, 'sample')}</span>
          {found.watchable && <button class="btn s act" onClick={() => watch(f.address, f.title)}>Watch</button>}
        </div>
      ))}
      {found && !found.found.length && <p class="pad dim" role="status">Nothing else on this machine answers with metrics.</p>}
      {found && found.found.length > 0 && !found.watchable && (
        <>
          <p class="pad dim">The configuration is a file of yours, so it is not changed from here. Add the exporters to it, or this job once and look again:</p>
          <pre class="yaml snippet" tabIndex={0}>{jobFor(found.file)}</pre>
          <div class="pad"><button class="btn s" onClick={() => copy(jobFor(found.file))}><Icon name="copy" />Copy</button></div>
        </>
      )}
    </section>
  );
}
