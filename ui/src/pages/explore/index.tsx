// Explore: expressions, their graph or table, and how the answer came about.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Editor } from '../../components/editor';
import { Icon } from '../../components/icon';
import { Drop } from '../../components/popup';
import { Refresh } from '../../components/refresh';
import { Page, Top } from '../../components/shell';
import { Failed, Loading } from '../../components/state';
import { TimePicker } from '../../components/timepicker';
import { toast } from '../../components/toast';
import { useKeyNote, useTitle } from '../../components/use';
import { parseDuration } from '../../lib/duration';
import { plural, seconds, whole } from '../../lib/format';
import { useLoad } from '../../lib/load';
import { pointCount, seriesCount } from '../../lib/matrix';
import { readPref, writePref } from '../../lib/prefs';
import { setQuery, useLocation } from '../../lib/router';
import { resolve } from '../../lib/time';
import { type Asked, readAsked, writeAsked } from './address';
import { Explain } from './explain';
import { Graph } from './graph';
import { Metrics } from './metrics';
import { type Outcome, run } from './run';
import { ResultTable } from './table';

const kHistory = 50;
const NAMES = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

function Told({ outcome }: { outcome: Outcome }) {
  if (outcome.error) return <div class="note critical" role="alert"><Icon name="critical" label="Error" class="critical-t" /><code class="break">{outcome.error.message}</code></div>;
  const notes = [...(outcome.answer?.warnings ?? []), ...(outcome.answer?.infos ?? [])];
  return <>{notes.map((n) => <div key={n} class="note warning" role="status"><Icon name="warning" class="warning-t" /><span class="break">{n}</span></div>)}</>;
}

function summary(outcomes: Outcome[]): string {
  const good = outcomes.filter((o) => o.answer);
  const samples = good.reduce((n, o) => n + (o.answer!.data.stats?.samples?.totalQueryableSamples ?? 0), 0);
  return [
    plural(good.reduce((n, o) => n + seriesCount(o.answer!.data), 0), 'series', 'series'),
    plural(good.reduce((n, o) => n + pointCount(o.answer!.data), 0), 'point'),
    seconds(Math.max(0, ...outcomes.map((o) => o.took)) / 1000),
    ...(samples ? [`${whole(samples)} samples read`] : []),
  ].join(', ');
}

