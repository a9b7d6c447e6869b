import { describe, expect, it } from 'vitest';
import { deviceBox, gutterPx, innerPx, unitNumber, unitPx, visibleOn } from './elevation';
import type { RackDetail, RackDevice } from './queries';

const rack = (change: Partial<RackDetail> = {}): RackDetail => ({
  id: 1, name: 'A', path: [], u_height: 42, starting_unit: 1, desc_units: false, status: 'active', devices: [],
  inlet_c: { value: null, quality: 'none' }, power_w: { value: null, quality: 'none' }, version: 1,
  input: { location: 1, name: 'A', u_height: 42 }, ...change,
});
const device = (change: Partial<RackDevice>): RackDevice => ({
  id: 1, name: 'd', kind: 'server', state: 'ok', u_height: 2, is_full_depth: false, position_u: 1, face: 'front', ...change,
});

describe('elevation', () => {
  it('has unit 1 at the bottom', () => {
    const box = deviceBox(rack(), device({}), 'front');
    expect(box).toEqual({ x: gutterPx, y: 40 * unitPx, width: innerPx, height: 2 * unitPx });
  });
  it('turns round for racks numbered from the top', () => {
    const down = rack({ desc_units: true });
    expect(unitNumber(down, 0)).toBe(42);
    expect(unitNumber(down, 41)).toBe(1);
    expect(deviceBox(down, device({ position_u: 42, u_height: 1 }), 'front')?.y).toBe(41 * unitPx);
  });
  it('mirrors half-width devices at the rear', () => {
    const left = device({ side: 'left' });
    expect(deviceBox(rack(), left, 'front')?.x).toBe(gutterPx);
    expect(deviceBox(rack(), left, 'rear')?.x).toBe(gutterPx + innerPx / 2);
  });
  it('shows full-depth devices on both faces', () => {
    expect(visibleOn(device({ is_full_depth: true }), 'rear')).toBe(true);
    expect(visibleOn(device({}), 'rear')).toBe(false);
  });
});
