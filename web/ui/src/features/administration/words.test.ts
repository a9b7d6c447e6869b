import { beforeAll, describe, expect, it } from 'vitest';
import { i18n, startI18n } from '../../i18n';
import { actionText, objectText, outcomeText, subjectText, weaknessText } from './words';

beforeAll(() => startI18n('en'));

describe('words of the server', () => {
  it('are written in the language of the reader', () => {
    const t = i18n.getFixedT('vi');
    expect(actionText('reset-password', t)).toBe('đặt lại mật khẩu');
    expect(objectText('device type', t)).toBe('loại thiết bị');
    expect(outcomeText('denied', t)).toBe('bị từ chối');
    expect(weaknessText('cannot be opened: sealed with another key', t)).toBe('không mở được: hãy nhập lại');
  });
  it('tell what was asked of a control', () => {
    const t = i18n.getFixedT('vi');
    const entry = { object_type: 'control request', object_id: '7', object_name: 'PDU-1 outlet/3/switch' };
    const kept = (more: object) => ({ ...entry, after: JSON.stringify({ device_name: 'PDU-1', control: 'outlet/3/switch', label: 'Outlet 3 switch', option: '', value: null, ...more }) });
    expect(subjectText(kept({ option: 'off' }), i18n.getFixedT('en'), 'en')).toBe('control request PDU-1 · Outlet 3 switch: Switch off');
    expect(subjectText(kept({ option: 'cycle' }), t, 'vi')).toMatch(/^yêu cầu điều khiển PDU-1 · Công tắc ổ cắm 3: /);
    expect(subjectText(kept({ label: 'Supply air setpoint', value: 22.5, unit: '°C' }), t, 'vi')).toMatch(/22,5\s°C$/);
    expect(subjectText({ ...entry, after: 'cut sho' }, t, 'vi')).toBe('yêu cầu điều khiển PDU-1 outlet/3/switch');
    expect(actionText('look', t)).toBe('xem thử thiết bị');
  });
  it('stay as they are when they are not known', () => {
    const t = i18n.getFixedT('vi');
    expect(actionText('frobnicate', t)).toBe('frobnicate');
    expect(weaknessText('odd', t)).toBe('odd');
    expect(objectText(undefined, t)).toBe('');
  });
});
