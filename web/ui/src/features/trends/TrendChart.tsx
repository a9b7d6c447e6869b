import type { UseQueryResult } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { Schemas } from '../../api/client';
import { Chart } from '../../components/Chart';
import { isState } from '../../components/PointValueText';
import { ErrorState, LoadingState } from '../../components/States';
import { zoomTo, type RangeSearch } from '../../components/timeRange';
import { stateName } from '../../i18n/pointNames';
import { useText } from '../../i18n/useText';
import { toChartSeries } from './series';

interface Props {
  query: UseQueryResult<Schemas['Trends']>;
  height: number;
  range: RangeSearch;
  onRange: (range: RangeSearch) => void;
}

/** The chart of an answer about history, with the states of the question. */
export function TrendChart({ query, height, onRange }: Props) {
  const { t, language } = useText();
  const { data, error, refetch } = query;
  const series = useMemo(() => (data ? toChartSeries(data.series, data.step_ms, language) : []), [data, language]);
  if (!data) return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <LoadingState rows={1} height={height - 32} />;
  const stateText = (index: number, value: number): string | undefined => {
    const point = data.series[index]?.point;
    if (!point || !isState(point)) return undefined;
    const state = point.states?.find((s) => s.value === Math.round(value));
    return state ? stateName(state.text, language) : String(value);
  };
  const empty = data.series.every((s) => s.mean.every((v) => v === null));
  return (
    <>
      {error && <ErrorState error={error} onRetry={() => void refetch()} />}
      <Chart
        name={t('trends.chart', { names: series.map((s) => s.label).join(', ') })}
        series={series}
        fromMs={Date.parse(data.from)}
        toMs={Date.parse(data.to)}
        height={height}
        valueText={stateText}
        onZoom={(from, to) => onRange(zoomTo(from, to))}
      />
      {empty && <p className="muted" style={{ textAlign: 'center', margin: 4 }}>{t('trends.noSamples')}</p>}
    </>
  );
}
