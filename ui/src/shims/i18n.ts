// Stands in for @grafana/i18n: @grafana/data only asks it for the English default.
export function t(_key: string, fallback: string, values: Record<string, unknown> = {}): string {
  return fallback.replace(/\{\{(\w+)\}\}/g, (_, name: string) => String(values[name] ?? ''));
}
