import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { placeText, shortPlace } from '../../components/Breadcrumbs';
import { DataTable, type Column } from '../../components/DataTable';
import { PollStateMark } from '../../components/PollStateMark';
import { formatAge, formatCount, formatTime } from '../../format/format';
import { useText } from '../../i18n/useText';
import { useNow } from '../../live/useLive';
import { knownKind } from './kinds';
import type { DeviceSummary } from './queries';

type SortColumn = 'name' | 'kind' | 'state' | 'last_success';
export type DeviceSort = SortColumn | `-${SortColumn}`;

function Age({ time }: { time?: string }) {
  const { t, language } = useText();
  const now = useNow(5000);
  if (!time) return <span className="muted">{t('word.never')}</span>;
  return <span title={formatTime(time, 'dateTime', language)}>{formatAge(now - Date.parse(time), language)}</span>;
}

const sortable: readonly string[] = ['name', 'kind', 'state', 'last_success'] satisfies SortColumn[];

/** Any number of devices; only the rows in sight exist in the page. */
export function DeviceTable({ items, sort, onSort }: { items: DeviceSummary[]; sort: DeviceSort; onSort: (sort: DeviceSort) => void }) {
  const { t, language } = useText();
  const ascending = !sort.startsWith('-');
  const sortedBy = ascending ? sort : sort.slice(1);
  const columns: Column<DeviceSummary>[] = [
    { id: 'name', label: t('word.name'), width: 'minmax(130px,1.2fr)', card: 'title', cell: (d) => <Link className="link" to="/devices/$deviceId" params={{ deviceId: String(d.id) }}><b>{d.name}</b></Link> },
    { id: 'kind', label: t('word.kind'), width: 'minmax(110px,0.8fr)', cell: (d) => t(`kind.${knownKind(d.kind)}`) },
    { id: 'state', label: t('word.state'), width: 'minmax(130px,0.9fr)', cell: (d) => <PollStateMark state={d.state} /> },
    { id: 'model', label: t('word.model'), width: 'minmax(140px,1.2fr)', cell: (d) => [d.vendor, d.model].filter(Boolean).join(' ') },
    { id: 'place', label: t('word.place'), width: 'minmax(150px,1.6fr)', cell: (d) => <span title={placeText(d.place)}>{shortPlace(d.place) || <span className="muted">{t('devices.noPlace')}</span>}</span> },
    { id: 'address', label: t('word.address'), width: 'minmax(120px,0.8fr)', cell: (d) => d.address },
    { id: 'points', label: t('word.points'), width: '60px', numeric: true, cell: (d) => d.points !== undefined && formatCount(d.points, language) },
    { id: 'last_success', label: t('devices.lastSuccess'), width: 'minmax(90px,0.6fr)', numeric: true, cell: (d) => <Age time={d.last_success} /> },
  ];
  const sorted = columns.map((c): Column<DeviceSummary> => {
    if (!sortable.includes(c.id)) return c;
    const active = sortedBy === c.id;
    const Arrow = ascending ? IconArrowUp : IconArrowDown;
    return {
      ...c, sort: active ? (ascending ? 'ascending' : 'descending') : undefined,
      head: (
        <button type="button" className="sort" title={t('devices.sortBy', { column: c.label })} onClick={() => onSort((active && ascending ? `-${c.id}` : c.id) as DeviceSort)}>
          {c.label}{active && <Arrow size={13} aria-hidden />}
        </button>
      ),
    };
  });
  return <div className="panel"><DataTable label={t('devices.table')} items={items} columns={sorted} idOf={(d) => d.id} minWidth={1060} /></div>;
}
