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
  it('keeps the words of the server for codes that it does not know', () => {
    const error = toApiError(422, { code: 'invalid', errors: [{ path: 'name', message: 'is odd', code: 'odd' }] });
    expect(faultsByPath(error, words('vi')).get('name')).toBe('Is odd');
  });
});
