import { Progress } from '@mantine/core';
import { pollErrorText } from '../../components/pollError';
import { SeverityMark } from '../../components/SeverityMark';
import { formatCount, formatDuration, formatTime } from '../../format/format';
import { useText, type Translate } from '../../i18n/useText';
import type { Scan } from './queries';

/** How far a scan is, or how it ended. */
export function ScanStateText({ scan }: { scan?: Scan }) {
  const { t, language } = useText();
  if (!scan) return <span className="muted">{t('discovery.neverScanned')}</span>;
  const count = (n: number) => formatCount(n, language);
  if (scan.state === 'running') {
    const progress = t('discovery.progress', { done: count(scan.done), total: count(scan.addresses), found: count(scan.found) });
    return (
      <div style={{ minWidth: 220 }}>
        <Progress value={(100 * scan.done) / Math.max(1, scan.addresses)} size="sm" aria-label={progress} animated />
        <div>{progress}</div>
        <div className="muted">{scan.left_s === undefined ? t('discovery.leftUnknown') : t('discovery.left', { time: formatDuration(Math.ceil(scan.left_s), language) })}</div>
      </div>
    );
  }
  const differs = scan.state === 'done' ? differences(scan, t, count) : t('discovery.stoppedAt', { done: count(scan.done), total: count(scan.addresses) });
  const fault = scan.error && (pollErrorText(scan.error, t) || scan.error);
  return (
    <div style={{ minWidth: 250 }}>
      <SeverityMark severity={scan.state === 'failed' ? 'warning' : scan.state === 'done' ? 'ok' : 'unknown'}>{t(`scanState.${scan.state}`)}</SeverityMark>
      {' '}
      <span className="muted nowrap">{formatTime(scan.ended_at ?? scan.started_at, 'dateTime', language)} · {scan.who === 'schedule' ? t('discovery.bySchedule') : scan.who}</span>
      <div>{t('discovery.found', { count: scan.found })} · {differs}</div>
      {scan.skipped > 0 && <div className="muted">{t('discovery.skipped', { count: scan.skipped })}</div>}
      {fault && <div>{fault}</div>}
    </div>
  );
}

/** What the scan found that the one before had not, and the other way round. */
function differences(scan: Scan, t: Translate, count: (n: number) => string): string {
  const parts = (['new', 'changed', 'gone'] as const).filter((s) => scan[s]).map((s) => `${t(`findingState.${s}`).toLowerCase()}: ${count(scan[s] ?? 0)}`);
  return parts.length > 0 ? parts.join(', ') : t('discovery.noDifference');
}
