import { Link } from '@tanstack/react-router';
import { Facts } from '../../components/Facts';
import { Panel } from '../../components/Panel';
import { pollSeverity } from '../../components/PollStateMark';
import { SeverityMark } from '../../components/SeverityMark';
import { MeasuredText } from '../../components/ValueText';
import { formatQuantity } from '../../format/format';
import { useText } from '../../i18n/useText';
import { inletSeverity } from './heat';
import type { PlanDevice } from './queries';
import type { RackView } from './rackViews';

interface Props {
  views: readonly RackView[];
  devices: readonly PlanDevice[];
  nowMs: number;
  onSelect: (rack: number) => void;
}

const most = 6;

/** The room in figures, with its hottest racks and the gear that needs a look. */
export function RoomSummary({ views, devices, nowMs, onSelect }: Props) {
  const { t, language } = useText();
  const inlets = views.filter((v) => v.inlet.value !== null && v.inlet.quality === 'good');
  const powers = views.filter((v) => v.power.value !== null);
  const unpowered = views.filter((v) => v.rack.power_points.length > 0 && v.power.value === null).length;
  const occupied = views.filter((v) => !v.empty).length;
  const mean = inlets.length > 0 ? inlets.reduce((sum, v) => sum + (v.inlet.value ?? 0), 0) / inlets.length : null;
  const total = powers.length > 0 ? powers.reduce((sum, v) => sum + (v.power.value ?? 0), 0) : null;
  const hottest = [...inlets].sort((a, b) => (b.inlet.value ?? 0) - (a.inlet.value ?? 0)).slice(0, most);
  const troubled = devices.filter((d) => ['critical', 'warning'].includes(pollSeverity[d.state]) || d.severity === 'critical' || d.severity === 'warning');
  return (
    <>
      {troubled.length > 0 && (
        <Panel title={t('overview.worst')} flush>
          <table className="plain">
            <tbody>
              {troubled.map((d) => {
                const polled = pollSeverity[d.state];
                const silent = polled === 'critical' || polled === 'warning';
                return (
                  <tr key={d.id} data-link>
                    <td><Link className="link" to="/devices/$deviceId" params={{ deviceId: String(d.id) }}>{d.name}</Link></td>
                    <td><SeverityMark severity={silent ? polled : (d.severity ?? 'unknown')}>{silent ? t(`pollState.${d.state}`) : undefined}</SeverityMark></td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </Panel>
      )}
      <Panel title={t('room.summary')}>
        <Facts
          items={[
            [t('room.totalPower'), total === null ? t('word.unknown') : <span key="total">{unpowered > 0 && '≥ '}{formatQuantity(total, 'W', language)}{unpowered > 0 && <span className="muted"> · {t('room.incomplete', { missing: unpowered, total: occupied })}</span>}</span>],
            [t('room.mean'), mean === null ? t('word.unknown') : formatQuantity(mean, '°C', language)],
            [t('word.racks'), t('room.measured', { count: inlets.length, total: occupied })],
          ]}
        />
      </Panel>
      <Panel title={t('room.hottest')} flush>
        <table className="plain">
          <thead><tr><th>{t('word.rack')}</th><th className="num">{t('word.inlet')}</th><th>{t('word.state')}</th></tr></thead>
          <tbody>
            {hottest.map((v) => (
              <tr key={v.rack.id} data-link>
                <td><button type="button" className="sort" onClick={() => onSelect(v.rack.id)}>{v.rack.name}</button></td>
                <td className="num"><MeasuredText measured={v.inlet} unit="°C" nowMs={nowMs} /></td>
                <td><SeverityMark severity={inletSeverity(v.inlet.value)} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      </Panel>
    </>
  );
}
