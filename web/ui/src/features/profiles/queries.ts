import { queryOptions, type QueryClient } from '@tanstack/react-query';
import { client, unwrap, type Schemas } from '../../api/client';

export type ProfileSummary = Schemas['ProfileSummary'];
export type ProfileDetail = Schemas['ProfileDetail'];
export type ProfilePoint = Schemas['ProfilePoint'];
export type ProfileFault = Schemas['ProfileFault'];
export type DeviceRecording = Schemas['DeviceRecording'];

const key = ['profiles'] as const;

/** The profiles in use; read often while their coverage is being counted. */
export const profilesQuery = () =>
  queryOptions({
    queryKey: [...key, 'list'] as const,
    queryFn: () => unwrap(client.GET('/profiles')),
    refetchInterval: (query) => (query.state.data?.items.some((p) => p.covered === undefined) ? 2_000 : 15_000),
  });

export const profileQuery = (name: string) =>
  queryOptions({
    queryKey: [...key, name] as const,
    queryFn: () => unwrap(client.GET('/profiles/{name}', { params: { path: { name } } })),
    refetchInterval: 15_000,
  });

export const refreshProfiles = (queries: QueryClient) => queries.invalidateQueries({ queryKey: key });

export const profileFile = async (name: string): Promise<string> => unwrap(client.GET('/profiles/{name}/file', { params: { path: { name } }, parseAs: 'text' }));
export const checkProfile = (name: string, text: string) => unwrap(client.POST('/profile-checks', { body: { name, text } }));
/** `replaces` is the file in use as it was seen, when there is one. */
export const putProfile = (name: string, text: string, replaces?: string) =>
  unwrap(client.PUT('/profiles/{name}', { params: { path: { name } }, body: { text, ...(replaces === undefined ? {} : { replaces }) } }));

/** A profile in use that another one would replace. */
export interface ReplacedProfile {
  summary: ProfileSummary;
  file: string;
}
export const profileInUse = async (name: string): Promise<ReplacedProfile> => {
  const [file, { summary }] = await Promise.all([profileFile(name), unwrap(client.GET('/profiles/{name}', { params: { path: { name } } }))]);
  return { summary, file };
};
export const removeProfile = (name: string) => unwrap(client.DELETE('/profiles/{name}', { params: { path: { name } } }));
export const testRecording = (body: Schemas['RecordingTest']) => unwrap(client.POST('/profile-tests', { body }));
export const draftProfile = (body: Schemas['DraftInput']) => unwrap(client.POST('/profile-drafts', { body }));

export const startRecording = (body: Schemas['RecordingInput']) => unwrap(client.POST('/recordings', { body }));
export const recordingQuery = (job: string) =>
  queryOptions({
    queryKey: ['recordings', job] as const,
    queryFn: () => unwrap(client.GET('/recordings/{job}', { params: { path: { job } } })),
    refetchInterval: (query) => (query.state.error || (query.state.data && query.state.data.state !== 'running') ? false : 500),
    staleTime: Infinity,
    retry: false,
  });
export const endRecording = (job: string) => client.DELETE('/recordings/{job}', { params: { path: { job } } });
