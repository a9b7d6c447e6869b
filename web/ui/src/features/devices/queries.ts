import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { client, unwrap, type Schemas } from '../../api/client';
import type { paths } from '../../api/schema';

export type DeviceSummary = Schemas['DeviceSummary'];
export type DeviceDetail = Schemas['DeviceDetail'];
export type PointValue = Schemas['PointValue'];
export type Point = Schemas['Point'];
export type DeviceFilter = NonNullable<paths['/devices']['get']['parameters']['query']>;

/** The most devices that one list shows. */
export const listLimit = 10_000;

export const devicesKey = (filter: DeviceFilter) => ['devices', 'list', filter] as const;
export const deviceKey = (id: number) => ['devices', id] as const;
export const devicePointsKey = (id: number) => ['devices', id, 'points'] as const;

export const devicesQuery = (filter: DeviceFilter) =>
  queryOptions({
    queryKey: devicesKey(filter),
    queryFn: ({ signal }) => unwrap(client.GET('/devices', { params: { query: filter }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: 15_000,
  });

export const deviceQuery = (id: number) =>
  queryOptions({
    queryKey: deviceKey(id),
    queryFn: () => unwrap(client.GET('/devices/{id}', { params: { path: { id } } })),
    refetchInterval: 5_000,
  });

export const devicePointsQuery = (id: number) =>
  queryOptions({
    queryKey: devicePointsKey(id),
    queryFn: () => unwrap(client.GET('/devices/{id}/points', { params: { path: { id } } })),
    refetchInterval: 60_000,
  });
