import { Checkbox, Group, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { DataTable, type Column } from '../../components/DataTable';
import { isState } from '../../components/PointValueText';
import { SeverityMark } from '../../components/SeverityMark';
import { EmptyState } from '../../components/States';
import { ValueText } from '../../components/ValueText';
import { fold } from '../../format/format';
import { partName, pointName, stateName } from '../../i18n/pointNames';
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
  const shown = useMemo(
    () => groupLook(points, words, (p) => (verdict === undefined || (p.verdicts ?? []).includes(verdict)) && (filter === 'all' || p.value === null), fold).flatMap((g) => g.points),
    [points, words, filter, verdict],
  );
  const columns: Column<LookPoint>[] = [
    { id: 'point', label: t('word.point'), width: 'minmax(180px,1.6fr)', card: 'title', cell: (p) => <Name point={p} /> },
    { id: 'value', label: t('word.value'), width: 'minmax(110px,0.8fr)', numeric: true, cell: (p) => <Value point={p} /> },
    { id: 'raw', label: t('looks.raw'), width: 'minmax(110px,1fr)', cell: (p) => <span className="raw">{p.raw || '–'}</span> },
    { id: 'source', label: t('word.source'), width: 'minmax(180px,1.5fr)', cell: (p) => <span className="raw">{p.source}</span> },
    { id: 'limits', label: t('devices.limits'), width: 'minmax(110px,1fr)', cell: (p) => limits(p, language) },
    { id: 'quality', label: t('word.quality'), width: 'minmax(110px,0.9fr)', cell: (p) => (p.reason ? t(`looks.reason.${p.reason}`) : t(`quality.${p.quality}`)) },
  ];
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
      {shown.length === 0 && <EmptyState title={t('search.nothing')} />}
      {shown.length > 0 && (
        <DataTable
          label={t('looks.readings')} items={shown} columns={columns} idOf={(p) => p.key} minWidth={900}
          groupOf={(p) => (p.component ? partName(p, language) : t('devices.device'))}
          marksOf={(p) => ({ 'data-point': p.key, 'data-doubtful': (p.verdicts ?? []).length > 0 || undefined })}
        />
      )}
    </section>
  );
}

function Name({ point: p }: { point: LookPoint }) {
  const { language } = useText();
  const name = pointName(p, language);
  return <>{(p.verdicts ?? []).length > 0 ? <SeverityMark severity="warning">{name}</SeverityMark> : name}<div className="muted">{p.key}</div></>;
}

function Value({ point: p }: { point: LookPoint }) {
  const { language } = useText();
  if (p.value === null || !isState(p)) return <ValueText value={p.value} unit={p.unit} step={p.step} quality={p.quality} nowMs={0} />;
  return <SeverityMark severity={p.severity ?? 'unknown'}>{stateName(p.state ?? String(p.value), language)}</SeverityMark>;
}

/** The thresholds that the device keeps itself, lowest first. */
function limits(p: LookPoint, language: 'vi' | 'en'): string {
  const { low_critical: lc, low_warning: lw, high_warning: hw, high_critical: hc } = p.limits ?? {};
  const signs = [['≪', lc], ['<', lw], ['>', hw], ['≫', hc]] as const;
  return signs.filter(([, v]) => v !== undefined).map(([sign, v]) => `${sign} ${exactValue(v ?? 0, p.unit, language, p.step)}`).join(' · ');
}
