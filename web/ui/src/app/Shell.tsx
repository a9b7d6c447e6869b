import { AppShell, Burger, Group, ScrollArea } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Link, Outlet } from '@tanstack/react-router';
import { Suspense, useEffect } from 'react';
import { useRouterState } from '@tanstack/react-router';
import { LoadingState } from '../components/States';
import { SearchPalette } from '../features/search/SearchPalette';
import { useText } from '../i18n/useText';
import { ConnectionBanner } from './ConnectionBanner';
import { ConnectionDot } from './ConnectionDot';
import { NavLinks } from './NavLinks';
import { SearchButton } from './SearchButton';
import { UserMenu } from './UserMenu';

function Brand() {
  return (
    <Link to="/" className="brand">
      <img src="/favicon.svg" width={22} height={22} alt="" />
      Aisle
    </Link>
  );
}

export function Shell() {
  const { t } = useText();
  const [opened, { toggle, close }] = useDisclosure(false);
  const path = useRouterState({ select: (s) => s.location.pathname });
  useEffect(close, [path, close]);
  return (
    <AppShell
      header={{ height: 48 }}
      navbar={{ width: 200, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding={{ base: 'sm', sm: 'md' }}
    >
      <a href="#content" className="skip">{t('app.skip')}</a>
      <AppShell.Header>
        <Group h="100%" px="sm" wrap="nowrap" gap="sm">
          <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={t('app.menu')} />
          <Group w={188} visibleFrom="sm"><Brand /></Group>
          <SearchButton />
          <Group ml="auto" gap="xs" wrap="nowrap">
            <ConnectionDot />
            <UserMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label={t('nav.main')}>
        <ScrollArea type="auto"><NavLinks /></ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        <ConnectionBanner />
        <Suspense fallback={<LoadingState />}><Outlet /></Suspense>
      </AppShell.Main>
      <SearchPalette />
    </AppShell>
  );
}
