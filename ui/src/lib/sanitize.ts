// Text of users as HTML: markdown rendered, everything that could run or call home removed.
// Inline styles are kept apart and set by script later, because the page's policy refuses them.
import DOMPurify from 'dompurify';
import { marked } from 'marked';

const kStyle = 'data-kept-style';
let hooked = false;

export function sanitize(html: string): string {
  if (!hooked) {
    hooked = true;
    DOMPurify.addHook('afterSanitizeAttributes', (node) => {
      const style = node.getAttribute('style');
      if (style !== null) {
        node.removeAttribute('style');
        if (!/url\s*\(|expression|@import|position\s*:\s*fixed/i.test(style)) node.setAttribute(kStyle, style);
      }
      if (node.tagName === 'A' && node.getAttribute('target')) node.setAttribute('rel', 'noreferrer');
      // Pictures of other hosts are never fetched; their text stands for them.
      if (node.tagName === 'IMG' && !node.hasAttribute('alt')) node.setAttribute('alt', '');
      const src = node.getAttribute('src');
      if (src && !/^data:image\//i.test(src) && new URL(src, document.baseURI).origin !== location.origin) node.removeAttribute('src');
    });
  }
  // Handlers are cut out beforehand only so that the browser has none to complain of while parsing;
  // what is safe is decided by DOMPurify.
  const quiet = html.replace(/(<[a-z][^>]*?)\son\w+\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]+)/gi, '$1');
  return DOMPurify.sanitize(quiet, { FORBID_TAGS: ['style', 'form', 'iframe', 'object', 'embed', 'script'], ADD_ATTR: ['target'], FORBID_ATTR: ['srcset'] });
}

export const markdown = (text: string): string => sanitize(marked.parse(text, { async: false, gfm: true, breaks: true }));

export function restoreStyles(root: HTMLElement): void {
  for (const e of root.querySelectorAll<HTMLElement>(`[${kStyle}]`)) {
    e.style.cssText = e.getAttribute(kStyle)!;
    e.removeAttribute(kStyle);
  }
}
