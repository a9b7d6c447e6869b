import { Alert } from '@mantine/core';
import { formatTime } from '../../format/format';
import { useText } from '../../i18n/useText';
import type { Schemas } from '../../api/client';
import { Faults } from './Faults';

/** The site's profiles on disk are at fault: those before are in use. */
export function Refused({ refusal, loadedAt }: { refusal: Schemas['ProfileRefusal']; loadedAt: string }) {
  const { t, language } = useText();
  const time = (at: string) => formatTime(at, 'dateTime', language);
  return (
    <Alert color="red" variant="light" role="alert" mb="sm" title={t('profiles.refused', { time: time(refusal.at) })}>
      <p style={{ margin: '0 0 6px' }}>{t('profiles.refusedHint', { time: time(loadedAt) })}</p>
      <Faults faults={refusal.faults} />
    </Alert>
  );
}
