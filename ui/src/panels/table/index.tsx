// Table: columns as configured, sorting, filters, pages if asked, totals below.
import { type DataFrame, type Field, FieldType, getFieldDisplayName } from '@grafana/data';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Icon } from '../../components/icon';
import { Drop } from '../../components/popup';
import { reduce, show } from '../fields';
import { list, number, object, text } from '../options';
import { kNoData, type VizProps } from '../types';
import { Cell, isRight } from './cell';
import { filterRows, sortRows, type Sort } from './rows';

const kRow = 32;
const kAhead = 20; // rows drawn above and below the view

interface Column {
  field: Field;
  name: string;
}

// A frame without an own choice is the first; time series without a transformation can be switched.
function columnsOf(frame: DataFrame, all: DataFrame[]): Column[] {
  return frame.fields
    .filter((f) => object(f.config.custom).hidden !== true && object(object(f.config.custom).hideFrom).viz !== true)
    .map((field) => ({ field, name: getFieldDisplayName(field, frame, all) }));
}

function ColumnFilter({ name, column, chosen, onChange }: { name: string; column: Field; chosen: ReadonlySet<string> | undefined; onChange: (v: ReadonlySet<string> | undefined) => void }) {
  const values = useMemo(() => [...new Set(column.values.map((v) => show(column, v)))].slice(0, 500), [column]);
  const [find, setFind] = useState('');
  const toggle = (v: string) => {
    const next = new Set(chosen ?? values);
    if (!next.delete(v)) next.add(v);
    onChange(next.size === values.length ? undefined : next);
  };
  return (
    <Drop toRight label={`Filter ${name}`} class={'btn icon s quiet' + (chosen ? ' accent-t' : '')} button={<Icon name="filter" />}>
      {() => (
        <div class="var-choices">
          <div class="pad-all"><input class="input" autofocus aria-label="Filter values" value={find} onInput={(e) => setFind(e.currentTarget.value)} /></div>
          <button class="opt" onClick={() => onChange(undefined)}>All</button>
          {values.filter((v) => v.toLowerCase().includes(find.toLowerCase())).map((v) => <label key={v} class="opt"><input type="checkbox" checked={!chosen || chosen.has(v)} onChange={() => toggle(v)} /><span class="clip">{v || 'empty'}</span></label>)}
        </div>
      )}
    </Drop>
  );
}

