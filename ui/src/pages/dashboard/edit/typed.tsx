// A text field whose text is one's own while it is typed, and the form's when the field is left:
// what is asked meanwhile draws the form again and must not take the text back.
import { useState } from 'preact/hooks';

interface Props {
  label: string;
  value: string;
  hint?: string;
  mono?: boolean;
  invalid?: boolean;
  onType?: (text: string) => void;
  onDone: (text: string) => void;
}

export function TypedField({ label, value, hint, mono, invalid, onType, onDone }: Props) {
  const [text, setText] = useState<string>();
  const type = (t: string) => {
    setText(t);
    onType?.(t);
  };
  const done = () => {
    if (text !== undefined && text !== value) onDone(text);
    setText(undefined);
  };
  return <label class="field">{label}<input class={'input' + (mono ? ' mono' : '')} aria-invalid={invalid} placeholder={hint} value={text ?? value} onInput={(e) => type(e.currentTarget.value)} onBlur={done} onKeyDown={(e) => e.key === 'Enter' && done()} /></label>;
}
