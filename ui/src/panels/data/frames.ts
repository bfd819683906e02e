// Answers of the server become data frames, as a Prometheus source gives them.
import { type DataFrame, type Field, FieldType } from '@grafana/data';
import type { HistogramValue, Labels, QueryData } from '../../api/types';
import { formatSeries } from '../../lib/labels';
import type { Target } from '../../lib/dash/model';

export interface Answered {
  target: Target;
  data: QueryData;
  legend: string; // legendFormat with variables put in
  expr: string;
  stepMs: number;
  valueName: string; // "Value", or "Value #A" where several queries make tables
}

interface Run {
  labels: Labels;
  times: number[];
  values: number[];
  histograms?: HistogramValue[];
}

const toValue = (text: string): number => (text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text));

function runs(data: QueryData): Run[] {
  if (data.resultType === 'matrix') {
    return data.result.map((s) => {
      if (s.histograms?.length && !s.values?.length)
        return { labels: s.metric, times: s.histograms.map((h) => h[0] * 1000), values: s.histograms.map((h) => Number(h[1].sum) / Number(h[1].count)), histograms: s.histograms.map((h) => h[1]) };
      return { labels: s.metric, times: (s.values ?? []).map((v) => v[0] * 1000), values: (s.values ?? []).map((v) => toValue(v[1])) };
    });
  }
  if (data.resultType === 'vector') {
    return data.result.map((s) =>
      s.histogram
        ? { labels: s.metric, times: [s.histogram[0] * 1000], values: [Number(s.histogram[1].sum) / Number(s.histogram[1].count)], histograms: [s.histogram[1]] }
        : { labels: s.metric, times: [s.value![0] * 1000], values: [toValue(s.value![1])] },
    );
  }
  return [{ labels: {}, times: [data.result[0] * 1000], values: [toValue(data.result[1])] }];
}

// legendFormat: {{label}} becomes the label's value, or nothing.
export const renderLegend = (legend: string, labels: Labels): string => legend.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, name: string) => labels[name] ?? '');

function nameOf(a: Answered, labels: Labels): string | undefined {
  if (a.legend === '__auto') return Object.keys(labels).length ? undefined : a.expr;
  const name = a.legend ? renderLegend(a.legend, labels) : formatSeries(labels);
  return name === '{}' ? a.expr : name || undefined;
}

const timeField = (values: number[]): Field => ({ name: 'Time', type: FieldType.time, values, config: {} });

function table(a: Answered, all: Run[]): DataFrame {
  const names = [...new Set(all.flatMap((r) => Object.keys(r.labels)))].sort();
  const rows = all.flatMap((r) => r.times.map((t, i) => ({ t, v: r.values[i]!, labels: r.labels })));
  const labels = names.map((n): Field => ({ name: n, type: FieldType.string, config: { filterable: true }, values: rows.map((r) => r.labels[n] ?? '') }));
  return {
    refId: a.target.refId, length: rows.length,
    fields: [timeField(rows.map((r) => r.t)), ...labels, { name: a.valueName, type: FieldType.number, config: {}, values: rows.map((r) => r.v) }],
    meta: { preferredVisualisationType: 'table' },
  };
}

export function framesOf(a: Answered): DataFrame[] {
  const all = runs(a.data);
  if (a.target.format === 'table') return all.length ? [table(a, all)] : [];
  return all.map((r) => {
    const name = nameOf(a, r.labels);
    const value: Field = {
      name: 'Value', type: FieldType.number, values: r.values, labels: r.labels,
      config: { ...(name === undefined ? {} : { displayNameFromDS: name }), interval: a.stepMs, custom: {} },
    };
    const frame: DataFrame = { refId: a.target.refId, name, length: r.times.length, fields: [timeField(r.times), value] };
    if (r.histograms || a.target.format === 'heatmap') frame.meta = { custom: { histograms: r.histograms, cumulative: a.target.format === 'heatmap' } };
    return frame;
  });
}
