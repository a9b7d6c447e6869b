import { queryOptions, type QueryClient } from '@tanstack/react-query';
import { client, setCsrfToken, unwrap, type Schemas } from '../../api/client';
import { ApiError } from '../../api/problem';

export type Session = Schemas['Session'];

export const sessionKey = ['session'] as const;

/** Who is signed in; null when nobody is. */
export const sessionQuery = () =>
  queryOptions({
    queryKey: sessionKey,
    queryFn: async (): Promise<Session | null> => {
      try {
        const session = await unwrap(client.GET('/session'));
        noteSession(session);
        return session;
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) return null;
        throw error;
      }
    },
    staleTime: 5 * 60_000,
  });

export const setupKey = ['setup'] as const;

export const setupQuery = () =>
  queryOptions({ queryKey: setupKey, queryFn: () => unwrap(client.GET('/setup')), staleTime: 0 });

const hadKey = 'aisle.had-session';

function noteSession(session: Session): void {
  setCsrfToken(session.csrf_token);
  localStorage.setItem(hadKey, '1');
}

/** Forgets the session that its user ended. */
export function closeSession(queries: QueryClient): void {
  setCsrfToken('');
  localStorage.removeItem(hadKey);
  queries.clear();
}

/** Whether somebody was signed in in this browser, and did not sign out. */
export const hadSession = () => localStorage.getItem(hadKey) !== null;

/** Notes a session that was just opened. */
export function openSession(queries: QueryClient, session: Session): void {
  noteSession(session);
  queries.setQueryData(sessionKey, session);
}

export function can(session: Session | null | undefined, operation: string): boolean {
  return session?.operations.includes(operation) ?? false;
}
