import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef } from 'react';
import type { Schemas } from '../../api/client';
import { pollErrorText } from '../../components/pollError';
import { PollStateMark, pollSeverity } from '../../components/PollStateMark';
import { compareNames, formatAge, formatCount, formatNumber } from '../../format/format';
import { useText } from '../../i18n/useText';
import { useNow } from '../../live/useLive';

const rowPx = 36;
const grid = 'minmax(160px,1.4fr) minmax(140px,1fr) 120px 80px 80px 80px 130px 100px minmax(140px,1.4fr)';
const rank = { critical: 0, warning: 1, info: 2, unknown: 3, ok: 4 } as const;

/** Every polled device, those in trouble first. */
export function HealthTable({ items }: { items: readonly Schemas['DeviceHealth'][] }) {
  const { t, language } = useText();
  const now = useNow(2000);
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useMemo(
    () => [...items].sort((a, b) => rank[pollSeverity[a.health.state]] - rank[pollSeverity[b.health.state]] || compareNames(a.name, b.name, language)),
    [items, language],
  );
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => rowPx, overscan: 10 });
  const heads = [t('word.device'), t('word.state'), t('devices.lastGood'), t('devices.latency'), t('word.points'), t('devices.failures'), t('devices.timeouts'), t('devices.skipped'), t('word.error')];
  const count = (n: number) => formatCount(n, language);
  return (
    <div ref={scroller} className="vtable" style={{ height: Math.min(520, 40 + rows.length * rowPx) }} role="table" aria-label={t('collectors.list')} aria-rowcount={rows.length + 1} tabIndex={0}>
      <div className="vtable-inner" role="rowgroup" style={{ minWidth: 1120 }}>
        <div className="vrow vhead" role="row" style={{ gridTemplateColumns: grid }}>
          {heads.map((head, i) => <div key={head} role="columnheader" className={i > 1 && i < 8 ? 'num truncate' : 'truncate'} title={head}>{head}</div>)}
        </div>
        <div className="vbody" role="presentation" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            if (!row) return null;
            const { health } = row;
            return (
              <div key={row.device} role="row" aria-rowindex={item.index + 2} className="vrow vitem" style={{ gridTemplateColumns: grid, height: rowPx, transform: `translateY(${item.start}px)` }}>
                <div role="cell" className="truncate"><Link className="link" to="/devices/$deviceId" params={{ deviceId: String(row.device) }}>{row.name}</Link></div>
                <div role="cell"><PollStateMark state={health.state} /></div>
                <div role="cell" className="num">{health.last_success ? formatAge(now - Date.parse(health.last_success), language) : t('word.never')}</div>
                <div role="cell" className="num">{health.latency_ms === undefined ? '–' : `${formatNumber(health.latency_ms, health.latency_ms < 10 ? 1 : 0, language)} ms`}</div>
                <div role="cell" className="num">{count(health.points)}</div>
                <div role="cell" className="num">{count(health.failures)}</div>
                <div role="cell" className="num">{count(health.timeouts)}</div>
                <div role="cell" className="num">{count(health.skipped)}</div>
                <div role="cell" className="truncate" title={health.error}>{pollErrorText(health.error, t) || health.error}</div>
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
