import type { Measured, Value } from '../../live/freshness';

type Combine = 'max' | 'sum';

const timeOf = (time?: string): number => (time ? Date.parse(time) : 0);

/**
 * A rack's figure from live values of its points, or as the plan gave it where
 * live values are missing or not newer. Unknown stays unknown: a figure has a
 * value only when at least one point is good.
 */
export function liveFigure(measured: Measured, points: readonly number[], live: ReadonlyMap<number, Value>, how: Combine): Measured {
  const values = points.map((id) => live.get(id));
  if (values.length === 0 || values.some((v) => v === undefined)) return measured;
  const known = values.filter((v) => v !== undefined);
  const newest = known.reduce((a, b) => (timeOf(a.time) >= timeOf(b.time) ? a : b));
  if (timeOf(newest.time) <= timeOf(measured.time)) return measured;
  const good = known.filter((v) => v.quality === 'good' && v.value !== null).map((v) => v.value ?? 0);
  if (good.length === 0) return { value: null, quality: newest.quality === 'good' ? 'none' : newest.quality, time: newest.time, points: known.length, missing: known.length };
  const missing = known.length - good.length;
  // A sum without one of its parts is not the sum.
  if (how === 'sum' && missing > 0) {
    const absent = known.find((v) => v.quality !== 'good');
    return { value: null, quality: absent?.quality ?? 'none', time: newest.time, points: known.length, missing };
  }
  const value = how === 'max' ? Math.max(...good) : good.reduce((a, b) => a + b, 0);
  return { value, quality: 'good', time: newest.time, points: known.length, missing };
}
