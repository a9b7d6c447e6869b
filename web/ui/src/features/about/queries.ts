import { queryOptions } from '@tanstack/react-query';
import { client, unwrap } from '../../api/client';

export const aboutKey = ['about'] as const;

export const aboutQuery = () =>
  queryOptions({ queryKey: aboutKey, queryFn: () => unwrap(client.GET('/about')), staleTime: 5 * 60_000 });
