import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useText } from '../../i18n/useText';

/** A button for what cannot be undone: it asks first. */
export function ConfirmButton({ label, question, onConfirm }: { label: string; question: string; onConfirm: () => void }) {
  const { t } = useText();
  const [opened, { open, close }] = useDisclosure(false);
  const confirm = () => {
    close();
    onConfirm();
  };
  return (
    <>
      <Button size="compact-xs" variant="default" onClick={open}>{label}</Button>
      <Modal opened={opened} onClose={close} title={label} closeButtonProps={{ 'aria-label': t('action.close') }}>
        <Stack gap="md">
          <Text size="sm">{question}</Text>
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close} data-autofocus>{t('action.cancel')}</Button>
            <Button color="red" onClick={confirm}>{label}</Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
