// The settings of a panel as a form.
import { getValueFormats } from '@grafana/data';
import { useMemo } from 'preact/hooks';
import { Icon } from '../../../components/icon';
import { type Json, list, number, object, text } from '../../../lib/dash/model';
import { KINDS } from '../../../panels/registry';

interface Props {
  panel: Json; // in its present kind
  onChange: (patch: Json) => void;
}

const CALCS = ['lastNotNull', 'mean', 'min', 'max', 'sum'];

function useUnits(): { id: string; name: string }[] {
  return useMemo(() => getValueFormats().flatMap((g) => (g.submenu ?? []).map((u) => ({ id: u.value, name: `${g.text}: ${u.text}` }))), []);
}

export function PanelForm({ panel, onChange }: Props) {
  const units = useUnits();
  const config = object(panel.fieldConfig);
  const defaults = object(config.defaults);
  const custom = object(defaults.custom);
  const options = object(panel.options);
  const legend = object(options.legend);
  const thresholds = object(defaults.thresholds);
  const steps = list(thresholds.steps);
  const setDefaults = (patch: Json) => onChange({ fieldConfig: { ...config, overrides: list(config.overrides), defaults: { ...defaults, ...patch } } });
  const setCustom = (patch: Json) => setDefaults({ custom: { ...custom, ...patch } });
  const setOptions = (patch: Json) => onChange({ options: { ...options, ...patch } });
  const setSteps = (next: Json[]) => setDefaults({ thresholds: { mode: text(thresholds.mode, 'absolute'), steps: next } });
  const kind = text(panel.type, 'timeseries');
  const graph = kind === 'timeseries';
  const figure = (name: 'min' | 'max' | 'decimals') => (
    <label class="field">{name[0]!.toUpperCase() + name.slice(1)}<input class="input" inputMode="decimal" placeholder="auto" value={defaults[name] === undefined ? '' : String(defaults[name])} onChange={(e) => setDefaults({ [name]: number(e.currentTarget.value) })} /></label>
  );
  const pick = (label: string, value: string, choices: Record<string, string>, set: (v: string) => void) => (
    <label class="field">{label}<select class="select" value={value} onChange={(e) => set(e.currentTarget.value)}>{Object.entries(choices).map(([v, t]) => <option key={v} value={v}>{t}</option>)}</select></label>
  );
  return (
    <div class="stack form panel-form">
      <label class="field">Title<input class="input" value={text(panel.title)} onInput={(e) => onChange({ title: e.currentTarget.value })} /></label>
      <label class="field">Description<textarea class="input" rows={2} value={text(panel.description)} onInput={(e) => onChange({ description: e.currentTarget.value })} /></label>
      {pick('Kind', kind, Object.fromEntries([...new Set([...Object.keys(KINDS), kind])].map((k) => [k, k])), (type) => onChange({ type }))}
      <label class="field">Unit<input class="input" list="units" value={text(defaults.unit)} placeholder="none" onChange={(e) => setDefaults({ unit: e.currentTarget.value || undefined })} /></label>
      <datalist id="units">{units.map((u) => <option key={u.id} value={u.id}>{u.name}</option>)}</datalist>
      <div class="row three">{figure('min')}{figure('max')}{figure('decimals')}</div>
      {graph && (
        <>
          <div class="row three">
            {pick('Draw', text(custom.drawStyle, 'line'), { line: 'Lines', bars: 'Bars', points: 'Points' }, (v) => setCustom({ drawStyle: v }))}
            {pick('Stack', text(object(custom.stacking).mode, 'none'), { none: 'No', normal: 'Yes', percent: 'Percent' }, (v) => setCustom({ stacking: { group: 'A', mode: v } }))}
            <label class="field">Fill %<input class="input" type="number" min="0" max="100" value={number(custom.fillOpacity) ?? 0} onChange={(e) => setCustom({ fillOpacity: number(e.currentTarget.value) ?? 0 })} /></label>
          </div>
          <div class="row three">
            {pick('Scale', text(object(custom.scaleDistribution).type, 'linear'), { linear: 'Linear', log: 'Logarithmic' }, (v) => setCustom({ scaleDistribution: v === 'log' ? { type: 'log', log: 10 } : { type: 'linear' } }))}
            {pick('Gaps', custom.spanNulls === true ? 'span' : 'gap', { gap: 'Are gaps', span: 'Drawn through' }, (v) => setCustom({ spanNulls: v === 'span' }))}
            {pick('Thresholds', text(object(custom.thresholdsStyle).mode, 'off'), { off: 'Hidden', line: 'Lines', dashed: 'Dashed', area: 'Areas', 'line+area': 'Both' }, (v) => setCustom({ thresholdsStyle: { mode: v } }))}
          </div>
          <div class="row three">
            {pick('Legend', legend.showLegend === false ? 'hidden' : text(legend.displayMode, 'list'), { list: 'List', table: 'Table', hidden: 'Hidden' }, (v) => setOptions({ legend: { ...legend, showLegend: v !== 'hidden', displayMode: v === 'hidden' ? 'list' : v } }))}
            {pick('Legend place', text(legend.placement, 'bottom'), { bottom: 'Below', right: 'Right' }, (v) => setOptions({ legend: { ...legend, placement: v } }))}
            {pick('Tooltip', text(object(options.tooltip).mode, 'single'), { single: 'One', multi: 'All', none: 'None' }, (v) => setOptions({ tooltip: { ...object(options.tooltip), mode: v } }))}
          </div>
          <fieldset class="field"><legend>Legend figures</legend><div class="row wrap">
            {CALCS.map((c) => { const on = Array.isArray(legend.calcs) && legend.calcs.includes(c); return <label key={c} class="check"><input type="checkbox" checked={on} onChange={() => setOptions({ legend: { ...legend, calcs: on ? (legend.calcs as string[]).filter((x) => x !== c) : [...((legend.calcs as string[] | undefined) ?? []), c] } })} />{c === 'lastNotNull' ? 'last' : c}</label>; })}
          </div></fieldset>
        </>
      )}
      {['stat', 'gauge', 'bargauge', 'piechart'].includes(kind) &&
        pick('Figure', text((object(options.reduceOptions).calcs as string[] | undefined)?.[0], 'lastNotNull'), { lastNotNull: 'Last', mean: 'Mean', min: 'Least', max: 'Most', sum: 'Sum' }, (v) => setOptions({ reduceOptions: { ...object(options.reduceOptions), calcs: [v] } }))}
      {kind === 'text' && <label class="field">Text, in markdown<textarea class="input" rows={8} value={text(options.content)} onInput={(e) => setOptions({ mode: text(options.mode, 'markdown'), content: e.currentTarget.value })} /></label>}
      <fieldset class="field"><legend>Thresholds</legend>
        {steps.map((s, i) => (
          <div key={i} class="row">
            <input class="input" aria-label={`Threshold ${i}`} disabled={i === 0} value={i === 0 ? 'below' : String(s.value ?? '')} onChange={(e) => setSteps(steps.map((x, k) => (k === i ? { ...x, value: number(e.currentTarget.value) ?? 0 } : x)))} />
            <select class="select" aria-label={`Colour ${i}`} value={text(s.color)} onChange={(e) => setSteps(steps.map((x, k) => (k === i ? { ...x, color: e.currentTarget.value } : x)))}>
              {[...new Set(['green', 'yellow', 'orange', 'red', 'blue', 'purple', 'text', 'transparent', text(s.color)])].map((c) => <option key={c} value={c}>{c}</option>)}
            </select>
            {i > 0 && <button class="btn icon s quiet" aria-label="Remove the threshold" onClick={() => setSteps(steps.filter((_, k) => k !== i))}><Icon name="close" /></button>}
          </div>
        ))}
        <button class="btn s" onClick={() => setSteps([...(steps.length ? steps : [{ value: null, color: 'green' }]), { value: (number(steps.at(-1)?.value) ?? 70) + 10, color: 'red' }])}><Icon name="plus" />Threshold</button>
      </fieldset>
    </div>
  );
}
