import { momentOf, oneOf, type Search } from '../app/search';

export const spans = ['15m', '1h', '6h', '24h', '7d', '30d'] as const;
export type Span = (typeof spans)[number];

/** A range in the address: the last span up to now, or from one moment to another. */
export interface RangeSearch {
  last?: Span;
  from?: number;
  to?: number;
}

export const spanMs: Record<Span, number> = {
  '15m': 15 * 60_000,
  '1h': 3_600_000,
  '6h': 6 * 3_600_000,
  '24h': 24 * 3_600_000,
  '7d': 7 * 24 * 3_600_000,
  '30d': 30 * 24 * 3_600_000,
};

export const defaultSpan: Span = '1h';
const shortestMs = 10_000;

export function rangeOf(search: Search): RangeSearch {
  const from = momentOf(search.from);
  const to = momentOf(search.to);
  if (from !== undefined && to !== undefined && to - from >= shortestMs) return { from, to };
  return { last: oneOf(search.last, spans) };
}

export interface Range {
  fromMs: number;
  toMs: number;
  live: boolean;
}

/** The moments that a range means at the time `nowMs`. */
export function resolveRange(range: RangeSearch, nowMs: number): Range {
  if (range.from !== undefined && range.to !== undefined) return { fromMs: range.from, toMs: range.to, live: false };
  return { fromMs: nowMs - spanMs[range.last ?? defaultSpan], toMs: nowMs, live: true };
}

/** The range that a drag over a chart chose, never shorter than ten seconds. */
export function zoomTo(fromMs: number, toMs: number): RangeSearch {
  const from = Math.round(fromMs);
  return { from, to: Math.max(Math.round(toMs), from + shortestMs), last: undefined };
}
