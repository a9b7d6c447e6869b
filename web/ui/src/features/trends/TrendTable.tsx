import { CloseButton, useComputedColorScheme } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { statistics } from '../../components/chartData';
import { DataTable, type Column } from '../../components/DataTable';
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
  const rows = series.flatMap((s, i) => {
    const line = charted[i];
    if (!line) return [];
    const figures = statistics(line, s.count);
    const state = isState(s.point);
    const text = (v: number | null) => {
      if (v === null) return '–';
      const known = state ? s.point.states?.find((x) => x.value === Math.round(v)) : undefined;
      return known ? stateName(known.text, language) : formatQuantity(v, s.point.unit, language, s.point.step);
    };
    // Of states only the last one says something.
    const figure = (v: number | null) => (state ? '' : text(v));
    return [{ point: s.point, label: line.label, color: seriesColor(i, scheme), min: figure(figures.min), mean: figure(figures.mean), max: figure(figures.max), last: text(figures.last) }];
  });
  const columns: Column<(typeof rows)[number]>[] = [
    { id: 'device', label: t('word.device'), width: 'minmax(120px,1fr)', cell: (r) => <Link className="link" to="/devices/$deviceId" params={{ deviceId: String(r.point.device) }} search={{ point: r.point.id }}>{r.point.device_name}</Link> },
    { id: 'point', label: t('word.point'), width: 'minmax(170px,1.6fr)', card: 'title', cell: (r) => <><span className="swatch" style={{ background: r.color }} /> {fullPointName(r.point, language)}</> },
    { id: 'min', label: t('word.min'), width: 'minmax(80px,0.6fr)', numeric: true, cell: (r) => r.min },
    { id: 'mean', label: t('word.mean'), width: 'minmax(80px,0.6fr)', numeric: true, cell: (r) => r.mean },
    { id: 'max', label: t('word.max'), width: 'minmax(80px,0.6fr)', numeric: true, cell: (r) => r.max },
    { id: 'last', label: t('word.latest'), width: 'minmax(80px,0.6fr)', numeric: true, cell: (r) => r.last },
    { id: 'actions', label: '', width: '32px', numeric: true, cell: (r) => <CloseButton size="sm" aria-label={`${t('action.remove')}: ${r.label}`} onClick={() => onRemove(r.point.id)} /> },
  ];
  return (
    <section className="panel" aria-label={t('trends.statistics')}>
      <DataTable label={t('trends.statistics')} items={rows} columns={columns} idOf={(r) => r.point.id} minWidth={760} />
    </section>
  );
}
