import type { DiscoveryRange, RangeInput } from './queries';

/** A range as it is typed: the ranges of addresses are lines of a text. */
export interface RangeForm {
  name: string;
  site: number;
  ranges: string;
  credentials: number[];
  units: string;
  snmpPort?: number;
  modbusPort?: number;
  modbusRtu: boolean;
  rate?: number;
  intervalH?: number;
  enabled: boolean;
  version?: number;
}

/** The fields that show what the server says of them. */
export const besideRange = ['name', 'site', 'ranges', 'credentials', 'units', 'snmp_port', 'modbus_port', 'rate', 'interval_h'] as const;

export const emptyRange = {
  name: '', site: 0, ranges: '', credentials: [] as number[], units: '', snmpPort: 161, modbusPort: 502, modbusRtu: false, rate: 50, intervalH: 0, enabled: true,
} satisfies RangeForm;

export function rangeForm({ input }: DiscoveryRange): RangeForm {
  return {
    name: input.name, site: input.site, ranges: input.ranges.join('\n'), credentials: input.credentials ?? [], units: input.units ?? '',
    snmpPort: input.snmp_port, modbusPort: input.modbus_port, modbusRtu: input.modbus_rtu ?? false, rate: input.rate,
    intervalH: input.interval_h, enabled: input.enabled ?? true, version: input.version,
  };
}

/** Ranges as people write them: one a line, or with commas or semicolons between. */
export const splitRanges = (text: string): string[] => text.split(/[\n,;]/).map((line) => line.trim()).filter(Boolean);

export function rangeBody(form: RangeForm): RangeInput {
  return {
    name: form.name.trim(), site: form.site, ranges: splitRanges(form.ranges), credentials: form.credentials, units: form.units.trim() || undefined,
    snmp_port: form.snmpPort ?? emptyRange.snmpPort, modbus_port: form.modbusPort ?? emptyRange.modbusPort, modbus_rtu: form.modbusRtu,
    rate: form.rate ?? emptyRange.rate, interval_h: form.intervalH ?? 0,
    enabled: form.enabled, version: form.version,
  };
}
