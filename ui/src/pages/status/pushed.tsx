// What short-lived jobs pushed: each group with its labels, its age and whether the last push was taken.
import { useState } from 'preact/hooks';
import { forgetGroup, type PushedGroup, pushedGroups } from '../../api/push';
import { Icon } from '../../components/icon';
import { Dialog } from '../../components/popup';
import { Failed, Loading } from '../../components/state';
import { toast, toastError } from '../../components/toast';
import { ago } from '../../lib/duration';
import { plural } from '../../lib/format';
import { formatSeries } from '../../lib/labels';
import { useLoad } from '../../lib/load';

const kNamed = 6;

export function Pushed({ now }: { now: number }) {
  const loaded = useLoad(pushedGroups, [], 10_000);
  const [leaving, leave] = useState<PushedGroup>();
  const forget = (g: PushedGroup) => {
    leave(undefined);
    forgetGroup(g.labels).then(() => { toast({ kind: 'ok', text: `${formatSeries(g.labels)} is forgotten.` }); loaded.reload(); }, toastError);
  };
  return (
    <section class="panel" aria-label="Pushed groups">
      <header class="tall"><h2 class="strong">Pushed groups</h2><span class="faint small">kept until they are pushed again or forgotten</span></header>
      {!loaded.data && (loaded.error ? <Failed what="The groups could not be read" error={loaded.error} retry={loaded.reload} /> : <Loading />)}
      {loaded.data?.map((g) => (
        <div key={JSON.stringify(g.labels)} class="li">
          {g.ok ? <Icon name="check" label="taken" class="ok-t" /> : <Icon name="critical" label="the last push was refused" class="critical-t" />}
          <span class="tags">{Object.entries(g.labels).map(([k, v]) => <span key={k} class="tag">{k}={v}</span>)}</span>
          <span class="small faint clip" title={g.metrics.join(', ')}>
            {g.ok ? `pushed ${g.at ? ago(now - g.at) : 'never'}` : 'the last push was refused'}, {plural(g.metrics.length, 'metric')}: {g.metrics.slice(0, kNamed).join(', ')}{g.metrics.length > kNamed ? ' …' : ''}
          </span>
          <button class="btn s act" onClick={() => leave(g)}>Forget</button>
        </div>
      ))}
      {loaded.data && !loaded.data.length && <p class="pad dim">Nothing was pushed yet.</p>}
      {leaving && (
        <Dialog title={`Forget ${formatSeries(leaving.labels)}?`} onClose={() => leave(undefined)}>
          <p class="dim">Its metrics are gone from the next scrape on; what was stored stays.</p>
          <div class="acts"><button class="btn" autofocus onClick={() => leave(undefined)}>Keep</button><button class="btn danger" onClick={() => forget(leaving)}>Forget</button></div>
        </Dialog>
      )}
    </section>
  );
}
