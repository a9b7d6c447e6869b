import { Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { client, done } from '../../api/client';
import { FormDialog } from '../../components/FormDialog';
import { SecretInput } from '../../components/SecretInput';
import { minPassword, tooShort } from '../../components/lengths';
import { NewPassword } from '../../components/NewPassword';
import { faultsByPath } from '../../components/problemText';
import { useText } from '../../i18n/useText';
import type { User } from './queries';

export function ResetPassword({ user, onClose }: { user: User; onClose: () => void }) {
  const words = useText();
  const { t } = words;
  const [password, setPassword] = useState('');
  const [repeat, setRepeat] = useState('');
  const reset = useMutation({
    mutationFn: () => done(client.PATCH('/users/{id}', { params: { path: { id: user.id } }, body: { password } })),
    onSuccess: () => {
      notifications.show({ message: t('admin.resetDone', { name: user.name }) });
      onClose();
    },
  });
  const mismatch = repeat !== '' && repeat !== password;
  return (
    <FormDialog title={`${t('admin.resetPassword')}: ${user.name}`} mutation={reset} onClose={onClose} submit={t('action.save')} disabled={repeat !== password || tooShort(password, minPassword) > 0} beside={['password']}>
      <Text size="sm">{t('admin.resetHint')}</Text>
      <NewPassword label={t('session.newPassword')} error={faultsByPath(reset.error, words).get('password')} value={password} onChange={(e) => setPassword(e.currentTarget.value)} data-autofocus />
      <SecretInput label={t('session.repeatPassword')} required autoComplete="new-password" error={mismatch && t('session.mismatch')} value={repeat} onChange={(e) => setRepeat(e.currentTarget.value)} />
    </FormDialog>
  );
}
