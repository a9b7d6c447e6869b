import type { PlanRack } from './queries';

export interface Aisle {
  kind: 'hot' | 'cold';
  x: number;
  y: number;
  width: number;
  height: number;
}

interface Line {
  top: number;
  bottom: number;
  left: number;
  right: number;
  /** Where the fronts look: down (+1) or up (-1); 0 when they differ. */
  front: number;
}

const widestAisleM = 3.5;

function lines(racks: readonly PlanRack[]): Line[] {
  const rows = new Map<number, PlanRack[]>();
  for (const rack of racks) {
    if (rack.row === null) continue;
    rows.set(rack.row, [...(rows.get(rack.row) ?? []), rack]);
  }
  return [...rows.values()].map((row) => {
    const front = row.every((r) => r.rotation_deg === 0) ? 1 : row.every((r) => r.rotation_deg === 180) ? -1 : 0;
    return {
      top: Math.min(...row.map((r) => r.y_m)),
      bottom: Math.max(...row.map((r) => r.y_m + r.depth_m)),
      left: Math.min(...row.map((r) => r.x_m)),
      right: Math.max(...row.map((r) => r.x_m + r.width_m)),
      front,
    };
  });
}

/** The aisles between rows that face, or turn their backs on, each other. */
export function aisles(racks: readonly PlanRack[]): Aisle[] {
  const rows = lines(racks).filter((l) => l.front !== 0).sort((a, b) => a.top - b.top);
  const found: Aisle[] = [];
  rows.forEach((upper, i) => {
    const lower = rows[i + 1];
    if (!lower || lower.top <= upper.bottom || lower.top - upper.bottom > widestAisleM) return;
    if (upper.front === lower.front) return;
    found.push({
      kind: upper.front === 1 ? 'cold' : 'hot',
      x: Math.max(upper.left, lower.left),
      y: upper.bottom,
      width: Math.min(upper.right, lower.right) - Math.max(upper.left, lower.left),
      height: lower.top - upper.bottom,
    });
  });
  return found.filter((a) => a.width > 0);
}
