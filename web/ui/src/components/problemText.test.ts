import { beforeAll, describe, expect, it } from 'vitest';
import { toApiError } from '../api/problem';
import { i18n, startI18n } from '../i18n';
import { faultsByPath, problemText } from './problemText';

beforeAll(() => startI18n('en'));
const words = (language: 'en' | 'vi') => ({ t: i18n.getFixedT(language), language });

const inUse = toApiError(409, {
  code: 'conflict', reason: 'in-use', detail: 'site "A" is still used by 4 racks (R1, R2, R3, …)',
  blockers: [{ object: 'racks', count: 4, names: ['R1', 'R2', 'R3'] }, { object: 'cables', count: 2, names: [] }],
});

describe('problemText', () => {
  it('names what stands in the way, in both languages', () => {
    expect(problemText(inUse, words('en'))).toContain('Racks: 4 (R1, R2, R3, …) · Cables: 2');
    expect(problemText(inUse, words('vi'))).toContain('Tủ rack: 4 (R1, R2, R3, …) · Cáp: 2');
  });
  it('tells a change by somebody else from a name that is taken', () => {
    expect(problemText(toApiError(409, { code: 'conflict', reason: 'stale' }), words('en'))).toContain('Somebody changed it');
    expect(problemText(toApiError(409, { code: 'conflict', reason: 'taken' }), words('en'))).toContain('used already');
  });
  it('names who must change the password', () => {
    const error = toApiError(409, { code: 'conflict', reason: 'control-password-given', blockers: [{ object: 'users', count: 1, names: ['eva'] }] });
    expect(problemText(error, words('vi'))).toMatch(/^eva phải tự đổi mật khẩu/);
    expect(problemText(error, words('en'))).toMatch(/^eva must change/);
    // The whole rule is told at once, not one half after the other.
    for (const language of ['vi', 'en'] as const) expect(problemText(error, words(language))).toContain('24');
  });
  it('leaves out what stands beside its field', () => {
    const error = toApiError(422, { code: 'invalid', errors: [{ path: 'address', message: 'must be host:port', code: 'format' }] });
    expect(problemText(error, words('en'), ['address'])).not.toContain('host');
    expect(problemText(error, words('en'))).toContain('must be host:port');
    expect(faultsByPath(error, words('en')).get('address')).toBe('Must be host:port');
    expect(faultsByPath(error, words('vi')).get('address')).toBe('Không đúng dạng');
  });
  it('tells what in a text cannot be read, and where', () => {
    const error = toApiError(422, { code: 'invalid', errors: [{ path: 'file', message: 'line 2: no address', code: 'unreadable', line: 2 }] });
    expect(faultsByPath(error, words('vi')).get('file')).toBe('Không đọc được: line 2: no address');
    expect(error.fields[0]?.line).toBe(2);
  });
  it('tells what is wrong with a part of a text, with its line and the part', () => {
    const told = (fault: object) => faultsByPath(toApiError(422, { code: 'invalid', errors: [{ path: 'f', message: 'in the words of the server', ...fault }] }), words('vi')).get('f');
    expect(told({ code: 'range_too_many', values: { part: '"10.0.0.0/8"', max: '65536' } })).toBe('Dải "10.0.0.0/8": nhiều hơn 65536 địa chỉ trong một lần quét');
    expect(told({ code: 'csv_address', line: 7, values: { value: '"99999"' } })).toBe('Dòng 7: địa chỉ "99999" không nằm trong khoảng 0 đến 65535');
    expect(told({ code: 'csv_quote', line: 1, values: { column: '4359' } })).toMatch(/^Dòng 1: cột 4359/);
    expect(told({ code: 'range', values: { min: '0', max: '86400' } })).toBe('Phải từ 0 đến 86400');
    expect(told({ code: 'range' })).toBe('Ngoài khoảng cho phép');
    expect(problemText(toApiError(422, { code: 'invalid', errors: [{ path: 'recording', message: 'the file is empty', code: 'empty_file' }] }), words('vi'))).toMatch(/ Tệp trống$/);
  });
  it('keeps the words of the server for codes that it does not know', () => {
    const error = toApiError(422, { code: 'invalid', errors: [{ path: 'name', message: 'is odd', code: 'odd' }] });
    expect(faultsByPath(error, words('vi')).get('name')).toBe('Is odd');
  });
});
