// Icons of 16 by 16, strokes of 1.5 in the text's colour.
import type { JSX } from 'preact';

const PATHS: Record<string, string> = {
  home: '<path d="M2.500 7.500 8 2.500l5.500 5M4 6.500v7h3V10h2v3.500h3v-7"/>',
  grid: '<path d="M2.500 2.500h4.500v6H2.500zM9 2.500h4.500v3H9zM9 7.500h4.500v6H9zM2.500 10.500H7v3H2.500z"/>',
  explore: '<path d="M2.500 2.500v11h11M4.500 10l2.500-4 2.500 2.500L13 4"/>',
  bell: '<path d="M3 11.500c1-1 1.300-2 1.300-4.500a3.700 3.700 0 0 1 7.400 0c0 2.500.3 3.500 1.300 4.500zM6.800 13.800c.6.700 1.800.7 2.400 0"/>',
  star: '<path d="m8 2 1.800 3.900 4.200.5-3.100 2.900.8 4.200L8 11.400l-3.700 2.100.8-4.200L2 6.400l4.200-.5z"/>',
  server: '<path d="M2.500 3h11v4h-11zM2.500 9h11v4h-11zM5 5h.01M5 11h.01M8 5h3M8 11h3"/>',
  search: '<circle cx="7" cy="7" r="4.500"/><path d="m10.500 10.500 3 3"/>',
  clock: '<circle cx="8" cy="8" r="5.500"/><path d="M8 4.800V8l2.200 1.500"/>',
  refresh: '<path d="M13.500 3v3.500H10M13.200 6.500A5.500 5.500 0 1 0 13.500 9"/>',
  chevron: '<path d="m4.500 6.500 3.500 3.500 3.500-3.500"/>',
  plus: '<path d="M8 3v10M3 8h10"/>',
  close: '<path d="m4 4 8 8M12 4l-8 8"/>',
  more: '<path d="M8 3.500h.01M8 8h.01M8 12.500h.01" stroke-width="2"/>',
  warning: '<path d="M8 2.200 14.200 13H1.800zM8 6.500v3M8 11.200h.01"/>',
  critical: '<path d="M5.400 1.800h5.200l3.600 3.600v5.200l-3.600 3.600H5.400l-3.600-3.600V5.400zM8 4.800v3.700M8 11h.01"/>',
  check: '<path d="m3 8.500 3.300 3.300L13 5"/>',
  info: '<circle cx="8" cy="8" r="5.800"/><path d="M8 7.400v3.400M8 5.200h.01"/>',
  mute: '<path d="M4.300 7.200C4.300 9.500 4 10.500 3 11.500h8M5.300 4.500A3.700 3.700 0 0 1 11.700 7c0 1 .1 1.800.2 2.400M2 2l12 12M6.800 13.800c.6.700 1.800.7 2.400 0"/>',
  share: '<path d="M6.500 9.500 13 3M9 3h4v4M11.500 9.500v3.500H3V4.500h3.500"/>',
  edit: '<path d="M3 13l.6-2.900 7.200-7.200 2.300 2.300-7.200 7.200z"/>',
  play: '<path d="M5 3.200v9.600l7.500-4.800z"/>',
  down: '<path d="M8 2.500v8M4.500 7.500 8 11l3.500-3.500M3 13.500h10"/>',
  up: '<path d="M8 11V3M4.500 6 8 2.500 11.500 6M3 13.500h10"/>',
  folder: '<path d="M2 4h4l1.500 1.500H14v7H2z"/>',
  drag: '<path d="M6 4h.01M6 8h.01M6 12h.01M10 4h.01M10 8h.01M10 12h.01" stroke-width="2"/>',
  link: '<path d="M6.700 9.300a2.500 2.500 0 0 0 3.600 0l2-2a2.500 2.500 0 0 0-3.600-3.600l-.7.7M9.300 6.700a2.500 2.500 0 0 0-3.600 0l-2 2a2.500 2.500 0 0 0 3.600 3.600l.7-.7"/>',
  trash: '<path d="M3 4.500h10M6.500 4.500v-2h3v2M4.500 4.500l.6 9h5.800l.6-9M6.800 7v4M9.200 7v4"/>',
  copy: '<path d="M5.500 5.500h8v8h-8zM3.500 10.500h-1v-8h8v1"/>',
  mark: '<path d="M8 2.500v8M5.500 13.500h5L8 10.500z"/>',
  sliders: '<path d="M2.500 4.500h5.500M12 4.500h1.500M2.500 11.500h1.500M8 11.500h5.500"/><circle cx="10" cy="4.500" r="2"/><circle cx="6" cy="11.500" r="2"/>',
  filter: '<path d="M2.500 3h11l-4.200 5v5l-2.600-1.500V8z"/>',
};

export type IconName = string;

// Without a label the icon is decoration and hidden from screen readers.
export function Icon({ name, label, class: cls = '' }: { name: IconName; label?: string; class?: string }): JSX.Element {
  const named = label ? { role: 'img' as const, 'aria-label': label } : { 'aria-hidden': true as const };
  return <svg class={'i ' + cls} viewBox="0 0 16 16" {...named} dangerouslySetInnerHTML={{ __html: PATHS[name] ?? '' }} />;
}
