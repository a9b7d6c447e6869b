import { Link } from '@tanstack/react-router';
import { DataTable, type Column } from '../../components/DataTable';
import { Panel } from '../../components/Panel';
import { PollStateMark } from '../../components/PollStateMark';
import { EmptyState } from '../../components/States';
import { formatNumber } from '../../format/format';
import { useText } from '../../i18n/useText';
import { knownKind } from '../devices/kinds';
import type { RackDetail } from './queries';

export function RackDevices({ rack }: { rack: RackDetail }) {
  const { t, language } = useText();
  const devices = [...rack.devices].sort((a, b) => (b.position_u ?? -1) - (a.position_u ?? -1));
  const columns: Column<(typeof devices)[number]>[] = [
    { id: 'u', label: 'U', width: 'minmax(60px,0.5fr)', cell: (d) => (d.position_u ? formatNumber(d.position_u, Number.isInteger(d.position_u) ? 0 : 1, language) : t('rack.zeroU')) },
    { id: 'name', label: t('word.name'), width: 'minmax(110px,1.3fr)', card: 'title', cell: (d) => <Link className="link" to="/devices/$deviceId" params={{ deviceId: String(d.id) }}>{d.name}</Link> },
    { id: 'kind', label: t('word.kind'), width: 'minmax(100px,1fr)', cell: (d) => t(`kind.${knownKind(d.kind)}`) },
    { id: 'state', label: t('word.state'), width: 'minmax(110px,1fr)', cell: (d) => <PollStateMark state={d.state} /> },
  ];
  return (
    <Panel title={t('rack.devices')} flush>
      {devices.length === 0 ? <EmptyState title={t('rack.noDevices')} /> : (
        <DataTable label={t('rack.devices')} items={devices} columns={columns} idOf={(d) => d.id} minWidth={440} />
      )}
    </Panel>
  );
}
