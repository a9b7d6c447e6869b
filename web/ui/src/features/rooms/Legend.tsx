import { Group } from '@mantine/core';
import { SeverityMark } from '../../components/SeverityMark';
import { useText } from '../../i18n/useText';
import { formatNumber } from '../../format/format';
import { inletStops, powerStops } from './heat';
import type { Layer } from './rackViews';

const barPx = 340;

/** The scale of the colours, always the same, with what else the drawing uses. */
export function Legend({ layer }: { layer: Layer }) {
  const { t, language } = useText();
  const stops = layer === 'inlet' ? inletStops : powerStops;
  const first = stops[0]?.at ?? 0;
  const last = stops.at(-1)?.at ?? 1;
  const share = (at: number) => ((at - first) / (last - first)) * 100;
  const labels = layer === 'inlet' ? [15, 18, 22, 27, 32, 36] : [0, 60, 75, 90, 100];
  const gradient = `linear-gradient(90deg, ${stops.map((s) => `${s.color} ${share(s.at)}%`).join(', ')})`;
  const box = { width: 22, height: 16, borderRadius: 2, display: 'inline-block' } as const;
  return (
    <Group gap="lg" align="flex-end" wrap="wrap">
      <div style={{ maxWidth: '100%' }}>
        <div className="muted" style={{ fontSize: 12, marginBottom: 4 }}>{t(layer === 'inlet' ? 'room.legend' : 'room.powerLegend')}</div>
        <div style={{ width: barPx, maxWidth: '100%', height: 10, background: gradient, borderRadius: 2 }} />
        <div style={{ position: 'relative', width: barPx, maxWidth: '100%', height: 18, fontSize: 12 }} className="muted">
          {labels.map((at) => (
            <span key={at} style={{ position: 'absolute', left: `${share(at)}%`, transform: at === first ? 'none' : at === last ? 'translateX(-100%)' : 'translateX(-50%)' }}>
              {formatNumber(at, 0, language)}{layer === 'power' ? '%' : ''}
            </span>
          ))}
        </div>
      </div>
      <Group gap="md" style={{ fontSize: 12 }} className="muted">
        <span className="mark"><span style={{ ...box, border: '1px solid var(--line-strong)', background: 'repeating-linear-gradient(135deg, transparent 0 3px, var(--hatch) 3px 5px)' }} />{t('room.noValue')}</span>
        <span className="mark"><span style={{ ...box, border: '1px dashed var(--line-strong)' }} />{t('room.emptySpot')}</span>
        <SeverityMark severity="warning" />
        <SeverityMark severity="critical" />
      </Group>
    </Group>
  );
}
