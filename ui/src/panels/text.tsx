// Text: markdown, HTML (sanitised) or code, with variables put in.
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { markdown, restoreStyles, sanitize } from '../lib/sanitize';
import { text } from './options';
import type { VizProps } from './types';

export function TextPanel(p: VizProps) {
  const box = useRef<HTMLDivElement>(null);
  const mode = text(p.panel.options.mode, 'markdown');
  const content = text(p.panel.options.content);
  const replaced = p.replace(content, undefined, mode === 'html' ? 'html' : undefined);
  const html = useMemo(() => (mode === 'code' ? '' : mode === 'html' ? sanitize(replaced) : markdown(replaced)), [replaced, mode]);
  useEffect(() => {
    if (box.current) restoreStyles(box.current);
    if (!content.trim()) p.onEmpty('This text is empty');
    else if (box.current && !box.current.innerText.trim() && !box.current.querySelector('img[src],svg,hr,canvas')) p.onEmpty('This text has nothing that can be shown here');
    else p.onDrawn();
  }, [html, replaced]);
  if (mode === 'code') return <pre class="yaml text-panel" tabIndex={0}>{replaced}</pre>;
  return <div class="text-panel" ref={box} tabIndex={0} dangerouslySetInnerHTML={{ __html: html }} />;
}
