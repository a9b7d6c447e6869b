import { ActionIcon, Button, Divider, Popover, SegmentedControl, Stack, Text, useMantineColorScheme } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { IconLogout, IconUserCircle } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { client, done } from '../api/client';
import { closeSession, sessionKey } from '../features/session/queries';
import { useSession } from '../features/session/useSession';
import type { Language } from '../format/format';
import { languages, switchLanguage } from '../i18n';
import { useText } from '../i18n/useText';
import { savePreferences, type Theme } from './preferences';

const themes: readonly Theme[] = ['dark', 'light', 'auto'];

/** What concerns the person: a popover and no menu, since a menu may not hold choices that stay. */
export function UserMenu() {
  const { t, language } = useText();
  const { session } = useSession();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [opened, { toggle, close }] = useDisclosure(false);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const preferences = useMutation({
    mutationFn: savePreferences,
    onError: () => notifications.show({ message: t('session.prefFailed') }),
    onSuccess: () => queries.invalidateQueries({ queryKey: sessionKey }),
  });
  const signOut = useMutation({
    mutationFn: () => done(client.DELETE('/session')),
    onSettled: () => {
      closeSession(queries);
      void navigate({ to: '/login' });
    },
  });
  const setLanguage = (next: Language) => {
    switchLanguage(next);
    preferences.mutate({ language: next, theme: colorScheme });
  };
  const setTheme = (next: Theme) => {
    setColorScheme(next);
    preferences.mutate({ language, theme: next });
  };
  return (
    <Popover opened={opened} onChange={(next) => !next && close()} position="bottom-end" width={280} shadow="md" withinPortal trapFocus transitionProps={{ duration: 0 }}>
      <Popover.Target>
        <ActionIcon onClick={toggle} variant="subtle" color="gray" size="lg" aria-label={`${t('word.user')}: ${session?.user.name ?? ''}`}>
          <IconUserCircle size={20} aria-hidden />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown p="xs">
        <Text size="sm" px="xs">{session?.user.name} · {session && t(`role.${session.user.role}`)}</Text>
        <Stack gap={6} p="xs">
          <Text size="xs" c="var(--muted)" id="menu-language">{t('word.language')}</Text>
          <SegmentedControl
            size="xs"
            fullWidth
            aria-labelledby="menu-language"
            value={language}
            onChange={(v) => setLanguage(v === 'vi' ? 'vi' : 'en')}
            data={languages.map((l) => ({ value: l, label: t(`language.${l}`) }))}
          />
          <Text size="xs" c="var(--muted)" id="menu-theme">{t('word.theme')}</Text>
          <SegmentedControl
            size="xs"
            fullWidth
            aria-labelledby="menu-theme"
            value={colorScheme}
            onChange={(v) => setTheme(themes.find((x) => x === v) ?? 'auto')}
            data={themes.map((value) => ({ value, label: t(`theme.${value}`) }))}
          />
        </Stack>
        <Divider mb={4} />
        <Button component={Link} to="/account" onClick={close} variant="subtle" color="gray" fullWidth justify="flex-start" leftSection={<IconUserCircle size={16} aria-hidden />}>
          {t('admin.account')}
        </Button>
        <Button onClick={() => signOut.mutate()} variant="subtle" color="gray" fullWidth justify="flex-start" leftSection={<IconLogout size={16} aria-hidden />}>
          {t('action.signOut')}
        </Button>
      </Popover.Dropdown>
    </Popover>
  );
}
