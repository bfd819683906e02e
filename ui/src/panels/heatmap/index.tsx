// Heatmap: from buckets by their upper bound, from native histograms, or counted from plain series.
import { formattedValueToString, getValueFormat } from '@grafana/data';
import { useEffect, useMemo } from 'preact/hooks';
import { HeatPlot } from '../../chart/heatplot';
import type { HeatLook } from '../../chart/heat';
import { show } from '../fields';
import { number, object, text } from '../options';
import { kNoData, type VizProps } from '../types';
import { heatOf } from './model';

function lookOf(p: VizProps): HeatLook {
  const o = p.panel.options;
  const color = object(o.color);
  const y = object(o.yAxis);
  const format = getValueFormat(text(y.unit) || p.panel.fieldConfig.defaults.unit || 'short');
  return {
    exemplars: p.exemplars, from: p.span.from / 1000, to: p.span.to / 1000, zone: p.zone, reverse: color.reverse === true, least: number(color.min), most: number(color.max), floor: number(object(o.filterValues).le),
    exponent: text(color.scale) === 'linear' ? 1 : number(color.exponent),
    format: (label) => (Number.isNaN(Number(label)) ? label : formattedValueToString(format(Number(label), number(y.decimals)))),
  };
}

export function Heatmap(p: VizProps) {
  const heat = useMemo(() => heatOf(p.frames, p.panel.options), [p.frames, p.panel]);
  const look = useMemo(() => lookOf(p), [p.panel, p.span, p.zone, p.exemplars]);
  useEffect(() => {
    if (!heat) p.onEmpty(kNoData);
  }, [heat]);
  if (!heat) return null;
  return <HeatPlot heat={heat} look={look} label={p.panel.title || 'Heatmap'} show={(v) => show(heat.field, v)} onDrawn={p.onDrawn} />;
}
