import { useQuery } from '@tanstack/react-query';
import { can, sessionQuery } from './queries';

/** The session and a test of what its user may do. */
export function useSession() {
  const { data: session } = useQuery(sessionQuery());
  return { session, may: (operation: string) => can(session, operation) };
}
