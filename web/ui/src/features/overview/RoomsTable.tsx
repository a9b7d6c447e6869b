import { Link } from '@tanstack/react-router';
import type { Schemas } from '../../api/client';
import { MeasuredText } from '../../components/ValueText';
import { DataTable, type Column } from '../../components/DataTable';
import { formatCount } from '../../format/format';
import { useText } from '../../i18n/useText';

export function RoomsTable({ sites, nowMs }: { sites: readonly Schemas['SiteSummary'][]; nowMs: number }) {
  const { t, language } = useText();
  const rooms = sites.flatMap((site) => (site.rooms ?? []).map((room) => ({ site, room })));
  const columns: Column<(typeof rooms)[number]>[] = [
    { id: 'room', label: t('word.room'), width: 'minmax(120px,1.2fr)', card: 'title', cell: ({ room }) => <Link className="link" to="/rooms/$roomId" params={{ roomId: String(room.id) }}>{room.name}</Link> },
    { id: 'site', label: t('word.site'), width: 'minmax(100px,1fr)', cell: ({ site }) => site.name },
    { id: 'racks', label: t('word.racks'), width: 'minmax(60px,0.5fr)', numeric: true, cell: ({ room }) => formatCount(room.racks, language) },
    { id: 'power', label: t('overview.itPower'), width: 'minmax(100px,1fr)', numeric: true, cell: ({ room }) => <MeasuredText measured={room.it_power_w} unit="W" nowMs={nowMs} /> },
    { id: 'inlet', label: t('overview.hottestInlet'), width: 'minmax(110px,1fr)', numeric: true, cell: ({ room }) => <MeasuredText measured={room.inlet_max_c} unit="°C" nowMs={nowMs} /> },
  ];
  return <DataTable label={t('overview.rooms')} items={rooms} columns={columns} idOf={({ room }) => room.id} minWidth={560} />;
}
