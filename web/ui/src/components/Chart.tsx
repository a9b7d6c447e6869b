import { useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatQuantity, formatTime } from '../format/format';
import { useText } from '../i18n/useText';
import { alignSeries, valueAt, type ChartSeries } from './chartData';
import { chartOptions } from './chartOptions';
import { seriesColor } from './palette';

interface Props {
  name: string;
  series: readonly ChartSeries[];
  fromMs: number;
  toMs: number;
  height: number;
  /** Tells which range a drag chose. */
  onZoom?: (fromMs: number, toMs: number) => void;
  /** Gives the text of a value, for states. */
  valueText?: (series: number, value: number) => string | undefined;
}

interface Tip {
  left: number;
  right: boolean;
  index: number;
}

/** Lines over time with their band; drag to zoom, gaps stay gaps, one crosshair for all charts of a page. */
export function Chart({ name, series, fromMs, toMs, height, onZoom, valueText }: Props) {
  const { language } = useText();
  const scheme = useComputedColorScheme('dark');
  const { ref: sizeRef, width } = useElementSize();
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const zoom = useRef(onZoom);
  const [tip, setTip] = useState<Tip | null>(null);
  const data = useMemo(() => alignSeries(series), [series]);
  const shape = JSON.stringify(series.map((s) => [s.label, s.unit, s.stepped]));
  const w = Math.floor(width);

  useEffect(() => {
    zoom.current = onZoom;
  });
  useEffect(() => {
    if (!host.current || w === 0) return undefined;
    const options = chartOptions({
      series, width: w, height, scheme, language,
      onZoom: (from, to) => zoom.current?.(from, to),
      onCursor: (left, index) => setTip(index === null ? null : { left, index, right: left > w / 2 }),
    });
    const next = new uPlot(options, data, host.current);
    next.setScale('x', { min: fromMs / 1000, max: toMs / 1000 });
    plot.current = next;
    return () => {
      next.destroy();
      plot.current = null;
    };
    // New data goes into the chart that stands; only its shape makes a new one.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [shape, w, height, scheme, language]);
  useEffect(() => {
    plot.current?.batch(() => {
      plot.current?.setData(data, false);
      plot.current?.setScale('x', { min: fromMs / 1000, max: toMs / 1000 });
    });
  }, [data, fromMs, toMs]);

  const time = tip && data[0][tip.index];
  return (
    <div ref={sizeRef} className="chart" role="img" aria-label={name} data-testid="chart">
      <div ref={host} style={{ height }} />
      {tip && time !== null && time !== undefined && (
        <div className="chart-tip" style={tip.right ? { right: w - tip.left + 12, top: 8 } : { left: tip.left + 12, top: 8 }}>
          <div className="muted">{formatTime(time * 1000, 'dateTime', language)}</div>
          {series.map((s, i) => {
            const value = valueAt(data[i * 3 + 1] as (number | null | undefined)[] | undefined, tip.index);
            const text = value === null ? '–' : (valueText?.(i, value) ?? formatQuantity(value, s.unit, language));
            return (
              <div key={s.label + i}>
                <span className="swatch" style={{ background: seriesColor(i, scheme) }} /> {s.label}: <b>{text}</b>
              </div>
            );
          })}
        </div>
      )}
    </div>
  );
}
