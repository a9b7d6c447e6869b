import { Button, Group, TextInput } from '@mantine/core';
import { IconPlus, IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { PageHeader } from '../../components/PageHeader';
import { EmptyState, ErrorState, LoadingState } from '../../components/States';
import { useText } from '../../i18n/useText';
import { useSession } from '../session/useSession';
import { AddPlaceDialog, addTexts } from './AddPlaceDialog';
import type { PlaceKind } from './placeForm';
import { treeQuery } from './queries';
import { PlaceTree } from './PlaceTree';

export function SitesPage() {
  const { t } = useText();
  const { may } = useSession();
  const { data, error, isPending, refetch } = useQuery(treeQuery());
  const [filter, setFilter] = useState('');
  const [adding, setAdding] = useState<PlaceKind | null>(null);
  const edit = may('layout.edit');
  const buttons = edit && (
    <Group gap="xs">
      {(['site', 'location', 'row', 'rack'] as const).map((kind) => (
        <Button key={kind} size="xs" variant="default" leftSection={<IconPlus size={15} aria-hidden />} disabled={kind !== 'site' && !data?.sites.length} onClick={() => setAdding(kind)}>
          {t(addTexts[kind])}
        </Button>
      ))}
    </Group>
  );
  return (
    <>
      <PageHeader title={t('sites.title')} right={buttons} />
      {isPending && <LoadingState />}
      {error && !data && <ErrorState error={error} onRetry={() => void refetch()} />}
      {data?.sites.length === 0 && <EmptyState title={t('sites.empty')} hint={t('sites.emptyHint')} />}
      {data && data.sites.length > 0 && (
        <section className="panel panel-body">
          <TextInput
            size="xs" maw={320} mb="sm" aria-label={t('sites.filter')} placeholder={t('sites.filter')}
            leftSection={<IconSearch size={15} aria-hidden />} value={filter} onChange={(e) => setFilter(e.currentTarget.value)}
          />
          <PlaceTree nodes={data.sites} filter={filter} />
        </section>
      )}
      {adding && data && <AddPlaceDialog kind={adding} sites={data.sites} onClose={() => setAdding(null)} />}
    </>
  );
}
