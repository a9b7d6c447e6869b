import { beforeAll, expect, test } from 'vitest';
import { i18n, startI18n } from '../../i18n';
import { fold } from '../../format/format';
import type { LookPoint } from './queries';
import { exactValue, groupLook, passedChecks, verdictText } from './verdicts';

const point = (key: string, more: Partial<LookPoint> = {}): LookPoint => ({
  key, component: key.split('/').slice(0, -1).join('/'), label: '', class: 'voltage', unit: 'V', value: 1, quality: 'good', raw: '1', source: '1.3', group: 'fast', ...more,
});

beforeAll(() => startI18n('en'));

test('a verdict says what is doubtful, what would agree, and by which factor', () => {
  const words = { t: i18n.getFixedT('en'), language: 'en' as const };
  const points = [point('input/L1/voltage')];
  const text = verdictText({ rule: 'factor', keys: ['input/L1/voltage'], value: 2301, unit: 'V', expected: 230.1, factor: 0.1 }, points, words);
  expect(text).toContain('Input · L1: Voltage');
  expect(text).toContain('2,301.0');
  expect(text).toContain('230.1');
  expect(text).toContain('0.1');
});

test('values that are far off are shown by their size', () => {
  expect(exactValue(1.7e-39, 'V', 'en')).toBe('1.70e-39 V');
  expect(exactValue(4e12, 'W', 'en')).toBe('4.00e+12 W');
  expect(exactValue(230.1, 'V', 'vi')).toBe('230,1\u00a0V');
});

test('checks with a doubt have not passed', () => {
  const checks = [{ rule: 'range', checked: 3 }, { rule: 'percent', checked: 1 }] as const;
  expect(passedChecks({ verdicts: [{ rule: 'factor', keys: ['a'], value: 1, unit: '' }], checks: [...checks] }).map((c) => c.rule)).toEqual(['percent']);
});

test('points are grouped by part and found by words', () => {
  const points = [point('input/L1/voltage'), point('outlet/1/current', { label: 'Máy chủ' }), point('input/L1/current')];
  const all = groupLook(points, '', () => true, fold);
  expect(all.map((g) => [g.component, g.points.length])).toEqual([['input/L1', 2], ['outlet/1', 1]]);
  expect(groupLook(points, 'may chu', () => true, fold).map((g) => g.component)).toEqual(['outlet/1']);
  expect(groupLook(points, '', (p) => p.key.endsWith('voltage'), fold)).toHaveLength(1);
});
