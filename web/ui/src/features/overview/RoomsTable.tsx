import { Link } from '@tanstack/react-router';
import type { Schemas } from '../../api/client';
import { MeasuredText } from '../../components/ValueText';
import { formatCount } from '../../format/format';
import { useText } from '../../i18n/useText';

export function RoomsTable({ sites, nowMs }: { sites: readonly Schemas['SiteSummary'][]; nowMs: number }) {
  const { t, language } = useText();
  const rooms = sites.flatMap((site) => (site.rooms ?? []).map((room) => ({ site, room })));
  return (
    <div className="scroll-x">
      <table className="plain">
        <thead>
          <tr>
            <th>{t('word.room')}</th><th>{t('word.site')}</th><th className="num">{t('word.racks')}</th>
            <th className="num">{t('overview.itPower')}</th><th className="num">{t('overview.hottestInlet')}</th>
          </tr>
        </thead>
        <tbody>
          {rooms.map(({ site, room }) => (
            <tr key={room.id} data-link>
              <td><Link className="link" to="/rooms/$roomId" params={{ roomId: String(room.id) }}>{room.name}</Link></td>
              <td>{site.name}</td>
              <td className="num">{formatCount(room.racks, language)}</td>
              <td className="num"><MeasuredText measured={room.it_power_w} unit="W" nowMs={nowMs} /></td>
              <td className="num"><MeasuredText measured={room.inlet_max_c} unit="°C" nowMs={nowMs} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
