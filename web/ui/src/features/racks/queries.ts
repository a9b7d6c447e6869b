import { queryOptions } from '@tanstack/react-query';
import { client, unwrap, type Schemas } from '../../api/client';

export type RackDetail = Schemas['RackDetail'];
export type RackDevice = Schemas['RackDevice'];

export const rackKey = (id: number) => ['racks', id] as const;

export const rackQuery = (id: number) =>
  queryOptions({
    queryKey: rackKey(id),
    queryFn: () => unwrap(client.GET('/racks/{id}', { params: { path: { id } } })),
    refetchInterval: 10_000,
  });
