import { beforeAll, describe, expect, it } from 'vitest';
import { i18n, startI18n } from '../../i18n';
import { actionText, objectText, outcomeText, weaknessText } from './words';

beforeAll(() => startI18n('en'));

describe('words of the server', () => {
  it('are written in the language of the reader', () => {
    const t = i18n.getFixedT('vi');
    expect(actionText('reset-password', t)).toBe('đặt lại mật khẩu');
    expect(objectText('device type', t)).toBe('loại thiết bị');
    expect(outcomeText('denied', t)).toBe('bị từ chối');
    expect(weaknessText('cannot be opened: sealed with another key', t)).toBe('không mở được: hãy nhập lại');
  });
  it('stay as they are when they are not known', () => {
    const t = i18n.getFixedT('vi');
    expect(actionText('frobnicate', t)).toBe('frobnicate');
    expect(weaknessText('odd', t)).toBe('odd');
    expect(objectText(undefined, t)).toBe('');
  });
});
