import { Alert, Button, Stack } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation } from '@tanstack/react-query';
import { useState, type SubmitEvent } from 'react';
import { client, done } from '../../api/client';
import { Facts } from '../../components/Facts';
import { SecretInput } from '../../components/SecretInput';
import { minPassword, tooShort } from '../../components/lengths';
import { NewPassword } from '../../components/NewPassword';
import { PageHeader } from '../../components/PageHeader';
import { Panel } from '../../components/Panel';
import { problemText } from '../../components/problemText';
import { useText } from '../../i18n/useText';
import { Sessions } from './Sessions';
import { useSession } from '../session/useSession';

const blank = { old: '', new: '', repeat: '' };

/** The signed-in user's own page, which every role has. */
export function AccountPage() {
  const { t } = useText();
  return (
    <>
      <PageHeader title={t('admin.account')} />
      <Account />
    </>
  );
}

/** The signed-in user himself. */
export function Account() {
  const words = useText();
  const { t } = words;
  const { session } = useSession();
  const [form, setForm] = useState(blank);
  const change = useMutation({
    mutationFn: () => done(client.PUT('/session/password', { body: { old: form.old, new: form.new } })),
    onSuccess: () => {
      notifications.show({ message: t('session.passwordChanged') });
      setForm(blank);
    },
  });
  const mismatch = form.repeat !== '' && form.repeat !== form.new;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (form.new === form.repeat) change.mutate();
  };
  const field = (key: keyof typeof blank) => ({
    value: form[key],
    onChange: (e: React.ChangeEvent<HTMLInputElement>) => {
      const { value } = e.currentTarget;
      setForm((f) => ({ ...f, [key]: value }));
    },
  });
  return (
    <div className="grid">
      <div className="grid grid-2">
        <Panel title={t('admin.account')}>
          <Facts items={[[t('session.name'), session?.user.name], [t('word.role'), session && t(`role.${session.user.role}`)]]} />
        </Panel>
        <Panel title={t('session.changePassword')}>
          <form onSubmit={submit}>
            <Stack gap="sm" maw={340}>
              {change.error && <Alert color="red" variant="light" role="alert">{problemText(change.error, words)}</Alert>}
              <SecretInput label={t('session.oldPassword')} autoComplete="current-password" required {...field('old')} />
              <NewPassword label={t('session.newPassword')} {...field('new')} />
              <SecretInput label={t('session.repeatPassword')} autoComplete="new-password" required error={mismatch && t('session.mismatch')} {...field('repeat')} />
              <Button type="submit" disabled={mismatch || tooShort(form.new, minPassword) > 0} loading={change.isPending}>{t('session.changePassword')}</Button>
            </Stack>
          </form>
        </Panel>
      </div>
      <Sessions />
    </div>
  );
}
