import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { PageHeader } from '../../components/PageHeader';
import { Panel } from '../../components/Panel';
import { EmptyState, ErrorState, LoadingState } from '../../components/States';
import { useText } from '../../i18n/useText';
import { useSession } from '../session/useSession';
import { Findings } from './Findings';
import { rangesQuery, refreshDiscovery, type DiscoveryRange } from './queries';
import { RangeDialog } from './RangeDialog';
import { RangeTable } from './RangeTable';

const route = getRouteApi('/shell/discovery');

/** Address ranges that are searched for devices, and what was found in them. */
export function DiscoveryPage() {
  const { t } = useText();
  const { may } = useSession();
  const queries = useQueryClient();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const ranges = useQuery(rangesQuery());
  const [editing, setEditing] = useState<DiscoveryRange | 'new' | null>(null);
  const manage = may('device.discover');
  const items = ranges.data?.items;
  const running = items?.filter((r) => r.last?.state === 'running').length ?? 0;
  // The end of a scan changes what was found.
  useEffect(() => {
    void refreshDiscovery(queries);
  }, [running, queries]);
  const add = manage && <Button size="xs" variant="default" leftSection={<IconPlus size={15} aria-hidden />} onClick={() => setEditing('new')}>{t('discovery.addRange')}</Button>;
  return (
    <>
      <PageHeader title={t('discovery.title')} right={items && items.length > 0 && add} />
      <p className="muted" style={{ marginTop: 0 }}>{t('discovery.intro')}</p>
      {ranges.isPending && <LoadingState rows={8} />}
      {ranges.error && !items && <ErrorState error={ranges.error} onRetry={() => void ranges.refetch()} />}
      {items && (
        <div className="grid">
          <Panel title={t('discovery.rangesTitle')} flush>
            {items.length === 0
              ? <EmptyState title={t('discovery.empty')} hint={t('discovery.emptyHint')}>{add}</EmptyState>
              : <RangeTable ranges={items} manage={manage} onEdit={setEditing} />}
          </Panel>
          {items.length > 0 && (
            <Findings ranges={items} search={search} manage={manage} setSearch={(change) => void navigate({ search: (s) => ({ ...s, ...change }), replace: true })} />
          )}
        </div>
      )}
      {editing && <RangeDialog range={editing === 'new' ? undefined : editing} onClose={() => setEditing(null)} />}
    </>
  );
}
