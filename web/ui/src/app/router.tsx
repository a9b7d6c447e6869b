import {
  createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet, redirect,
} from '@tanstack/react-router';
import { deviceKinds, type DeviceKind } from '../features/devices/kinds';
import { findingStates, type FindingState } from '../features/discovery/queries';
import { eventKinds, eventSeverities } from '../features/events/queries';
import type { EventSearch } from '../features/events/EventFilters';
import { setupQuery, sessionQuery } from '../features/session/queries';
import { rangeOf, type RangeSearch } from '../components/timeRange';
import { pollStates, type PollState } from '../components/PollStateMark';
import { queries } from './queryClient';
import { PageError } from './PageError';
import { PageMissing } from './PageMissing';
import { idOf, idsOf, manyOf, oneOf, textOf, type Search } from './search';
import { Shell } from './Shell';

const deviceSorts = ['name', '-name', 'kind', '-kind', 'state', '-state', 'last_success', '-last_success'] as const;
export const adminSections = ['users', 'tokens', 'credentials', 'audit', 'account'] as const;
const profileOrigins = ['site', 'replaced', 'built-in'] as const;
const profileProtocols = ['snmp', 'modbus'] as const;
export const planLayers = ['inlet', 'power'] as const;

interface DevicesSearch {
  q?: string;
  kind?: DeviceKind[];
  state?: PollState[];
  site?: number;
  sort?: (typeof deviceSorts)[number];
}

const root = createRootRoute({ component: Outlet, errorComponent: PageError, notFoundComponent: PageMissing });

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: (s: Search): { next?: string } => {
    const next = textOf(s.next);
    return next?.startsWith('/') && !next.startsWith('//') ? { next } : {};
  },
  component: lazyRouteComponent(() => import('../features/session/SignInPage'), 'SignInPage'),
});
const link = createRoute({
  getParentRoute: () => root,
  path: '/login/link',
  component: lazyRouteComponent(() => import('../features/session/LinkPage'), 'LinkPage'),
});
const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  component: lazyRouteComponent(() => import('../features/session/SetupPage'), 'SetupPage'),
});

const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  beforeLoad: async ({ location }) => {
    const session = await queries.ensureQueryData(sessionQuery());
    if (session) return;
    const { needed } = await queries.fetchQuery(setupQuery());
    if (needed) throw redirect({ to: '/setup' });
    throw redirect({ to: '/login', search: location.href === '/' ? {} : { next: location.href } });
  },
  component: Shell,
});

