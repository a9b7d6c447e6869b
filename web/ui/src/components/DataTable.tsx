import { useRef, type Key, type ReactNode } from 'react';
import { useScrollRows } from './useScrollRows';
import { useWidth } from './useWidth';

export interface Column<T> {
  id: string;
  /** What the column is called, beside each value where rows are cards. */
  label: string;
  /** What stands in the head instead of the label; it stays where rows are cards. */
  head?: ReactNode;
  /** A track of a CSS grid. Rows are grids of their own, so it must not depend on what is in them. */
  width: string;
  cell: (item: T) => ReactNode;
  numeric?: boolean;
  sort?: 'ascending' | 'descending';
  /** In a card: its heading, without label; or a line of its own. */
  card?: 'title' | 'line';
}

interface Props<T> {
  label: string;
  items: readonly T[];
  columns: readonly Column<T>[];
  idOf: (item: T) => Key;
  /** Narrower than so many pixels each row is a card. */
  minWidth: number;
  /** Items of one group follow each other below its name. */
  groupOf?: (item: T) => string;
  /** What stands below a row, if anything. */
  below?: (item: T) => ReactNode;
  marksOf?: (item: T) => Record<`data-${string}`, string | boolean | undefined>;
}

type Row<T> = { id: Key; group: string } | { id: Key; item: T };

function rowsOf<T>({ items, groupOf, idOf }: Pick<Props<T>, 'items' | 'groupOf' | 'idOf'>): Row<T>[] {
  const rows: Row<T>[] = [];
  let last: string | undefined;
  for (const item of items) {
    const group = groupOf?.(item);
    if (group !== undefined && group !== last) rows.push({ id: `group ${rows.length} ${group}`, group });
    last = group;
    rows.push({ id: idOf(item), item });
  }
  return rows;
}

// Few rows are all there: they can be found in the page and printed.
const fewRows = 120;
const guessedRowPx = 40;
const guessedCardPx = 170;

/**
 * A table of any length: of many rows only those in sight exist. Where there is
 * no room for its columns each row is a card, so that nothing is cut off.
 */
export function DataTable<T>(props: Props<T>) {
  const { label, columns, minWidth } = props;
  const table = useRef<HTMLDivElement>(null);
  const width = useWidth(table);
  const cards = width < minWidth;
  const rows = rowsOf(props);
  const many = rows.length > fewRows;
  const keptHead = columns.some((c) => c.head !== undefined);
  const template = columns.map((c) => c.width).join(' ');
  return (
    <div ref={table} className="dtable" data-cards={cards} role="table" aria-label={label} aria-rowcount={many ? rows.length + 1 : undefined}>
      <div role="rowgroup" className={cards && !keptHead ? 'visually-hidden' : 'dhead'}>
        <div role="row" className="drow" aria-rowindex={many ? 1 : undefined} style={cards ? undefined : { gridTemplateColumns: template }}>
          {columns.map((c) => (
            <div key={c.id} role="columnheader" aria-sort={c.sort} className={[c.numeric && 'num', cards && c.head === undefined && 'visually-hidden'].filter(Boolean).join(' ') || undefined}>
              {c.head ?? c.label}
            </div>
          ))}
        </div>
      </div>
      {width > 0 && (many
        ? <ManyRows {...props} rows={rows} cards={cards} template={template} />
        : <div role="rowgroup">{rows.map((row) => <div key={row.id} role="presentation" className="dblock"><RowOf {...props} row={row} cards={cards} template={template} /></div>)}</div>)}
    </div>
  );
}

interface Drawn {
  cards: boolean;
  template: string;
}

function ManyRows<T>({ rows, ...props }: Props<T> & Drawn & { rows: Row<T>[] }) {
  const list = useRef<HTMLDivElement>(null);
  const { items, totalPx, marginPx, measure } = useScrollRows({
    list, count: rows.length, keyOf: (i) => rows[i]?.id ?? i, guessPx: () => (props.cards ? guessedCardPx : guessedRowPx),
  });
  const first = (items[0]?.start ?? marginPx) - marginPx;
  return (
    <div ref={list} role="rowgroup" style={{ height: totalPx }}>
      <div role="presentation" style={{ height: first }} />
      {items.map(({ index, key }) => {
        const row = rows[index];
        return row && (
          <div key={String(key)} role="presentation" className="dblock" data-index={index} ref={measure}>
            <RowOf {...props} row={row} index={index + 2} />
          </div>
        );
      })}
    </div>
  );
}

function RowOf<T>({ row, index, columns, below, marksOf, cards, template }: Props<T> & Drawn & { row: Row<T>; index?: number }) {
  if ('group' in row) {
    return <div role="row" aria-rowindex={index} className="dgroup"><div role="cell" aria-colspan={columns.length}>{row.group}</div></div>;
  }
  const { item } = row;
  const more = below?.(item);
  return (
    <>
      <div role="row" aria-rowindex={index} className="drow" style={cards ? undefined : { gridTemplateColumns: template }} {...marksOf?.(item)}>
        {columns.map((c) => (
          <div key={c.id} role="cell" className={c.numeric ? 'num' : undefined} data-label={c.card === 'title' || !c.label ? undefined : c.label} data-card={c.card}>{c.cell(item)}</div>
        ))}
      </div>
      {more && <div role="row" className="dbelow"><div role="cell" aria-colspan={columns.length}>{more}</div></div>}
    </>
  );
}
