import { Link } from '@tanstack/react-router';
import type { Schemas } from '../../api/client';
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
  return (
    <>
      {onBattery.length === 0 && <p className="panel-body muted" style={{ margin: 0 }}>{t('overview.noBattery')}</p>}
      {rows.length === 0 && <p className="panel-body muted" style={{ margin: 0, paddingTop: 0 }}>{t('overview.noAbnormal')}</p>}
      {rows.length > 0 && (
        <div className="scroll-x">
          <table className="plain">
            <thead><tr><th>{t('word.state')}</th><th>{t('word.device')}</th><th>{t('word.point')}</th><th className="num">{t('word.age')}</th></tr></thead>
            <tbody>
              {rows.map(({ point, current }) => (
                <tr key={point.id} data-link>
                  <td><PointValueText point={point} value={current} nowMs={nowMs} /></td>
                  <td><Link className="link" to="/devices/$deviceId" params={{ deviceId: String(point.device) }} search={{ point: point.id }}>{point.device_name}</Link></td>
                  <td>{fullPointName(point, language)}</td>
                  <td className="num muted">{current.time && formatAge(nowMs - Date.parse(current.time), language)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
