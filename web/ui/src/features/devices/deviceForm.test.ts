import { describe, expect, it } from 'vitest';
import type { TreeNode } from '../sites/queries';
import { deviceBody, placeOf, placeOptions, withPlace, withProtocol, type DeviceInput } from './deviceForm';

const input: DeviceInput = {
  name: ' pdu-1 ', kind: 'pdu', site: 1, location: 2, rack: 7, position_u: 10, face: 'rear', protocol: 'snmp-v2c', credential: 3, address: ' ', enabled: true, version: 4,
};

describe('deviceForm', () => {
  it('forgets the units of the rack that is left, not of the same one', () => {
    expect(withPlace(input, 'rack/8')).toMatchObject({ rack: 8, location: undefined, position_u: undefined, face: undefined });
    expect(withPlace(input, 'rack/7')).toBe(input);
    expect(withPlace(input, 'location/2')).toMatchObject({ rack: undefined, location: 2 });
    expect(placeOf(withPlace(input, null))).toBeNull();
  });
  it('lets go of a credential that does not open the protocol', () => {
    expect(withProtocol(input, 'snmp-v1').credential).toBe(3);
    expect(withProtocol(input, 'snmp-v3').credential).toBeUndefined();
    expect(withProtocol(input, '').enabled).toBe(false);
  });
  it('sends no empty text, and the version that was seen', () => {
    expect(deviceBody(input)).toMatchObject({ name: 'pdu-1', address: undefined, location: undefined, rack: 7, version: 4 });
  });
  it('offers locations and racks of the site only', () => {
    const rack: TreeNode = { kind: 'rack', id: 7, name: 'A1', children: [] };
    const tree: TreeNode[] = [
      { kind: 'site', id: 1, name: 'S', children: [{ kind: 'room', id: 2, name: 'Hall', children: [{ kind: 'row', id: 1, name: 'R', children: [rack] }] }] },
      { kind: 'site', id: 9, name: 'T', children: [{ kind: 'room', id: 5, name: 'Other', children: [] }] },
    ];
    expect(placeOptions(tree, 1)).toEqual([{ value: 'location/2', label: 'Hall' }, { value: 'rack/7', label: 'Hall › A1' }]);
  });
});
