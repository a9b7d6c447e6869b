import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { DataTable, type Column } from '../../components/DataTable';
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
  const time = (event: DeviceEvent) => formatTime(event.time, 'dateTime', language);
  const columns: Column<DeviceEvent>[] = [
    { id: 'time', label: t('word.time'), width: '150px', cell: time },
    { id: 'severity', label: t('events.severity'), width: '120px', cell: (e) => <SeverityMark severity={e.severity} /> },
    { id: 'device', label: t('word.device'), width: 'minmax(120px,1fr)', cell: (e) => <Link to="/devices/$deviceId" params={{ deviceId: String(e.device) }}>{e.device_name}</Link> },
    { id: 'kind', label: t('word.kind'), width: 'minmax(110px,0.8fr)', cell: (e) => t(`eventKind.${e.kind}`) },
    {
      id: 'what', label: t('events.what'), width: 'minmax(200px,2.6fr)', card: 'line',
      cell: (e) => <>{eventText(e, t, language)}{eventName(e) && <div className="muted mono">{eventName(e)}</div>}</>,
    },
    {
      id: 'more', label: '', width: '76px', numeric: true, card: 'line',
      cell: (e) => (
        <Button
          size="compact-xs" variant="subtle" color="gray" aria-expanded={open === e.id} aria-label={`${t('action.details')}: ${e.device_name}, ${time(e)}`}
          onClick={() => setOpen(open === e.id ? null : e.id)}
        >
          {t('action.details')}
        </Button>
      ),
    },
  ];
  return <DataTable label={t('events.title')} items={items} columns={columns} idOf={(e) => e.id} minWidth={860} below={(e) => open === e.id && <EventDetails event={e} />} />;
}
