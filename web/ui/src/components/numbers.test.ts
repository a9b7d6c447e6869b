import { describe, expect, it } from 'vitest';
import { numberOf, outOfBounds } from './numbers';

describe('numbers that are typed', () => {
  it('are read as far as they are numbers', () => {
    expect(['', ' ', '-', '1.', '1.0', '1.05', 7, '99999999999999999999'].map(numberOf)).toEqual([undefined, undefined, undefined, 1, 1, 1.05, 7, 1e20]);
  });
  it('are told their bounds when they are out of them', () => {
    expect(outOfBounds(99999999999, { min: 0, max: 86400 })).toEqual({ key: 'fault.between', min: 0, max: 86400 });
    expect(outOfBounds(-1, { min: 0 })).toMatchObject({ key: 'fault.atLeast', min: 0 });
    expect(outOfBounds(2, { max: 1 })).toMatchObject({ key: 'fault.atMost', max: 1 });
    for (const value of [undefined, 0, 86400]) expect(outOfBounds(value, { min: 0, max: 86400 })).toBeUndefined();
    expect(outOfBounds(5, {})).toBeUndefined();
  });
});
