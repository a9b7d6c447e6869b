import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { client, unwrap, type Schemas } from '../../api/client';
import { resolveRange, spanMs, type RangeSearch } from '../../components/timeRange';
import { serverNow } from '../../live/clock';

export type TrendSeries = Schemas['TrendSeries'];

export const trendsKey = (points: readonly number[], range: RangeSearch) =>
  ['trends', points, range.from ?? null, range.to ?? null, range.last ?? null] as const;

/** History of points; a range that ends now is read again as time goes on. */
export const trendsQuery = (points: readonly number[], range: RangeSearch, buckets = 600) => {
  const live = range.from === undefined;
  const every = Math.min(60_000, Math.max(5_000, spanMs[range.last ?? '1h'] / 360));
  return queryOptions({
    queryKey: [...trendsKey(points, range), buckets],
    queryFn: async ({ signal }) => {
      const { fromMs, toMs } = resolveRange(range, serverNow());
      const query = {
        point: [...points],
        from: new Date(fromMs).toISOString(),
        to: new Date(toMs).toISOString(),
        max_buckets: buckets,
      };
      return unwrap(client.GET('/trends', { params: { query }, signal }));
    },
    enabled: points.length > 0,
    placeholderData: keepPreviousData,
    refetchInterval: live ? every : false,
  });
};

export const pointsKey = (query: { q?: string; id?: number[] }) => ['points', query] as const;

export const pointSearchQuery = (q: string) =>
  queryOptions({
    queryKey: pointsKey({ q }),
    queryFn: ({ signal }) => unwrap(client.GET('/points', { params: { query: { q, limit: 50 } }, signal })),
    placeholderData: keepPreviousData,
  });
