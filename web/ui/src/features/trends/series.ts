import type { ChartSeries } from '../../components/chartData';
import { isState } from '../../components/PointValueText';
import type { Language } from '../../format/format';
import { fullPointName } from '../../i18n/pointNames';
import type { TrendSeries } from './queries';

/** How a point is called among others: with its device. */
export function seriesName(series: Pick<TrendSeries, 'point'>, language: Language, withDevice: boolean): string {
  const name = fullPointName(series.point, language);
  return withDevice && series.point.device_name ? `${series.point.device_name} · ${name}` : name;
}

export function toChartSeries(series: readonly TrendSeries[], stepMs: number, language: Language): ChartSeries[] {
  const devices = new Set(series.map((s) => s.point.device));
  return series.map((s) => ({
    label: seriesName(s, language, devices.size > 1),
    unit: s.point.unit,
    timeMs: s.time_ms,
    mean: s.mean,
    min: s.min,
    max: s.max,
    stepped: isState(s.point),
    gapMs: Math.max(s.point.stale_after_s * 1000, 1.5 * stepMs),
  }));
}
