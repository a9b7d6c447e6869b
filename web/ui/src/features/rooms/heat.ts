import type { Severity } from '../../components/SeverityMark';

// The scale is pinned to the inlet ranges of ASHRAE TC 9.9 (recommended 18 to
// 27 °C, class A1 allowable 15 to 32 °C) and never follows the data.

export interface Stop {
  at: number;
  color: string;
}

export const inletStops: readonly Stop[] = [
  { at: 15, color: '#4472c4' },
  { at: 18, color: '#4f8497' },
  { at: 22, color: '#55806f' },
  { at: 26, color: '#7f8c5c' },
  { at: 27, color: '#a8944a' },
  { at: 29, color: '#cf9a34' },
  { at: 32, color: '#d0692f' },
  { at: 36, color: '#c93535' },
];

/** Power as a share of the rack's limit: neutral until it needs a look. */
export const powerStops: readonly Stop[] = [
  { at: 0, color: '#3f5563' },
  { at: 60, color: '#64839a' },
  { at: 75, color: '#a8944a' },
  { at: 90, color: '#d0692f' },
  { at: 100, color: '#c93535' },
];

function channel(color: string, at: number): number {
  return parseInt(color.slice(at, at + 2), 16);
}

/** The colour of a value, between those of the stops around it. */
export function heatColor(stops: readonly Stop[], value: number): string {
  const first = stops[0];
  const last = stops.at(-1);
  if (!first || !last) return 'none';
  if (value <= first.at) return first.color;
  if (value >= last.at) return last.color;
  const above = stops.findIndex((s) => s.at >= value);
  const a = stops[above - 1] ?? first;
  const b = stops[above] ?? last;
  const share = (value - a.at) / (b.at - a.at);
  const mix = [1, 3, 5].map((i) => Math.round(channel(a.color, i) + share * (channel(b.color, i) - channel(a.color, i))));
  return `#${mix.map((c) => c.toString(16).padStart(2, '0')).join('')}`;
}

function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((i) => {
    const c = channel(color, i) / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Black or white, whichever is read better on a colour. */
export function inkOn(color: string): string {
  return luminance(color) > 0.179 ? '#0c0f12' : '#ffffff';
}

/** How an inlet temperature stands to the ranges of ASHRAE. */
export function inletSeverity(celsius: number | null): Severity {
  if (celsius === null) return 'unknown';
  if (celsius > 32) return 'critical';
  if (celsius > 27) return 'warning';
  if (celsius < 15) return 'warning';
  return celsius < 18 ? 'info' : 'ok';
}
