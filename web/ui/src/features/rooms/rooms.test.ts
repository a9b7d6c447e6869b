import { describe, expect, it } from 'vitest';
import type { Measured, Value } from '../../live/freshness';
import { aisles } from './aisles';
import { heatColor, inkOn, inletSeverity, inletStops } from './heat';
import type { PlanRack } from './queries';
import { liveFigure } from './rackFigures';

const measured: Measured = { value: 22, quality: 'good', time: '2026-11-23T10:00:00Z' };
const value = (point: number, v: number | null, time: string, quality: Value['quality'] = 'good'): [number, Value] => [point, { point, value: v, quality, time }];
const later = '2026-11-23T10:00:10Z';

describe('liveFigure', () => {
  it('waits until every point is known', () => {
    expect(liveFigure(measured, [1, 2], new Map([value(1, 30, later)]), 'max')).toBe(measured);
  });
  it('takes the hottest, or the sum', () => {
    const live = new Map([value(1, 24, later), value(2, 26, later)]);
    expect(liveFigure(measured, [1, 2], live, 'max').value).toBe(26);
    expect(liveFigure(measured, [1, 2], live, 'sum').value).toBe(50);
  });
  it('keeps what the server judged when live values are not newer', () => {
    const stale: Measured = { ...measured, quality: 'stale' };
    expect(liveFigure(stale, [1], new Map([value(1, 22, '2026-11-23T10:00:00Z')]), 'max')).toBe(stale);
  });
  it('is unknown, not zero, without a good value', () => {
    const figure = liveFigure(measured, [1], new Map([value(1, null, later, 'comm-failed')]), 'sum');
    expect(figure.value).toBeNull();
    expect(figure.quality).toBe('comm-failed');
  });
  it('has no sum when a part of it is missing', () => {
    const live = new Map([value(1, 2000, later), value(2, null, later, 'comm-failed')]);
    expect(liveFigure(measured, [1, 2], live, 'sum')).toMatchObject({ value: null, quality: 'comm-failed', missing: 1 });
  });
  it('says how many points are missing', () => {
    const live = new Map([value(1, 24, later), value(2, null, later, 'bad')]);
    expect(liveFigure(measured, [1, 2], live, 'max')).toMatchObject({ value: 24, missing: 1, points: 2 });
  });
});

describe('heat', () => {
  it('is pinned: the same temperature has the same colour whatever the room', () => {
    expect(heatColor(inletStops, 10)).toBe(inletStops[0]?.color);
    expect(heatColor(inletStops, 99)).toBe(inletStops.at(-1)?.color);
    expect(heatColor(inletStops, 27)).toBe('#a8944a');
    expect(heatColor(inletStops, 20)).toMatch(/^#[0-9a-f]{6}$/);
  });
  it('has a legible ink on each colour', () => {
    expect(inkOn('#ffffff')).toBe('#0c0f12');
    expect(inkOn('#10151a')).toBe('#ffffff');
  });
  it('judges inlets by the ranges of ASHRAE', () => {
    expect([null, 14, 17, 22, 27, 27.1, 32.1].map(inletSeverity)).toEqual(['unknown', 'warning', 'info', 'ok', 'ok', 'warning', 'critical']);
  });
});

describe('aisles', () => {
  const rack = (row: number, y: number, rotation: number): PlanRack => ({
    id: row, name: 'R', row, x_m: 1, y_m: y, width_m: 0.6, depth_m: 1.2, rotation_deg: rotation, status: 'active', u_height: 42, devices: 1,
    inlet_c: measured, inlet_points: [], power_w: measured, power_points: [],
  });
  it('are cold between fronts and hot between backs', () => {
    const found = aisles([rack(1, 0, 0), rack(2, 2.4, 180), rack(3, 4.8, 0)]);
    expect(found.map((a) => a.kind)).toEqual(['cold', 'hot']);
  });
});
