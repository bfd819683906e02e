// What is being watched, a line for each job, with the dashboard that fits it.
import { unwatchExporter } from '../../api/setup';
import type { DashboardItem, Target } from '../../api/types';
import { Icon } from '../../components/icon';
import { toast, toastError } from '../../components/toast';
import { plural } from '../../lib/format';

const kLines = 8;

const WORDS: Record<string, RegExp> = {
  node: /node|host|linux/i, prometheus: /prometheus|meerkat/i, meerkat: /meerkat|prometheus/i, redis: /redis/i, postgres: /postgres/i, celery: /celery/i, flask: /flask/i,
};

// A dashboard whose tags or title name the job.
function boardFor(job: string, boards: DashboardItem[]): DashboardItem | undefined {
  const word = WORDS[Object.keys(WORDS).find((w) => job.toLowerCase().includes(w)) ?? ''] ?? new RegExp(job.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'i');
  return boards.find((b) => b.tags.some((t) => t.toLowerCase() === job.toLowerCase())) ?? boards.find((b) => word.test(b.title) || b.tags.some((t) => word.test(t)));
}

// What was added on this page is in the job of that name, and can be taken out here.
const chosen = (t: Target) => t.scrapePool === 'watched' && 'job' in t.labels && t.labels.job !== 'watched';

export function Watched({ targets, boards, onChange }: { targets: Target[]; boards: DashboardItem[]; onChange: () => void }) {
  const jobOf = (t: Target) => (chosen(t) ? t.labels.job! : t.scrapePool);
  const pools = [...targets.reduce((m, t) => m.set(jobOf(t), [...(m.get(jobOf(t)) ?? []), t]), new Map<string, Target[]>())];
  const stop = (t: Target) => unwatchExporter(t.discoveredLabels.__address__ ?? '').then(() => { toast({ kind: 'ok', text: `${jobOf(t)} is not watched any more.` }); onChange(); }, toastError);
  return (
    <section class="panel" aria-label="What is being watched">
      <header><h2>What is being watched</h2><span class="end"><a class="btn s quiet" href="targets">All targets</a></span></header>
      {pools.slice(0, kLines).map(([job, all]) => {
        const up = all.filter((t) => t.health === 'up').length;
        const down = all.find((t) => t.health === 'down');
        const board = boardFor(job, boards);
        return (
          <div key={job} class="li">
            {down ? <Icon name="critical" label="down" class="critical-t" /> : up ? <Icon name="check" label="up" class="ok-t" /> : <Icon name="clock" label="waiting" class="faint" />}
            <span class="clip">{all[0]!.scrapeUrl.startsWith('builtin:') ? 'This host' : job}</span>
            <span class="small faint clip">{down ? down.lastError : `${plural(all.length, 'target')}, every ${all[0]!.scrapeInterval}`}</span>
            {(board || all.every(chosen)) && (
              <span class="act row">
                {all.length === 1 && chosen(all[0]!) && <button class="btn s quiet" onClick={() => stop(all[0]!)}>Stop</button>}
                {board && <a class="btn s" href={`d/${board.uid}/${board.slug}`}>Open dashboard</a>}
              </span>
            )}
          </div>
        );
      })}
      {pools.length > kLines && <p class="pad-all small faint">and {plural(pools.length - kLines, 'more job')}</p>}
      {!pools.length && <p class="pad dim">Nothing yet. Add a job under <code>scrape_configs</code> in the configuration.</p>}
    </section>
  );
}
