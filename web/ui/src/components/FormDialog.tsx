import { Alert, Button, Group, Stack } from '@mantine/core';
import type { UseMutationResult } from '@tanstack/react-query';
import type { ReactNode, SubmitEvent } from 'react';
import { useText } from '../i18n/useText';
import { Dialog } from './Dialog';
import { problemText } from './problemText';

interface Props<T> {
  title: string;
  mutation: UseMutationResult<T, Error, void>;
  onClose: () => void;
  submit: string;
  disabled?: boolean;
  size?: string;
  /** The paths of the fields that show their own faults. */
  beside?: readonly string[];
  children: ReactNode;
}

/** A form in a dialog, which keeps what was typed when the server refuses it, and asks before it is lost. */
export function FormDialog<T>({ title, mutation, onClose, submit, disabled, size, beside, children }: Props<T>) {
  const words = useText();
  const { t } = words;
  const onSubmit = (event: SubmitEvent) => {
    event.preventDefault();
    mutation.mutate();
  };
  return (
    <Dialog keep onClose={onClose} title={title} size={size}>
      <form onSubmit={onSubmit}>
        <Stack gap="sm">
          {mutation.error && <Alert color="red" variant="light" role="alert">{problemText(mutation.error, words, beside)}</Alert>}
          {children}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>{t('action.cancel')}</Button>
            <Button type="submit" loading={mutation.isPending} disabled={disabled}>{submit}</Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
