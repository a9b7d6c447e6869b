import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { Fragment, useState } from 'react';
import { SeverityMark } from '../../components/SeverityMark';
import { formatTime } from '../../format/format';
import { useText } from '../../i18n/useText';
import { EventDetails } from './EventDetails';
import type { DeviceEvent } from './queries';
import { eventName, eventText } from './words';

/** Events, newest first, each with what came with it on demand. */
export function EventTable({ items }: { items: readonly DeviceEvent[] }) {
  const { t, language } = useText();
  const [open, setOpen] = useState<number | null>(null);
  return (
    <div className="scroll-x">
      <table className="plain" aria-label={t('events.title')}>
        <thead>
          <tr><th>{t('word.time')}</th><th>{t('events.severity')}</th><th>{t('word.device')}</th><th>{t('word.kind')}</th><th>{t('events.what')}</th><th aria-label={t('word.actions')} /></tr>
        </thead>
        <tbody>
          {items.map((event) => (
            <Fragment key={event.id}>
              <tr>
                <td className="nowrap">{formatTime(event.time, 'dateTime', language)}</td>
                <td className="nowrap"><SeverityMark severity={event.severity} /></td>
                <td className="nowrap"><Link to="/devices/$deviceId" params={{ deviceId: String(event.device) }}>{event.device_name}</Link></td>
                <td className="nowrap">{t(`eventKind.${event.kind}`)}</td>
                <td className="event-what">
                  {eventText(event, t, language)}
                  {eventName(event) && <div className="muted mono">{eventName(event)}</div>}
                </td>
                <td className="num">
                  <Button
                    size="compact-xs" variant="subtle" color="gray" aria-expanded={open === event.id}
                    aria-label={`${t('action.details')}: ${event.device_name}, ${formatTime(event.time, 'dateTime', language)}`}
                    onClick={() => setOpen(open === event.id ? null : event.id)}
                  >
                    {t('action.details')}
                  </Button>
                </td>
              </tr>
              {open === event.id && <tr><td colSpan={6}><EventDetails event={event} /></td></tr>}
            </Fragment>
          ))}
        </tbody>
      </table>
    </div>
  );
}
