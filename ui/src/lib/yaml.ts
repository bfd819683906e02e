// Reads the YAML that the server writes when it shows its configuration: block maps and lists,
// flow lists and maps on one line, quoted and plain scalars, block texts. Not a general reader.

type Value = unknown;
interface Line {
  indent: number;
  text: string;
}

function scalar(text: string): Value {
  const t = text.trim();
  if (t.startsWith('"')) {
    try {
      return JSON.parse(t);
    } catch {
      return t.slice(1, -1);
    }
  }
  if (t.startsWith("'")) return t.slice(1, -1).replace(/''/g, "'");
  if (t === '' || t === '~' || t === 'null') return null;
  if (t === 'true' || t === 'false') return t === 'true';
  if (t === '[]') return [];
  if (t === '{}') return {};
  if (t.startsWith('[') || t.startsWith('{')) return flow(t);
  return t;
}

function flow(t: string): Value {
  const inner = t.slice(1, -1);
  const parts = inner.match(/(?:"(?:[^"\\]|\\.)*"|'[^']*'|\[[^\]]*\]|\{[^}]*\}|[^,"'[{])+/g)?.filter((p) => p.trim()) ?? [];
  if (t.startsWith('[')) return parts.map(scalar);
  return Object.fromEntries(parts.map((p) => {
    const cut = p.indexOf(':');
    return [String(scalar(p.slice(0, cut))), scalar(p.slice(cut + 1))];
  }));
}

// A key at the start of a line, quoted or plain, and what follows its colon.
const kKey = /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s"'#[{][^#]*?|[^\s"'#[{]):(?:\s+(.*))?$/;

class Reader {
  private at = 0;
  constructor(private readonly lines: Line[]) {}

  block(indent: number): Value {
    const line = this.lines[this.at];
    if (!line || line.indent < indent) return null;
    return line.text.startsWith('- ') || line.text === '-' ? this.list(line.indent) : kKey.test(line.text) ? this.map(line.indent) : scalar(this.lines[this.at++]!.text);
  }

  private list(indent: number): Value[] {
    const out: Value[] = [];
    for (let l = this.lines[this.at]; l && l.indent === indent && /^-( |$)/.test(l.text); l = this.lines[this.at]) {
      const rest = l.text.slice(1).trimStart();
      if (!rest) {
        this.at++;
        out.push(this.block(indent + 1));
      } else if (kKey.test(rest)) {
        l.indent += l.text.length - rest.length;
        l.text = rest;
        out.push(this.map(l.indent));
      } else {
        this.at++;
        out.push(scalar(rest));
      }
    }
    return out;
  }

  private map(indent: number): Value {
    const out: Record<string, Value> = {};
    for (let l = this.lines[this.at]; l && l.indent === indent; l = this.lines[this.at]) {
      const m = kKey.exec(l.text);
      if (!m) break;
      this.at++;
      out[String(scalar(m[1]!))] = this.after((m[2] ?? '').trim(), indent);
    }
    return out;
  }

  private after(text: string, indent: number): Value {
    const next = this.lines[this.at];
    if (/^[|>][+-]?$/.test(text)) return this.text(indent, text.startsWith('|') ? '\n' : ' ');
    if (text) {
      let whole = text;
      while (this.lines[this.at] && this.lines[this.at]!.indent > indent) whole += ' ' + this.lines[this.at++]!.text;
      return scalar(whole);
    }
    if (next && (next.indent > indent || (next.indent === indent && /^-( |$)/.test(next.text)))) return this.block(next.indent);
    return null;
  }

  private text(indent: number, joint: string): string {
    const out: string[] = [];
    while (this.lines[this.at] && this.lines[this.at]!.indent > indent) out.push(this.lines[this.at++]!.text);
    return out.join(joint);
  }
}

export function parseYaml(text: string): Value {
  const lines = text.split('\n').filter((l) => l.trim() && !/^\s*#/.test(l) && l.trim() !== '---')
    .map((l) => ({ indent: l.length - l.trimStart().length, text: l.trim() }));
  return new Reader(lines).block(0);
}
