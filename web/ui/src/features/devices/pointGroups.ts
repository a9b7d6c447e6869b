import { compareNames, fold, type Language } from '../../format/format';
import { partName, groupOf, pointName } from '../../i18n/pointNames';
import type { Value } from '../../live/freshness';
import type { PointValue } from './queries';

export interface PointGroup {
  component: string;
  /** Which part of a long group it is, from 0. */
  part: number;
  items: PointValue[];
}

/** A group of more points is drawn in parts. */
export const mostInPart = 40;

/** Cuts long groups into parts that need not be drawn as a whole. */
export function partsOf(groups: readonly PointGroup[]): PointGroup[] {
  return groups.flatMap((group) =>
    Array.from({ length: Math.ceil(group.items.length / mostInPart) }, (_, part) => ({ ...group, part, items: group.items.slice(part * mostInPart, (part + 1) * mostInPart) })),
  );
}

// What a person looks for first: where power comes in, then where it goes.
const order = [
  '', 'source', 'input', 'inlet', 'generator', 'engine', 'fuel', 'output', 'bypass', 'battery', 'supply-air', 'return-air', 'rack-inlet',
  'cooling', 'chilled-water', 'fan', 'compressor', 'pump', 'valve', 'phase', 'bank', 'breaker', 'circuit', 'sensor', 'outlet', 'outlet-group',
];

function rank(component: string): number {
  const at = order.indexOf(component.split('/')[0] ?? '');
  return at < 0 ? order.length : at;
}

/** The newest value known of a point: live, or as the list gave it. */
export function currentOf(item: PointValue, live: ReadonlyMap<number, Value>): Value {
  const value = live.get(item.point.id);
  if (!value) return item.current;
  if (!value.time || !item.current.time) return value;
  return Date.parse(value.time) >= Date.parse(item.current.time) ? value : item.current;
}

export function isAbnormal(value: Value): boolean {
  return value.severity === 'warning' || value.severity === 'critical' || value.quality !== 'good';
}

/** Points by the part of the device that they belong to, in the order of numbers. */
export function groupPoints(items: readonly PointValue[], words: string, language: Language): PointGroup[] {
  const wanted = fold(words.trim());
  const groups = new Map<string, PointValue[]>();
  for (const item of items) {
    const { point } = item;
    const text = `${partName(point, language)} ${pointName(point, language)} ${point.key}`;
    if (wanted && !fold(text).includes(wanted)) continue;
    const component = groupOf(point.component);
    const group = groups.get(component);
    if (group) group.push(item);
    else groups.set(component, [item]);
  }
  return [...groups]
    .map(([component, group]) => ({ component, part: 0, items: group }))
    .sort((a, b) => rank(a.component) - rank(b.component) || compareNames(a.component, b.component, 'en'));
}
