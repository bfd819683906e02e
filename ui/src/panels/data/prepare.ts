// Transformations, then field settings: what a panel draws from.
import { applyFieldOverrides, type DataFrame, type DataTransformerConfig, standardTransformersRegistry, transformDataFrame } from '@grafana/data';
import type { Panel } from '../../lib/dash/model';
import { fillRegistries, settingsRegistry, theme } from './setup';

export type Replace = (text: string, scope?: Record<string, unknown>, format?: string) => string;

const OLD_IDS: Record<string, string> = { seriesToColumns: 'joinByField', filterFramesByRefId: 'filterByRefId' };

const stepsOf = (panel: Panel) => panel.transformations.filter((t) => !t.disabled).map((t) => ({ ...t, id: OLD_IDS[t.id] ?? t.id }));

// Transformations that are not known here are passed over, and told of.
export function passedOver(panel: Panel): string[] {
  fillRegistries();
  return stepsOf(panel).filter((t) => !standardTransformersRegistry.getIfExists(t.id)).map((t) => `The transformation ${t.id} is not done here`);
}

function transformed(panel: Panel, frames: DataFrame[], replace: Replace): Promise<DataFrame[]> {
  const steps = stepsOf(panel).filter((t) => standardTransformersRegistry.getIfExists(t.id)) as DataTransformerConfig[];
  if (!steps.length) return Promise.resolve(frames);
  return new Promise((resolve, reject) => {
    let last = frames;
    transformDataFrame(steps, frames, { interpolate: (v) => replace(v) }).subscribe({ next: (f) => (last = f), error: reject, complete: () => resolve(last) });
  });
}

export async function prepare(panel: Panel, frames: DataFrame[], replace: Replace, zone: string): Promise<DataFrame[]> {
  fillRegistries();
  const data = await transformed(panel, frames, replace);
  return withSettings(panel, data, replace, zone);
}

export function withSettings(panel: Panel, data: DataFrame[], replace: Replace, zone: string): DataFrame[] {
  fillRegistries();
  return applyFieldOverrides({
    data,
    fieldConfig: panel.fieldConfig as never,
    fieldConfigRegistry: settingsRegistry(Object.keys(panel.fieldConfig.defaults.custom ?? {})) as never,
    replaceVariables: ((v: string, scope?: Record<string, unknown>, format?: string) => replace(v, scope, format)) as never,
    theme: theme(),
    timeZone: zone,
  });
}
