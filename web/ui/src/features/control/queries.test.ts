import { describe, expect, it } from 'vitest';
import { controlsPause } from './queries';

describe('the list of controls', () => {
  it('is asked for soon while what can be written is being found out', () => {
    const list = { permission: { allowed: true }, known: false, items: [] };
    expect(controlsPause(list)).toBe(2_000);
    expect(controlsPause({ ...list, known: true })).toBe(10_000);
    expect(controlsPause({ ...list, permission: { allowed: false } })).toBe(10_000);
    expect(controlsPause(undefined)).toBe(10_000);
  });
});
