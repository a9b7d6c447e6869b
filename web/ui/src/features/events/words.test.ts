import { beforeAll, describe, expect, it } from 'vitest';
import { i18n, startI18n } from '../../i18n';
import type { DeviceEvent } from './queries';
import { eventName, eventText } from './words';

const event = (more: Partial<DeviceEvent>): DeviceEvent => ({
  id: 1, time: '2026-01-01T00:00:00Z', device: 7, device_name: 'UPS', kind: 'trap', severity: 'warning', variables: [], ...more,
});

beforeAll(() => startI18n('en'));

describe('events in words', () => {
  const text = (e: DeviceEvent, language: 'en' | 'vi' = 'en') => eventText(e, i18n.getFixedT(language), language);
  it('lets a device speak for itself', () => {
    expect(text(event({ name: 'upsOnBattery', text: 'UPS on battery' }))).toBe('UPS on battery');
    expect(text(event({ name: 'upsOnBattery', text: 'UPS on battery' }), 'vi')).toBe('UPS đang chạy ắc quy');
    expect(text(event({ name: 'contactFaultResolved', text: 'Contact fault, alarm over: Rack 4: door' }), 'vi')).toBe('Lỗi tiếp điểm, hết cảnh báo: Rack 4: door');
    expect(text(event({ name: 'x', text: 'Frobnication: high' }), 'vi')).toBe('Frobnication: high');
    expect(eventName(event({ name: 'upsOnBattery' }))).toBe('upsOnBattery');
    expect(text(event({ name: '1.3.6.1.4.1.5.0.1' }))).toBe('No device profile explains this trap');
  });
  it('tells what polling noticed in the language of the reader', () => {
    const silent = event({ kind: 'contact', name: 'silent', text: 'read 10.0.0.7:161: device does not answer within 2s' });
    expect(text(silent)).toBe('Not answering');
    expect(text(silent, 'vi')).toBe('Không phản hồi');
    expect(text(event({ kind: 'contact', name: 'auth-failed', text: 'read: credentials refused' }))).toBe('Access refused: Refuses the credentials');
    expect(text(event({ kind: 'contact', name: 'ok' }))).toBe('Online');
    const other = event({ kind: 'exchanged', variables: [{ name: 'serial number, known', value: 'A' }, { name: 'serial number, found', value: 'B' }] });
    expect(text(other)).toBe('Another device answers: Serial number was A, is B');
    const model = event({ kind: 'exchanged', variables: [{ name: 'model, known', value: 'M1' }, { name: 'model, found', value: 'M2' }] });
    expect(text(model, 'vi')).toContain('trước là M1, nay là M2');
    expect(text(event({ kind: 'points-vanished', variables: [{ name: 'points', value: '1200' }] }))).toBe('1,200 points are gone');
    expect(text(event({ kind: 'points-appeared', variables: [{ name: 'points', value: '1' }] }))).toBe('1 point is new');
    expect(text(event({ kind: 'points-appeared', variables: [{ name: 'points', value: '1' }] }), 'vi')).toBe('Thêm 1 điểm đo');
    const counter = event({ kind: 'counter-reset', point: 'inlet/1/energy', variables: [{ name: 'before', value: '10' }, { name: 'after', value: '0' }] });
    expect(text(counter)).toBe('The counter began anew: 10 → 0');
    expect(eventName(counter)).toBe('inlet/1/energy');
    const refused = event({ kind: 'trap', name: 'trapsRefused', text: 'Traps are refused', variables: [{ name: 'engine', value: '8000' }, { name: 'boots', value: '1' }, { name: 'boots, known', value: '17' }] });
    expect(text(refused, 'vi')).toContain('engine 8000 đếm 1 lần khởi động, trước đây là 17');
    const control = event({ kind: 'control', name: 'done', text: 'Outlet 3', variables: [{ name: 'request', value: '7' }, { name: 'control', value: 'outlet/3/switch' }, { name: 'option', value: 'off' }, { name: 'cause', value: 'shown' }] });
    expect(text(control)).toBe('Outlet 3: Switch off. Done: The device took it, and its value shows it');
    expect(text(control, 'vi')).toMatch(/^Ổ cắm 3: Tắt\. /);
    const set = event({ kind: 'control', name: 'outcome-unknown', text: 'Supply air', variables: [{ name: 'control', value: 'supply/set-point' }, { name: 'value', value: '22.5' }, { name: 'unit', value: '°C' }, { name: 'cause', value: 'new-reason' }] });
    expect(text(set, 'vi')).toMatch(/^Supply air: 22,5\s°C\. .+: new-reason$/);
    expect(text(event({ kind: 'trap', name: 'onBattery', text: 'On battery' }))).toBe('On battery');
    expect(eventName(event({ kind: 'restarted', name: 'restarted' }))).toBe('');
  });
});
