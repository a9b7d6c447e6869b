import { Facts } from '../../components/Facts';
import { useText } from '../../i18n/useText';
import type { DeviceEvent } from './queries';

/** Where an event came from and what came with it. */
export function EventDetails({ event }: { event: DeviceEvent }) {
  const { t } = useText();
  return (
    <div className="event-details">
      <Facts items={[
        [t('word.name'), event.name], [t('events.clears'), event.clears], [t('events.from'), event.source], [t('word.point'), event.point],
        [t('events.told'), event.kind === 'contact' ? event.text : undefined],
      ]}
      />
      {event.variables.length > 0 && (
        <table className="plain" aria-label={t('events.variables')}>
          <thead><tr><th>{t('events.variable')}</th><th>{t('word.value')}</th></tr></thead>
          <tbody>
            {event.variables.map((v, i) => (
              // The same object may come twice.
              <tr key={i}><td title={v.oid}>{v.name ?? v.oid}</td><td className="event-what">{v.value}</td></tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}
