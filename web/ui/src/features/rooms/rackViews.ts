import type { Severity } from '../../components/SeverityMark';
import { lastContactMs } from '../../live/connection';
import { measuredQuality, type Measured, type Quality, type Value } from '../../live/freshness';
import { heatColor, inletSeverity, inletStops, powerStops } from './heat';
import type { PlanRack } from './queries';
import { liveFigure } from './rackFigures';

export type Layer = 'inlet' | 'power';

/** A rack as the plan shows it in a layer. */
export interface RackView {
  rack: PlanRack;
  inlet: Measured;
  power: Measured;
  /** What the layer shows: °C, or percent of the limit; null is unknown. */
  value: number | null;
  quality: Quality;
  fill: string | null;
  severity: Severity;
  /** Nothing stands in it, so nothing is expected to be measured. */
  empty: boolean;
}

function powerShare(power: Measured, limit: number | null | undefined): number | null {
  return power.value !== null && limit ? (100 * power.value) / limit : null;
}

function powerSeverity(share: number | null): Severity {
  if (share === null) return 'unknown';
  if (share >= 90) return 'critical';
  return share >= 75 ? 'warning' : 'ok';
}

export function rackViews(racks: readonly PlanRack[], live: ReadonlyMap<number, Value>, layer: Layer): RackView[] {
  return racks.map((rack) => {
    const inlet = liveFigure(rack.inlet_c, rack.inlet_points, live, 'max');
    const power = liveFigure(rack.power_w, rack.power_points, live, 'sum');
    const value = layer === 'inlet' ? inlet.value : powerShare(power, rack.max_power_w);
    const quality = measuredQuality(layer === 'inlet' ? inlet : power, lastContactMs(), Date.now());
    const current = value !== null && quality === 'good';
    return {
      rack,
      inlet,
      power,
      value,
      quality,
      fill: current ? heatColor(layer === 'inlet' ? inletStops : powerStops, value) : null,
      severity: current ? (layer === 'inlet' ? inletSeverity(value) : powerSeverity(value)) : 'unknown',
      empty: rack.devices === 0 && rack.inlet_points.length === 0 && rack.power_points.length === 0,
    };
  });
}
