// The PromQL editor: CodeMirror with completion from the server. It lives in a shadow root, where
// its styles are adopted sheets and so need no exception in the page's style policy.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, insertNewlineAndIndent } from '@codemirror/commands';
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { lintKeymap } from '@codemirror/lint';
import { Annotation, EditorState, Prec } from '@codemirror/state';
import { drawSelection, EditorView, keymap, placeholder } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { PromQLExtension } from '@prometheus-io/codemirror-promql';
import { useEffect, useRef } from 'preact/hooks';
import { promClient } from '../api/completion';

const colors = HighlightStyle.define([
  { tag: tags.number, color: 'var(--syn-number)' },
  { tag: tags.string, color: 'var(--syn-string)' },
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword], color: 'var(--syn-kw)' },
  { tag: tags.function(tags.variableName), color: 'var(--syn-fn)' },
  { tag: tags.labelName, color: 'var(--syn-label)' },
  { tag: tags.variableName, color: 'var(--syn-metric)' },
  { tag: tags.comment, color: 'var(--text-3)', fontStyle: 'italic' },
  { tag: tags.invalid, color: 'var(--critical)' },
]);

const theme = EditorView.theme({
  '&': { fontSize: '14px', color: 'var(--text)', backgroundColor: 'var(--bg-page)', border: '1px solid var(--line-control)', borderRadius: '4px' },
  '&.cm-focused': { outline: 'none', borderColor: 'var(--accent)' },
  '.cm-scroller': { fontFamily: 'var(--font-mono)', lineHeight: '22px', maxHeight: '240px', overflow: 'auto' },
  '.cm-content': { padding: '8px 0', minHeight: '38px', caretColor: 'var(--accent)' },
  '.cm-line': { padding: '0 12px' },
  '.cm-placeholder': { color: 'var(--text-3)' },
  '.cm-cursor': { borderLeft: '2px solid var(--accent)' },
  '.cm-selectionBackground, &.cm-focused .cm-selectionBackground': { backgroundColor: 'var(--selection) !important' },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--accent-wash)', outline: '1px solid var(--accent)' },
  '.cm-tooltip': { backgroundColor: 'var(--bg-popup)', border: '1px solid var(--line)', borderRadius: '4px', boxShadow: 'var(--popup-shadow)' },
  '.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--font-mono)', fontSize: '12px', maxHeight: '280px', minWidth: '300px' },
  '.cm-tooltip-autocomplete > ul > li': { padding: '4px 12px !important', lineHeight: '20px' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': { backgroundColor: 'var(--accent-wash) !important', color: 'var(--text) !important' },
  '.cm-completionMatchedText': { textDecoration: 'none', color: 'var(--accent)', fontWeight: '600' },
  '.cm-completionDetail': { color: 'var(--text-3)', fontFamily: 'var(--font)', fontStyle: 'normal', float: 'right', marginLeft: '16px' },
  '.cm-completionInfo': { padding: '8px 12px', maxWidth: '360px', fontFamily: 'var(--font)', fontSize: '12px' },
  '.cm-completionIcon': { display: 'none' },
  '.cm-diagnostic': { fontFamily: 'var(--font)', fontSize: '12px', color: 'var(--text)' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--critical)' },
});

const fromOutside = Annotation.define<boolean>();

interface Props {
  value: string;
  label: string;
  hint?: string;
  templated?: boolean; // it may hold $variables, which are no PromQL: nothing is underlined
  onChange: (text: string) => void;
  onRun: (text: string) => void;
}

export function Editor({ value, label, hint = 'Expression', templated, onChange, onRun }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | undefined>(undefined);
  // What the editor itself has reported: when it comes back as `value`, late, it changes nothing.
  const reported = useRef(new Set<string>());
  const call = useRef({ onChange, onRun });
  call.current = { onChange, onRun };

  useEffect(() => {
    const root = host.current!.shadowRoot ?? host.current!.attachShadow({ mode: 'open', delegatesFocus: true });
    const inside = document.createElement('div');
    root.replaceChildren(inside);
    const promql = new PromQLExtension().setComplete({ remote: promClient, maxMetricsMetadata: 20000 });
    if (templated) promql.activateLinter(false);
    const run = (v: EditorView) => {
      call.current.onRun(v.state.doc.toString());
      return true;
    };
    view.current = new EditorView({
      root,
      parent: inside,
      state: EditorState.create({
        doc: value,
        extensions: [
          history(), drawSelection(), indentOnInput(), bracketMatching(), closeBrackets(), autocompletion({ icons: false }),
          syntaxHighlighting(colors), promql.asExtension(), theme, EditorView.lineWrapping, placeholder(hint),
          EditorView.contentAttributes.of({ 'aria-label': label }),
          Prec.highest(keymap.of([{ key: 'Mod-Enter', run }])),
          keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...lintKeymap]),
          Prec.low(keymap.of([{ key: 'Enter', run }, { key: 'Shift-Enter', run: insertNewlineAndIndent }])),
          keymap.of(defaultKeymap),
          EditorView.updateListener.of((u) => {
            if (!u.docChanged || u.transactions.some((t) => t.annotation(fromOutside))) return;
            const text = u.state.doc.toString();
            reported.current.add(text);
            call.current.onChange(text);
          }),
        ],
      }),
    });
    return () => view.current?.destroy();
  }, []);

  useEffect(() => {
    const v = view.current;
    if (!v) return;
    const same = v.state.doc.toString() === value;
    if (!same && !reported.current.has(value)) v.dispatch({ changes: { from: 0, to: v.state.doc.length, insert: value }, annotations: fromOutside.of(true) });
    if (same || !reported.current.has(value)) reported.current.clear();
  }, [value]);

  return <div class="editor" ref={host} />;
}
