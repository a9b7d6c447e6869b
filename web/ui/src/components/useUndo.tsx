import { Button, Group } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useCallback } from 'react';
import { useText } from '../i18n/useText';
import { problemText } from './problemText';

/** Says that something was done, and offers for a while to take it back. */
export function useUndo() {
  const words = useText();
  return useCallback(
    (message: string, undo: () => Promise<unknown>) => {
      const { t } = words;
      const back = async () => {
        notifications.hide(id);
        try {
          await undo();
          notifications.show({ message: t('sites.undone') });
        } catch (error) {
          notifications.show({ message: problemText(error, words), color: 'red' });
        }
      };
      const id = notifications.show({
        message: (
          <Group justify="space-between" wrap="nowrap">
            <span>{message}</span>
            <Button size="compact-xs" variant="default" onClick={() => void back()}>{t('action.undo')}</Button>
          </Group>
        ),
        autoClose: 12_000,
      });
    },
    [words],
  );
}
