import { describe, expect, it } from 'vitest';
import { csvField, trendsCsv } from './csv';
import type { TrendSeries } from './queries';

const point: TrendSeries['point'] = {
  id: 1, device: 1, device_name: '=cmd', key: 'power', class: 'power', unit: 'W', component: '', label: '', stale_after_s: 30,
};
const series: TrendSeries[] = [{ point, time_ms: [0, 10_000], mean: [1.5, null], min: [1, null], max: [2, null], count: [3, 0] }];

describe('csv', () => {
  it('leaves gaps empty and keeps decimal points', () => {
    const lines = trendsCsv(series, 'en').trimEnd().split('\r\n');
    expect(lines[1]).toBe('1970-01-01T00:00:00.000Z,1.5,1,2');
    expect(lines[2]).toBe('1970-01-01T00:00:10.000Z,,,');
  });
  it('has the separator that spreadsheets of the language expect', () => {
    expect(trendsCsv(series, 'vi').split('\r\n')[1]).toBe('1970-01-01T00:00:00.000Z;1.5;1;2');
  });
  it('disarms formulas but not numbers', () => {
    expect(csvField('=1+1')).toBe("'=1+1");
    expect(csvField('-12.5')).toBe('-12.5');
    expect(csvField('a "b", c')).toBe('"a ""b"", c"');
    expect(trendsCsv(series, 'en').split('\r\n')[0]).toContain("'=cmd");
  });
});
