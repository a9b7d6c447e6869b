import { queryOptions } from '@tanstack/react-query';
import { client, unwrap } from '../../api/client';

export const simulationKey = ['simulation'] as const;

/** Faults that can be injected; fails with not-found where nothing is simulated. */
export const simulationQuery = () =>
  queryOptions({
    queryKey: simulationKey,
    queryFn: () => unwrap(client.GET('/simulation')),
    staleTime: 30_000,
  });
