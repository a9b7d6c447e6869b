import { queryOptions } from '@tanstack/react-query';
import { client, done, unwrap, type Schemas } from '../../api/client';

export type Look = Schemas['Look'];
export type LookInput = Schemas['LookInput'];
export type LookResult = Schemas['LookResult'];
export type LookPoint = Schemas['LookPoint'];
export type LookFailure = Schemas['LookFailure'];
export type Verdict = Schemas['Verdict'];
export type ProfileCandidate = Schemas['ProfileCandidate'];

export const startLook = (body: LookInput) => unwrap(client.POST('/looks', { body }));

/** A look that was started; asked for often while it runs, and then no more. */
export const lookQuery = (job: string) =>
  queryOptions({
    queryKey: ['looks', job] as const,
    queryFn: () => unwrap(client.GET('/looks/{job}', { params: { path: { job } } })),
    refetchInterval: (query) => (query.state.error || (query.state.data && query.state.data.state !== 'running') ? false : 400),
    staleTime: Infinity,
    retry: false,
  });

export const endLook = (job: string) => done(client.DELETE('/looks/{job}', { params: { path: { job } } }));
