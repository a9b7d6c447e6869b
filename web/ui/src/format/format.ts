// The one place that turns numbers, units and times into text.

export type Language = 'vi' | 'en';

/** A number and its unit, apart, so that columns can align them. */
export interface Quantity {
  number: string;
  unit: string;
}

const locales: Record<Language, string> = { vi: 'vi-VN', en: 'en-GB' };
const noBreak = '\u00a0';
const numberFormats = new Map<string, Intl.NumberFormat>();

export function formatNumber(value: number, digits: number, language: Language): string {
  const key = `${language}/${digits}`;
  let format = numberFormats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(locales[language], { minimumFractionDigits: digits, maximumFractionDigits: digits });
    numberFormats.set(key, format);
  }
  // A minus sign in front of zero says nothing.
  return format.format(Number(value.toFixed(digits)) === 0 ? 0 : value);
}

export const formatCount = (value: number, language: Language): string => formatNumber(value, 0, language);

const scaled = new Set(['W', 'VA', 'var', 'Wh', 'VAh', 'varh', 'Pa', 'J/kg']);
const prefixes: [number, string][] = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

/** The most fraction digits by unit; units not named follow the size of the number. */
const mostDigits: Record<string, number> = { '°C': 1, K: 1, '%': 0, V: 1, A: 2, Hz: 2, rpm: 0, '°': 0 };

function digitsOf(value: number, unit: string): number {
  const size = Math.abs(value);
  if (unit === '%' && size > 0 && size < 10) return 1;
  const most = mostDigits[unit];
  if (most !== undefined) return unit === 'A' && size >= 100 ? 1 : most;
  if (Number.isInteger(value) && size < 1e6 && unit === '') return 0;
  if (size >= 100) return 0;
  return size >= 10 ? 1 : 2;
}

/** The digits that tell two values apart which lie a step from each other; as many as there are for a value that is not made of such steps. */
function digitsOfStep(value: number, step: number): number {
  if (!(step > 0) || Math.abs(value / step - Math.round(value / step)) > 0.01) return Infinity;
  return Math.max(0, Math.ceil(-Math.log10(step) - 0.301));
}

/**
 * Splits a value in its base unit into number and unit, with a fitting prefix.
 * No digit is shown that the device did not give: step is what one count of
 * it is, in the same unit; 0 when that is not known.
 */
export function quantity(value: number, unit: string, language: Language, step = 0): Quantity {
  if (unit === 's') return { number: formatDuration(value, language), unit: '' };
  if (unit === 'm³/s' && Math.abs(value) < 1) return quantity(value * 1000, 'l/s', language, step * 1000);
  const [factor, prefix] = (scaled.has(unit) && prefixes.find(([f]) => Math.abs(value) >= f)) || [1, ''];
  const number = value / factor;
  const whole = factor === 1 && (unit === 'W' || unit === 'VA' || unit === 'var');
  const digits = whole ? 0 : digitsOf(number, prefix ? '' : unit);
  return { number: formatNumber(number, Math.min(digits, digitsOfStep(number, step / factor)), language), unit: prefix + unit };
}

/** Number and unit as one text: "23,4 °C", "85%", "5.20 kW". */
export function formatQuantity(value: number, unit: string, language: Language, step = 0): string {
  const q = quantity(value, unit, language, step);
  if (!q.unit) return q.number;
  return q.unit === '%' || q.unit === '°' ? q.number + q.unit : `${q.number}${noBreak}${q.unit}`;
}

/** Labels of an axis: one prefix and just the digits that tell its steps apart. */
export function formatAxis(splits: readonly number[], unit: string, language: Language): string[] {
  if (unit === 's') return splits.map((v) => formatDuration(v, language));
  const most = Math.max(...splits.map(Math.abs));
  const [factor, prefix] = (scaled.has(unit) && prefixes.find(([f]) => most >= f)) || [1, ''];
  const step = Math.abs((splits[1] ?? 0) - (splits[0] ?? 0)) / factor;
  const digits = step > 0 ? Math.min(4, Math.max(0, -Math.floor(Math.log10(step) + 1e-9))) : 0;
  const gap = unit === '%' || unit === '°' || unit === '' ? '' : noBreak;
  return splits.map((v) => `${formatNumber(v / factor, digits, language)}${gap}${prefix}${unit}`);
}

