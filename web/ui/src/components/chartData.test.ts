import { describe, expect, it } from 'vitest';
import { alignSeries, statistics, valueAt, type ChartSeries } from './chartData';

const series = (timeMs: number[], mean: (number | null)[], gapMs = 30_000): ChartSeries => ({
  label: 'x', unit: 'W', timeMs, mean, min: mean, max: mean, stepped: false, gapMs,
});

describe('alignSeries', () => {
  it('joins samples that are only as far apart as polls', () => {
    const [, mean] = alignSeries([series([0, 2000, 4000, 6000], [1, null, null, 2])]);
    expect(mean).toEqual([1, undefined, undefined, 2]);
  });
  it('keeps a gap where nothing good was read for long', () => {
    const [, mean] = alignSeries([series([0, 20_000, 40_000], [1, null, 2])]);
    expect(mean).toEqual([1, null, 2]);
  });
  it('never makes a zero of what is missing', () => {
    const data = alignSeries([series([0, 1000], [null, null]), series([500], [7])]);
    expect(data[0]).toEqual([0, 0.5, 1]);
    expect(data[1]).toEqual([undefined, undefined, undefined]);
    expect(data[4]).toEqual([undefined, 7, undefined]);
  });
});

describe('valueAt', () => {
  const column = [1, undefined, undefined, 2, null, undefined, 3];
  it('takes the nearest sample of the same line', () => {
    expect(valueAt(column, 1)).toBe(1);
    expect(valueAt(column, 2)).toBe(2);
  });
  it('has nothing in a gap or beyond the ends', () => {
    expect(valueAt(column, 4)).toBeNull();
    expect(valueAt(column, 5)).toBeNull();
    expect(valueAt([undefined, 1], 0)).toBeNull();
  });
});

describe('statistics', () => {
  it('weights the mean by samples and leaves gaps out', () => {
    expect(statistics(series([0, 1, 2], [10, null, 20]), [3, 0, 1])).toEqual({ min: 10, max: 20, mean: 12.5, last: 20 });
  });
  it('is unknown without samples', () => {
    expect(statistics(series([0], [null]), [0])).toEqual({ min: null, max: null, mean: null, last: null });
  });
});
