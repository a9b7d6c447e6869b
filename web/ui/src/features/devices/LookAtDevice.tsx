import { Button } from '@mantine/core';
import { IconEyeSearch } from '@tabler/icons-react';
import { useState } from 'react';
import { useText } from '../../i18n/useText';
import { LookDialog } from '../looks/LookDialog';
import { RecordDialog } from '../profiles/RecordDialog';

interface Props {
  id: number;
  name: string;
  protocol: string;
  /** Whether it may be recorded. */
  record: boolean;
}

/** Looks at a device of the model as it answers now, and records it. */
export function LookAtDevice({ id, name, protocol, record }: Props) {
  const { t } = useText();
  const [doing, setDoing] = useState<'look' | 'record' | null>(null);
  return (
    <>
      <Button size="xs" variant="default" leftSection={<IconEyeSearch size={15} aria-hidden />} onClick={() => setDoing('look')}>{t('looks.look')}</Button>
      {record && <Button size="xs" variant="default" onClick={() => setDoing('record')}>{t('profiles.record')}</Button>}
      {doing === 'look' && <LookDialog title={name} target={{ device: id }} onClose={() => setDoing(null)} />}
      {doing === 'record' && <RecordDialog title={name} target={{ device: id }} modbus={protocol.startsWith('modbus')} onClose={() => setDoing(null)} />}
    </>
  );
}
