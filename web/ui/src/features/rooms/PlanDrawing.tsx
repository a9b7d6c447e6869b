import { ActionIcon } from '@mantine/core';
import { IconMaximize, IconMinus, IconPlus } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useCallback, useState } from 'react';
import { useText } from '../../i18n/useText';
import { aisles } from './aisles';
import { PlanDeviceShape } from './PlanDeviceShape';
import { PlanRackShape } from './PlanRackShape';
import type { RoomPlan } from './queries';
import { RackHover } from './RackHover';
import type { Layer, RackView } from './rackViews';
import { usePanZoom } from './usePanZoom';

interface Props {
  plan: RoomPlan;
  views: readonly RackView[];
  layer: Layer;
  selected?: number;
  onSelect: (rack?: number) => void;
  nowMs: number;
}

const marginM = 0.4;

/** The room to scale: drag moves, wheel zooms, a click selects, a second one opens. */
export function PlanDrawing({ plan, views, layer, selected, onSelect, nowMs }: Props) {
  const { t } = useText();
  const navigate = useNavigate();
  const width = plan.width_m || Math.max(1, ...plan.racks.map((r) => r.x_m + r.width_m));
  const depth = plan.depth_m || Math.max(1, ...plan.racks.map((r) => r.y_m + r.depth_m));
  const pan = usePanZoom({ x: -marginM, y: -marginM, width: width + 2 * marginM, height: depth + 2 * marginM });
  const [hover, setHover] = useState<{ id: number; x: number; y: number } | null>(null);
  const { wasDrag } = pan;
  const pick = useCallback((id: number) => !wasDrag() && onSelect(id), [onSelect]); // eslint-disable-line react-hooks/exhaustive-deps
  const open = useCallback((id: number) => void navigate({ to: '/racks/$rackId', params: { rackId: String(id) } }), [navigate]);
  const hovered = hover && views.find((v) => v.rack.id === hover.id);
  return (
    <div className="plan" data-zoomed={pan.zoomed} style={{ aspectRatio: `${width + 2 * marginM} / ${depth + 2 * marginM}`, maxHeight: 'calc(100dvh - 230px)', minHeight: 280, width: '100%' }} data-testid="plan">
      <svg ref={pan.svg} viewBox={`${pan.view.x} ${pan.view.y} ${pan.view.width} ${pan.view.height}`} role="group" aria-label={t('room.plan', { name: plan.name })} {...pan.handlers}>
        <defs>
          <pattern id="hatch" width="0.16" height="0.16" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect width="0.16" height="0.16" fill="var(--surface)" />
            <line x1="0" y1="0" x2="0" y2="0.16" stroke="var(--hatch)" strokeWidth="0.07" />
          </pattern>
          {plan.tile_m > 0 && (
            <pattern id="tiles" width={plan.tile_m} height={plan.tile_m} patternUnits="userSpaceOnUse">
              <path d={`M ${plan.tile_m} 0 H 0 V ${plan.tile_m}`} fill="none" stroke="var(--line)" strokeWidth="0.012" />
            </pattern>
          )}
        </defs>
        <rect x={0} y={0} width={width} height={depth} fill="var(--surface)" stroke="var(--line-strong)" strokeWidth={0.08} />
        {plan.tile_m > 0 && <rect x={0} y={0} width={width} height={depth} fill="url(#tiles)" pointerEvents="none" />}
        {aisles(plan.racks).map((a) => (
          <g key={`${a.x}/${a.y}`} pointerEvents="none">
            <rect x={a.x} y={a.y} width={a.width} height={a.height} fill={a.kind === 'hot' ? 'var(--line-strong)' : 'var(--line)'} opacity={0.16} />
            <text x={a.x + a.width + 0.15} y={a.y + a.height / 2} fontSize={0.24} dominantBaseline="central" fill="var(--muted)">
              {t(a.kind === 'hot' ? 'room.hotAisle' : 'room.coldAisle')}
            </text>
          </g>
        ))}
        {plan.rows.map((row) => {
          const first = plan.racks.filter((r) => r.row === row.id).sort((a, b) => a.x_m - b.x_m || a.y_m - b.y_m)[0];
          return first && (
            <text key={row.id} x={first.x_m - 0.2} y={first.y_m + first.depth_m / 2} textAnchor="end" dominantBaseline="central" fontSize={0.3} fill="var(--muted)" pointerEvents="none">{row.name}</text>
          );
        })}
        {plan.devices.map((d) => <PlanDeviceShape key={d.id} device={d} />)}
        {views.map((view) => (
          <PlanRackShape key={view.rack.id} view={view} layer={layer} selected={view.rack.id === selected} onPick={pick} onOpen={open} onHover={setHover} />
        ))}
      </svg>
      <div className="plan-tools">
        <ActionIcon variant="default" aria-label={t('action.zoomIn')} onClick={() => pan.zoomAt(1 / 1.4)}><IconPlus size={16} aria-hidden /></ActionIcon>
        <ActionIcon variant="default" aria-label={t('action.zoomOut')} onClick={() => pan.zoomAt(1.4)}><IconMinus size={16} aria-hidden /></ActionIcon>
        <ActionIcon variant="default" aria-label={t('action.zoomReset')} onClick={pan.reset}><IconMaximize size={16} aria-hidden /></ActionIcon>
      </div>
      {hover && hovered && <RackHover view={hovered} x={hover.x} y={hover.y} nowMs={nowMs} />}
    </div>
  );
}
