import createClient, { type Middleware } from 'openapi-fetch';
import { observeServerDate } from '../live/clock';
import { noteAnswer, noteNoAnswer } from '../live/connection';
import { ApiError, toApiError } from './problem';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];

let csrfToken = '';
const unauthenticated = new Set<() => void>();

/** Keeps the token that unsafe requests must carry. */
export function setCsrfToken(token: string): void {
  csrfToken = token;
}

/** Calls back when the server says that nobody is signed in any more. */
export function onUnauthenticated(callback: () => void): () => void {
  unauthenticated.add(callback);
  return () => unauthenticated.delete(callback);
}

const security: Middleware = {
  onRequest({ request }) {
    if (csrfToken && request.method !== 'GET') request.headers.set('X-CSRF-Token', csrfToken);
    return request;
  },
  onResponse({ response }) {
    observeServerDate(response.headers.get('date'));
    noteAnswer();
    if (response.status === 401) unauthenticated.forEach((callback) => callback());
    return response;
  },
};

export const client = createClient<paths>({ baseUrl: '/api/v1', credentials: 'same-origin' });
client.use(security);

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** Gives the data of an answer, or throws what went wrong as an ApiError. */
export async function unwrap<T>(answer: Promise<Answer<T>>): Promise<NonNullable<T>> {
  const { data, error, response } = await settle(answer);
  if (!response.ok) throw toApiError(response.status, error);
  if (data === undefined || data === null) throw new ApiError(response.status, 'internal', '');
  return data;
}

/** As unwrap, for answers without content. */
export async function done(answer: Promise<Answer<unknown>>): Promise<void> {
  const { error, response } = await settle(answer);
  if (!response.ok) throw toApiError(response.status, error);
}

async function settle<T>(answer: Promise<Answer<T>>): Promise<Answer<T>> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    noteNoAnswer();
    throw new ApiError(0, 'unreachable', '');
  }
}
