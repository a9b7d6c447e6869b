import { Button, Group } from '@mantine/core';
import { useState } from 'react';
import { Dialog } from '../../components/Dialog';
import { Facts } from '../../components/Facts';
import { formatCount, formatTime } from '../../format/format';
import { useText } from '../../i18n/useText';
import { knownKind } from '../devices/kinds';
import { LookDialog } from '../looks/LookDialog';
import { reasonsText } from '../looks/reasons';
import { RecordDialog } from '../profiles/RecordDialog';
import { useSession } from '../session/useSession';
import type { Finding } from './queries';
import { noteText } from './words';

/** All that is known of a finding. */
export function FindingDetails({ finding: f, onClose }: { finding: Finding; onClose: () => void }) {
  const { t, language } = useText();
  const { may } = useSession();
  const [doing, setDoing] = useState<'look' | 'record' | null>(null);
  // Without a credential that was answered there is nothing to ask with.
  const readable = may('device.discover') && (f.protocol.startsWith('modbus') || Boolean(f.credential_name));
  const time = (at: string | undefined) => at && formatTime(at, 'dateTime', language);
  return (
    <Dialog onClose={onClose} title={f.address} size="lg">
      <Facts
        items={[
          [t('word.state'), t(`findingState.${f.state}`)], [t('discovery.note'), noteText(f, t)], [t('word.error'), f.problem],
          [t('word.protocol'), f.protocol], [t('devices.unit'), f.unit_id?.toString()], [t('devices.credential'), f.credential_name],
          [t('word.vendor'), f.vendor], [t('word.model'), f.model], [t('word.kind'), f.kind && t(`kind.${knownKind(f.kind)}`)],
          [t('word.serial'), f.serial], [t('word.firmware'), f.firmware], [t('word.mac'), f.mac], [t('word.sysName'), f.sys_name], [t('word.description'), f.sys_descr],
          [t('word.profile'), f.profile], [t('discovery.confidence'), t(`confidence.${f.confidence}`)], [t('discovery.why'), reasonsText(f.why, t)],
          [t('discovery.others'), f.others.join(', ')], [t('word.points'), f.points === undefined ? undefined : formatCount(f.points, language)],
          [t('discovery.range'), f.range_name], [t('discovery.firstSeen'), time(f.first_seen)], [t('discovery.lastSeen'), time(f.last_seen)],
          [t('discovery.goneSince'), time(f.gone_since)],
        ]}
      />
      {readable && (
        <Group justify="flex-end" gap="xs" mt="md">
          {may('profile.edit') && <Button variant="default" onClick={() => setDoing('record')}>{t('profiles.record')}</Button>}
          <Button onClick={() => setDoing('look')}>{t('looks.look')}</Button>
        </Group>
      )}
      {doing === 'look' && <LookDialog title={f.address} target={{ finding: f.id }} onClose={() => setDoing(null)} />}
      {doing === 'record' && <RecordDialog title={f.address} target={{ finding: f.id }} modbus={f.protocol.startsWith('modbus')} onClose={() => setDoing(null)} />}
    </Dialog>
  );
}
