import { beforeAll, expect, it } from 'vitest';
import { i18n, startI18n } from '../../i18n';
import { intervalText } from './interval';

beforeAll(() => startI18n('en'));

it('tells the interval of the quickest and of the slowest group where they differ', () => {
  const vi = i18n.getFixedT('vi');
  const en = i18n.getFixedT('en');
  expect(intervalText({ interval_s: 60, slowest_interval_s: 86400 }, vi, 'vi')).toMatch(/1 phút.*1 ngày/);
  expect(intervalText({ interval_s: 10, slowest_interval_s: 60 }, en, 'en')).toBe('10s to 1m');
  expect(intervalText({ interval_s: 10, slowest_interval_s: 10 }, en, 'en')).toBe(intervalText({ interval_s: 10 }, en, 'en'));
  expect(intervalText({}, en, 'en')).toBe('');
});
