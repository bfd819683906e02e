// Buttons that open a popup, and dialogs. Both close on Escape and give the focus back.
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

const kFocusable = 'a[href],button:not(:disabled),input:not(:disabled),select,textarea,[tabindex="0"]';

// Arrow keys walk over the options of a list.
function walk(e: KeyboardEvent, root: HTMLElement): void {
  if (e.key !== 'ArrowDown' && e.key !== 'ArrowUp') return;
  const all = [...root.querySelectorAll<HTMLElement>('.opt')];
  if (!all.length) return;
  e.preventDefault();
  const at = all.indexOf(document.activeElement as HTMLElement);
  all[(at + (e.key === 'ArrowDown' ? 1 : -1) + all.length + (at < 0 && e.key === 'ArrowUp' ? 1 : 0)) % all.length]?.focus();
}

interface DropProps {
  button: ComponentChildren;
  label?: string;
  class?: string;
  toRight?: boolean; // the popup's right edge stands under the button's
  role?: 'dialog' | 'menu' | 'listbox';
  onClose?: () => void;
  children: (close: () => void) => ComponentChildren;
}

export function Drop({ button, label, class: cls = 'btn', toRight, role = 'dialog', onClose, children }: DropProps) {
  const [open, set] = useState(false);
  const root = useRef<HTMLSpanElement>(null);
  const was = useRef(false);
  // The focus moves before anything else can happen: what is typed at once is meant for what opened.
  useLayoutEffect(() => {
    if (open) root.current?.querySelector<HTMLElement>('.popup [autofocus], .popup input, .popup .opt')?.focus({ preventScroll: true });
  }, [open]);
  useEffect(() => {
    if (was.current && !open) onClose?.();
    was.current = open;
    if (!open) return;
    const outside = (e: Event) => {
      if (!e.composedPath().includes(root.current!)) set(false);
    };
    document.addEventListener('pointerdown', outside);
    document.addEventListener('focusin', outside);
    return () => {
      document.removeEventListener('pointerdown', outside);
      document.removeEventListener('focusin', outside);
    };
  }, [open]);
  const close = () => {
    set(false);
    root.current?.querySelector<HTMLElement>('button')?.focus({ preventScroll: true });
  };
  const onKey = (e: KeyboardEvent) => {
    if (e.key === 'Escape' && open) {
      e.stopPropagation();
      close();
    }
    if (open) walk(e, root.current!);
  };
  return (
    <span class={'drop' + (toRight ? ' to-right' : '')} ref={root} onKeyDown={onKey}>
      <button class={cls} aria-haspopup={role} aria-expanded={open} aria-label={label} title={label} onClick={() => set(!open)}>
        {button}
      </button>
      {open && (
        <div class="popup" role={role} aria-label={label ?? 'Choices'}>
          {children(close)}
        </div>
      )}
    </span>
  );
}

interface DialogProps {
  title: string;
  onClose: () => void;
  wide?: boolean;
  children: ComponentChildren;
}

export function Dialog({ title, onClose, wide, children }: DialogProps) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    const first = box.current?.querySelector<HTMLElement>('[autofocus]') ?? box.current?.querySelector<HTMLElement>(kFocusable);
    (first ?? box.current)?.focus();
    return () => before?.focus?.();
  }, []);
  const leave = useRef(onClose);
  leave.current = onClose;
  useEffect(() => {
    // The focus may have stood on a button that is gone: Escape closes all the same.
    const lost = (e: KeyboardEvent) => e.key === 'Escape' && !box.current?.contains(e.target as Node) && leave.current();
    document.addEventListener('keydown', lost);
    return () => document.removeEventListener('keydown', lost);
  }, []);
  const onKey = (e: KeyboardEvent) => {
    e.stopPropagation();
    if (e.key === 'Escape') onClose();
    if (e.key !== 'Tab') return;
    const all = [...box.current!.querySelectorAll<HTMLElement>(kFocusable)];
    const edge = e.shiftKey ? all[0] : all.at(-1);
    if (document.activeElement === edge) {
      e.preventDefault();
      (e.shiftKey ? all.at(-1) : all[0])?.focus();
    }
  };
  return (
    <div class="veil" onPointerDown={(e) => e.target === e.currentTarget && onClose()}>
      <div class={'popup dialog' + (wide ? ' wide' : '')} role="dialog" aria-modal="true" aria-label={title} tabIndex={-1} ref={box} onKeyDown={onKey}>
        <h2>{title}</h2>
        {children}
      </div>
    </div>
  );
}
