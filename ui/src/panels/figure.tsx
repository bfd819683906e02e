// A figure with its unit smaller behind it.
import type { DisplayValue } from '@grafana/data';

const minus = (t: string) => t.replace(/^-(?=[\d.])/, '\u2212');

export function Figure({ value, size, color }: { value: DisplayValue; size: number; color?: string }) {
  const unit = Math.max(10, Math.round(size * 0.6));
  return (
    <div class="stat-figure clip" style={{ fontSize: `${size}px`, lineHeight: 1.15, ...(color ? { color } : {}) }}>
      {value.prefix && <small style={{ fontSize: `${unit}px` }}>{value.prefix}</small>}
      {minus(value.text)}
      {value.suffix && <small style={{ fontSize: `${unit}px` }}>{value.suffix}</small>}
    </div>
  );
}
