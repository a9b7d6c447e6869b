import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { client, unwrap, type Schemas } from '../../api/client';

export type User = Schemas['User'];
export type Token = Schemas['Token'];
export type Credential = Schemas['Credential'];
export type AuditEntry = Schemas['AuditEntry'];
export const roles: readonly Schemas['Role'][] = ['viewer', 'operator', 'engineer', 'planner', 'administrator'];

export const usersKey = ['users'] as const;
export const tokensKey = ['tokens'] as const;
export const credentialsKey = ['credentials'] as const;
export const sessionsKey = ['sessions'] as const;
export const auditKey = ['audit'] as const;

export const usersQuery = () => queryOptions({ queryKey: usersKey, queryFn: () => unwrap(client.GET('/users')) });
export const tokensQuery = () => queryOptions({ queryKey: tokensKey, queryFn: () => unwrap(client.GET('/tokens')) });
export const credentialsQuery = () =>
  queryOptions({ queryKey: credentialsKey, queryFn: () => unwrap(client.GET('/credentials')) });

export const sessionsQuery = () => queryOptions({ queryKey: sessionsKey, queryFn: () => unwrap(client.GET('/sessions')) });

export const auditQuery = () =>
  infiniteQueryOptions({
    queryKey: auditKey,
    queryFn: ({ pageParam }) =>
      unwrap(client.GET('/audit', { params: { query: { limit: 100, ...(pageParam ? { before: pageParam } : {}) } } })),
    initialPageParam: 0,
    getNextPageParam: (page) => page.next,
  });
