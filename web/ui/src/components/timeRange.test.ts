import { describe, expect, it } from 'vitest';
import { idsOf, manyOf, oneOf, textOf } from '../app/search';
import { rangeOf, resolveRange, zoomTo } from './timeRange';

describe('ranges in the address', () => {
  it('keeps only what makes sense', () => {
    expect(rangeOf({ from: '1000000', to: 2_000_000 })).toEqual({ from: 1_000_000, to: 2_000_000 });
    expect(rangeOf({ from: 5, to: 3, last: '6h' })).toEqual({ last: '6h' });
    expect(rangeOf({ last: 'forever' })).toEqual({ last: undefined });
  });
  it('ends now when it is live', () => {
    expect(resolveRange({ last: '1h' }, 10_000_000)).toEqual({ fromMs: 6_400_000, toMs: 10_000_000, live: true });
    expect(resolveRange({ from: 1, to: 20_000 }, 99)).toEqual({ fromMs: 1, toMs: 20_000, live: false });
  });
  it('does not zoom below ten seconds', () => {
    expect(zoomTo(1000.4, 1500)).toEqual({ from: 1000, to: 11_000, last: undefined });
  });
});

describe('other parts of the address', () => {
  it('reads ids once each and bounded', () => {
    expect(idsOf('3,1,3,x,-2', 5)).toEqual([3, 1]);
    expect(idsOf([1, 2, 3], 2)).toEqual([1, 2]);
    expect(idsOf(undefined, 5)).toBeUndefined();
  });
  it('reads words from a known set', () => {
    expect(oneOf('b', ['a', 'b'])).toBe('b');
    expect(manyOf('b,z', ['a', 'b'])).toEqual(['b']);
    expect(textOf('')).toBeUndefined();
  });
});
