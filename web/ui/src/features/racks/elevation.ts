import type { RackDetail, RackDevice } from './queries';

export const unitPx = 18;
export const gutterPx = 26;
export const innerPx = 220;
export const zeroUPx = 24;

export type ElevationFace = 'front' | 'rear';

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Height above the rack's floor, in units, of the unit with a number. */
export function unitIndex(rack: Pick<RackDetail, 'u_height' | 'starting_unit' | 'desc_units'>, unit: number): number {
  return rack.desc_units ? rack.starting_unit + rack.u_height - 1 - Math.floor(unit) : unit - rack.starting_unit;
}

/** The number of the unit at a height above the floor; 0 is the lowest. */
export function unitNumber(rack: Pick<RackDetail, 'u_height' | 'starting_unit' | 'desc_units'>, index: number): number {
  return rack.desc_units ? rack.starting_unit + rack.u_height - 1 - index : rack.starting_unit + index;
}

/** Whether a device is seen from a face; a full-depth one is seen from both. */
export function visibleOn(device: RackDevice, face: ElevationFace): boolean {
  return device.is_full_depth || (device.face || 'front') === face;
}

/** Where a mounted device is drawn; the rear is mirrored. */
export function deviceBox(rack: RackDetail, device: RackDevice, face: ElevationFace): Box | null {
  if (device.position_u === null || device.position_u === undefined) return null;
  const height = Math.max(device.u_height, 0.5);
  const bottom = unitIndex(rack, device.position_u) - (rack.desc_units ? height - 1 : 0);
  const half = device.side === 'left' || device.side === 'right';
  const onLeft = (device.side === 'left') === (face === 'front');
  return {
    x: gutterPx + (half && !onLeft ? innerPx / 2 : 0),
    y: (rack.u_height - bottom - height) * unitPx,
    width: half ? innerPx / 2 : innerPx,
    height: height * unitPx,
  };
}

export function mounted(rack: RackDetail): RackDevice[] {
  return rack.devices.filter((d) => d.position_u !== null && d.position_u !== undefined);
}

export function zeroU(rack: RackDetail): RackDevice[] {
  return rack.devices.filter((d) => (d.position_u === null || d.position_u === undefined) && d.zero_u_side);
}

export function unplaced(rack: RackDetail): RackDevice[] {
  return rack.devices.filter((d) => (d.position_u === null || d.position_u === undefined) && !d.zero_u_side);
}
