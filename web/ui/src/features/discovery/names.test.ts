import { describe, expect, it } from 'vitest';
import { hostOf, previewNames, suggestPattern } from './names';
import type { Finding } from './queries';
import { emptyRange, rangeBody, rangeForm, splitRanges } from './rangeForm';

const finding = (more: Partial<Finding>): Finding => ({
  id: 1, range: 1, range_name: 'R', site: 1, state: 'new', address: '10.0.0.7:161', protocol: 'snmp-v2c', confidence: 'high', others: [], changes: [],
  first_seen: '2025-01-01T00:00:00Z', last_seen: '2025-01-01T00:00:00Z', ...more,
});

describe('names', () => {
  it('fills patterns and counts those that are alike', () => {
    const found = [finding({ vendor: 'APC', model: 'AP8941' }), finding({ vendor: 'APC', model: 'AP8941' }), finding({ vendor: 'Eaton', model: 'G4' })];
    expect(previewNames(' {vendor}-{model}-{n} ', found).map((p) => p.name)).toEqual(['APC-AP8941-1', 'APC-AP8941-2', 'Eaton-G4-1']);
    expect(previewNames('{address}', found)[0]?.name).toBe('10.0.0.7');
  });
  it('says what a device does not tell instead of leaving a hole', () => {
    expect(previewNames('{serial}-{unit}', [finding({})])[0]).toMatchObject({ name: '', missing: '{serial}' });
    expect(previewNames('m-{unit}', [finding({ unit_id: 0 })])[0]?.name).toBe('m-0');
    expect(previewNames('{colour}', [finding({})])[0]?.missing).toBe('{colour}');
  });
  it('suggests the names of the devices when each has its own', () => {
    expect(suggestPattern([finding({ sys_name: 'a' }), finding({ sys_name: 'b' })])).toBe('{name}');
    expect(suggestPattern([finding({ sys_name: 'a', vendor: 'V', model: 'M' }), finding({ sys_name: 'a', vendor: 'V', model: 'M' })])).toBe('{vendor}-{model}-{n}');
    expect(suggestPattern([finding({ kind: 'meter' })])).toBe('{kind}-{n}');
    expect(suggestPattern([finding({})])).toBe('{address}-{n}');
  });
  it('finds the host of an address', () => {
    expect(hostOf('[2001:db8::1]:161')).toBe('2001:db8::1');
    expect(hostOf('10.0.0.1:502')).toBe('10.0.0.1');
  });
});

describe('rangeForm', () => {
  it('reads ranges as people write them', () => {
    expect(splitRanges('10.0.0.0/24\n 10.0.1.5-80, 10.0.2.1;\n\n')).toEqual(['10.0.0.0/24', '10.0.1.5-80', '10.0.2.1']);
  });
  it('gives back what it was made of', () => {
    const input = rangeBody({ ...emptyRange, name: ' Hall 1 ', site: 3, ranges: '10.0.0.0/24', credentials: [2, 1], units: ' ', version: 4 });
    expect(input).toMatchObject({ name: 'Hall 1', ranges: ['10.0.0.0/24'], credentials: [2, 1], units: undefined, interval_h: 0, version: 4 });
    const counts = { new: 0, changed: 0, gone: 0, known: 0, adopted: 0, ignored: 0 };
    expect(rangeBody(rangeForm({ id: 1, input, site_name: 'S', credential_names: [], counts }))).toEqual(input);
  });
});
