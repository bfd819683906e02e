// A dashboard after migration: the current shape, with what the pages read spelled out.

export type Json = Record<string, unknown>;

export interface Datasource {
  type?: string;
  uid?: string;
}
export interface Target {
  refId: string;
  expr?: string;
  legendFormat?: string;
  instant?: boolean;
  range?: boolean;
  format?: 'time_series' | 'table' | 'heatmap' | 'logs';
  interval?: string;
  intervalFactor?: number;
  exemplar?: boolean;
  hide?: boolean;
  datasource?: Datasource | string | null;
  panelId?: number; // for a source of the kind "-- Dashboard --"
  type?: string; // for expressions: math, reduce …
  expression?: string;
  [more: string]: unknown;
}
export interface Threshold {
  value: number | null;
  color: string;
}
export interface FieldDefaults {
  unit?: string;
  decimals?: number;
  min?: number;
  max?: number;
  displayName?: string;
  noValue?: string;
  color?: { mode: string; fixedColor?: string; seriesBy?: string };
  thresholds?: { mode: 'absolute' | 'percentage'; steps: Threshold[] };
  mappings?: Json[];
  links?: DataLink[];
  custom?: Json;
  [more: string]: unknown;
}
export interface DataLink {
  title?: string;
  url?: string;
  targetBlank?: boolean;
}
export interface FieldConfig {
  defaults: FieldDefaults;
  overrides: { matcher: { id: string; options?: unknown }; properties: { id: string; value?: unknown }[] }[];
}
export interface GridPos {
  x: number;
  y: number;
  w: number;
  h: number;
}
export interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  gridPos: GridPos;
  transparent?: boolean;
  datasource?: Datasource | string | null;
  targets: Target[];
  interval?: string;
  maxDataPoints?: number;
  timeFrom?: string;
  timeShift?: string;
  hideTimeOverride?: boolean;
  links: (DataLink & { type?: string })[];
  repeat?: string;
  repeatDirection?: 'h' | 'v';
  maxPerRow?: number;
  fieldConfig: FieldConfig;
  options: Json;
  transformations: { id: string; options: Json; disabled?: boolean; filter?: { id: string; options?: unknown } }[];
  collapsed?: boolean; // rows
  panels?: Panel[]; // of a collapsed row
}
export interface VarOption {
  text: string;
  value: string;
}
export interface Variable {
  name: string;
  label?: string;
  type: string;
  hide: number; // 0 shown, 1 without label, 2 hidden
  multi: boolean;
  includeAll: boolean;
  allValue?: string;
  query: string;
  regex: string;
  sort: number;
  refresh: number;
  current: string[];
  options: VarOption[];
  datasource?: Datasource | string | null;
  auto?: { count: number; min: string };
  filters?: { key: string; operator: string; value: string }[];
}
export interface Annotation {
  name: string;
  enable: boolean;
  hide: boolean;
  color: string;
  datasource?: Datasource | string | null;
  expr?: string;
  step?: string;
  titleFormat?: string;
  textFormat?: string;
  tagKeys?: string;
  useValueForTime?: boolean;
  builtIn: boolean;
  panels?: { exclude: boolean; ids: number[] };
}
export interface DashLink {
  type: 'dashboards' | 'link';
  title: string;
  tooltip?: string;
  url?: string;
  tags: string[];
  asDropdown: boolean;
  includeVars: boolean;
  keepTime: boolean;
  targetBlank: boolean;
}
export interface Dashboard {
  uid: string;
  title: string;
  description?: string;
  tags: string[];
  panels: Panel[];
  variables: Variable[];
  annotations: Annotation[];
  links: DashLink[];
  time: { from: string; to: string };
  refresh: string;
  refreshChoices?: string[];
  timezone: string;
  graphTooltip: number; // 0 apart, 1 shared crosshair, 2 shared tooltip
  inputs: Map<string, { type: string; pluginId?: string; value: string }>;
}

export const isObject = (v: unknown): v is Json => typeof v === 'object' && v !== null && !Array.isArray(v);
export const object = (v: unknown): Json => (isObject(v) ? v : {});
export const list = (v: unknown): Json[] => (Array.isArray(v) ? v.filter(isObject) : []);
export const text = (v: unknown, fallback = ''): string => (typeof v === 'string' ? v : typeof v === 'number' ? String(v) : fallback);
export const number = (v: unknown): number | undefined => {
  const n = typeof v === 'string' && v.trim() !== '' ? Number(v) : v;
  return typeof n === 'number' && Number.isFinite(n) ? n : undefined;
};
