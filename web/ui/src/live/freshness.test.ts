import { describe, expect, it } from 'vitest';
import { contactLimitMs, measuredQuality, newer, qualityNow, showsNumber, type Value } from './freshness';

const at = Date.parse('2026-11-23T10:00:00Z');
const value = (change: Partial<Value>): Value => ({ point: 1, value: 20, quality: 'good', time: '2026-11-23T10:00:00Z', ...change });

describe('qualityNow', () => {
  it('makes a good value stale only beyond its limit', () => {
    expect(qualityNow(value({}), 30, at + 30_000)).toBe('good');
    expect(qualityNow(value({}), 30, at + 30_001)).toBe('stale');
  });
  it('never makes a bad value better', () => {
    expect(qualityNow(value({ quality: 'bad', value: null }), 30, at)).toBe('bad');
    expect(qualityNow(value({ quality: 'comm-failed', value: null }), 30, at)).toBe('comm-failed');
  });
  it('takes a value without number or time for unknown', () => {
    expect(qualityNow(value({ value: null }), 30, at)).toBe('none');
    expect(qualityNow(value({ time: undefined }), 30, at)).toBe('none');
  });
});

describe('measuredQuality', () => {
  it('trusts the server while it is heard', () => {
    const measured = { value: 5, quality: 'good' } as const;
    expect(measuredQuality(measured, at, at + contactLimitMs)).toBe('good');
    expect(measuredQuality(measured, at, at + contactLimitMs + 1)).toBe('stale');
  });
  it('shows no number for what is unknown', () => {
    expect(showsNumber(measuredQuality({ value: null, quality: 'good' }, at, at))).toBe(false);
  });
});

describe('newer', () => {
  it('never lets an older reading replace a newer one', () => {
    const known = value({ time: '2026-11-23T10:00:10Z' });
    expect(newer(known, value({ time: '2026-11-23T10:00:09Z' }))).toBe(false);
    expect(newer(known, value({ time: '2026-11-23T10:00:10Z', quality: 'stale' }))).toBe(true);
    expect(newer(undefined, value({}))).toBe(true);
  });
});
