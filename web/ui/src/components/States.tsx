import { Button, Skeleton, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconInbox } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { ApiError } from '../api/problem';
import { formatDuration } from '../format/format';
import { useText, type Translate } from '../i18n/useText';

type Known = Parameters<typeof knownCodes.has>[0];
const knownCodes = new Set([
  'unreachable', 'unauthenticated', 'forbidden', 'not-found', 'conflict', 'invalid', 'bad-credentials',
  'too-many-attempts', 'too-large', 'unavailable', 'internal',
] as const);

/** What went wrong, in the user's language; the server's detail follows when there is any. */
export function errorText(error: unknown, t: Translate): string {
  if (!(error instanceof ApiError)) return t('error.page');
  const code = knownCodes.has(error.code as Known) ? (error.code as Known) : 'internal';
  return t(`error.${code}`);
}

export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t, language } = useText();
  const api = error instanceof ApiError ? error : undefined;
  return (
    <Stack align="center" gap="xs" p="xl" role="alert">
      <IconAlertTriangle size={28} aria-hidden />
      <Text fw={600}>{t('error.title')}</Text>
      <Text size="sm">{errorText(error, t)}</Text>
      {api?.detail && <Text size="xs" c="dimmed">{api.detail}</Text>}
      {api?.retryAfterS !== undefined && (
        <Text size="xs" c="dimmed">{t('error.wait', { time: formatDuration(api.retryAfterS, language) })}</Text>
      )}
      {api?.requestId && <Text size="xs" c="dimmed">{t('error.request', { id: api.requestId })}</Text>}
      {onRetry && <Button size="xs" variant="default" onClick={onRetry}>{t('action.retry')}</Button>}
    </Stack>
  );
}

export function EmptyState({ title, hint, children }: { title: string; hint?: string; children?: ReactNode }) {
  return (
    <Stack align="center" gap="xs" p="xl">
      <IconInbox size={28} aria-hidden opacity={0.6} />
      <Text fw={600}>{title}</Text>
      {hint && <Text size="sm" c="dimmed" ta="center" maw={440}>{hint}</Text>}
      {children}
    </Stack>
  );
}

export function LoadingState({ rows = 6, height = 28 }: { rows?: number; height?: number }) {
  const { t } = useText();
  return (
    <Stack gap={8} p="md" aria-busy="true" aria-live="polite">
      <span className="visually-hidden">{t('word.loading')}</span>
      {Array.from({ length: rows }, (_, i) => <Skeleton key={i} height={height} radius="sm" />)}
    </Stack>
  );
}