const overview = createRoute({
  getParentRoute: () => shell,
  path: '/',
  component: lazyRouteComponent(() => import('../features/overview/OverviewPage'), 'OverviewPage'),
});
const sites = createRoute({
  getParentRoute: () => shell,
  path: '/sites',
  component: lazyRouteComponent(() => import('../features/sites/SitesPage'), 'SitesPage'),
});
const site = createRoute({
  getParentRoute: () => shell,
  path: '/sites/$siteId',
  component: lazyRouteComponent(() => import('../features/sites/PlacePage'), 'SitePage'),
});
const location = createRoute({
  getParentRoute: () => shell,
  path: '/locations/$locationId',
  component: lazyRouteComponent(() => import('../features/sites/PlacePage'), 'LocationPage'),
});
const row = createRoute({
  getParentRoute: () => shell,
  path: '/rows/$rowId',
  component: lazyRouteComponent(() => import('../features/sites/PlacePage'), 'RowPage'),
});
const room = createRoute({
  getParentRoute: () => shell,
  path: '/rooms/$roomId',
  validateSearch: (s: Search): { rack?: number; layer?: (typeof planLayers)[number] } => ({
    rack: idOf(s.rack),
    layer: oneOf(s.layer, planLayers),
  }),
  component: lazyRouteComponent(() => import('../features/rooms/RoomPage'), 'RoomPage'),
});
const rack = createRoute({
  getParentRoute: () => shell,
  path: '/racks/$rackId',
  component: lazyRouteComponent(() => import('../features/racks/RackPage'), 'RackPage'),
});
const devices = createRoute({
  getParentRoute: () => shell,
  path: '/devices',
  validateSearch: (s: Search): DevicesSearch => ({
    q: textOf(s.q),
    kind: manyOf(s.kind, deviceKinds),
    state: manyOf(s.state, pollStates),
    site: idOf(s.site),
    sort: oneOf(s.sort, deviceSorts),
  }),
  component: lazyRouteComponent(() => import('../features/devices/DevicesPage'), 'DevicesPage'),
});
const device = createRoute({
  getParentRoute: () => shell,
  path: '/devices/$deviceId',
  validateSearch: (s: Search): { point?: number } & RangeSearch => ({ point: idOf(s.point), ...rangeOf(s) }),
  component: lazyRouteComponent(() => import('../features/devices/DevicePage'), 'DevicePage'),
});
const discovery = createRoute({
  getParentRoute: () => shell,
  path: '/discovery',
  validateSearch: (s: Search): { range?: number; state?: FindingState; q?: string } => ({ range: idOf(s.range), state: oneOf(s.state, findingStates), q: textOf(s.q) }),
  component: lazyRouteComponent(() => import('../features/discovery/DiscoveryPage'), 'DiscoveryPage'),
});
const events = createRoute({
  getParentRoute: () => shell,
  path: '/events',
  validateSearch: (s: Search): EventSearch => ({
    q: textOf(s.q), device: idOf(s.device), kind: manyOf(s.kind, eventKinds), severity: manyOf(s.severity, eventSeverities), ...rangeOf(s),
  }),
  component: lazyRouteComponent(() => import('../features/events/EventsPage'), 'EventsPage'),
});
const profiles = createRoute({
  getParentRoute: () => shell,
  path: '/profiles',
  validateSearch: (s: Search): { q?: string; origin?: (typeof profileOrigins)[number]; protocol?: (typeof profileProtocols)[number]; bases?: true } => ({
    bases: s.bases === true || s.bases === 'true' ? true : undefined, q: textOf(s.q), origin: oneOf(s.origin, profileOrigins), protocol: oneOf(s.protocol, profileProtocols),
  }),
  component: lazyRouteComponent(() => import('../features/profiles/ProfilesPage'), 'ProfilesPage'),
});
const profile = createRoute({
  getParentRoute: () => shell,
  path: '/profiles/$profileName',
  component: lazyRouteComponent(() => import('../features/profiles/ProfilePage'), 'ProfilePage'),
});
const trends = createRoute({
  getParentRoute: () => shell,
  path: '/trends',
  validateSearch: (s: Search): { points?: number[] } & RangeSearch => ({ points: idsOf(s.points, 12), ...rangeOf(s) }),
  component: lazyRouteComponent(() => import('../features/trends/TrendsPage'), 'TrendsPage'),
});
const collectors = createRoute({
  getParentRoute: () => shell,
  path: '/collectors',
  component: lazyRouteComponent(() => import('../features/collectors/CollectorsPage'), 'CollectorsPage'),
});
const simulation = createRoute({
  getParentRoute: () => shell,
  path: '/simulation',
  component: lazyRouteComponent(() => import('../features/simulation/SimulationPage'), 'SimulationPage'),
});
const control = createRoute({
  getParentRoute: () => shell,
  path: '/control',
  component: lazyRouteComponent(() => import('../features/control/ControlPage'), 'ControlPage'),
});
const admin = createRoute({
  getParentRoute: () => shell,
  path: '/admin',
  validateSearch: (s: Search): { section?: (typeof adminSections)[number] } => ({ section: oneOf(s.section, adminSections) }),
  component: lazyRouteComponent(() => import('../features/administration/AdministrationPage'), 'AdministrationPage'),
});
const account = createRoute({
  getParentRoute: () => shell,
  path: '/account',
  component: lazyRouteComponent(() => import('../features/administration/Account'), 'AccountPage'),
});
const about = createRoute({
  getParentRoute: () => shell,
  path: '/about',
  component: lazyRouteComponent(() => import('../features/about/AboutPage'), 'AboutPage'),
});

const routeTree = root.addChildren([
  login, link, setup,
  shell.addChildren([overview, sites, site, location, row, room, rack, devices, device, discovery, profiles, profile, events, trends, collectors, simulation, control, admin, account, about]),
]);

export const router = createRouter({
  routeTree,
  defaultPreload: 'intent',
  defaultPreloadStaleTime: 0,
  scrollRestoration: true,
  defaultErrorComponent: PageError,
  defaultNotFoundComponent: PageMissing,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
