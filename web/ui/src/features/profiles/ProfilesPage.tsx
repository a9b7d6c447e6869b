import { Button, Checkbox, Group, Select, TextInput } from '@mantine/core';
import { IconFileText, IconPlus, IconSearch, IconTestPipe } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useDeferredValue, useMemo, useState } from 'react';
import { PageHeader } from '../../components/PageHeader';
import { Panel } from '../../components/Panel';
import { EmptyState, ErrorState, LoadingState } from '../../components/States';
import { formatCount, formatTime } from '../../format/format';
import { useText } from '../../i18n/useText';
import { useSession } from '../session/useSession';
import { DraftDialog } from './DraftDialog';
import { EditProfileDialog } from './EditProfileDialog';
import { profileMatches } from './profileSearch';
import { ProfileTable } from './ProfileTable';
import { profilesQuery, type ProfileSummary } from './queries';
import { Refused } from './Refused';
import { TestRecordingDialog } from './TestRecordingDialog';

const route = getRouteApi('/shell/profiles');
const origins = ['site', 'replaced', 'built-in'] as const;

/** The device profiles in use: what each reads, and whether anybody has seen it. */
export function ProfilesPage() {
  const { t, language } = useText();
  const { may } = useSession();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const list = useQuery(profilesQuery());
  const words = useDeferredValue(search.q ?? '');
  const [dialog, setDialog] = useState<{ kind: 'edit'; text?: string; name?: string } | { kind: 'draft' | 'test' } | null>(null);
  const edit = may('profile.edit');
  const items = list.data?.items;
  const shown = useMemo(
    // Those that only serve others, such as descriptions of traps, are no profiles of devices; asked for, they come last.
    () => (items ?? []).toSorted((a, b) => Number(a.abstract) - Number(b.abstract))
      .filter((p) => (search.bases || !p.abstract) && profileMatches(p, words) && (!search.origin || originOf(p) === search.origin) && (!search.protocol || p.protocol === search.protocol)),
    [items, words, search.bases, search.origin, search.protocol],
  );
  const devices = shown.filter((p) => !p.abstract).length;
  const bases = items?.filter((p) => p.abstract).length ?? 0;
  const set = (change: Partial<typeof search>) => void navigate({ search: (s) => ({ ...s, ...change }), replace: true });
  return (
    <>
      <PageHeader
        title={t('profiles.title')}
        right={edit && (
          <Group gap="xs">
            <Button size="xs" variant="default" leftSection={<IconTestPipe size={15} aria-hidden />} onClick={() => setDialog({ kind: 'test' })}>{t('profiles.test')}</Button>
            <Button size="xs" variant="default" leftSection={<IconFileText size={15} aria-hidden />} onClick={() => setDialog({ kind: 'draft' })}>{t('profiles.draft')}</Button>
            <Button size="xs" variant="default" leftSection={<IconPlus size={15} aria-hidden />} onClick={() => setDialog({ kind: 'edit' })}>{t('profiles.add')}</Button>
          </Group>
        )}
      />
      <p className="muted" style={{ marginTop: 0 }}>{t('profiles.intro')}</p>
      {list.data?.refused && <Refused refusal={list.data.refused} loadedAt={list.data.loaded_at} />}
      {list.isPending && <LoadingState rows={10} />}
      {list.error && !items && <ErrorState error={list.error} onRetry={() => void list.refetch()} />}
      {items && (
        <Panel
          flush
          title={<>{t('profiles.inUse')} <span className="muted" style={{ fontWeight: 400 }}>{formatCount(devices, language)}{shown.length > devices && ` · ${t('profiles.besides', { count: formatCount(shown.length - devices, language) })}`} · {t('profiles.loadedAt', { time: formatTime(list.data?.loaded_at ?? 0, 'dateTime', language) })}</span></>}
          right={
            <Group gap="xs">
              <Checkbox size="xs" label={t('profiles.withBases', { count: bases })} checked={search.bases === true} onChange={(e) => set({ bases: e.currentTarget.checked || undefined })} />
              <Select size="xs" w={150} clearable aria-label={t('profiles.origin')} placeholder={t('profiles.origin')} data={origins.map((o) => ({ value: o, label: t(`profileOrigin.${o}`) }))} value={search.origin ?? null} onChange={(v) => set({ origin: origins.find((o) => o === v) })} />
              <Select size="xs" w={120} clearable aria-label={t('word.protocol')} placeholder={t('word.protocol')} data={[{ value: 'snmp', label: 'SNMP' }, { value: 'modbus', label: 'Modbus' }]} value={search.protocol ?? null} onChange={(v) => set({ protocol: v === 'snmp' || v === 'modbus' ? v : undefined })} />
              <TextInput size="xs" w={270} maw="100%" aria-label={t('profiles.search')} placeholder={t('profiles.search')} leftSection={<IconSearch size={14} aria-hidden />} value={search.q ?? ''} onChange={(e) => set({ q: e.currentTarget.value || undefined })} />
            </Group>
          }
        >
          {shown.length === 0 ? <EmptyState title={t('profiles.noMatch')} /> : <ProfileTable profiles={shown} />}
        </Panel>
      )}
      {dialog?.kind === 'edit' && <EditProfileDialog name={dialog.name} text={dialog.text} onClose={() => setDialog(null)} />}
      {dialog?.kind === 'draft' && <DraftDialog onClose={() => setDialog(null)} onDraft={(name, text) => setDialog({ kind: 'edit', name, text })} />}
      {dialog?.kind === 'test' && <TestRecordingDialog onClose={() => setDialog(null)} />}
    </>
  );
}

export function originOf(p: Pick<ProfileSummary, 'origin' | 'replaces'>): (typeof origins)[number] {
  if (p.origin === 'built-in') return 'built-in';
  return p.replaces ? 'replaced' : 'site';
}
