import { Alert, Button, Group, Modal, Stack } from '@mantine/core';
import type { UseMutationResult } from '@tanstack/react-query';
import type { ReactNode, SubmitEvent } from 'react';
import { ApiError } from '../../api/problem';
import { errorText } from '../../components/States';
import { useText } from '../../i18n/useText';

interface Props<T> {
  title: string;
  mutation: UseMutationResult<T, Error, void>;
  onClose: () => void;
  submit: string;
  children: ReactNode;
}

/** A form in a dialog, which keeps what was typed when the server refuses it. */
export function FormDialog<T>({ title, mutation, onClose, submit, children }: Props<T>) {
  const { t } = useText();
  const { error } = mutation;
  const onSubmit = (event: SubmitEvent) => {
    event.preventDefault();
    mutation.mutate();
  };
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ 'aria-label': t('action.close') }}>
      <form onSubmit={onSubmit}>
        <Stack gap="sm">
          {error && (
            <Alert color="red" variant="light" role="alert">
              {errorText(error, t)} {error instanceof ApiError && [error.detail, ...error.fields.map((f) => f.message)].filter(Boolean).join(' ')}
            </Alert>
          )}
          {children}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>{t('action.cancel')}</Button>
            <Button type="submit" loading={mutation.isPending}>{submit}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
