import { CloseButton, useComputedColorScheme } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { statistics } from '../../components/chartData';
import { seriesColor } from '../../components/palette';
import { isState } from '../../components/PointValueText';
import { formatQuantity } from '../../format/format';
import { fullPointName, stateName } from '../../i18n/pointNames';
import { useText } from '../../i18n/useText';
import type { TrendSeries } from './queries';
import { toChartSeries } from './series';

/** The legend of a chart, with the figures of each line. */
export function TrendTable({ series, stepMs, onRemove }: { series: readonly TrendSeries[]; stepMs: number; onRemove: (point: number) => void }) {
  const { t, language } = useText();
  const scheme = useComputedColorScheme('dark');
  const charted = toChartSeries(series, stepMs, language);
  return (
    <section className="panel scroll-x" aria-label={t('trends.statistics')}>
      <table className="plain">
        <thead>
          <tr>
            <th>{t('word.device')}</th><th>{t('word.point')}</th><th className="num">{t('word.min')}</th><th className="num">{t('word.mean')}</th>
            <th className="num">{t('word.max')}</th><th className="num">{t('word.latest')}</th><th aria-label={t('word.actions')} />
          </tr>
        </thead>
        <tbody>
          {series.map((s, i) => {
            const line = charted[i];
            if (!line) return null;
            const figures = statistics(line, s.count);
            const plain = isState(s.point);
            const text = (v: number | null) => {
              if (v === null) return '–';
              const state = plain ? s.point.states?.find((x) => x.value === Math.round(v)) : undefined;
              return state ? stateName(state.text, language) : formatQuantity(v, s.point.unit, language, s.point.step);
            };
            return (
              <tr key={s.point.id}>
                <td><Link className="link" to="/devices/$deviceId" params={{ deviceId: String(s.point.device) }} search={{ point: s.point.id }}>{s.point.device_name}</Link></td>
                <td><span className="swatch" style={{ background: seriesColor(i, scheme) }} /> {fullPointName(s.point, language)}</td>
                <td className="num">{plain ? '' : text(figures.min)}</td>
                <td className="num">{plain ? '' : text(figures.mean)}</td>
                <td className="num">{plain ? '' : text(figures.max)}</td>
                <td className="num">{text(figures.last)}</td>
                <td className="num"><CloseButton size="sm" aria-label={`${t('action.remove')}: ${line.label}`} onClick={() => onRemove(s.point.id)} /></td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
