import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Panel } from '../../components/Panel';
import { SeverityMark } from '../../components/SeverityMark';
import { ErrorState, LoadingState } from '../../components/States';
import { formatTime } from '../../format/format';
import { useText } from '../../i18n/useText';
import { deviceEventsQuery } from './queries';
import { eventText } from './words';

/** The newest events of a device, on its page. */
export function DeviceEvents({ device }: { device: number }) {
  const { t, language } = useText();
  const list = useQuery(deviceEventsQuery(device));
  const items = list.data?.items ?? [];
  return (
    <Panel title={t('events.last')} right={items.length > 0 && <Link to="/events" search={{ device }}>{t('events.all')}</Link>}>
      {list.isPending && <LoadingState rows={3} />}
      {list.error && !list.data && <ErrorState error={list.error} onRetry={() => void list.refetch()} />}
      {list.data && items.length === 0 && <span className="muted">{t('events.noneOfDevice')}</span>}
      <ul className="event-list">
        {items.map((event) => (
          <li key={event.id}>
            <SeverityMark severity={event.severity}>{eventText(event, t, language)}</SeverityMark>
            <div className="muted">{formatTime(event.time, 'dateTime', language)} · {t(`eventKind.${event.kind}`)}</div>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
