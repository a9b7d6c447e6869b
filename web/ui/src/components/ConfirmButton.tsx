import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation } from '@tanstack/react-query';
import { useText } from '../i18n/useText';
import { Dialog } from './Dialog';
import { problemText } from './problemText';

interface Props {
  label: string;
  question: string;
  onConfirm: () => Promise<unknown>;
  title?: string;
  size?: string;
}

/** A button for what cannot be undone: it asks first, and says when it was refused. */
export function ConfirmButton({ label, question, onConfirm, title = label, size = 'compact-xs' }: Props) {
  const words = useText();
  const { t } = words;
  const [opened, { open, close }] = useDisclosure(false);
  const confirm = useMutation({ mutationFn: onConfirm, onSuccess: close });
  const start = () => {
    confirm.reset();
    open();
  };
  return (
    <>
      <Button size={size} variant="default" onClick={start}>{label}</Button>
      <Dialog opened={opened} onClose={close} title={title}>
        <Stack gap="md">
          <Text size="sm">{question}</Text>
          {confirm.error && <Alert color="red" variant="light" role="alert">{problemText(confirm.error, words)}</Alert>}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close} data-autofocus>{t('action.cancel')}</Button>
            <Button color="red.9" loading={confirm.isPending} onClick={() => confirm.mutate()}>{label}</Button>
          </Group>
        </Stack>
      </Dialog>
    </>
  );
}
