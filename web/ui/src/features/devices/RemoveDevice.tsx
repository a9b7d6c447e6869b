import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { client, done } from '../../api/client';
import { ConfirmButton } from '../../components/ConfirmButton';
import { formatCount } from '../../format/format';
import { useText } from '../../i18n/useText';

export function RemoveDevice({ id, name, points }: { id: number; name: string; points: number }) {
  const { t, language } = useText();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const remove = async () => {
    await done(client.DELETE('/devices/{id}', { params: { path: { id } } }));
    notifications.show({ message: t('devices.removed') });
    await navigate({ to: '/devices' });
    await queries.invalidateQueries({ queryKey: ['devices', 'list'] });
  };
  return (
    <ConfirmButton
      size="xs" label={t('action.delete')} title={t('devices.remove')} question={t('devices.removeSure', { name, points: formatCount(points, language) })}
      onConfirm={remove}
    />
  );
}
