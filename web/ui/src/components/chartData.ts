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
  /** Good samples farther apart than this have a gap between them, in milliseconds. */
  gapMs: number;
}

type Column = (number | null | undefined)[];

/**
 * A column on the common axis. Undefined joins its neighbours, null parts them:
 * only good samples too far apart have a gap between them, for the steps of an
 * axis are often shorter than the time between two polls.
 */
function column(s: ChartSeries, values: readonly (number | null)[], index: ReadonlyMap<number, number>, length: number): Column {
  const placed = new Array<number | null | undefined>(length).fill(undefined);
  let before: number | null = null;
  let beforeAt = -1;
  s.timeMs.forEach((time, i) => {
    const value = values[i];
    if (value === null || value === undefined) return;
    const at = index.get(time) ?? 0;
    if (before !== null && time - before > s.gapMs && at - beforeAt > 1) placed[beforeAt + 1] = null;
    placed[at] = value;
    before = time;
    beforeAt = at;
  });
  return placed;
}

/**
 * Puts series on one axis of time. What was not measured for long is a gap,
 * never a zero.
 */
export function alignSeries(series: readonly ChartSeries[]): uPlot.AlignedData {
  const times = [...new Set(series.flatMap((s) => s.timeMs))].sort((a, b) => a - b);
  const index = new Map(times.map((t, i) => [t, i]));
  const columns = series.flatMap((s) => [s.mean, s.max, s.min].map((values) => column(s, values, index, times.length)));
  return [times.map((t) => t / 1000), ...columns];
}

/** The value that a line has at a place: that of the nearest sample, unless it lies in a gap. */
export function valueAt(values: Column | undefined, at: number): number | null {
  if (!values) return null;
  const here = values[at];
  if (here !== undefined) return here;
  let left = at;
  let right = at;
  while (left >= 0 && values[left] === undefined) left--;
  while (right < values.length && values[right] === undefined) right++;
  const a = values[left];
  const b = values[right];
  if (a === null || a === undefined || b === null || b === undefined) return null;
  return at - left <= right - at ? a : b;
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
