import { describe, expect, it } from 'vitest';
import { en } from './en';
import { vi } from './vi';
import { componentName, fullPointName, groupOf, partName, pointName, stateName } from './pointNames';

type Tree = { [key: string]: string | Tree };

function flat(tree: Tree, path = ''): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') texts.set(path + key, value);
    else flat(value, `${path}${key}.`).forEach((text, k) => texts.set(k, text));
  }
  return texts;
}

const placeholders = (text: string) => (text.match(/\{\{\w+\}\}/g) ?? []).sort().join();

describe('catalogues', () => {
  const english = flat(en);
  const vietnamese = flat(vi);
  it('have the same keys', () => {
    expect([...vietnamese.keys()].sort()).toEqual([...english.keys()].sort());
  });
  it('have no empty text and the same placeholders', () => {
    english.forEach((text, key) => {
      const other = vietnamese.get(key) ?? '';
      expect(text.trim(), key).not.toBe('');
      expect(other.trim(), key).not.toBe('');
      expect(placeholders(other), key).toBe(placeholders(text));
    });
  });
  it('count one thing in the singular', () => {
    english.forEach((text, key) => {
      if (/^\{\{(count|n)\}\} [a-z]+[^s]s\b/.test(text)) expect(key).toMatch(/_other$/);
    });
  });
  it('are in normal form C', () => {
    vietnamese.forEach((text, key) => expect(text.normalize('NFC'), key).toBe(text));
  });
});

describe('names of points', () => {
  it('reads components', () => {
    expect(componentName('battery/string/2', 'en')).toBe('Battery · String 2');
    expect(componentName('inlet/1/L1-L2', 'vi')).toBe('Ngõ vào 1 · L1-L2');
  });
  it('uses the name that somebody gave on the device', () => {
    expect(pointName({ key: 'battery/string/2/capacity', label: '' }, 'vi')).toBe('Dung lượng');
    expect(pointName({ key: 'cooling/capacity', label: '' }, 'vi')).toBe('Công suất lạnh');
    expect(pointName({ key: 'sensor/1/temperature', label: 'Inlet top' }, 'vi')).toBe('Inlet top · Nhiệt độ');
    expect(pointName({ key: 'outlet/8/current', label: 'Outlet 8 current' }, 'en')).toBe('Current');
    expect(pointName({ key: 'outlet/8/current', label: 'Outlet 8' }, 'en')).toBe('Current');
  });
  it('does not say the quantity twice', () => {
    expect(pointName({ key: 'input/L1/voltage', label: 'L1 voltage' }, 'vi')).toBe('Điện áp');
    expect(pointName({ key: 'outlet/1/current', label: 'OutletName1 current' }, 'vi')).toBe('OutletName1 · Dòng điện');
    expect(pointName({ key: 'sensor/1/temperature', label: 'Port 1 Temp 1 temperature' }, 'en')).toBe('Port 1 Temp 1 · Temperature');
    expect(pointName({ key: 'sensor/2/temperature', label: 'Current' }, 'en')).toBe('Current · Temperature');
  });
  it('tells the words of a profile in the language of the reader, and whole', () => {
    const flag = { key: 'alarm/breaker-open', label: 'Circuit breaker open', label_of_profile: true };
    expect(pointName(flag, 'vi')).toBe('Máy cắt mở');
    expect(pointName(flag, 'en')).toBe('Circuit breaker open');
    expect(pointName({ key: 'input/L1/voltage', label: 'L1 voltage', label_of_profile: true }, 'vi')).toBe('Điện áp');
  });
  it('calls what a device only numbers by its label', () => {
    const reading = { key: 'reading/15/difference', label: 'Superheat', component: 'reading/15' };
    expect(pointName(reading, 'vi')).toBe('Superheat');
    expect(fullPointName(reading, 'vi')).toBe('Superheat');
    expect(groupOf('reading/15')).toBe('reading');
    expect(groupOf('outlet/15')).toBe('outlet/15');
  });
  it('calls a group of outlets by the one name that the device gives it', () => {
    const second = { key: 'outlet-group/2/state', label: 'Outlet Group 1 state', component: 'outlet-group/2' };
    const main = { ...second, key: 'outlet-group/1/state', label: 'UPS Outlets state', component: 'outlet-group/1' };
    for (const language of ['vi', 'en'] as const) {
      expect(partName(second, language)).toBe('Outlet Group 1');
      expect(partName(main, language)).toBe('UPS Outlets');
    }
    expect(pointName(second, 'vi')).toBe('Tình trạng');
    expect(fullPointName(second, 'vi')).toBe('Outlet Group 1: Tình trạng');
    expect(fullPointName({ ...second, label: 'Group 2 state' }, 'vi')).toBe('Nhóm ổ cắm 2: Tình trạng');
    expect(fullPointName({ ...second, key: 'outlet-group/main/state', label: 'Outlet group main state', component: 'outlet-group/main', label_of_profile: true }, 'en')).toBe('Outlet group · Main: State');
    expect(partName({ key: 'outlet/2/state', label: 'SRV-12 state', component: 'outlet/2' }, 'vi')).toBe('Ổ cắm 2');
  });
  it('names numbered alarms', () => {
    expect(pointName({ key: 'alarm/03', label: 'Alarm 03' }, 'vi')).toBe('Cảnh báo 03');
  });
  it('puts the part before the quantity', () => {
    expect(fullPointName({ key: 'input/L1/voltage', label: '', component: 'input/L1' }, 'vi')).toBe('Đầu vào · L1: Điện áp');
  });
  it('shows unknown states as the device says them', () => {
    expect(stateName('on battery', 'vi')).toBe('Đang chạy ắc quy');
    expect(stateName('quux', 'vi')).toBe('quux');
    expect(stateName('on battery', 'en')).toBe('On battery');
  });
});
