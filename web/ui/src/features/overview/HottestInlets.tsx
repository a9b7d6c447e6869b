import { Link } from '@tanstack/react-router';
import type { Schemas } from '../../api/client';
import { DataTable, type Column } from '../../components/DataTable';
import { EmptyState } from '../../components/States';
import { ValueText } from '../../components/ValueText';
import { SeverityMark } from '../../components/SeverityMark';
import { useText } from '../../i18n/useText';
import { inletSeverity } from '../rooms/heat';

export function HottestInlets({ inlets, nowMs }: { inlets: readonly Schemas['Inlet'][]; nowMs: number }) {
  const { t } = useText();
  if (inlets.length === 0) return <EmptyState title={t('word.noData')} />;
  const severity = ({ current }: Schemas['Inlet']) => (current.quality === 'good' ? inletSeverity(current.value) : 'unknown');
  const columns: Column<Schemas['Inlet']>[] = [
    { id: 'rack', label: t('word.rack'), width: 'minmax(70px,1fr)', card: 'title', cell: (inlet) => <Link className="link" to="/racks/$rackId" params={{ rackId: String(inlet.rack) }}>{inlet.rack_name}</Link> },
    { id: 'room', label: t('word.room'), width: 'minmax(90px,1.2fr)', cell: (inlet) => <Link className="link" to="/rooms/$roomId" params={{ roomId: String(inlet.room) }} search={{ rack: inlet.rack }}>{inlet.room_name}</Link> },
    {
      id: 'inlet', label: t('word.inlet'), width: 'minmax(80px,0.9fr)', numeric: true,
      cell: (inlet) => (
        <Link className="link" to="/trends" search={{ points: [inlet.point] }}>
          <ValueText value={inlet.current.value} unit="°C" quality={inlet.current.quality} time={inlet.current.time} nowMs={nowMs} />
        </Link>
      ),
    },
    { id: 'state', label: t('word.state'), width: 'minmax(100px,1fr)', cell: (inlet) => <SeverityMark severity={severity(inlet)} /> },
  ];
  return <DataTable label={t('overview.hottest')} items={inlets} columns={columns} idOf={(inlet) => inlet.point} minWidth={400} />;
}
