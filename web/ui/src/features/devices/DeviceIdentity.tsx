import { Facts } from '../../components/Facts';
import { formatTime } from '../../format/format';
import { useText } from '../../i18n/useText';
import { knownKind } from './kinds';
import type { DeviceDetail } from './queries';

const statuses = ['planned', 'staged', 'active', 'maintenance', 'decommissioning', 'offline'] as const;

export function DeviceIdentity({ detail }: { detail: DeviceDetail }) {
  const { t, language } = useText();
  const { device } = detail;
  const status = statuses.find((s) => s === device.status);
  return (
    <>
      <Facts
        items={[
          [t('word.kind'), t(`kind.${knownKind(device.kind)}`)],
          [t('word.status'), status ? t(`status.${status}`) : device.status],
          [t('word.vendor'), device.vendor],
          [t('word.model'), device.model],
          [t('word.serial'), detail.serial],
          [t('word.firmware'), detail.firmware],
          [t('word.assetTag'), detail.asset_tag],
          [t('word.mac'), detail.mac],
          [t('word.sysName'), detail.sys_name],
          [t('word.address'), device.address],
          [t('word.protocol'), device.protocol],
          [t('word.profile'), device.profile],
          [t('devices.learned'), detail.learned_at && formatTime(detail.learned_at, 'dateTime', language)],
        ]}
      />
      {detail.placements && detail.placements.length > 1 && (
        <>
          <h3>{t('devices.placements')}</h3>
          <ul style={{ paddingLeft: 18, margin: 0, fontSize: 13 }}>
            {detail.placements.map((p) => (
              <li key={p.from}>
                {p.place}{' '}
                <span className="muted">
                  {formatTime(p.from, 'date', language)} – {p.to ? formatTime(p.to, 'date', language) : t('devices.present')}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
