import { Link } from '@tanstack/react-router';
import type { Schemas } from '../../api/client';
import { EmptyState } from '../../components/States';
import { ValueText } from '../../components/ValueText';
import { SeverityMark } from '../../components/SeverityMark';
import { useText } from '../../i18n/useText';
import { inletSeverity } from '../rooms/heat';

export function HottestInlets({ inlets, nowMs }: { inlets: readonly Schemas['Inlet'][]; nowMs: number }) {
  const { t } = useText();
  if (inlets.length === 0) return <EmptyState title={t('word.noData')} />;
  return (
    <table className="plain">
      <thead><tr><th>{t('word.rack')}</th><th>{t('word.room')}</th><th className="num">{t('word.inlet')}</th><th>{t('word.state')}</th></tr></thead>
      <tbody>
        {inlets.map((inlet) => {
          const severity = inlet.current.quality === 'good' ? inletSeverity(inlet.current.value) : 'unknown';
          return (
            <tr key={inlet.point} data-link>
              <td><Link className="link" to="/racks/$rackId" params={{ rackId: String(inlet.rack) }}>{inlet.rack_name}</Link></td>
              <td><Link className="link" to="/rooms/$roomId" params={{ roomId: String(inlet.room) }} search={{ rack: inlet.rack }}>{inlet.room_name}</Link></td>
              <td className="num">
                <Link className="link" to="/trends" search={{ points: [inlet.point] }}>
                  <ValueText value={inlet.current.value} unit="°C" quality={inlet.current.quality} time={inlet.current.time} nowMs={nowMs} />
                </Link>
              </td>
              <td><SeverityMark severity={severity} /></td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
