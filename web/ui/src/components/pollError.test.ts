import { beforeAll, expect, it } from 'vitest';
import { i18n, startI18n } from '../i18n';
import { pollErrorText } from './pollError';

beforeAll(() => startI18n('en'));

it('tells known errors of polling in the language of the reader', () => {
  const t = i18n.getFixedT('vi');
  expect(pollErrorText('ask 192.0.2.1:161: device does not answer within 2s', t)).toBe('Không phản hồi');
  expect(pollErrorText('read input 0 of unit 3 at 192.0.2.1:502: gateway got no answer from the unit (exception 11): look', t)).toContain('Cổng Modbus có trả lời');
  expect(pollErrorText('read input 0 of unit 3 at 192.0.2.1:502: gateway has no path to the unit (exception 10): look', t)).toContain('mã lỗi 10');
  expect(pollErrorText('read pdu (unit 1): malformed answer: short frame', t)).toBe('Trả lời sai');
  expect(pollErrorText('register points of pdu: another device answers for "pdu": serial number was A, is B', t)).toBe('Thiết bị khác trả lời; cần được chấp nhận trước');
  expect(pollErrorText('something new', t)).toBe('');
  expect(pollErrorText(undefined, t)).toBe('');
});
