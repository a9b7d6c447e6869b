import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Breadcrumbs } from '../../components/Breadcrumbs';
import { PageHeader } from '../../components/PageHeader';
import { Panel } from '../../components/Panel';
import { PointValueText } from '../../components/PointValueText';
import { ErrorState, LoadingState } from '../../components/States';
import { MeasuredText } from '../../components/ValueText';
import { formatNumber, formatQuantity } from '../../format/format';
import { pointName } from '../../i18n/pointNames';
import { useText } from '../../i18n/useText';
import { useLive, useNow } from '../../live/useLive';
import { currentOf } from '../devices/pointGroups';
import { liveFigure } from '../rooms/rackFigures';
import { PlaceActions } from '../sites/PlaceActions';
import { Elevation } from './Elevation';
import { unplaced } from './elevation';
import { rackQuery } from './queries';
import { RackDevices } from './RackDevices';

const route = getRouteApi('/shell/racks/$rackId');

export function RackPage() {
  const { t, language } = useText();
  const id = Number(route.useParams().rackId);
  const { data: rack, error, isPending, refetch } = useQuery(rackQuery(id));
  const live = useLive(rack ? { rack: id } : undefined);
  const now = useNow(2000);
  if (isPending) return <LoadingState rows={1} height={480} />;
  if (!rack) return <ErrorState error={error} onRetry={() => void refetch()} />;
  const inlets = rack.inlets ?? [];
  const inlet = liveFigure(rack.inlet_c, inlets.map((i) => i.point.id), live, 'max');
  const path = rack.path.at(-1)?.kind === 'rack' ? rack.path.slice(0, -1) : rack.path;
  const floating = unplaced(rack);
  return (
    <>
      <PageHeader above={<Breadcrumbs path={path} current={rack.name} />} title={rack.name} right={<PlaceActions kind="rack" id={id} name={rack.name} />} />
      <div className="grid grid-stats" style={{ marginBottom: 12 }}>
        <div className="panel stat">
          <div className="stat-label">{t('word.power')}</div>
          <div className="stat-number"><MeasuredText measured={rack.power_w} unit="W" nowMs={now} /></div>
          <div className="stat-label">{rack.max_power_w ? t('rack.powerLimit', { limit: formatQuantity(rack.max_power_w, 'W', language) }) : '\u00a0'}</div>
        </div>
        <div className="panel stat">
          <div className="stat-label">{t('word.inlet')}</div>
          <div className="stat-number"><MeasuredText measured={inlet} unit="°C" nowMs={now} /></div>
          <div className="stat-label">{t('overview.recommended')}</div>
        </div>
        {rack.used_u !== undefined && (
          <div className="panel stat">
            <div className="stat-label">{t('rack.used', { used: formatNumber(rack.used_u, Number.isInteger(rack.used_u) ? 0 : 1, language), total: rack.u_height })}</div>
            <div className="stat-number">{t('rack.free', { count: rack.u_height - rack.used_u })}</div>
            <div className="stat-label">{rack.max_weight_kg ? t('rack.maxWeight', { weight: formatQuantity(rack.max_weight_kg, 'kg', language) }) : '\u00a0'}</div>
          </div>
        )}
      </div>
      <div className="rack-layout">
        <Panel title={t('rack.elevation')}>
          <div className="elevations scroll-x">
            <Elevation rack={rack} face="front" />
            <Elevation rack={rack} face="rear" />
          </div>
        </Panel>
        <div className="grid">
          {inlets.length > 0 && (
            <Panel title={t('rack.inlets')} right={<Link to="/trends" search={{ points: inlets.slice(0, 12).map((i) => i.point.id) }}>{t('action.openTrends')}</Link>} flush>
              <table className="plain">
                <tbody>
                  {inlets.map((item) => (
                    <tr key={item.point.id} data-link>
                      <td><Link className="link" to="/devices/$deviceId" params={{ deviceId: String(item.point.device) }} search={{ point: item.point.id }}>{item.point.device_name} · {pointName(item.point, language)}</Link></td>
                      <td className="num"><PointValueText point={item.point} value={currentOf(item, live)} nowMs={now} /></td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </Panel>
          )}
          {(rack.feeds?.length ?? 0) > 0 && (
            <Panel title={t('rack.feeds')} flush>
              <table className="plain">
                <tbody>
                  {rack.feeds?.map((feed) => (
                    <tr key={feed.device} data-link>
                      <td><Link className="link" to="/devices/$deviceId" params={{ deviceId: String(feed.device) }}>{feed.name}</Link></td>
                      <td className="num"><MeasuredText measured={feed.power_w} unit="W" nowMs={now} /></td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </Panel>
          )}
          <RackDevices rack={rack} />
          {floating.length > 0 && <p className="muted">{t('rack.unplaced')}: {floating.map((d) => d.name).join(', ')}</p>}
        </div>
      </div>
    </>
  );
}
