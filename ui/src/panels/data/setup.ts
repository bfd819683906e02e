// @grafana/data outside of Grafana: its registries filled, its theme in our colours.
import {
  createTheme, type FieldConfigPropertyItem, type GrafanaTheme2, standardTransformers, standardTransformersRegistry, type TransformerRegistryItem,
} from '@grafana/data';
import { SERIES, token } from '../../chart/colors';
import { extraTransformers } from './transformers';

let filled = false;
export function fillRegistries(): void {
  if (filled) return;
  filled = true;
  standardTransformersRegistry.setInit(() =>
    [...Object.values(standardTransformers), ...extraTransformers]
      .map((t) => ({ id: t.id, name: t.name, transformation: () => Promise.resolve(t) }) as unknown as TransformerRegistryItem)
      .filter((t, i, all) => all.findIndex((o) => o.id === t.id) === i),
  );
}

const NAMED = /^(?:(?:super-light|light|semi-dark|dark)-)?(?:red|orange|yellow|green|blue|purple)$/;

// Named colours follow the theme; hex and rgb pass through untouched.
export function colorByName(name: string | undefined): string {
  if (!name) return token('series-1');
  if (NAMED.test(name)) return token('named-' + name);
  if (name === 'text') return token('text');
  if (name === 'transparent') return 'rgba(0, 0, 0, 0)';
  if (name === 'panel-bg') return token('bg-panel');
  return name;
}

let themes = new Map<string, GrafanaTheme2>();
globalThis.addEventListener?.('meerkat:theme', () => (themes = new Map()));

export function theme(): GrafanaTheme2 {
  const mode = document.documentElement.dataset.theme === 'light' ? 'light' : 'dark';
  let found = themes.get(mode);
  if (!found) {
    const base = createTheme({ colors: { mode } });
    const palette = Array.from({ length: SERIES }, (_, i) => token(`series-${i + 1}`));
    found = { ...base, visualization: { ...base.visualization, palette, getColorByName: colorByName } };
    themes.set(mode, found);
  }
  return found;
}

type Item = FieldConfigPropertyItem;
const STANDARD = ['unit', 'min', 'max', 'decimals', 'displayName', 'color', 'thresholds', 'mappings', 'links', 'noValue', 'description', 'filterable', 'fieldMinMax'];

function item(id: string): Item {
  const isCustom = id.startsWith('custom.');
  const path = isCustom ? id.slice(7) : id;
  return {
    id, path, name: id, isCustom, settings: {}, shouldApply: () => true,
    // Links of an override replace nothing: they are added to those of the panel.
    process: (value: unknown, context: { replaceVariables?: (v: string) => string }) =>
      (id === 'displayName' || id === 'noValue') && typeof value === 'string' && context.replaceVariables ? context.replaceVariables(value) : value,
  } as unknown as Item;
}

// A registry that knows the standard settings and whatever custom ones a panel happens to have.
export function settingsRegistry(customKeys: string[]) {
  const all = new Map([...STANDARD, ...customKeys.map((k) => 'custom.' + k)].map((id) => [id, item(id)]));
  const get = (id: string): Item => {
    let found = all.get(id);
    if (!found) all.set(id, (found = item(id)));
    return found;
  };
  return { list: () => [...all.values()], get, getIfExists: get, selectOptions: () => [] };
}
