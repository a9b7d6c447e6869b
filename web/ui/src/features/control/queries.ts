import { queryOptions, type QueryClient } from '@tanstack/react-query';
import { client, done, unwrap, type Schemas } from '../../api/client';

export type Control = Schemas['Control'];
export type ControlRequest = Schemas['ControlRequest'];
export type ControlState = Schemas['ControlState'];
export type ControlWish = Schemas['ControlWish'];

const key = ['control'] as const;

/** Requests that somebody or something is still at work on. */
export const openStates: readonly ControlState[] = ['requested', 'confirmed', 'executing'];

export const isOpen = (state: ControlState) => openStates.includes(state);

export const controlsQuery = (device: number, enabled: boolean) =>
  queryOptions({
    queryKey: [...key, 'device', device] as const,
    queryFn: () => unwrap(client.GET('/devices/{id}/controls', { params: { path: { id: device } } })),
    enabled,
    refetchInterval: ({ state: { data } }) => controlsPause(data),
  });

/** How long until a look at the controls anew: soon while a request is open, or what can be written is still being found out. */
export const controlsPause = (list: Schemas['ControlList'] | undefined) =>
  list?.permission.allowed && (!list.known || list.items.some((c) => c.open)) ? 2_000 : 10_000;

export const requestsQuery = (device?: number, enabled = true) =>
  queryOptions({
    queryKey: [...key, 'requests', device ?? 0] as const,
    queryFn: () => unwrap(client.GET('/control/requests', { params: { query: { device, limit: 100 } } })),
    enabled,
    refetchInterval: (query) => (query.state.data?.items.some((r) => isOpen(r.state)) ? 2_000 : 10_000),
  });

/** Each look asks the device anew: a dry run is of this moment. */
export const dryRunQuery = (device: number, wish: ControlWish, enabled: boolean) =>
  queryOptions({
    queryKey: [...key, 'dry-run', device, wish] as const,
    queryFn: () => unwrap(client.POST('/devices/{id}/controls/dry-run', { params: { path: { id: device } }, body: wish })),
    enabled, retry: false, staleTime: 0, gcTime: 0, refetchOnWindowFocus: false,
  });

export const refreshControl = (queries: QueryClient) => queries.invalidateQueries({ queryKey: key });

export const allowControl = (device: number, body: Schemas['ControlPermission']) =>
  done(client.PUT('/devices/{id}/controls', { params: { path: { id: device } }, body }));
export const requestControl = (device: number, body: Schemas['ControlRequestInput']) =>
  unwrap(client.POST('/devices/{id}/controls/requests', { params: { path: { id: device } }, body }));
export const confirmControl = (id: number, password: string) =>
  unwrap(client.POST('/control/requests/{id}/confirm', { params: { path: { id } }, body: password ? { password } : {} }));
export const rejectControl = (id: number, reason: string) =>
  unwrap(client.POST('/control/requests/{id}/reject', { params: { path: { id } }, body: { reason } }));
export const cancelControl = (id: number) => unwrap(client.POST('/control/requests/{id}/cancel', { params: { path: { id } } }));
