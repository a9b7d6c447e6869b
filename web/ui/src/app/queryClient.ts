import { QueryClient } from '@tanstack/react-query';
import { ApiError } from '../api/problem';

const permanent = (error: unknown) => error instanceof ApiError && error.status >= 400 && error.status < 500;

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // Sites without internet: the browser's idea of being online says nothing of this server.
      networkMode: 'always',
      staleTime: 10_000,
      retry: (count, error) => !permanent(error) && count < 2,
      refetchOnWindowFocus: true,
    },
    mutations: { retry: false, networkMode: 'always' },
  },
});
