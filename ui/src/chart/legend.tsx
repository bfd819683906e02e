// The legend: a list, or a table with figures that sorts. Click shows one line, Ctrl click adds.
import { useMemo, useState } from 'preact/hooks';
import type { Line } from './model';

export interface LegendValue {
  name: string;
  of: (line: Line) => { text: string; order: number };
}

interface Props {
  lines: Line[];
  hidden: ReadonlySet<number>;
  onHidden: (hidden: ReadonlySet<number>) => void;
  onLift?: (i: number | undefined) => void;
  table: boolean;
  values: LegendValue[];
  sortBy?: string;
  sortDesc?: boolean;
}

// What is hidden after line `i` was chosen: it alone shows, or all if it already did.
export function choose(hidden: ReadonlySet<number>, count: number, i: number, add: boolean): Set<number> {
  const next = new Set(hidden);
  if (add) {
    if (next.has(i)) next.delete(i);
    else next.add(i);
    return next;
  }
  const only = hidden.size === count - 1 && !hidden.has(i);
  return only ? new Set() : new Set(Array.from({ length: count }, (_, k) => k).filter((k) => k !== i));
}

// The key looks like the line: lines of one colour are told apart by their dashes.
const keyOf = (line: Line): string => (!line.dash?.length ? '' : line.dash[0]! > 3 ? ' dashed' : ' dotted');

export function Legend({ lines, hidden, onHidden, onLift, table, values, sortBy, sortDesc = true }: Props) {
  const [sort, setSort] = useState<{ by?: string; desc: boolean }>({ by: sortBy, desc: sortDesc });
  const rows = useMemo(() => {
    const out = lines.map((line, i) => ({ line, i, cells: values.map((v) => v.of(line)) })).filter((r) => r.line.inLegend);
    const column = values.findIndex((v) => v.name.toLowerCase() === sort.by?.toLowerCase());
    const sign = sort.desc ? -1 : 1;
    if (column >= 0) out.sort((a, b) => sign * (a.cells[column]!.order - b.cells[column]!.order) || a.i - b.i);
    else if (sort.by?.toLowerCase() === 'name') out.sort((a, b) => sign * a.line.label.localeCompare(b.line.label, 'en', { numeric: true }));
    return out;
  }, [lines, values, sort]);

  const button = ({ line, i }: { line: Line; i: number }) => (
    <button
      class={hidden.has(i) ? 'off' : ''} aria-pressed={!hidden.has(i)} title={line.label}
      onClick={(e) => onHidden(choose(hidden, lines.length, i, e.ctrlKey || e.metaKey || e.shiftKey))}
      onMouseEnter={() => onLift?.(i)} onMouseLeave={() => onLift?.(undefined)} onFocus={() => onLift?.(i)} onBlur={() => onLift?.(undefined)}
    >
      <span class={'key' + keyOf(line)} style={{ '--c': line.color }} />
      <span class="clip">{line.label || 'no name'}</span>
    </button>
  );
  if (!table) {
    return (
      <div class="legend-list">
        {rows.map((r) => (
          <span key={r.i} class="clip">
            {button(r)}
            {r.cells.map((c, k) => <span key={k} class="v">{values[k]!.name}: {c.text}</span>)}
          </span>
        ))}
      </div>
    );
  }
  const head = (name: string, num: boolean) => {
    const here = sort.by?.toLowerCase() === name.toLowerCase();
    return (
      <th key={name} class={num ? 'num' : ''} scope="col" aria-sort={here ? (sort.desc ? 'descending' : 'ascending') : 'none'}>
        <button onClick={() => setSort({ by: name, desc: here ? !sort.desc : num })}>{name}</button>
      </th>
    );
  };
  return (
    <div class="legend-box">
      <table class="table legend-table">
        <thead><tr>{head('Name', false)}{values.map((v) => head(v.name, true))}</tr></thead>
        <tbody>
          {rows.map((r) => (
            <tr key={r.i}>
              <td>{button(r)}</td>
              {r.cells.map((c, k) => <td key={k} class="num">{c.text}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
