import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { createColumnHelper, flexRender, getCoreRowModel, useReactTable } from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef } from 'react';
import { placeText, shortPlace } from '../../components/Breadcrumbs';
import { PollStateMark } from '../../components/PollStateMark';
import { formatAge, formatCount, formatTime } from '../../format/format';
import { useText } from '../../i18n/useText';
import { useNow } from '../../live/useLive';
import { knownKind } from './kinds';
import type { DeviceSummary } from './queries';

type SortColumn = 'name' | 'kind' | 'state' | 'last_success';
export type DeviceSort = SortColumn | `-${SortColumn}`;

const rowPx = 38;
const grid = 'minmax(150px,1.2fr) minmax(200px,1.2fr) minmax(140px,0.9fr) minmax(140px,1.1fr) minmax(180px,1.2fr) minmax(130px,0.8fr) 70px 130px';
const column = createColumnHelper<DeviceSummary>();

function Age({ time }: { time?: string }) {
  const { t, language } = useText();
  const now = useNow(5000);
  if (!time) return <span className="muted">{t('word.never')}</span>;
  return <span title={formatTime(time, 'dateTime', language)}>{formatAge(now - Date.parse(time), language)}</span>;
}

function useColumns() {
  const { t, language } = useText();
  return useMemo(
    () => [
      column.accessor('name', { header: t('word.name'), cell: (c) => <Link className="link truncate" to="/devices/$deviceId" params={{ deviceId: String(c.row.original.id) }}><b>{c.getValue()}</b></Link> }),
      column.accessor('kind', { header: t('word.kind'), cell: (c) => t(`kind.${knownKind(c.getValue())}`) }),
      column.accessor('state', { header: t('word.state'), cell: (c) => <PollStateMark state={c.getValue()} /> }),
      column.accessor('model', { header: t('word.model'), cell: (c) => [c.row.original.vendor, c.getValue()].filter(Boolean).join(' ') }),
      column.accessor('place', { header: t('word.place'), cell: (c) => shortPlace(c.getValue()) || <span className="muted">{t('devices.noPlace')}</span> }),
      column.accessor('address', { header: t('word.address') }),
      column.accessor('points', { header: t('word.points'), cell: (c) => (c.getValue() === undefined ? '' : formatCount(c.getValue() ?? 0, language)) }),
      column.accessor('last_success', { header: t('devices.lastSuccess'), cell: (c) => <Age time={c.getValue()} /> }),
    ],
    [t, language],
  );
}

const sortable = new Set<string>(['name', 'kind', 'state', 'last_success']);
const numeric = new Set(['points', 'last_success']);

/** Any number of devices; only the rows in sight exist in the page. */
export function DeviceTable({ items, sort, onSort }: { items: DeviceSummary[]; sort: DeviceSort; onSort: (sort: DeviceSort) => void }) {
  const { t } = useText();
  const scroller = useRef<HTMLDivElement>(null);
  const columns = useColumns();
  const table = useReactTable({ data: items, columns, getCoreRowModel: getCoreRowModel(), getRowId: (d) => String(d.id) });
  const { rows } = table.getRowModel();
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => rowPx, overscan: 12 });
  const ascending = !sort.startsWith('-');
  const sortedBy = ascending ? sort : sort.slice(1);
  return (
    <div ref={scroller} className="panel vtable" style={{ height: 'calc(100dvh - 190px)', minHeight: 300 }} role="table" aria-label={t('devices.table')} aria-rowcount={rows.length + 1} tabIndex={0}>
      <div className="vtable-inner" role="rowgroup">
        <div className="vrow vhead" role="row" aria-rowindex={1} style={{ gridTemplateColumns: grid }}>
          {table.getFlatHeaders().map(({ id, column: c }) => {
            const label = String(c.columnDef.header);
            const active = sortedBy === id;
            return (
              <div key={id} role="columnheader" className={numeric.has(id) ? 'num' : undefined} aria-sort={active ? (ascending ? 'ascending' : 'descending') : undefined}>
                {sortable.has(id) ? (
                  <button type="button" className="sort" title={t('devices.sortBy', { column: label })} onClick={() => onSort((active && ascending ? `-${id}` : id) as DeviceSort)}>
                    {label}
                    {active && (ascending ? <IconArrowUp size={13} aria-hidden /> : <IconArrowDown size={13} aria-hidden />)}
                  </button>
                ) : label}
              </div>
            );
          })}
        </div>
        <div className="vbody" role="presentation" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            if (!row) return null;
            return (
              <div key={row.id} role="row" aria-rowindex={item.index + 2} className="vrow vitem" style={{ gridTemplateColumns: grid, height: rowPx, transform: `translateY(${item.start}px)` }}>
                {row.getVisibleCells().map((cell) => (
                  <div key={cell.id} role="cell" className={numeric.has(cell.column.id) ? 'num' : 'truncate'} title={cell.column.id === 'place' ? placeText(row.original.place) : undefined}>
                    {flexRender(cell.column.columnDef.cell, cell.getContext())}
                  </div>
                ))}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
