import { Button, Group, MultiSelect } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { PageHeader } from '../../components/PageHeader';
import { pollStates } from '../../components/PollStateMark';
import { SearchInput } from '../../components/SearchInput';
import { EmptyState, ErrorState, LoadingState } from '../../components/States';
import { useText } from '../../i18n/useText';
import { useSession } from '../session/useSession';
import { AddDeviceDialog } from './AddDeviceDialog';
import { DeviceTable, type DeviceSort } from './DeviceTable';
import { deviceKinds } from './kinds';
import { devicesQuery, listLimit } from './queries';

const route = getRouteApi('/shell/devices');

export function DevicesPage() {
  const { t } = useText();
  const { may } = useSession();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [adding, setAdding] = useState(false);
  const setFilter = (change: Partial<typeof search>) =>
    void navigate({ search: (s) => ({ ...s, ...change }), replace: true });
  const list = useQuery(devicesQuery({ ...search, limit: listLimit }));
  const isFiltered = Boolean(search.q || search.kind?.length || search.state?.length || search.site);
  const clear = () => setFilter({ q: undefined, kind: undefined, state: undefined, site: undefined });
  const total = list.data?.total ?? 0;
  return (
    <>
      <PageHeader
        title={t('devices.title')}
        right={may('device.edit') && (
          <Button size="xs" variant="default" leftSection={<IconPlus size={15} aria-hidden />} onClick={() => setAdding(true)}>{t('devices.add')}</Button>
        )}
      />
      <Group gap="xs" mb="sm" align="center">
        <SearchInput value={search.q} placeholder={t('devices.search')} width={300} onSearch={(q) => setFilter({ q })} />
        <MultiSelect
          size="xs" w={230} clearable searchable aria-label={t('devices.kind')} placeholder={search.kind ? undefined : t('devices.kind')}
          data={deviceKinds.map((k) => ({ value: k, label: t(`kind.${k}`) }))} value={search.kind ?? []}
          onChange={(v) => setFilter({ kind: v.length ? deviceKinds.filter((k) => v.includes(k)) : undefined })}
        />
        <MultiSelect
          size="xs" w={230} clearable aria-label={t('devices.state')} placeholder={search.state ? undefined : t('devices.state')}
          data={pollStates.map((s) => ({ value: s, label: t(`pollState.${s}`) }))} value={search.state ?? []}
          onChange={(v) => setFilter({ state: v.length ? pollStates.filter((s) => v.includes(s)) : undefined })}
        />
        {isFiltered && <Button size="xs" variant="subtle" color="gray" leftSection={<IconX size={14} aria-hidden />} onClick={clear}>{t('devices.clearFilters')}</Button>}
        <span className="muted" aria-live="polite">{list.data && t(isFiltered ? 'devices.filtered' : 'devices.count', { count: total })}</span>
      </Group>
      {list.isPending && <LoadingState rows={12} />}
      {list.error && !list.data && <ErrorState error={list.error} onRetry={() => void list.refetch()} />}
      {list.data?.items.length === 0 && (
        <EmptyState title={t(isFiltered ? 'devices.noMatch' : 'devices.empty')} hint={isFiltered ? undefined : t('devices.emptyHint')}>
          {isFiltered && <Button size="xs" variant="default" onClick={clear}>{t('devices.clearFilters')}</Button>}
        </EmptyState>
      )}
      {list.data && list.data.items.length > 0 && (
        <DeviceTable items={list.data.items} sort={search.sort ?? 'name'} onSort={(sort: DeviceSort) => setFilter({ sort: sort === 'name' ? undefined : sort })} />
      )}
      {adding && <AddDeviceDialog onClose={() => setAdding(false)} />}
    </>
  );
}
