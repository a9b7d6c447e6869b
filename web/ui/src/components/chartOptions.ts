import uPlot from 'uplot';
import { formatAxis, formatTime, type Language } from '../format/format';
import { unitsOf, type ChartSeries } from './chartData';
import { seriesColor } from './palette';

interface Input {
  series: readonly ChartSeries[];
  width: number;
  height: number;
  scheme: 'dark' | 'light';
  language: Language;
  onZoom: (fromMs: number, toMs: number) => void;
  onCursor: (left: number, index: number | null) => void;
}

const smallestDragPx = 6;

/** Shows as points those samples that stand alone between gaps, which a line cannot show. */
const lonely: uPlot.Series.Points.Show = (u, seriesIdx) => {
  const column = u.data[seriesIdx];
  if (!column) return false;
  const known = [...column].filter((v) => v !== undefined);
  return known.some((v, i) => v !== null && known[i - 1] == null && known[i + 1] == null);
};
const day = 86_400;

function timeLabels(language: Language): uPlot.Axis.DynamicValues {
  return (_, splits) => {
    const step = (splits[1] ?? 0) - (splits[0] ?? 0);
    const style = step >= day ? 'month' : step < 60 ? 'time' : 'short';
    return splits.map((s) => {
      const midnight = new Date(s * 1000).getHours() === 0 && new Date(s * 1000).getMinutes() === 0;
      return formatTime(s * 1000, midnight && step >= 60 ? 'month' : style, language);
    });
  };
}

function lines(input: Input): { series: uPlot.Series[]; bands: uPlot.Band[] } {
  const series: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  input.series.forEach((s, i) => {
    const color = seriesColor(i, input.scheme);
    const common = { scale: s.unit || 'none', spanGaps: false, points: { show: false } } satisfies uPlot.Series;
    const paths = s.stepped ? uPlot.paths.stepped?.({ align: 1 }) : undefined;
    const at = series.length;
    series.push({ ...common, label: s.label, stroke: color, width: 1.6, ...(paths ? { paths } : {}), points: { show: lonely } });
    series.push({ ...common, label: `${s.label} max`, stroke: 'transparent', show: !s.stepped });
    series.push({ ...common, label: `${s.label} min`, stroke: 'transparent', show: !s.stepped });
    if (!s.stepped) bands.push({ series: [at + 1, at + 2], fill: `${color}2e` });
  });
  return { series, bands };
}

/** How uPlot draws what the chart is given. */
export function chartOptions(input: Input): uPlot.Options {
  const ink = input.scheme === 'dark' ? '#a2acb6' : '#55606b';
  const grid = { stroke: input.scheme === 'dark' ? '#2d343c' : '#e1e5e9', width: 1 };
  const font = '11px "Inter Variable", system-ui, sans-serif';
  const units = unitsOf(input.series);
  const { series, bands } = lines(input);
  const scales: uPlot.Scales = { x: { time: true } };
  units.forEach((unit) => {
    scales[unit || 'none'] = { auto: true, range: (_, min, max) => padded(min, max) };
  });
  return {
    width: input.width,
    height: input.height,
    series,
    bands,
    scales,
    legend: { show: false },
    cursor: {
      sync: { key: 'aisle' },
      drag: { x: true, y: false, setScale: false, dist: smallestDragPx },
      points: { size: 6 },
      focus: { prox: 24 },
    },
    axes: [
      { stroke: ink, grid, ticks: grid, font, values: timeLabels(input.language) },
      ...units.slice(0, 2).map((unit, i): uPlot.Axis => ({
        scale: unit || 'none',
        side: i === 0 ? 3 : 1,
        stroke: ink,
        font,
        size: 66,
        ticks: grid,
        grid: i === 0 ? grid : { show: false },
        values: (_, splits) => formatAxis(splits, unit, input.language),
      })),
    ],
    hooks: {
      setSelect: [
        (u) => {
          if (u.select.width < smallestDragPx) return;
          const from = u.posToVal(u.select.left, 'x') * 1000;
          const to = u.posToVal(u.select.left + u.select.width, 'x') * 1000;
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          input.onZoom(from, to);
        },
      ],
      setCursor: [(u) => input.onCursor((u.cursor.left ?? 0) + u.bbox.left / devicePixelRatio, u.cursor.left !== undefined && u.cursor.left >= 0 ? (u.cursor.idx ?? null) : null)],
    },
  };
}

/** A little air above and below; a constant line lies in the middle. */
function padded(min: number | null, max: number | null): [number, number] {
  if (min === null || max === null) return [0, 1];
  const pad = max > min ? (max - min) * 0.08 : Math.max(Math.abs(max) * 0.02, 0.5);
  return [min >= 0 ? Math.max(0, min - pad) : min - pad, max + pad];
}
