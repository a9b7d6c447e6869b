import { Checkbox, Group, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import { DataTable, type Column } from '../../components/DataTable';
import { SeverityMark } from '../../components/SeverityMark';
import { EmptyState } from '../../components/States';
import { fold, formatCount } from '../../format/format';
import { useText } from '../../i18n/useText';
import type { ProfileDetail, ProfilePoint } from './queries';
import { groupName, quantityName, readingName } from './readingWords';

/** Whether nobody has seen a reading: in no recording, and on no device here. */
export const unseen = (p: Pick<ProfilePoint, 'recorded_good' | 'seen'>) => (p.recorded_good ?? 0) === 0 && p.seen === 0;

/** What a profile reads, with what covers each reading. */
export function ProfileReadings({ detail }: { detail: ProfileDetail }) {
  const { t, language } = useText();
  const [words, setWords] = useState('');
  const [only, setOnly] = useState(false);
  const all = detail.readings;
  const wanted = fold(words.trim());
  const shown = all.filter((p) => (!only || unseen(p)) && (!wanted || fold(`${p.key} ${p.class} ${p.source} ${p.place} ${p.label ?? ''} ${readingName(p, language)} ${quantityName(p.class, t)}`).includes(wanted)));
  const count = all.filter(unseen).length;
  const columns: Column<ProfilePoint>[] = [
    { id: 'point', label: t('word.point'), width: 'minmax(160px,1.3fr)', card: 'title', cell: (p) => <>{readingName(p, language)}<div className="muted raw">{p.key}</div>{p.limits && <div className="muted">{t('devices.limits')}</div>}</> },
    { id: 'class', label: t('word.class'), width: 'minmax(150px,1fr)', cell: (p) => <><span title={p.class}>{quantityName(p.class, t) || <span className="muted">{t('profiles.byDevice')}</span>}{p.unit && <span className="muted nowrap"> ({p.unit})</span>}</span><div className="muted" title={p.group}>{t('profiles.group')}: {groupName(p.group, t)}</div></> },
    { id: 'scale', label: t('profiles.scale'), width: '80px', numeric: true, cell: scaleText },
    { id: 'source', label: t('word.source'), width: 'minmax(150px,1.3fr)', card: 'line', cell: (p) => <>{p.source}<div className="muted raw">{p.place}</div></> },
    { id: 'coverage', label: t('profiles.coverage'), width: 'minmax(150px,1fr)', cell: (p) => <Coverage point={p} synthetic={detail.summary.synthetic} /> },
  ];
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>{t('profiles.readings')} <span className="muted" style={{ fontWeight: 400 }}>{formatCount(all.length, language)}</span></h2>
        <Group gap="sm">
          {count > 0 && <Checkbox size="xs" label={t('profiles.onlyUnseen', { count })} checked={only} onChange={(e) => setOnly(e.currentTarget.checked)} />}
          <TextInput size="xs" w={180} aria-label={t('devices.filterPoints')} placeholder={t('devices.filterPoints')} leftSection={<IconSearch size={14} aria-hidden />} value={words} onChange={(e) => setWords(e.currentTarget.value)} />
        </Group>
      </div>
      {shown.length === 0 && <EmptyState title={t(all.length === 0 ? 'profiles.noReadings' : 'search.nothing')} />}
      {shown.length > 0 && <DataTable label={t('profiles.readings')} items={shown} columns={columns} idOf={(p) => `${p.key} ${p.place}`} minWidth={720} marksOf={(p) => ({ 'data-point': p.key })} />}
    </section>
  );
}

/** As it stands in the profile, whatever the language. */
function scaleText(p: ProfilePoint): string {
  return `×${p.scale}${p.offset ? ` ${p.offset > 0 ? '+' : '−'} ${Math.abs(p.offset)}` : ''}`;
}

function Coverage({ point: p, synthetic }: { point: ProfilePoint; synthetic: boolean }) {
  const { t, language } = useText();
  const recorded = (p.recorded ?? 0) > 0 && t(synthetic ? 'profiles.inSynthetic' : 'profiles.inRecording', { good: formatCount(p.recorded_good ?? 0, language), all: formatCount(p.recorded ?? 0, language) });
  const seen = p.seen > 0 && t('profiles.onDevices', { count: p.seen });
  if (unseen(p) && !recorded) return <SeverityMark severity="unknown">{t('profiles.unseen')}</SeverityMark>;
  return <>{seen && <div>{seen}</div>}{recorded && <div className={seen ? 'muted' : undefined}>{recorded}</div>}</>;
}
