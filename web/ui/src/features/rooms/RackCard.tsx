import { Button, CloseButton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Facts } from '../../components/Facts';
import { Panel } from '../../components/Panel';
import { SeverityMark } from '../../components/SeverityMark';
import { MeasuredText } from '../../components/ValueText';
import { formatCount, formatQuantity } from '../../format/format';
import { useText } from '../../i18n/useText';
import { TrendChart } from '../trends/TrendChart';
import { trendsQuery } from '../trends/queries';
import type { RackView } from './rackViews';

/** The rack selected on the plan, with the last hour of its inlets. */
export function RackCard({ view, nowMs, onClose }: { view: RackView; nowMs: number; onClose: () => void }) {
  const { t, language } = useText();
  const { rack } = view;
  const trends = useQuery(trendsQuery(rack.inlet_points, { last: '1h' }, 120));
  return (
    <Panel title={rack.name} right={<CloseButton size="sm" aria-label={t('action.close')} onClick={onClose} />}>
      <Facts
        items={[
          [t('word.inlet'), <MeasuredText key="t" measured={view.inlet} unit="°C" nowMs={nowMs} />],
          [t('word.power'), <MeasuredText key="p" measured={view.power} unit="W" nowMs={nowMs} />],
          [t('room.powerLayer'), rack.max_power_w ? (view.power.value === null ? undefined : formatQuantity((100 * view.power.value) / rack.max_power_w, '%', language)) : t('room.noLimit')],
          [t('word.state'), <SeverityMark key="s" severity={view.severity} />],
          [t('nav.devices'), formatCount(rack.devices, language)],
        ]}
      />
      {rack.inlet_points.length > 0 && (
        <>
          <div className="muted" style={{ fontSize: 12, margin: '12px 0 4px' }}>{t('room.trend')}</div>
          <TrendChart query={trends} height={150} range={{ last: '1h' }} onRange={() => undefined} />
          <Link className="nowrap" to="/trends" search={{ points: rack.inlet_points.slice(0, 12) }}>{t('action.openTrends')}</Link>
        </>
      )}
      <Button component={Link} to={`/racks/${rack.id}`} fullWidth mt="sm" size="xs">{t('room.openRack')}</Button>
    </Panel>
  );
}
