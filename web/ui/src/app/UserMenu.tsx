import { ActionIcon, Menu, SegmentedControl, Stack, Text, useMantineColorScheme } from '@mantine/core';
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

export function UserMenu() {
  const { t, language } = useText();
  const { session } = useSession();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
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
    <Menu position="bottom-end" width={280} shadow="md" withinPortal keepMounted={false}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`${t('word.user')}: ${session?.user.name ?? ''}`}>
          <IconUserCircle size={20} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{session?.user.name} · {session && t(`role.${session.user.role}`)}</Menu.Label>
        <Stack gap={6} p="xs">
          <Text size="xs" c="dimmed" id="menu-language">{t('word.language')}</Text>
          <SegmentedControl
            size="xs"
            fullWidth
            aria-labelledby="menu-language"
            value={language}
            onChange={(v) => setLanguage(v === 'vi' ? 'vi' : 'en')}
            data={languages.map((l) => ({ value: l, label: t(`language.${l}`) }))}
          />
          <Text size="xs" c="dimmed" id="menu-theme">{t('word.theme')}</Text>
          <SegmentedControl
            size="xs"
            fullWidth
            aria-labelledby="menu-theme"
            value={colorScheme}
            onChange={(v) => setTheme(themes.find((x) => x === v) ?? 'auto')}
            data={themes.map((value) => ({ value, label: t(`theme.${value}`) }))}
          />
        </Stack>
        <Menu.Divider />
        <Menu.Item component={Link} to="/account" leftSection={<IconUserCircle size={16} aria-hidden />}>
          {t('admin.account')}
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => signOut.mutate()}>
          {t('action.signOut')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
