import { Alert, Button, Stack, TextInput, useMantineColorScheme } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useRouter } from '@tanstack/react-router';
import { useState, type SubmitEvent } from 'react';
import { applyPreferences } from '../../app/preferences';
import { client, unwrap } from '../../api/client';
import { SecretInput } from '../../components/SecretInput';
import { errorText } from '../../components/States';
import { useText } from '../../i18n/useText';
import { CenterCard } from './CenterCard';
import { hadSession, openSession } from './queries';

const route = getRouteApi('/login');

export function SignInPage() {
  const { t } = useText();
  const { next } = route.useSearch();
  const router = useRouter();
  const queries = useQueryClient();
  const { setColorScheme } = useMantineColorScheme();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const signIn = useMutation({
    mutationFn: () => unwrap(client.POST('/session', { body: { name, password } })),
    onSuccess: (session) => {
      openSession(queries, session);
      applyPreferences(session.user, setColorScheme);
      router.history.replace(next ?? '/');
    },
  });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    signIn.mutate();
  };
  return (
    <CenterCard title={t('session.title')} intro={hadSession() ? t('session.expired') : t('session.welcome')}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          {signIn.error && <Alert color="red" variant="light" role="alert">{errorText(signIn.error, t)}</Alert>}
          <TextInput label={t('session.name')} name="username" autoComplete="username" required value={name} onChange={(e) => setName(e.currentTarget.value)} data-autofocus />
          <SecretInput label={t('word.password')} name="password" autoComplete="current-password" required value={password} onChange={(e) => setPassword(e.currentTarget.value)} />
          <Button type="submit" loading={signIn.isPending}>{t('action.signIn')}</Button>
        </Stack>
      </form>
    </CenterCard>
  );
}