export function Table(p: VizProps) {
  const o = p.panel.options;
  const frames = useMemo(() => p.frames.filter((f) => f.fields.length), [p.frames]);
  const [chosen, choose] = useState(number(o.frameIndex) ?? 0);
  const frame = frames[Math.min(chosen, frames.length - 1)];
  const columns = useMemo(() => (frame ? columnsOf(frame, frames) : []), [frame]);
  const [sort, setSort] = useState<Sort | undefined>(() => initialSort(o));
  const [filters, setFilters] = useState<Record<string, ReadonlySet<string> | undefined>>({});
  const [page, setPage] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const rows = useMemo(() => sortRows(filterRows(frame, columns, filters), columns, sort), [frame, columns, filters, sort]);
  const none = !frame || !frame.length || !columns.length;
  useEffect(() => {
    if (none) p.onEmpty(p.panel.fieldConfig.defaults.noValue || kNoData);
    else p.onDrawn();
  }, [frame, none]);
  if (none) return null;
  const footer = object(o.footer);
  const paged = footer.enablePagination === true || o.enablePagination === true || (number(o.pageSize) ?? 0) > 0;
  const height = box.current?.clientHeight ?? 400;
  const perPage = number(o.pageSize) || Math.max(1, Math.floor((height - 2 * kRow) / kRow));
  const visible = paged ? rows.slice(page * perPage, (page + 1) * perPage) : rows;
  const first = paged ? 0 : Math.max(0, Math.floor(top / kRow) - kAhead);
  const last = paged ? visible.length : Math.min(visible.length, Math.ceil((top + height) / kRow) + kAhead);
  const clickSort = (name: string) => setSort(sort?.name !== name ? { name, desc: false } : sort.desc ? undefined : { name, desc: true });
  const width = (f: Field) => number(object(f.config.custom).width);
  return (
    <div class="viz-table">
      <div class="scroll grow" ref={box} tabIndex={0} onScroll={(e) => Math.abs(e.currentTarget.scrollTop - top) > kRow * 5 && setTop(e.currentTarget.scrollTop)}>
        <table class={'table data size-' + text(o.cellHeight, 'sm')}>
          {o.showHeader !== false && (
            <thead><tr>
              {columns.map((c, i) => (
                <th key={i} scope="col" class={isRight(c.field) ? 'num' : ''} style={width(c.field) ? { width: `${width(c.field)}px`, minWidth: `${width(c.field)}px` } : undefined} aria-sort={sort?.name === c.name ? (sort.desc ? 'descending' : 'ascending') : 'none'}>
                  <button onClick={() => clickSort(c.name)}>{c.name}</button>
                  {(c.field.config as { filterable?: boolean }).filterable && object(c.field.config.custom).filterable === true && <ColumnFilter name={c.name} column={c.field} chosen={filters[c.name]} onChange={(v) => setFilters({ ...filters, [c.name]: v })} />}
                </th>
              ))}
            </tr></thead>
          )}
          <tbody>
            {first > 0 && <tr aria-hidden="true" style={{ height: `${first * kRow}px` }} />}
            {visible.slice(first, last).map((r) => <tr key={r}>{columns.map((c, i) => <Cell key={i} field={c.field} row={r} />)}</tr>)}
            {last < visible.length && <tr aria-hidden="true" style={{ height: `${(visible.length - last) * kRow}px` }} />}
          </tbody>
          {footer.show === true && (
            <tfoot><tr>{columns.map((c, i) => <td key={i} class={isRight(c.field) ? 'num' : ''}>{total(c.field, footer, i, rows.length)}</td>)}</tr></tfoot>
          )}
        </table>
      </div>
      <div class="row table-foot" hidden={!paged && frames.length < 2}>
        {frames.length > 1 && (
          <select class="select" aria-label="Series" value={chosen} onChange={(e) => choose(Number(e.currentTarget.value))}>
            {frames.map((f, i) => <option key={i} value={i}>{frameName(f, frames)}</option>)}
          </select>
        )}
        {paged && rows.length > perPage && <><span class="grow" /><button class="btn s" disabled={!page} onClick={() => setPage(page - 1)}>Earlier</button><span class="small dim">{page + 1} of {Math.ceil(rows.length / perPage)}</span><button class="btn s" disabled={(page + 1) * perPage >= rows.length} onClick={() => setPage(page + 1)}>Later</button></>}
      </div>
    </div>
  );
}

const frameName = (f: DataFrame, all: DataFrame[]): string => {
  const value = f.fields.find((x) => x.type === FieldType.number);
  return f.name ?? (value ? getFieldDisplayName(value, f, all) : (f.refId ?? 'data'));
};

function initialSort(o: Record<string, unknown>): Sort | undefined {
  const by = list(o.sortBy)[0];
  if (by) return { name: text(by.displayName), desc: by.desc === true };
  const column = number(o.sortColumn);
  return column === undefined ? undefined : { column, name: '', desc: o.sortDesc === true };
}

function total(f: Field, footer: Record<string, unknown>, i: number, rows: number): string {
  if (footer.countRows) return i === 0 ? `${rows} rows` : '';
  const wanted = Array.isArray(footer.fields) ? footer.fields.map(String) : [];
  if (f.type !== FieldType.number || (wanted.length && !wanted.includes(f.name))) return '';
  const calc = Array.isArray(footer.reducer) ? text(footer.reducer[0], 'sum') : 'sum';
  return show(f, reduce(f, calc));
}
