import { memo, type KeyboardEvent, type MouseEvent } from 'react';
import { SeverityShape } from '../../components/SeverityMark';
import { formatNumber, formatQuantity } from '../../format/format';
import { useText } from '../../i18n/useText';
import { inkOn } from './heat';
import type { Layer, RackView } from './rackViews';

interface Props {
  view: RackView;
  layer: Layer;
  selected: boolean;
  onPick: (rack: number) => void;
  onOpen: (rack: number) => void;
  onHover: (hover: { id: number; x: number; y: number } | null) => void;
}

/** A rack on the plan: coloured by its value, hatched without one, an outline when empty. */
function Shape({ view, layer, selected, onPick, onOpen, onHover }: Props) {
  const { t, language } = useText();
  const { rack, value, fill, severity, quality, empty } = view;
  const cx = rack.x_m + rack.width_m / 2;
  const cy = rack.y_m + rack.depth_m / 2;
  const gap = 0.02;
  const text = fill && value !== null ? formatNumber(value, layer === 'inlet' ? 1 : 0, language) : '';
  const spoken = fill && value !== null ? formatQuantity(value, layer === 'inlet' ? '°C' : '%', language) : empty ? t('room.emptySpot') : t(`quality.${quality}`);
  const abnormal = severity === 'warning' || severity === 'critical';
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter') {
      if (selected) onOpen(rack.id);
      else onPick(rack.id);
    }
  };
  const hover = (event: MouseEvent<SVGGElement>) => {
    const box = event.currentTarget.ownerSVGElement?.parentElement?.getBoundingClientRect();
    if (box) onHover({ id: rack.id, x: event.clientX - box.left, y: event.clientY - box.top });
  };
  return (
    <g
      className="plan-rack" role="button" tabIndex={0} data-selected={selected} data-rack={rack.name} data-fill={fill ?? 'none'}
      aria-label={`${rack.name}: ${spoken}${abnormal ? `, ${t(`severity.${severity}`)}` : ''}`} aria-pressed={selected}
      onClick={() => onPick(rack.id)} onDoubleClick={() => onOpen(rack.id)} onKeyDown={onKeyDown} onMouseMove={hover} onMouseLeave={() => onHover(null)}
    >
      <g transform={`rotate(${rack.rotation_deg} ${cx} ${cy})`}>
        <rect
          className="plan-ring" x={rack.x_m + gap} y={rack.y_m + gap} width={rack.width_m - 2 * gap} height={rack.depth_m - 2 * gap} rx={0.03}
          fill={fill ?? (empty ? 'transparent' : 'url(#hatch)')}
          stroke={severity === 'critical' ? 'var(--sev-critical)' : 'var(--line-strong)'}
          strokeWidth={severity === 'critical' ? 0.07 : 0.02}
          strokeDasharray={empty ? '0.08 0.06' : undefined}
        />
        {!empty && <line x1={rack.x_m + 0.06} x2={rack.x_m + rack.width_m - 0.06} y1={rack.y_m + rack.depth_m - 0.06} y2={rack.y_m + rack.depth_m - 0.06} stroke={fill ? inkOn(fill) : 'var(--muted)'} strokeWidth={0.03} opacity={0.55} />}
      </g>
      {text && fill && (
        <text x={cx} y={cy} textAnchor="middle" dominantBaseline="central" fontSize={Math.min(0.24, rack.width_m * 0.37)} fill={inkOn(fill)} pointerEvents="none">{text}</text>
      )}
      {abnormal && (
        <svg x={cx - 0.13} y={cy - rack.depth_m / 2 + 0.06} width={0.26} height={0.26} viewBox="0 0 12 12" color={fill ? inkOn(fill) : undefined} pointerEvents="none">
          <SeverityShape severity={severity} />
        </svg>
      )}
    </g>
  );
}

export const PlanRackShape = memo(Shape, (a, b) =>
  a.layer === b.layer && a.selected === b.selected && a.onPick === b.onPick && a.view.rack === b.view.rack &&
  a.view.value === b.view.value && a.view.fill === b.view.fill && a.view.quality === b.view.quality && a.view.severity === b.view.severity);
