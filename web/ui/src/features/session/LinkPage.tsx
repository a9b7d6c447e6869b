import { Alert, Anchor, Loader, useMantineColorScheme } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { applyPreferences } from '../../app/preferences';
import { client, unwrap } from '../../api/client';
import { ApiError } from '../../api/problem';
import { errorText } from '../../components/States';
import { useText } from '../../i18n/useText';
import { CenterCard } from './CenterCard';
import { openSession } from './queries';

/** Signs in with the secret after “#”, which browsers never send by themselves. */
export function LinkPage() {
  const { t, language } = useText();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { setColorScheme } = useMantineColorScheme();
  const secret = useRef(window.location.hash.slice(1));
  const started = useRef(false);
  const { mutate, error } = useMutation({
    mutationFn: (value: string) => unwrap(client.POST('/session/link', { body: { secret: value } })),
    onSuccess: (session) => {
      openSession(queries, session);
      applyPreferences({ theme: session.user.theme, language: session.user.language ?? language }, setColorScheme);
      void navigate({ to: '/', replace: true });
    },
  });
  useEffect(() => {
    if (started.current || !secret.current) return;
    started.current = true;
    // The secret works once; it must not stay in the history either.
    window.history.replaceState(null, '', window.location.pathname);
    mutate(secret.current);
  }, [mutate]);
  const refused = error instanceof ApiError && error.status >= 400 && error.status < 429;
  const missing = !secret.current;
  const message = missing ? t('session.linkMissing') : error && (refused ? t('session.linkFailed') : errorText(error, t));
  return (
    <CenterCard title={t('session.title')}>
      {message ? <Alert color="red" variant="light" role="alert">{message}</Alert> : <Loader size="sm" aria-label={t('session.link')} />}
      {message && <Anchor component={Link} to="/login">{t('action.signIn')}</Anchor>}
    </CenterCard>
  );
}
