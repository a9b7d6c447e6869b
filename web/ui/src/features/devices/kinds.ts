/** The kinds of devices that have a name of their own in the catalogues. */
export const deviceKinds = [
  'pdu', 'ups', 'ats', 'meter', 'generator', 'cooling', 'chiller', 'sensor', 'leak', 'dc-power', 'switchboard',
  'server', 'network', 'storage', 'other',
] as const;

export type DeviceKind = (typeof deviceKinds)[number];

export function knownKind(kind: string): DeviceKind {
  return deviceKinds.find((k) => k === kind) ?? 'other';
}
