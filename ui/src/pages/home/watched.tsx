// What is being watched, a line for each job, with the dashboard that fits it.
import type { DashboardItem, Target } from '../../api/types';
import { Icon } from '../../components/icon';
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

export function Watched({ targets, boards }: { targets: Target[]; boards: DashboardItem[] }) {
  const pools = [...targets.reduce((m, t) => m.set(t.scrapePool, [...(m.get(t.scrapePool) ?? []), t]), new Map<string, Target[]>())];
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
            <span class="clip">{job}</span>
            <span class="small faint clip">{down ? down.lastError : `${plural(all.length, 'target')}, every ${all[0]!.scrapeInterval}`}</span>
            {board && <a class="btn s act" href={`d/${board.uid}/${board.slug}`}>Open dashboard</a>}
          </div>
        );
      })}
      {pools.length > kLines && <p class="pad-all small faint">and {plural(pools.length - kLines, 'more job')}</p>}
      {!pools.length && <p class="pad dim">Nothing yet. Add a job under <code>scrape_configs</code> in the configuration.</p>}
    </section>
  );
}
