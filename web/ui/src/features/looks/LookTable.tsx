import { Checkbox, Group, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { isState } from '../../components/PointValueText';
import { SeverityMark } from '../../components/SeverityMark';
import { EmptyState } from '../../components/States';
import { ValueText } from '../../components/ValueText';
import { fold } from '../../format/format';
import { componentName, pointName, stateName } from '../../i18n/pointNames';
import { useText } from '../../i18n/useText';
import type { LookPoint } from './queries';
import { exactValue, groupLook } from './verdicts';

interface Props {
  points: readonly LookPoint[];
  /** The verdict whose points are shown alone. */
  verdict?: number;
}

/** Every reading with what came from the wire beside what it means. */
export function LookTable({ points, verdict }: Props) {
  const { t, language } = useText();
  const [words, setWords] = useState('');
  const [filter, setFilter] = useState<'all' | 'missing'>('all');
  const groups = useMemo(
    () => groupLook(points, words, (p) => (verdict === undefined || (p.verdicts ?? []).includes(verdict)) && (filter === 'all' || p.value === null), fold),
    [points, words, filter, verdict],
  );
  const missing = points.filter((p) => p.value === null).length;
  return (
    <section className="panel" aria-label={t('looks.readings')}>
      <div className="panel-head">
        <h2>{t('looks.readings')} <span className="muted" style={{ fontWeight: 400 }}>{t('devices.pointCount', { count: points.length })}</span></h2>
        <Group gap="sm">
          {missing > 0 && <Checkbox size="xs" label={t('looks.onlyMissing', { count: missing })} checked={filter === 'missing'} onChange={(e) => setFilter(e.currentTarget.checked ? 'missing' : 'all')} />}
          <TextInput size="xs" w={180} aria-label={t('devices.filterPoints')} placeholder={t('devices.filterPoints')} leftSection={<IconSearch size={14} aria-hidden />} value={words} onChange={(e) => setWords(e.currentTarget.value)} />
        </Group>
      </div>
      {groups.length === 0 && <EmptyState title={t('search.nothing')} />}
      {groups.length > 0 && (
        <div className="scroll-x" tabIndex={0} role="region" aria-label={t('looks.readings')}>
          <table className="plain" style={{ minWidth: 980 }}>
            <thead>
              <tr>
                <th>{t('word.point')}</th><th className="num">{t('word.value')}</th><th>{t('looks.raw')}</th><th>{t('word.source')}</th>
                <th>{t('devices.limits')}</th><th>{t('word.quality')}</th>
              </tr>
            </thead>
            {groups.map((g) => (
              <tbody key={g.component}>
                <tr><th colSpan={6} scope="rowgroup" style={{ color: 'var(--text)', fontWeight: 600, fontSize: 13 }}>{g.component ? componentName(g.component, language) : t('devices.device')}</th></tr>
                {g.points.map((p) => <PointRow key={p.key} point={p} />)}
              </tbody>
            ))}
          </table>
        </div>
      )}
    </section>
  );
}

function PointRow({ point: p }: { point: LookPoint }) {
  const { t, language } = useText();
  const doubtful = (p.verdicts ?? []).length > 0;
  return (
    <tr data-point={p.key} data-doubtful={doubtful || undefined} className="look-row">
      <td>
        {doubtful ? <SeverityMark severity="warning">{pointName(p, language)}</SeverityMark> : pointName(p, language)}
        <div className="muted">{p.key}</div>
      </td>
      <td className="num">
        {p.value !== null && isState(p)
          ? <SeverityMark severity={p.severity ?? 'unknown'}>{stateName(p.state ?? String(p.value), language)}</SeverityMark>
          : <ValueText value={p.value} unit={p.unit} quality={p.quality} nowMs={0} />}
      </td>
      <td className="raw">{p.raw || <span className="muted">–</span>}</td>
      <td className="raw">{p.source}</td>
      <td>{limits(p, language)}</td>
      <td>{p.reason ? t(`looks.reason.${p.reason}`) : t(`quality.${p.quality}`)}</td>
    </tr>
  );
}

/** The thresholds that the device keeps itself, lowest first. */
function limits(p: LookPoint, language: 'vi' | 'en'): string {
  const { low_critical: lc, low_warning: lw, high_warning: hw, high_critical: hc } = p.limits ?? {};
  const signs = [['≪', lc], ['<', lw], ['>', hw], ['≫', hc]] as const;
  return signs.filter(([, v]) => v !== undefined).map(([sign, v]) => `${sign} ${exactValue(v ?? 0, p.unit, language)}`).join(' · ');
}
