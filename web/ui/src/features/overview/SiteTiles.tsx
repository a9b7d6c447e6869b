import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Schemas } from '../../api/client';
import { PollStateMark, pollStates } from '../../components/PollStateMark';
import { MeasuredText } from '../../components/ValueText';
import { formatCount, formatQuantity } from '../../format/format';
import { useText } from '../../i18n/useText';
import type { Measured } from '../../live/freshness';

type Site = Schemas['SiteSummary'];

function Tile({ label, children, note }: { label: string; children: ReactNode; note?: ReactNode }) {
  return (
    <div className="panel stat">
      <div className="stat-label">{label}</div>
      <div className="stat-number">{children}</div>
      <div className="stat-label">{note ?? '\u00a0'}</div>
    </div>
  );
}

/** What the whole site draws and how well it is read. */
export function SiteTiles({ site, alone, nowMs }: { site: Site; alone: boolean; nowMs: number }) {
  const { t, language } = useText();
  const incomplete = (m?: Measured) =>
    m?.missing ? t('overview.incomplete', { missing: m.missing, points: m.points ?? 0 }) : undefined;
  const it = site.it_power_w;
  const share =
    site.it_capacity_w && it.value !== null
      ? t('overview.capacity', {
          share: formatQuantity((100 * it.value) / site.it_capacity_w, '%', language),
          capacity: formatQuantity(site.it_capacity_w, 'W', language),
        })
      : undefined;
  const online = site.devices.by_state.ok ?? 0;
  const troubled = pollStates.filter((s) => s !== 'ok' && s !== 'not-polled' && (site.devices.by_state[s] ?? 0) > 0);
  return (
    <section aria-label={site.name}>
      {!alone && <h2><Link className="link" to="/sites">{site.name}</Link></h2>}
      <div className="grid grid-stats">
        <Tile label={t('overview.itPower')} note={incomplete(it) ?? share}><MeasuredText measured={it} unit="W" nowMs={nowMs} /></Tile>
        {site.facility_power_w && (
          <Tile label={t('overview.facilityPower')} note={incomplete(site.facility_power_w)}>
            <MeasuredText measured={site.facility_power_w} unit="W" nowMs={nowMs} />
          </Tile>
        )}
        <Tile label={t('overview.pue')} note={incomplete(site.pue)}><MeasuredText measured={site.pue} unit="" nowMs={nowMs} /></Tile>
        <Tile
          label={t('overview.devicesOnline')}
          note={troubled.map((s) => (
            <Link key={s} className="link" to="/devices" search={{ state: [s], site: site.id }}>
              <PollStateMark state={s} /> {formatCount(site.devices.by_state[s] ?? 0, language)}{' '}
            </Link>
          ))}
        >
          {formatCount(online, language)} <span className="value-unit">/ {formatCount(site.devices.total - (site.devices.by_state['not-polled'] ?? 0), language)}</span>
        </Tile>
      </div>
    </section>
  );
}
