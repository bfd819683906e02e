// Runtime: which build runs since when, and what it uses.
import { alertmanagers, buildInfo, instantQuery, runtimeInfo } from '../../api/prometheus';
import { Page, Top } from '../../components/shell';
import { Failed, Loading } from '../../components/state';
import { useTitle } from '../../components/use';
import { longDuration } from '../../lib/duration';
import { bytes } from '../../lib/format';
import { useLoad } from '../../lib/load';
import { formatDate } from '../../lib/time';
import { StatusTabs } from './index';

const kNoLimit = 2 ** 62; // bytes: what a process without a limit says

type Pair = [string, preact.ComponentChildren];

function Facts({ title, pairs }: { title: string; pairs: Pair[] }) {
  return (
    <section class="panel" aria-label={title}>
      <header><h2>{title}</h2></header>
      <dl class="kv">{pairs.filter(([, v]) => v !== undefined && v !== '').map(([k, v]) => <><dt key={k}>{k}</dt><dd>{v}</dd></>)}</dl>
    </section>
  );
}

// The server's own figure, when it scrapes itself.
async function own(expr: string, signal: AbortSignal): Promise<number | undefined> {
  const { data } = await instantQuery(expr, Date.now() / 1000, signal);
  return data.resultType === 'vector' && data.result.length === 1 ? Number(data.result[0]!.value?.[1]) : undefined;
}

export function Runtime() {
  useTitle('Runtime');
  const loaded = useLoad(async (signal) => {
    const [build, runtime, managers] = await Promise.all([buildInfo(signal), runtimeInfo(signal), alertmanagers(signal).catch(() => undefined)]);
    const [memory, cpu] = await Promise.all(['process_resident_memory_bytes', 'rate(process_cpu_seconds_total[2m])'].map((e) => own(e, signal).catch(() => undefined)));
    return { build, runtime, managers, memory, cpu };
  }, [], 30_000);
  const d = loaded.data;
  const limit = Number(d?.runtime.GOMEMLIMIT);
  const more: Pair[] = d ? [
    ['Threads', d.runtime.goroutineCount], ['Cores used', d.runtime.GOMAXPROCS], ['Memory limit', limit > 0 && limit < kNoLimit ? bytes(limit) : undefined],
    ['Damage found in storage', d.runtime.corruptionCount ? <span class="critical-t">{d.runtime.corruptionCount} times</span> : 'none'],
  ] : [];
  return (
    <Page name="status" ready={!loaded.loading || !!d}>
      <Top title="Status" />
      <StatusTabs />
      <div class="page cols two-even">
        {!d && (loaded.error ? <Failed what="The state could not be read" error={loaded.error} retry={loaded.reload} /> : <Loading />)}
        {d && (
          <>
            <Facts title="Runtime" pairs={[
              ['Started', formatDate(Date.parse(d.runtime.startTime))],
              ['Running for', longDuration(Date.now() - Date.parse(d.runtime.startTime))],
              ['Memory', d.memory === undefined ? undefined : bytes(d.memory)],
              ['CPU', d.cpu === undefined ? undefined : `${(d.cpu * 100).toFixed(1)}% of one core`],
              ['Working directory', <code>{d.runtime.CWD}</code>],
              ['Kept for', d.runtime.storageRetention],
              ['Configuration', <span class={d.runtime.reloadConfigSuccess ? 'ok-t' : 'critical-t'}>{d.runtime.reloadConfigSuccess ? 'loaded' : 'the last reload failed, the earlier one runs'}, {formatDate(Date.parse(d.runtime.lastConfigTime))}</span>],
              ...more,
            ]} />
            <Facts title="Build" pairs={[['Version', d.build.version], ['Revision', d.build.revision], ['Branch', d.build.branch], ['Built', d.build.buildDate], ['By', d.build.buildUser], ['Runtime', d.build.goVersion]]} />
            {!!d.managers?.activeAlertmanagers.length && <Facts title="Alert managers" pairs={d.managers.activeAlertmanagers.map((m): Pair => ["In use", m.url])} />}
          </>
        )}
      </div>
    </Page>
  );
}
