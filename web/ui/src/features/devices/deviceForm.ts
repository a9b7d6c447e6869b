import type { Schemas } from '../../api/client';
import { walk, type TreeNode } from '../sites/queries';

export type DeviceInput = Schemas['DeviceInput'];
export const protocols = ['snmp-v2c', 'snmp-v3', 'snmp-v1', 'modbus-tcp', 'modbus-rtu-tcp', 'modbus-rtu'] as const;
export const statuses = ['planned', 'staged', 'active', 'maintenance', 'decommissioning', 'offline'] as const;

/** The fields that show what the server says of them. */
export const besideFields = [
  'name', 'kind', 'status', 'site', 'location', 'rack', 'position_u', 'face', 'zero_u_side', 'asset_tag', 'protocol', 'address',
  'credential', 'unit_id', 'profile', 'interval_s', 'enabled',
] as const;

/** The kind of credential that opens a protocol. */
export function credentialKind(protocol: string | undefined): Schemas['Credential']['kind'] | undefined {
  if (protocol === 'snmp-v3') return 'snmp-v3';
  if (protocol?.startsWith('snmp')) return 'snmp-community';
  return undefined;
}

/** Rooms and racks of a site as the options of a select, "room/3" or "rack/7". */
export function placeOptions(sites: readonly TreeNode[], site: number | undefined) {
  return [...walk(sites.filter((s) => s.id === site))]
    .filter(([n]) => n.kind !== 'site' && n.kind !== 'row')
    .map(([n, above]) => ({
      value: `${n.kind === 'rack' ? 'rack' : 'location'}/${n.id}`,
      label: [...above.slice(1).filter((a) => a.kind !== 'row'), n].map((x) => x.name).join(' › '),
    }));
}

export function placeOf(input: Pick<DeviceInput, 'rack' | 'location'>): string | null {
  if (input.rack) return `rack/${input.rack}`;
  return input.location ? `location/${input.location}` : null;
}

/** Moves a device: what was said of its units belongs to the rack that it leaves. */
export function withPlace(input: DeviceInput, place: string | null): DeviceInput {
  const [kind, id] = (place ?? '').split('/');
  const rack = kind === 'rack' ? Number(id) : undefined;
  if (rack && rack === input.rack) return input;
  return {
    ...input, rack, location: kind === 'location' ? Number(id) : undefined, position_u: undefined, face: undefined, zero_u_side: undefined,
  };
}

/** Changes the protocol; a credential that cannot open it is let go. */
export function withProtocol(input: DeviceInput, protocol: DeviceInput['protocol']): DeviceInput {
  const same = credentialKind(protocol) === credentialKind(input.protocol);
  return { ...input, protocol, credential: same ? input.credential : undefined, enabled: protocol ? input.enabled : false };
}

/** What is sent: empty texts are left out, and the location of a rack is the rack's own. */
export function deviceBody(input: DeviceInput): DeviceInput {
  const text = (v: string | undefined) => v?.trim() || undefined;
  return {
    ...input, name: input.name.trim(), address: text(input.address), profile: text(input.profile), asset_tag: text(input.asset_tag),
    location: input.rack ? undefined : input.location,
    unit_id: input.protocol?.startsWith('modbus') ? (input.unit_id ?? 1) : undefined,
  };
}
