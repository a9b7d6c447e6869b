import { queryOptions } from '@tanstack/react-query';
import { client, unwrap } from '../../api/client';

export const collectorsKey = ['collectors'] as const;

export const collectorsQuery = () =>
  queryOptions({ queryKey: collectorsKey, queryFn: () => unwrap(client.GET('/collectors')), refetchInterval: 5_000 });
