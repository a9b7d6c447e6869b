import { Alert, Group } from '@mantine/core';
import { IconReplace } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { client, done } from '../../api/client';
import { ConfirmButton } from '../../components/ConfirmButton';
import { formatTime } from '../../format/format';
import { useText } from '../../i18n/useText';
import { useSession } from '../session/useSession';
import { deviceKey, type DeviceDetail } from './queries';

/** Tells that another device answers than the one that is known, and lets it be accepted. */
export function ReplacedDevice({ detail }: { detail: DeviceDetail }) {
  const { t, language } = useText();
  const { may } = useSession();
  const queries = useQueryClient();
  const { id, name } = detail.device;
  if (!detail.identity_changed_at) return null;
  const accept = async () => {
    await done(client.POST('/devices/{id}/identity', { params: { path: { id } } }));
    await queries.invalidateQueries({ queryKey: deviceKey(id) });
  };
  return (
    <Alert color="orange" variant="light" mb="md" icon={<IconReplace aria-hidden />} title={t('devices.replaced')} role="status">
      <Group justify="space-between" gap="md" align="flex-start">
        <div>
          {t('devices.replacedHint', { time: formatTime(detail.identity_changed_at, 'dateTime', language) })}
          <br />
          <span className="muted">{detail.identity_note}</span>
        </div>
        {may('device.edit') && (
          <ConfirmButton size="xs" label={t('devices.acceptIdentity')} question={t('devices.acceptIdentitySure', { name })} onConfirm={accept} />
        )}
      </Group>
    </Alert>
  );
}
