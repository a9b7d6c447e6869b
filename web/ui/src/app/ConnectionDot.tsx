import { Text } from '@mantine/core';
import { useText } from '../i18n/useText';
import { formatTime } from '../format/format';
import { SeverityMark } from '../components/SeverityMark';
import { useConnection, useNow } from '../live/useLive';

/** The clock of the page, and whether what it shows is live. */
export function ConnectionDot() {
  const { t, language } = useText();
  const connection = useConnection();
  const now = useNow();
  const lost = connection.state === 'lost';
  return (
    <Text size="xs" c="dimmed" component="div" visibleFrom="sm" className="nowrap" data-connection={connection.state}>
      {lost ? <SeverityMark severity="warning">{t('connection.lostShort')}</SeverityMark> : connection.state === 'open' ? `${t('connection.open')} · ` : ''}
      {!lost && formatTime(now, 'dateTime', language)}
    </Text>
  );
}
