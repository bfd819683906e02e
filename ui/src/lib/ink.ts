// Which ink can be read on a colour.

export interface Rgb {
  r: number;
  g: number;
  b: number;
  alpha: number;
}

export function toRgb(color: string): Rgb | undefined {
  const hex = /^#([0-9a-f]{3,8})$/i.exec(color)?.[1];
  if (hex) {
    const full = hex.length <= 4 ? [...hex].map((c) => c + c).join('') : hex;
    const at = (i: number) => parseInt(full.slice(i, i + 2), 16);
    return { r: at(0), g: at(2), b: at(4), alpha: full.length === 8 ? at(6) / 255 : 1 };
  }
  const rgb = /^rgba?\(([^)]*)\)$/i.exec(color)?.[1]?.split(/[\s,/]+/).filter(Boolean).map(parseFloat);
  return rgb && rgb.length >= 3 ? { r: rgb[0]!, g: rgb[1]!, b: rgb[2]!, alpha: rgb[3] ?? 1 } : undefined;
}

const linear = (v: number) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
export const luminance = ({ r, g, b }: Rgb): number => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);

export function contrast(a: Rgb, b: Rgb): number {
  const [hi, lo] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (hi + 0.05) / (lo + 0.05);
}

const over = (top: Rgb, under: Rgb): Rgb => ({
  r: top.r * top.alpha + under.r * (1 - top.alpha), g: top.g * top.alpha + under.g * (1 - top.alpha), b: top.b * top.alpha + under.b * (1 - top.alpha), alpha: 1,
});

const DARK = '#16110c';
const LIGHT = '#ffffff';

// The darker or the lighter ink, whichever stands out more on the colour (itself over `under`).
export function inkOn(color: string, under = LIGHT): string {
  const top = toRgb(color);
  if (!top) return DARK;
  const ground = over(top, toRgb(under) ?? toRgb(LIGHT)!);
  return contrast(ground, toRgb(LIGHT)!) >= contrast(ground, toRgb(DARK)!) ? LIGHT : DARK;
}

const hex = (v: number) => Math.round(v).toString(16).padStart(2, '0');

// The colour, moved towards the text's own colour until words in it can be read on the ground.
export function readable(color: string, ground: string, text: string, least = 4.5): string {
  const [c, g, t] = [toRgb(color), toRgb(ground), toRgb(text)];
  if (!c || !g || !t) return color;
  const solid = over(c, g);
  for (let share = 0; share < 1; share += 0.1) {
    const mixed = { r: solid.r + (t.r - solid.r) * share, g: solid.g + (t.g - solid.g) * share, b: solid.b + (t.b - solid.b) * share, alpha: 1 };
    if (contrast(mixed, g) >= least) return share ? `#${hex(mixed.r)}${hex(mixed.g)}${hex(mixed.b)}` : color;
  }
  return text;
}
