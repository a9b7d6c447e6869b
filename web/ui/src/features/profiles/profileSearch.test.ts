import { describe, expect, it } from 'vitest';
import { profileMatches } from './profileSearch';

const profile = (over: Partial<Parameters<typeof profileMatches>[0]>) => ({
  name: 'apc-rpdu2', title: 'APC rack PDU, second generation', kind: 'pdu', abstract: false, protocol: 'snmp' as const, source: 'PowerNet-MIB, rPDU2', products: [], object_ids: [], ...over,
});

describe('the search of profiles', () => {
  it('finds a model by the name of its family', () => {
    const series = profile({ products: [{ vendor: 'APC', model: 'AP8000 series' }, { vendor: 'APC', model: 'APDU9000 series' }] });
    const letters = profile({ title: 'APC rack PDU (AP8xxx, APDU9xxx)' });
    for (const p of [series, letters]) {
      for (const words of ['ap8886', 'AP8886EU3', 'ap88', 'apc apdu9941']) expect(profileMatches(p, words), words).toBe(true);
      for (const words of ['ap7921', 'ap9886', 'apx886', '8886', 'apdu10350']) expect(profileMatches(p, words), words).toBe(false);
    }
    expect(profileMatches(profile({ products: [{ vendor: 'NetBotz', model: '320, 5xx' }] }), 'netbotz 570')).toBe(true);
  });
  it('takes the number of a single model as it stands', () => {
    expect(profileMatches(profile({ products: [{ vendor: 'Siemens', model: 'SENTRON PAC4200' }] }), 'pac4299')).toBe(false);
    expect(profileMatches(profile({ title: 'Web-Graph 8x Thermometer' }), '85')).toBe(false);
  });
  it('knows the kind in both languages, with and without marks', () => {
    const ups = profile({ kind: 'ups', title: 'Galaxy', products: [{ vendor: 'Schneider', model: 'VS' }] });
    for (const words of ['bộ lưu điện', 'bo luu dien', 'UPS', 'schneider ups']) expect(profileMatches(ups, words), words).toBe(true);
    expect(profileMatches(ups, 'điều hòa')).toBe(false);
    expect(profileMatches(profile({ kind: 'pdu', abstract: true, title: 'Base' }), 'thanh phân phối')).toBe(false);
  });
  it('finds by the sysObjectID, whole, longer or begun', () => {
    const p = profile({ object_ids: ['1.3.6.1.4.1.318'] });
    for (const words of ['1.3.6.1.4.1.318', '.1.3.6.1.4.1.318.1.3.4.6', '1.3.6.1.4.1.31', '1.3.6.1.4.1.318 apc']) expect(profileMatches(p, words), words).toBe(true);
    for (const words of ['1.3.6.1.4.1.3180', '1.3.6.1.4.1.534']) expect(profileMatches(p, words), words).toBe(false);
  });
  it('wants every word', () => {
    expect(profileMatches(profile({}), 'apc rpdu2')).toBe(true);
    expect(profileMatches(profile({}), 'apc raritan')).toBe(false);
    expect(profileMatches(profile({}), ' ')).toBe(true);
  });
});