function unitText(value: number, unit: string, language: Language): string {
  return new Intl.NumberFormat(locales[language], {
    style: 'unit',
    unit,
    unitDisplay: language === 'en' ? 'narrow' : 'short',
    maximumFractionDigits: 0,
  }).format(value);
}

/** A span of seconds in at most two units: "1h 5m", "12 giây". */
export function formatDuration(seconds: number, language: Language): string {
  const sign = seconds < 0 ? '-' : '';
  const s = Math.abs(seconds);
  if (s < 60) return sign + unitText(Math.floor(s), 'second', language);
  const steps: [number, string, number, string][] = [
    [86400, 'day', 3600, 'hour'],
    [3600, 'hour', 60, 'minute'],
    [60, 'minute', 1, 'second'],
  ];
  const [big, bigName, small, smallName] = steps.find(([size]) => s >= size) ?? [60, 'minute', 1, 'second'];
  const rest = Math.floor((s % big) / small);
  const head = unitText(Math.floor(s / big), bigName, language);
  return sign + (rest > 0 ? `${head} ${unitText(rest, smallName, language)}` : head);
}

/** How old something is, in one unit. */
export function formatAge(ageMs: number, language: Language): string {
  const s = Math.max(0, Math.floor(ageMs / 1000));
  if (s < 60) return unitText(s, 'second', language);
  if (s < 3600) return unitText(Math.floor(s / 60), 'minute', language);
  if (s < 86400) return unitText(Math.floor(s / 3600), 'hour', language);
  return unitText(Math.floor(s / 86400), 'day', language);
}

type TimeStyle = 'time' | 'dateTime' | 'short' | 'date' | 'month';

const timeStyles: Record<TimeStyle, Intl.DateTimeFormatOptions> = {
  time: { hour: '2-digit', minute: '2-digit', second: '2-digit' },
  dateTime: { day: '2-digit', month: '2-digit', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' },
  short: { hour: '2-digit', minute: '2-digit' },
  date: { day: '2-digit', month: '2-digit', year: 'numeric' },
  month: { day: '2-digit', month: '2-digit' },
};
const timeFormats = new Map<string, Intl.DateTimeFormat>();

/** A point in time in the browser's zone, or another, always on 24 hours. */
export function formatTime(
  time: string | number | Date,
  style: TimeStyle,
  language: Language,
  timeZone?: string,
): string {
  const key = `${language}/${style}/${timeZone ?? ''}`;
  let format = timeFormats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(locales[language], { ...timeStyles[style], hourCycle: 'h23', timeZone });
    timeFormats.set(key, format);
  }
  const date = new Date(time);
  if (style !== 'dateTime') return format.format(date);
  // Day first in both languages, whatever order the locale data has.
  const part = Object.fromEntries(format.formatToParts(date).map((p) => [p.type, p.value]));
  return `${part.day}/${part.month}/${part.year} ${part.hour}:${part.minute}:${part.second}`;
}

/** The zone in which times are shown, by its IANA name. */
export function browserZone(): string {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return zone === 'Asia/Saigon' ? 'Asia/Ho_Chi_Minh' : zone;
}

/** Folds case and the marks of Vietnamese letters, for searching. */
export function fold(text: string): string {
  return text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[đĐ]/g, 'd')
    .toLowerCase();
}

/** Compares names as people of the language sort them, numbers by their size. */
export function compareNames(a: string, b: string, language: Language): number {
  return new Intl.Collator(locales[language], { numeric: true }).compare(a, b);
}
