// Kinds of panels and what draws them.
import type { ComponentType } from 'preact';
import { BarChart } from './barchart';
import { BarGauge } from './bargauge';
import { Gauge } from './gauge';
import { Heatmap } from './heatmap';
import { Histogram } from './histogram';
import { AlertList, DashList, Logs } from './lists';
import { Pie } from './pie';
import { Stat } from './stat';
import { Table } from './table';
import { TextPanel } from './text';
import { Timeline } from './timeline';
import { TimeSeries } from './timeseries';
import type { VizProps } from './types';

export const KINDS: Record<string, ComponentType<VizProps>> = {
  timeseries: TimeSeries, stat: Stat, gauge: Gauge, bargauge: BarGauge, table: Table, piechart: Pie, heatmap: Heatmap, histogram: Histogram, barchart: BarChart,
  'state-timeline': Timeline, 'status-history': Timeline, text: TextPanel, alertlist: AlertList, dashlist: DashList, logs: Logs, trend: TimeSeries,
};
// These ask nothing of the server through queries.
export const WITHOUT_QUERY = new Set(['text', 'alertlist', 'dashlist']);
export const isSupported = (type: string): boolean => type in KINDS;
