import { describe, expect, it } from 'vitest';
import { compareNames, fold, formatAge, formatAxis, formatDuration, formatNumber, formatQuantity, formatTime, quantity } from './format';

const plain = (text: string) => text.replaceAll('\u00a0', ' ');

describe('formatQuantity', () => {
  const cases: [number, string, string, string][] = [
    [23.44, '°C', '23,4 °C', '23.4 °C'],
    [85, '%', '85%', '85%'],
    [2.345, '%', '2,3%', '2.3%'],
    [5204, 'W', '5,20 kW', '5.20 kW'],
    [999, 'W', '999 W', '999 W'],
    [1_920_000, 'W', '1,92 MW', '1.92 MW'],
    [-1500, 'W', '-1,50 kW', '-1.50 kW'],
    [0, 'W', '0 W', '0 W'],
    [230.04, 'V', '230,0 V', '230.0 V'],
    [1.234, 'A', '1,23 A', '1.23 A'],
    [0.0125, 'm³/s', '12,5 l/s', '12.5 l/s'],
    [1234567, '', '1.234.567', '1,234,567'],
    [0.96, '', '0,96', '0.96'],
    [25, 'Pa', '25,0 Pa', '25.0 Pa'],
  ];
  it.each(cases)('%d %s', (value, unit, vi, en) => {
    expect(plain(formatQuantity(value, unit, 'vi'))).toBe(vi);
    expect(plain(formatQuantity(value, unit, 'en'))).toBe(en);
  });
  it.each<[string, number, string, number, string]>([
    ['whole volts', 231, 'V', 1, '231 V'],
    ['tenths', 231, 'V', 0.1, '231.0 V'],
    ['whole degrees', 31, '°C', 1, '31 °C'],
    ['more digits than are of use', 23.4375, '°C', 0.0625, '23.4 °C'],
    ['tenths of °F', 21.6667, '°C', 0.1 / 1.8, '21.7 °C'],
    ['halves', 21.5, '°C', 0.5, '21.5 °C'],
    ['tens of watts', 2180, 'W', 10, '2.18 kW'],
    ['hundreds of watts', 2200, 'W', 100, '2.2 kW'],
    ['kilowatts', 2000, 'W', 1000, '2 kW'],
    ['whole hertz', 50, 'Hz', 1, '50 Hz'],
    ['a step that it is not made of', 31.4, '°C', 1, '31.4 °C'],
    ['litres', 0.0125, 'm³/s', 0.0001, '12.5 l/s'],
    ['whole litres', 0.012, 'm³/s', 0.001, '12 l/s'],
    ['no percent of a percent', 3, '%', 1, '3%'],
  ])('shows no digit that the device does not give: %s', (_, value, unit, step, want) => {
    expect(plain(formatQuantity(value, unit, 'en', step))).toBe(want);
  });
  it('keeps number and unit apart for columns', () => {
    expect(quantity(2590, 'W', 'vi')).toEqual({ number: '2,59', unit: 'kW' });
  });
  it('has no negative zero', () => {
    expect(formatNumber(-0.04, 1, 'en')).toBe('0.0');
  });
});

describe('formatAxis', () => {
  it('shows the digits that tell the steps apart', () => {
    expect(formatAxis([29.1, 29.15, 29.2], '%', 'vi')).toEqual(['29,10%', '29,15%', '29,20%']);
    expect(formatAxis([20, 25, 30], '°C', 'en').map(plain)).toEqual(['20 °C', '25 °C', '30 °C']);
  });
  it('has one prefix for the whole axis', () => {
    expect(formatAxis([0, 500, 1000], 'W', 'en').map(plain)).toEqual(['0.0 kW', '0.5 kW', '1.0 kW']);
  });
});

describe('spans and ages', () => {
  it('uses at most two units', () => {
    expect(formatDuration(3900, 'en')).toBe('1h 5m');
    expect(plain(formatDuration(3900, 'vi'))).toBe('1 giờ 5 phút');
    expect(plain(formatDuration(45, 'vi'))).toBe('45 giây');
  });
  it('rounds ages down and never below zero', () => {
    expect(formatAge(59_999, 'en')).toBe('59s');
    expect(formatAge(-5, 'en')).toBe('0s');
    expect(plain(formatAge(90_000_000, 'vi'))).toBe('1 ngày');
  });
});

describe('formatTime', () => {
  it('is day first on 24 hours in both languages', () => {
    const time = '2026-11-23T17:04:05Z';
    expect(formatTime(time, 'dateTime', 'vi', 'Asia/Ho_Chi_Minh')).toBe('24/11/2026 00:04:05');
    expect(formatTime(time, 'dateTime', 'en', 'UTC')).toBe('23/11/2026 17:04:05');
    expect(formatTime(time, 'short', 'en', 'UTC')).toBe('17:04');
  });
});

describe('searching and sorting', () => {
  it('folds Vietnamese marks, đ included', () => {
    expect(fold('Điều hòa Phòng Máy')).toBe('dieu hoa phong may');
  });
  it('sorts numbers in names by size', () => {
    expect(['U10', 'U9', 'U1'].sort((a, b) => compareNames(a, b, 'vi'))).toEqual(['U1', 'U9', 'U10']);
  });
});
