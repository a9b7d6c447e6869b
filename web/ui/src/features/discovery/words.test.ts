import { beforeAll, describe, expect, it } from 'vitest';
import { i18n, startI18n } from '../../i18n';
import type { Finding } from './queries';
import { adoptable, noteText } from './words';

const finding = (more: Partial<Finding>): Finding => ({
  id: 1, range: 1, range_name: 'R', site: 1, state: 'new', address: '10.0.0.7:161', protocol: 'snmp-v2c', confidence: 'high', others: [], changes: [],
  first_seen: '2025-01-01T00:00:00Z', last_seen: '2025-01-01T00:00:00Z', ...more,
});

beforeAll(() => startI18n('en'));

describe('findings in words', () => {
  it('tells what changed and what is wrong in the language of the reader', () => {
    const f = finding({
      changes: [{ field: 'serial', from: 'A', to: 'B' }, { field: 'profile', from: 'apc-rpdu2', to: '' }],
      problem: 'learn 10.0.0.7:161: credentials refused', device_address: '10.0.0.8:161',
    });
    const vi = i18n.getFixedT('vi');
    expect(noteText(f, i18n.getFixedT('en'))).toBe('Serial number: A → B · Device profile: apc-rpdu2 → None · Refuses the credentials · the device is read at 10.0.0.8:161');
    expect(noteText(f, vi)).toContain('Số sê-ri: A → B');
    expect(noteText(finding({ problem: 'something new' }), vi)).toBe('something new');
    expect(noteText(finding({}), vi)).toBe('');
  });
  it('offers to adopt what is no device yet', () => {
    expect(adoptable(finding({ state: 'changed' }))).toBe(true);
    expect(adoptable(finding({ state: 'gone' }))).toBe(true);
    expect(adoptable(finding({ state: 'known', device: 3 }))).toBe(false);
    expect(adoptable(finding({ state: 'ignored' }))).toBe(false);
  });
});
