import { Alert, Anchor, Button, Stack, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState, type SubmitEvent } from 'react';
import { client, unwrap } from '../../api/client';
import { faultsByPath, problemText } from '../../components/problemText';
import { SecretInput } from '../../components/SecretInput';
import { minPassword, tooShort } from '../../components/lengths';
import { NewPassword } from '../../components/NewPassword';
import { ErrorState, LoadingState } from '../../components/States';
import { useText } from '../../i18n/useText';
import { CenterCard } from './CenterCard';
import { openSession, setupQuery } from './queries';

export function SetupPage() {
  const words = useText();
  const { t, language } = words;
  const navigate = useNavigate();
  const queries = useQueryClient();
  const setup = useQuery(setupQuery());
  const [form, setForm] = useState({ name: '', password: '', repeat: '', token: '' });
  const set = (field: keyof typeof form) => (event: React.ChangeEvent<HTMLInputElement>) => {
    const { value } = event.currentTarget;
    setForm((f) => ({ ...f, [field]: value }));
  };
  const mismatch = form.repeat !== '' && form.repeat !== form.password;
  const create = useMutation({
    mutationFn: () =>
      unwrap(client.POST('/setup', {
        body: { name: form.name, password: form.password, language, ...(form.token ? { token: form.token } : {}) },
      })),
    onSuccess: (session) => {
      openSession(queries, session);
      void navigate({ to: '/', replace: true });
    },
  });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (form.repeat === form.password) create.mutate();
  };
  if (setup.isPending) return <CenterCard title={t('setup.title')}><LoadingState rows={3} /></CenterCard>;
  if (setup.error) return <CenterCard title={t('setup.title')}><ErrorState error={setup.error} onRetry={() => void setup.refetch()} /></CenterCard>;
  if (!setup.data.needed) {
    return (
      <CenterCard title={t('setup.title')} intro={t('setup.done')}>
        <Anchor component={Link} to="/login">{t('action.signIn')}</Anchor>
      </CenterCard>
    );
  }
  const faults = faultsByPath(create.error, words);
  return (
    <CenterCard title={t('setup.title')} intro={t('setup.intro')}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          {create.error && <Alert color="red" variant="light" role="alert">{problemText(create.error, words, ['name', 'password', 'token'])}</Alert>}
          {setup.data.token_required && (
            <TextInput label={t('setup.token')} description={t('setup.tokenHint')} required error={faults.get('token')} value={form.token} onChange={set('token')} />
          )}
          <TextInput label={t('session.name')} autoComplete="username" required error={faults.get('name')} value={form.name} onChange={set('name')} />
          <NewPassword label={t('word.password')} error={faults.get('password')} value={form.password} onChange={set('password')} />
          <SecretInput label={t('session.repeatPassword')} autoComplete="new-password" required value={form.repeat} onChange={set('repeat')} error={mismatch && t('session.mismatch')} />
          <Button type="submit" loading={create.isPending} disabled={mismatch || tooShort(form.password, minPassword) > 0}>{t('setup.create')}</Button>
        </Stack>
      </form>
    </CenterCard>
  );
}
