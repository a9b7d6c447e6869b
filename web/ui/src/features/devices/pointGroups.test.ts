import { describe, expect, it } from 'vitest';
import { mostInPart, partsOf, type PointGroup } from './pointGroups';

const group = (component: string, n: number): PointGroup => ({ component, part: 0, items: Array.from({ length: n }, (_, id) => ({ point: { id } }) as unknown as PointGroup['items'][number]) });

describe('partsOf', () => {
  it('loses no point and keeps their order', () => {
    const groups = [group('', 1), group('outlet', 2 * mostInPart + 1), group('bank', mostInPart)];
    const parts = partsOf(groups);
    expect(parts.map((p) => [p.component, p.part, p.items.length])).toEqual([
      ['', 0, 1], ['outlet', 0, mostInPart], ['outlet', 1, mostInPart], ['outlet', 2, 1], ['bank', 0, mostInPart],
    ]);
    expect(parts.filter((p) => p.component === 'outlet').flatMap((p) => p.items)).toEqual(groups[1]?.items);
  });
});
