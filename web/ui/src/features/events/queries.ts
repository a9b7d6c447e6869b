import { infiniteQueryOptions, queryOptions, type QueryClient } from '@tanstack/react-query';
import { client, unwrap, type Schemas } from '../../api/client';
import type { paths } from '../../api/schema';

export type DeviceEvent = Schemas['Event'];
export type EventKind = Schemas['EventKind'];
export type EventFilter = Omit<NonNullable<paths['/events']['get']['parameters']['query']>, 'before' | 'limit'>;

export const eventKinds: readonly EventKind[] = [
  'trap', 'contact', 'restarted', 'exchanged', 'points-appeared', 'points-vanished', 'counter-reset', 'counter-wrapped', 'control',
];
export const eventSeverities = ['critical', 'warning', 'info', 'ok', 'unknown'] as const;

const key = ['events'] as const;

/** What happened to devices, newest first, page by page. */
export const eventsQuery = (filter: EventFilter) =>
  infiniteQueryOptions({
    queryKey: [...key, 'list', filter] as const,
    queryFn: ({ pageParam, signal }) =>
      unwrap(client.GET('/events', { params: { query: { ...filter, limit: 50, ...(pageParam ? { before: pageParam } : {}) } }, signal })),
    initialPageParam: '',
    getNextPageParam: (last) => last.next,
    placeholderData: (before) => before,
    refetchInterval: 60_000,
  });

/** The newest events of a device. */
export const deviceEventsQuery = (device: number) =>
  queryOptions({
    queryKey: [...key, 'device', device] as const,
    queryFn: () => unwrap(client.GET('/events', { params: { query: { device, limit: 6 } } })),
    refetchInterval: 60_000,
  });

export const refreshEvents = (queries: QueryClient) => queries.invalidateQueries({ queryKey: key });
