import { queryOptions, type QueryClient } from '@tanstack/react-query';
import { client, done, unwrap, type Schemas } from '../../api/client';

export type DiscoveryRange = Schemas['DiscoveryRange'];
export type RangeInput = Schemas['DiscoveryRangeInput'];
export type Scan = Schemas['Scan'];
export type Finding = Schemas['Finding'];
export type FindingState = Schemas['FindingState'];
export type AdoptedFinding = Schemas['AdoptedFinding'];

export const findingStates: readonly FindingState[] = ['new', 'changed', 'gone', 'known', 'adopted', 'ignored'];

const key = ['discovery'] as const;

/** The most findings that one page of the list shows. */
export const findingLimit = 5000;

const scanning = (ranges: readonly DiscoveryRange[] | undefined) => ranges?.some((r) => r.last?.state === 'running') ?? false;

/** The ranges; read each second while one of them is being scanned. */
export const rangesQuery = () =>
  queryOptions({
    queryKey: [...key, 'ranges'] as const,
    queryFn: () => unwrap(client.GET('/discovery/ranges')),
    refetchInterval: (query) => (scanning(query.state.data?.items) ? 1_000 : 15_000),
  });

export interface FindingFilter {
  range?: number;
  state?: FindingState[];
  q?: string;
}

/** What was found; read often while a scan adds to it. */
export const findingsQuery = (filter: FindingFilter, live: boolean) =>
  queryOptions({
    queryKey: [...key, 'findings', filter] as const,
    queryFn: () => unwrap(client.GET('/discovery/findings', { params: { query: { ...filter, limit: findingLimit } } })),
    placeholderData: (before) => before,
    refetchInterval: live ? 2_000 : 15_000,
  });

export const refreshDiscovery = (queries: QueryClient) => queries.invalidateQueries({ queryKey: key });

export const saveRange = (id: number | undefined, body: RangeInput) =>
  id === undefined
    ? unwrap(client.POST('/discovery/ranges', { body })).then(() => undefined)
    : done(client.PUT('/discovery/ranges/{id}', { params: { path: { id } }, body }));
export const removeRange = (id: number) => done(client.DELETE('/discovery/ranges/{id}', { params: { path: { id } } }));
export const startScan = (id: number) => unwrap(client.POST('/discovery/ranges/{id}/scans', { params: { path: { id } } }));
export const cancelScan = (id: number) => done(client.DELETE('/discovery/scans/{id}', { params: { path: { id } } }));

/** How many findings are sent at once: each is a transaction of its own, and an answer must not take too long. */
const atOnce = 100;

function* parts(ids: readonly number[]): Generator<number[]> {
  for (let i = 0; i < ids.length; i += atOnce) yield ids.slice(i, i + atOnce);
}

export async function markFindings(findings: readonly number[], mark: Schemas['FindingMark']['mark']): Promise<void> {
  for (const part of parts(findings)) await done(client.POST('/discovery/findings/mark', { body: { findings: part, mark } }));
}

/** Adopts findings and tells what became of each. */
export async function adoptFindings(body: Schemas['AdoptionInput']): Promise<AdoptedFinding[]> {
  const results: AdoptedFinding[] = [];
  for (const findings of parts(body.findings)) {
    results.push(...(await unwrap(client.POST('/discovery/findings/adopt', { body: { ...body, findings } }))).items);
  }
  return results;
}
