// The shapes of every response the pages read.

export type Labels = Record<string, string>;
export type Point = [number, string]; // seconds, value as text ("NaN", "+Inf")

export interface HistogramValue {
  count: string;
  sum: string;
  buckets?: [number, string, string, string][]; // boundary rule, lower, upper, count
}
export interface MatrixSeries {
  metric: Labels;
  values?: Point[];
  histograms?: [number, HistogramValue][];
}
export interface VectorSample {
  metric: Labels;
  value?: Point;
  histogram?: [number, HistogramValue];
}
export interface QueryStats {
  timings: Record<string, number>; // seconds
  samples?: { totalQueryableSamples: number; peakSamples: number };
}
export type QueryData = { stats?: QueryStats } & (
  | { resultType: 'matrix'; result: MatrixSeries[] }
  | { resultType: 'vector'; result: VectorSample[] }
  | { resultType: 'scalar' | 'string'; result: Point }
);

export interface Metadata {
  type: string;
  help: string;
  unit: string;
}

export interface Target {
  discoveredLabels: Labels;
  labels: Labels;
  scrapePool: string;
  scrapeUrl: string;
  globalUrl: string;
  lastError: string;
  lastScrape: string; // RFC 3339
  lastScrapeDuration: number; // seconds
  health: 'up' | 'down' | 'unknown';
  scrapeInterval: string;
  scrapeTimeout: string;
}
export interface TargetsData {
  activeTargets: Target[];
  droppedTargets: { discoveredLabels: Labels; scrapePool?: string }[];
  droppedTargetCounts?: Record<string, number>;
}

export interface PromAlert {
  labels: Labels;
  annotations: Labels;
  state: 'firing' | 'pending' | 'inactive';
  activeAt?: string;
  value: string;
}
export interface AlertsData {
  alerts: PromAlert[];
}
interface RuleCommon {
  name: string;
  query: string;
  labels?: Labels;
  health: 'ok' | 'err' | 'unknown';
  lastError?: string;
  evaluationTime: number; // seconds
  lastEvaluation: string;
}
export interface AlertingRule extends RuleCommon {
  type: 'alerting';
  state: 'firing' | 'pending' | 'inactive' | 'unknown';
  duration: number; // seconds
  keepFiringFor?: number;
  annotations?: Labels;
  alerts: PromAlert[];
}
export interface RecordingRule extends RuleCommon {
  type: 'recording';
}
export type Rule = AlertingRule | RecordingRule;
export interface RuleGroup {
  name: string;
  file: string;
  interval: number; // seconds
  rules: Rule[];
  evaluationTime: number;
  lastEvaluation: string;
  limit?: number;
}

export interface BuildInfo {
  version: string;
  revision: string;
  branch: string;
  buildUser: string;
  buildDate: string;
  goVersion?: string;
}
export interface RuntimeInfo {
  startTime: string;
  CWD: string;
  hostname?: string;
  serverTime?: string;
  reloadConfigSuccess: boolean;
  lastConfigTime: string;
  corruptionCount: number;
  goroutineCount?: number;
  GOMAXPROCS?: number;
  GOMEMLIMIT?: number; // bytes
  storageRetention: string;
  [more: string]: unknown;
}
interface Counted {
  name: string;
  value: number;
}
export interface TsdbStatus {
  headStats: { numSeries: number; numLabelPairs: number; chunkCount: number; minTime: number; maxTime: number };
  seriesCountByMetricName: Counted[];
  labelValueCountByLabelName: Counted[];
  memoryInBytesByLabelName: Counted[];
  seriesCountByLabelValuePair: Counted[];
}

export interface SilenceMatcher {
  name: string;
  value: string;
  isRegex: boolean;
  isEqual: boolean;
}
export interface SilenceDraft {
  id?: string;
  matchers: SilenceMatcher[];
  startsAt: string;
  endsAt: string;
  createdBy: string;
  comment: string;
}
export interface Silence extends SilenceDraft {
  id: string;
  status: { state: 'active' | 'pending' | 'expired' };
  updatedAt: string;
}
export interface AmAlert {
  annotations: Labels;
  labels: Labels;
  startsAt: string;
  endsAt: string;
  updatedAt: string;
  fingerprint: string;
  generatorURL?: string;
  receivers: { name: string }[];
  status: { state: 'active' | 'suppressed' | 'unprocessed'; silencedBy: string[]; inhibitedBy: string[]; mutedBy?: string[] };
}
export interface AlertGroup {
  labels: Labels;
  receiver: { name: string };
  alerts: AmAlert[];
}
export interface AmStatus {
  config: { original: string };
  uptime: string;
  versionInfo: Record<string, string>;
}

// meerkat's own: api/v1/dashboards (see API.md).
export interface DashboardItem {
  uid: string;
  title: string;
  tags: string[];
  folder: string; // '' for the top level
  slug: string;
  source: 'file' | 'stored';
  starred: boolean;
}
export interface DashboardMeta {
  uid: string;
  slug: string;
  folder: string;
  version: number; // counts saves from 1; 0 for a file never saved from the page
  source: 'file' | 'stored';
  updated: string; // RFC 3339
  starred: boolean;
}
export interface DashboardFull {
  dashboard: Record<string, unknown>; // the JSON as it was given
  meta: DashboardMeta;
}
export interface DashboardSave {
  dashboard: Record<string, unknown>;
  folder?: string;
  message?: string;
  baseVersion?: number; // refused with 409 when a newer version exists
}
export interface DashboardVersion {
  version: number;
  created: string;
  message: string;
}

// meerkat's own: api/v1/setup (see API.md).
export interface FoundExporter {
  job: string;
  title: string;
  address: string;
  samples: number;
}
export interface FoundExporters {
  watchable: boolean; // the configuration reads `file`
  file: string;
  found: FoundExporter[];
}
export interface ReceiverState {
  writable: boolean; // no file of the user's own is in use
  file: string; // theirs
}
export interface AlertAddress {
  kind: 'email' | 'slack' | 'webhook';
  to?: string;
  url?: string;
  from?: string;
  smarthost?: string;
  username?: string;
  password?: string;
  requireTls?: boolean;
}
export interface ReceiverAnswer {
  saved: boolean;
  file?: string;
  yaml?: string; // for the user's own file, when nothing was saved
}