export default function Explore() {
  useTitle('Explore');
  useKeyNote('Ctrl Enter', 'In the editor: run the query');
  useKeyNote('\u2190  \u2192', 'On the chart: move the crosshair, with Shift by ten');
  const { query } = useLocation();
  const asked = useMemo(() => readAsked(query), [query.toString()]);
  const [texts, setTexts] = useState(asked.exprs);
  const [turn, setTurn] = useState(0);
  const [listed, setListed] = useState(false); // narrow screens show the metrics on demand
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => setTexts(asked.exprs), [asked.exprs.join('\n')]);

  const put = (change: Partial<Asked>) => setQuery(writeAsked(change), { replace: false });
  const runAll = (exprs = texts) => {
    const kept = exprs.filter((e) => e.trim());
    if (kept.length) writePref('history', [...new Set([...kept, ...readPref<string[]>('history', [])])].slice(0, kHistory));
    put({ exprs });
    setTurn((n) => n + 1);
  };
  const exprs = asked.exprs.filter((e) => e.trim());
  const result = useLoad(
    async (signal) => (exprs.length ? run(exprs, asked.view, resolve(asked.range, Date.now(), asked.zone), box.current?.clientWidth ?? 1200, asked.step, signal) : undefined),
    [exprs.join('\n'), asked.view, asked.range.from, asked.range.to, asked.step, turn],
    parseDuration(asked.every) ?? 0,
  );
  const edit = (i: number, text: string) => setTexts((all) => all.map((t, k) => (k === i ? text : t)));
  const good = result.data?.outcomes.filter((o) => o.answer) ?? [];
  const share = () => {
    const done = () => toast({ kind: 'ok', text: 'The link is copied.' });
    navigator.clipboard?.writeText(location.href).then(done, () => toast({ kind: 'warning', text: 'The link is in the address bar; copying is not allowed here.' }));
  };

  return (
    <Page name="explore" ready={!result.loading}>
      <Top title="Explore">
        <TimePicker range={asked.range} zone={asked.zone} onChange={(range) => put({ range })} onZone={(zone) => put({ zone })} />
        <Refresh every={asked.every} busy={result.loading} onNow={() => runAll()} onEvery={(every) => put({ every })} />
        <button class="btn" aria-label="Share" onClick={share}><Icon name="share" /><span class="wide-only">Share</span></button>
      </Top>
      <div class={'page cols explore' + (listed ? ' listed' : '')}>
        <Metrics onPick={(m) => { const next = [...texts.slice(0, -1), m]; setTexts(next); runAll(next); }} onLabel={(l, v) => edit(texts.length - 1, withMatcher(texts.at(-1) ?? '', l, v))} />
        <div class="stack" ref={box}>
          <section class="panel queries" aria-label="Queries">
            {texts.map((text, i) => (
              <div key={i} class="query">
                <span class="query-name" aria-hidden="true">{NAMES[i]}</span>
                <div class="grow">
                  <Editor value={text} label={`Query ${NAMES[i]}`} hint="An expression, for example rate(http_requests_total[5m])" onChange={(t) => edit(i, t)} onRun={(t) => runAll(texts.map((old, k) => (k === i ? t : old)))} />
                  {result.data?.outcomes.filter((o) => o.expr === text).slice(0, 1).map((o) => <Told key={o.expr} outcome={o} />)}
                </div>
                {texts.length > 1 && <button class="btn icon quiet" aria-label={`Remove query ${NAMES[i]}`} onClick={() => { const next = texts.filter((_, k) => k !== i); setTexts(next); runAll(next); }}><Icon name="close" /></button>}
              </div>
            ))}
            <div class="row wrap query-acts">
              <button class="btn primary" onClick={() => runAll()}>Run<span class="kbd-hint wide-only">Ctrl Enter</span></button>
              <button class="btn narrow-only" aria-expanded={listed} onClick={() => setListed(!listed)}>Metrics</button>
              <button class="btn" disabled={texts.length >= NAMES.length} onClick={() => setTexts([...texts, ''])}><Icon name="plus" />Query</button>
              <Drop role="menu" button={<>History<Icon name="chevron" /></>}>
                {(close) => {
                  const past = readPref<string[]>('history', []);
                  return past.length ? past.map((e) => <button key={e} class="opt mono clip" role="menuitem" onClick={() => { close(); const next = [...texts.slice(0, -1), e]; setTexts(next); runAll(next); }}>{e}</button>) : <div class="opt-head">Nothing asked yet</div>;
                }}
              </Drop>
              <span class="grow" />
              {asked.view === 'graph' && <button class="btn" aria-pressed={asked.stacked} onClick={() => put({ stacked: !asked.stacked })}>Stack</button>}
              <span class="join" role="group" aria-label="Result">
                <button class="btn" aria-pressed={asked.view === 'graph'} onClick={() => put({ view: 'graph' })}>Graph</button>
                <button class="btn" aria-pressed={asked.view === 'table'} onClick={() => put({ view: 'table' })}>Table</button>
                <button class="btn" aria-pressed={asked.explain} onClick={() => put({ explain: !asked.explain })}>Explain</button>
              </span>
            </div>
          </section>
          {exprs.length > 0 && (
            <section class={'panel result ' + asked.view} aria-label="Result">
              <header><h2>Result</h2>{result.data && asked.view === 'graph' && <span class="faint small nowrap wide-only">step {seconds(result.data.step)}</span>}<span class="end faint small clip">{result.data && summary(result.data.outcomes)}</span></header>
              <div class="body" aria-busy={result.loading}>
                {result.error && <Failed what="The query failed" error={result.error} retry={result.reload} />}
                {!result.data && !result.error && <Loading />}
                {result.data && good.length > 0 && result.data.view === asked.view &&
                  (asked.view === 'graph' ? (
                    <Graph result={result.data} stacked={asked.stacked} zone={asked.zone} onZoom={(from, to) => put({ range: { from: String(from), to: String(to) } })} />
                  ) : (
                    good.map((o, i) => <div key={i}>{good.length > 1 && <code class="faint">{o.expr}</code>}<ResultTable data={o.answer!.data} /></div>)
                  ))}
              </div>
            </section>
          )}
          {asked.explain && exprs.map((e) => <Explain key={e} expr={e} at={resolve(asked.range, Date.now(), asked.zone).to / 1000} />)}
        </div>
      </div>
    </Page>
  );
}

// Adds label="value" to the last selector of the expression, or makes one.
export function withMatcher(expr: string, label: string, value: string): string {
  const matcher = `${label}=${JSON.stringify(value)}`;
  const brace = expr.lastIndexOf('}');
  if (brace >= 0) {
    const inside = expr.slice(expr.lastIndexOf('{', brace) + 1, brace).trim();
    return expr.slice(0, brace).trimEnd() + (inside && !inside.endsWith(',') ? ', ' : '') + matcher + expr.slice(brace);
  }
  return /[\w:]$/.test(expr.trim()) || !expr.trim() ? `${expr.trim()}{${matcher}}` : expr;
}
