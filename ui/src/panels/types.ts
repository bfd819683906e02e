// What every kind of panel gets, and what it says back.
import type { DataFrame } from '@grafana/data';
import type { Mark } from '../chart/model';
import type { Panel } from '../lib/dash/model';
import type { Point } from '../lib/exemplars';
import type { Span } from '../lib/time';
import type { Replace } from './data/prepare';

export interface VizProps {
  panel: Panel;
  frames: DataFrame[]; // transformed, with display processors
  span: Span;
  zone: string;
  marks: Mark[];
  exemplars?: Point[];
  syncKey?: string;
  timeHidden?: boolean;
  replace: Replace;
  onZoom: (from: number, to: number) => void;
  onDrawn: () => void; // the drawing stands
  onEmpty: (why: string) => void; // there is nothing to draw
}

export const kNoData = 'No data';
