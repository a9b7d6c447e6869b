import { useNavigate } from '@tanstack/react-router';
import { pollSeverity } from '../../components/PollStateMark';
import { SeverityShape } from '../../components/SeverityMark';
import { useText } from '../../i18n/useText';
import {
  deviceBox, gutterPx, innerPx, mounted, unitNumber, unitPx, visibleOn, zeroU, zeroUPx, type Box, type ElevationFace,
} from './elevation';
import type { RackDetail, RackDevice } from './queries';

/** One face of a rack, unit 1 at the bottom, with the zero-U strips beside it. */
export function Elevation({ rack, face }: { rack: RackDetail; face: ElevationFace }) {
  const { t } = useText();
  const height = rack.u_height * unitPx;
  const frame = innerPx + 2 * gutterPx;
  const sides = zeroU(rack);
  const left = sides.filter((d) => (d.zero_u_side === 'left') === (face === 'front'));
  const right = sides.filter((d) => (d.zero_u_side === 'left') !== (face === 'front'));
  const leftWidth = left.length * (zeroUPx + 4);
  const width = frame + leftWidth + right.length * (zeroUPx + 4);
  return (
    <figure className="elevation" style={{ margin: 0, width: width }}>
      <figcaption style={{ textAlign: 'center', fontWeight: 600, fontSize: 13, marginBottom: 6 }}>{t(`rack.${face}`)}</figcaption>
      <svg viewBox={`-1 -1 ${width + 2} ${height + 2}`} role="group" aria-label={`${t('rack.elevation')}: ${t(`rack.${face}`)}`} data-testid={`elevation-${face}`}>
        {left.map((d, i) => <Strip key={d.id} device={d} rack={rack} x={i * (zeroUPx + 4)} />)}
        <g transform={`translate(${leftWidth} 0)`}>
          <rect x={gutterPx} y={0} width={innerPx} height={height} fill="var(--surface-2)" stroke="var(--line-strong)" />
          {Array.from({ length: rack.u_height }, (_, i) => {
            const y = (rack.u_height - i - 1) * unitPx;
            const n = unitNumber(rack, i);
            return (
              <g key={n} fontSize={10} fill="var(--muted)" aria-hidden>
                <line x1={gutterPx} x2={gutterPx + innerPx} y1={y} y2={y} stroke="var(--line)" strokeWidth={0.6} />
                <text x={gutterPx - 5} y={y + unitPx / 2} textAnchor="end" dominantBaseline="central">{n}</text>
                <text x={gutterPx + innerPx + 5} y={y + unitPx / 2} dominantBaseline="central">{n}</text>
              </g>
            );
          })}
          {mounted(rack).map((device) => {
            const box = deviceBox(rack, device, face);
            return box && <Mounted key={device.id} device={device} box={box} seen={visibleOn(device, face)} />;
          })}
        </g>
        {right.map((d, i) => <Strip key={d.id} device={d} rack={rack} x={leftWidth + frame + 4 + i * (zeroUPx + 4)} />)}
      </svg>
    </figure>
  );
}

function useOpen(device: RackDevice) {
  const { t } = useText();
  const navigate = useNavigate();
  const open = () => void navigate({ to: '/devices/$deviceId', params: { deviceId: String(device.id) } });
  return {
    className: 'elev-dev',
    role: 'link',
    tabIndex: 0,
    onClick: open,
    onKeyDown: (e: React.KeyboardEvent) => e.key === 'Enter' && open(),
    'aria-label': `${device.name}: ${t(`pollState.${device.state}`)}`,
  } as const;
}

function Mark({ device, x, y }: { device: RackDevice; x: number; y: number }) {
  const severity = pollSeverity[device.state];
  if (severity !== 'critical' && severity !== 'warning') return null;
  return <svg x={x} y={y} width={11} height={11} viewBox="0 0 12 12" color={`var(--sev-${severity})`}><SeverityShape severity={severity} /></svg>;
}

function Mounted({ device, box, seen }: { device: RackDevice; box: Box; seen: boolean }) {
  const props = useOpen(device);
  if (!seen) {
    return <rect x={box.x + 1} y={box.y + 1} width={box.width - 2} height={box.height - 2} fill="none" stroke="var(--line-strong)" strokeDasharray="3 3" opacity={0.7} aria-hidden />;
  }
  const most = Math.floor(box.width / 6.6) - 2;
  return (
    <g {...props}>
      <title>{`${device.name}${device.model ? ` · ${device.model}` : ''}`}</title>
      <rect x={box.x + 1} y={box.y + 1} width={box.width - 2} height={box.height - 2} rx={2} fill="var(--surface)" stroke="var(--line-strong)" />
      <text x={box.x + 8} y={box.y + box.height / 2} dominantBaseline="central" fontSize={11} fill="var(--text)">
        {device.name.length > most ? `${device.name.slice(0, most - 1)}…` : device.name}
      </text>
      <Mark device={device} x={box.x + box.width - 18} y={box.y + box.height / 2 - 5.5} />
    </g>
  );
}

function Strip({ device, rack, x }: { device: RackDevice; rack: RackDetail; x: number }) {
  const props = useOpen(device);
  const total = rack.u_height * unitPx;
  const bottom = Math.min((device.zero_u_offset ?? 0) * unitPx, total - 2 * unitPx);
  const height = device.u_height > 0 ? Math.min(device.u_height * unitPx, total - bottom) : total - bottom;
  const y = total - bottom - height;
  return (
    <g {...props}>
      <title>{device.name}</title>
      <rect x={x} y={y} width={zeroUPx} height={height} rx={3} fill="var(--surface)" stroke="var(--line-strong)" />
      <text x={x + zeroUPx / 2} y={y + height / 2} textAnchor="middle" dominantBaseline="central" fontSize={11} fill="var(--text)" transform={`rotate(-90 ${x + zeroUPx / 2} ${y + height / 2})`}>{device.name}</text>
      <Mark device={device} x={x + 6} y={y + 6} />
    </g>
  );
}
