import { useNavigate } from '@tanstack/react-router';
import { pollSeverity } from '../../components/PollStateMark';
import { SeverityShape } from '../../components/SeverityMark';
import { useText } from '../../i18n/useText';
import type { PlanDevice } from './queries';

/** Floor-standing gear on the plan; neutral unless something is wrong with it. */
export function PlanDeviceShape({ device }: { device: PlanDevice }) {
  const { t } = useText();
  const navigate = useNavigate();
  const open = () => void navigate({ to: '/devices/$deviceId', params: { deviceId: String(device.id) } });
  const polled = pollSeverity[device.state];
  const own = device.severity ?? 'unknown';
  const severity = polled === 'critical' || polled === 'warning' ? polled : own === 'unknown' ? 'ok' : own;
  const abnormal = severity === 'critical' || severity === 'warning';
  const cx = device.x_m + device.width_m / 2;
  const cy = device.y_m + device.depth_m / 2;
  const turned = Math.abs(Math.sin((device.rotation_deg * Math.PI) / 180)) > 0.7;
  const width = turned ? device.depth_m : device.width_m;
  const height = turned ? device.width_m : device.depth_m;
  const upright = height > width * 1.3;
  const color = severity === 'critical' ? 'var(--sev-critical)' : severity === 'warning' ? 'var(--sev-warning)' : 'var(--line-strong)';
  const size = Math.min(0.24, (upright ? height : width) / Math.max(4, device.name.length * 0.6));
  return (
    <g
      className="plan-rack" role="link" tabIndex={0} onClick={open} onKeyDown={(e) => e.key === 'Enter' && open()}
      aria-label={`${device.name}: ${abnormal ? t(`severity.${severity}`) : t(`pollState.${device.state}`)}`} data-device={device.name} data-severity={severity}
    >
      <rect className="plan-ring" x={cx - width / 2} y={cy - height / 2} width={width} height={height} rx={0.04} fill="var(--surface-2)" stroke={color} strokeWidth={abnormal ? 0.08 : 0.03} />
      <text x={cx} y={abnormal && !upright ? cy + height * 0.22 : cy} textAnchor="middle" dominantBaseline="central" fontSize={size} fill="var(--text)" pointerEvents="none" transform={upright ? `rotate(-90 ${cx} ${cy})` : undefined}>{device.name}</text>
      {abnormal && (
        <svg x={cx - 0.14} y={cy - height / 2 + 0.08} width={0.28} height={0.28} viewBox="0 0 12 12" color={color} pointerEvents="none">
          <SeverityShape severity={severity} />
        </svg>
      )}
    </g>
  );
}
