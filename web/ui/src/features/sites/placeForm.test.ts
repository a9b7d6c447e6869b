import { describe, expect, it } from 'vitest';
import { emptyPlace, parentOf, parentOptions, withParent, type PlaceForm } from './placeForm';
import type { TreeNode } from './queries';

const node = (kind: TreeNode['kind'], id: number, name: string, children: TreeNode[] = []): TreeNode => ({ kind, id, name, children });
// A row may have the id of a room: they are counted apart.
const sites = [
  node('site', 1, 'S', [node('building', 1, 'B', [node('room', 2, 'Hall', [node('row', 2, 'R', [node('rack', 5, 'A1')])])])]),
  node('site', 2, 'T', [node('room', 9, 'Far')]),
];

describe('placeForm', () => {
  it('puts a rack of a row into the location of the row', () => {
    const rack = withParent(emptyPlace('rack'), 'row/2', sites);
    expect(rack.input).toMatchObject({ location: 2, row: 2 });
    expect(parentOf(rack)).toBe('row/2');
    expect(withParent(rack, 'location/2', sites).input).toMatchObject({ location: 2, row: undefined });
  });
  it('gives a location the site that it lands in', () => {
    expect(withParent(emptyPlace('location'), 'location/9', sites).input).toMatchObject({ site: 2, parent: 9 });
    expect(withParent(emptyPlace('location'), 'site/2', sites).input).toMatchObject({ site: 2, parent: undefined });
  });
  it('offers no place inside itself, and no other site to what exists', () => {
    const building: PlaceForm = { kind: 'location', input: { name: 'B', kind: 'building', site: 1 } };
    expect(parentOptions(building, sites, 1).map((o) => o.value)).toEqual(['site/1']);
    const rack: PlaceForm = { kind: 'rack', input: { name: 'A1', location: 2, row: 2, u_height: 42 } };
    expect(parentOptions(rack, sites, 5).map((o) => o.value)).toEqual(['location/1', 'location/2', 'row/2']);
    expect(parentOptions(emptyPlace('row'), sites).map((o) => o.value)).toEqual(['location/1', 'location/2', 'location/9']);
  });
});
