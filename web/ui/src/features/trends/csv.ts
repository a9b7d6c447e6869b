import type { Language } from '../../format/format';
import { seriesName } from './series';
import type { TrendSeries } from './queries';

/** Quotes a field, and keeps spreadsheets from taking foreign text for a formula. */
export function csvField(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
  return /[",;\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * History as CSV: UTC times, base units, decimal points and no grouping. The
 * separator is what spreadsheets of the language expect; a gap is an empty field.
 */
export function trendsCsv(series: readonly TrendSeries[], language: Language): string {
  const separator = language === 'vi' ? ';' : ',';
  const header = ['time'];
  const byTime = new Map<number, string[]>();
  series.forEach((s, column) => {
    const name = `${seriesName(s, language, true)}${s.point.unit ? ` (${s.point.unit})` : ''}`;
    header.push(`${name} mean`, `${name} min`, `${name} max`);
    s.time_ms.forEach((time, i) => {
      const row = byTime.get(time) ?? new Array<string>(series.length * 3).fill('');
      [s.mean[i], s.min[i], s.max[i]].forEach((v, k) => {
        row[column * 3 + k] = v === null || v === undefined ? '' : String(v);
      });
      byTime.set(time, row);
    });
  });
  const rows = [...byTime].sort(([a], [b]) => a - b).map(([time, row]) => [new Date(time).toISOString(), ...row]);
  return [header, ...rows].map((row) => row.map(csvField).join(separator)).join('\r\n') + '\r\n';
}

/** Hands a text to the user as a file. */
export function download(name: string, text: string): void {
  // The mark at the beginning makes spreadsheets read UTF-8.
  const url = URL.createObjectURL(new Blob(['\ufeff', text], { type: 'text/csv;charset=utf-8' }));
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
