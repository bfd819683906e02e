// Colours of the theme for canvases, which cannot read custom properties themselves.

let cache = new Map<string, string>();
globalThis.addEventListener?.('meerkat:theme', () => (cache = new Map()));

export function token(name: string): string {
  let value = cache.get(name);
  if (value === undefined) {
    value = getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
    cache.set(name, value);
  }
  return value;
}

export const SERIES = 10;

// The colour and dash of the i-th series: past ten the colours repeat dashed, then dotted.
export const seriesColor = (i: number): string => token(`series-${(i % SERIES) + 1}`);
export const seriesDash = (i: number): number[] | undefined => (i < SERIES ? undefined : i < 2 * SERIES ? [8, 4] : [2, 4]);

export function withAlpha(color: string, alpha: number): string {
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(color)?.[1];
  if (hex) {
    const full = hex.length === 3 ? [...hex].map((c) => c + c).join('') : hex;
    return '#' + full + Math.round(Math.min(1, Math.max(0, alpha)) * 255).toString(16).padStart(2, '0');
  }
  const rgb = /^rgba?\(([^)]*)\)$/.exec(color)?.[1]?.split(/[\s,/]+/).filter(Boolean);
  if (rgb && rgb.length >= 3) return `rgba(${rgb[0]}, ${rgb[1]}, ${rgb[2]}, ${alpha * (rgb[3] === undefined ? 1 : parseFloat(rgb[3]))})`;
  return color;
}
