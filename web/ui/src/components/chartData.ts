import type uPlot from 'uplot';

/** One line of a chart: a mean with its band, on a common axis of time. */
export interface ChartSeries {
  label: string;
  unit: string;
  timeMs: readonly number[];
  mean: readonly (number | null)[];
  min: readonly (number | null)[];
  max: readonly (number | null)[];
  /** A state keeps its value until the next sample: drawn in steps, without a band. */
  stepped: boolean;
}

/**
 * Puts series on one axis of time. A time at which a series has no bucket, or
 * a bucket without a good sample, is a gap, never a zero.
 */
export function alignSeries(series: readonly ChartSeries[]): uPlot.AlignedData {
  const times = [...new Set(series.flatMap((s) => s.timeMs))].sort((a, b) => a - b);
  const index = new Map(times.map((t, i) => [t, i]));
  const place = (s: ChartSeries, values: readonly (number | null)[]): (number | null)[] => {
    const column = new Array<number | null>(times.length).fill(null);
    s.timeMs.forEach((t, i) => {
      column[index.get(t) ?? 0] = values[i] ?? null;
    });
    return column;
  };
  const columns = series.flatMap((s) => [place(s, s.mean), place(s, s.max), place(s, s.min)]);
  return [times.map((t) => t / 1000), ...columns];
}

/** The units in the order of their first use: one scale each. */
export function unitsOf(series: readonly ChartSeries[]): string[] {
  return [...new Set(series.map((s) => s.unit))];
}

export interface Statistics {
  min: number | null;
  mean: number | null;
  max: number | null;
  last: number | null;
}

/** Figures of a whole range, the mean weighted by the samples of each bucket. */
export function statistics(s: ChartSeries, counts: readonly number[]): Statistics {
  const good = (values: readonly (number | null)[]) => values.filter((v) => v !== null);
  let sum = 0;
  let weight = 0;
  s.mean.forEach((v, i) => {
    if (v === null) return;
    const w = counts[i] ?? 1;
    sum += v * w;
    weight += w;
  });
  const min = good(s.min);
  const max = good(s.max);
  return {
    min: min.length > 0 ? min.reduce((a, b) => Math.min(a, b)) : null,
    max: max.length > 0 ? max.reduce((a, b) => Math.max(a, b)) : null,
    mean: weight > 0 ? sum / weight : null,
    last: good(s.mean).at(-1) ?? null,
  };
}
