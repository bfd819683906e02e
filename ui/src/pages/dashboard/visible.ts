// Whether an element is in view, or nearly: one observer serves all panels of a page.
import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';

const kAhead = '160px';
const watched = new WeakMap<Element, (seen: boolean) => void>();
let observer: IntersectionObserver | undefined;

function watch(el: Element, tell: (seen: boolean) => void): () => void {
  observer ??= new IntersectionObserver((entries) => {
    for (const e of entries) watched.get(e.target)?.(e.isIntersecting);
  }, { rootMargin: `${kAhead} 0px` });
  watched.set(el, tell);
  observer.observe(el);
  return () => observer!.unobserve(el);
}

export function useVisible(ref: RefObject<HTMLElement | null>): boolean {
  const [seen, set] = useState(false);
  useEffect(() => (ref.current ? watch(ref.current, set) : undefined), []);
  return seen;
}
