import { Stack } from '@mantine/core';
import {
  IconActivityHeartbeat, IconBuilding, IconChartLine, IconHistory, IconFlask, IconInfoCircle, IconLayoutDashboard, IconPower, IconRadar2, IconServer2, IconSettings, IconTemplate,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useRouterState } from '@tanstack/react-router';
import { aboutQuery } from '../features/about/queries';
import { useSession } from '../features/session/useSession';
import { useText } from '../i18n/useText';

export function NavLinks() {
  const { t } = useText();
  const { session, may } = useSession();
  const inSites = useRouterState({ select: (s) => /^\/(rooms|racks)\//.test(s.location.pathname) });
  const { data: about } = useQuery({ ...aboutQuery(), enabled: Boolean(session) });
  const links = [
    { to: '/', label: t('nav.overview'), Icon: IconLayoutDashboard },
    { to: '/sites', label: t('nav.sites'), Icon: IconBuilding },
    { to: '/devices', label: t('nav.devices'), Icon: IconServer2 },
    ...(may('device.discover') ? [{ to: '/discovery', label: t('nav.discovery'), Icon: IconRadar2 } as const] : []),
    { to: '/events', label: t('nav.events'), Icon: IconHistory },
    { to: '/profiles', label: t('nav.profiles'), Icon: IconTemplate },
    { to: '/trends', label: t('nav.trends'), Icon: IconChartLine },
    { to: '/collectors', label: t('nav.collectors'), Icon: IconActivityHeartbeat },
    ...(about?.control ? [{ to: '/control', label: t('nav.control'), Icon: IconPower } as const] : []),
    ...(about?.simulated ? [{ to: '/simulation', label: t('nav.simulation'), Icon: IconFlask } as const] : []),
    { to: '/admin', label: t('nav.administration'), Icon: IconSettings },
    { to: '/about', label: t('nav.about'), Icon: IconInfoCircle },
  ] as const;
  return (
    <Stack gap={2}>
      {links.map(({ to, label, Icon }) => (
        <Link key={to} to={to} className="nav-link" {...(to === '/sites' && inSites ? { 'data-status': 'active' } : {})} activeOptions={{ exact: to === '/', includeSearch: false }}>
          <Icon size={17} stroke={1.7} aria-hidden />
          {label}
        </Link>
      ))}
    </Stack>
  );
}
