import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { client, done } from '../../api/client';
import { errorText } from '../../components/States';
import { useText } from '../../i18n/useText';

export function RemoveDevice({ id, name }: { id: number; name: string }) {
  const { t } = useText();
  const [opened, { open, close }] = useDisclosure(false);
  const navigate = useNavigate();
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () => done(client.DELETE('/devices/{id}', { params: { path: { id } } })),
    onSuccess: async () => {
      notifications.show({ message: t('devices.removed') });
      await navigate({ to: '/devices' });
      await queries.invalidateQueries({ queryKey: ['devices', 'list'] });
    },
    onError: (error) => notifications.show({ message: errorText(error, t) }),
  });
  return (
    <>
      <Button size="xs" variant="subtle" color="gray" onClick={open}>{t('action.delete')}</Button>
      <Modal opened={opened} onClose={close} title={t('devices.remove')} closeButtonProps={{ 'aria-label': t('action.close') }}>
        <Stack gap="md">
          <Text size="sm">{t('devices.removeSure', { name })}</Text>
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close} data-autofocus>{t('action.cancel')}</Button>
            <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>{t('action.delete')}</Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
