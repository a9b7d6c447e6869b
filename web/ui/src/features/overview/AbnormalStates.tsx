import { Link } from '@tanstack/react-router';
import type { Schemas } from '../../api/client';
import { DataTable, type Column } from '../../components/DataTable';
import { PointValueText } from '../../components/PointValueText';
import { formatAge } from '../../format/format';
import { fullPointName } from '../../i18n/pointNames';
import { useText } from '../../i18n/useText';

type PointValue = Schemas['PointValue'];

const most = 12;

/** States that need a person, worst first; UPSs on battery before all. */
export function AbnormalStates({ states, onBattery, nowMs }: { states: readonly PointValue[]; onBattery: readonly PointValue[]; nowMs: number }) {
  const { t, language } = useText();
  const first = new Set(onBattery.map((p) => p.point.id));
  const rows = [...onBattery, ...states.filter((s) => !first.has(s.point.id))].slice(0, most);
  const columns: Column<PointValue>[] = [
    { id: 'state', label: t('word.state'), width: 'minmax(120px,1.1fr)', card: 'title', cell: ({ point, current }) => <PointValueText point={point} value={current} nowMs={nowMs} /> },
    { id: 'device', label: t('word.device'), width: 'minmax(110px,1fr)', cell: ({ point }) => <Link className="link" to="/devices/$deviceId" params={{ deviceId: String(point.device) }} search={{ point: point.id }}>{point.device_name}</Link> },
    { id: 'point', label: t('word.point'), width: 'minmax(130px,1.4fr)', cell: ({ point }) => fullPointName(point, language) },
    { id: 'age', label: t('word.age'), width: '84px', numeric: true, cell: ({ current }) => current.time && <span className="muted">{formatAge(nowMs - Date.parse(current.time), language)}</span> },
  ];
  return (
    <>
      {onBattery.length === 0 && <p className="panel-body muted" style={{ margin: 0 }}>{t('overview.noBattery')}</p>}
      {rows.length === 0 && <p className="panel-body muted" style={{ margin: 0, paddingTop: 0 }}>{t('overview.noAbnormal')}</p>}
      {rows.length > 0 && (
        <DataTable label={t('overview.abnormal')} items={rows} columns={columns} idOf={({ point }) => point.id} minWidth={520} />
      )}
    </>
  );
}
