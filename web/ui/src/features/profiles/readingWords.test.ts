import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { i18n, startI18n } from '../../i18n';
import { groupName, quantityName, readingName } from './readingWords';

beforeAll(() => startI18n('en'));

describe('words of a reading', () => {
  const en = () => i18n.getFixedT('en');
  const vi = () => i18n.getFixedT('vi');
  it('has every quantity in both languages', () => {
    const source = readFileSync('../../models/quantity/quantity.go', 'utf8');
    const classes = [...source.matchAll(/ Class = "(\w+)"/g)].map((m) => m[1] ?? '');
    expect(classes.length).toBeGreaterThan(30);
    for (const c of classes) for (const t of [en(), vi()]) expect(quantityName(c, t), c).toMatch(/^\p{Lu}/u);
    expect(quantityName('reactive_power', vi())).toBe('Công suất phản kháng');
    expect(quantityName('', vi())).toBe('');
  });
  it('tells the group, and a profile\'s own by its name', () => {
    expect(groupName('fast', vi())).toBe('nhanh');
    expect(groupName('slow', en())).toBe('slow');
    expect(groupName('energy', vi())).toBe('energy');
  });
  it.each([
    ['outlet/{outlet}/current', undefined, 'Outlet n: Current', 'Ổ cắm n: Dòng điện'],
    ['inlet/1/L{phase}/power', undefined, 'Inlet 1 · Ln: Power', 'Ngõ vào 1 · Ln: Công suất tác dụng'],
    ['alarm/{bit}', undefined, 'Alarm n', 'Cảnh báo n'],
    ['sensor/{row}/temperature', '{label}', 'Sensor n: Temperature', 'Cảm biến n: Nhiệt độ'],
    ['uptime', undefined, 'Uptime', 'Thời gian hoạt động'],
    ['alarm/breaker-open', 'Circuit breaker open', 'Circuit breaker open', 'Máy cắt mở'],
  ])('%s', (key, label, english, vietnamese) => {
    expect(readingName({ key, label }, 'en')).toBe(english);
    expect(readingName({ key, label }, 'vi')).toBe(vietnamese);
  });
});
