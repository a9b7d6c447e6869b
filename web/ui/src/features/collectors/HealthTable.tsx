import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { Schemas } from '../../api/client';
import { DataTable, type Column } from '../../components/DataTable';
import { pollErrorText } from '../../components/pollError';
import { PollStateMark, pollSeverity } from '../../components/PollStateMark';
import { compareNames, formatAge, formatCount, formatNumber } from '../../format/format';
import { useText } from '../../i18n/useText';
import { useNow } from '../../live/useLive';

type Health = Schemas['DeviceHealth'];

const rank = { critical: 0, warning: 1, info: 2, unknown: 3, ok: 4 } as const;

/** Every polled device, those in trouble first. */
export function HealthTable({ items }: { items: readonly Health[] }) {
  const { t, language } = useText();
  const now = useNow(2000);
  const rows = useMemo(
    () => [...items].sort((a, b) => rank[pollSeverity[a.health.state]] - rank[pollSeverity[b.health.state]] || compareNames(a.name, b.name, language)),
    [items, language],
  );
  const count = (n: number) => formatCount(n, language);
  const columns: Column<Health>[] = [
    { id: 'device', label: t('word.device'), width: 'minmax(140px,1.4fr)', card: 'title', cell: (h) => <Link className="link" to="/devices/$deviceId" params={{ deviceId: String(h.device) }}>{h.name}</Link> },
    { id: 'state', label: t('word.state'), width: 'minmax(130px,1fr)', cell: (h) => <PollStateMark state={h.health.state} /> },
    { id: 'good', label: t('devices.lastGood'), width: '110px', numeric: true, cell: ({ health: h }) => (h.last_success ? formatAge(now - Date.parse(h.last_success), language) : t('word.never')) },
    { id: 'latency', label: t('devices.latency'), width: '80px', numeric: true, cell: ({ health: h }) => (h.latency_ms === undefined ? '–' : `${formatNumber(h.latency_ms, h.latency_ms < 10 ? 1 : 0, language)} ms`) },
    { id: 'points', label: t('word.points'), width: '70px', numeric: true, cell: (h) => count(h.health.points) },
    { id: 'failures', label: t('devices.failures'), width: '86px', numeric: true, cell: (h) => count(h.health.failures) },
    { id: 'timeouts', label: t('devices.timeouts'), width: '110px', numeric: true, cell: (h) => count(h.health.timeouts) },
    { id: 'skipped', label: t('devices.skipped'), width: '90px', numeric: true, cell: (h) => count(h.health.skipped) },
    { id: 'error', label: t('word.error'), width: 'minmax(130px,1.4fr)', card: 'line', cell: ({ health: h }) => h.error && <span title={h.error}>{pollErrorText(h.error, t) || h.error}</span> },
  ];
  return <div className="scroll-box" style={{ maxHeight: 520 }} tabIndex={0} role="region" aria-label={t('collectors.list')}><DataTable label={t('collectors.list')} items={rows} columns={columns} idOf={(h) => h.device} minWidth={1080} /></div>;
}
