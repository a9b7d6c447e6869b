import { queryOptions } from '@tanstack/react-query';
import { client, unwrap } from '../../api/client';

export const overviewKey = ['overview'] as const;

export const overviewQuery = () =>
  queryOptions({ queryKey: overviewKey, queryFn: () => unwrap(client.GET('/overview')), refetchInterval: 5_000 });
