import { Button } from '@mantine/core';
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useCallback } from 'react';
import { PageHeader } from '../../components/PageHeader';
import { EmptyState, ErrorState, LoadingState } from '../../components/States';
import { resolveRange } from '../../components/timeRange';
import { useText } from '../../i18n/useText';
import { serverNow } from '../../live/clock';
import { useLive } from '../../live/useLive';
import { EventFilters, type EventSearch } from './EventFilters';
import { EventTable } from './EventTable';
import { eventsQuery, refreshEvents, type EventFilter } from './queries';
import { meaningsOf } from './search';

const route = getRouteApi('/shell/events');
const everything = {};
const minute = 60_000;

/** What the search asks for; a span up to now begins at a whole minute, so that it is the same question for a while. */
function filterOf(search: EventSearch, { t, language }: ReturnType<typeof useText>): EventFilter {
  const filter: EventFilter = { q: search.q, means: meaningsOf(search.q, t, language), device: search.device, kind: search.kind, severity: search.severity };
  if (search.last === undefined && search.from === undefined) return filter;
  const range = resolveRange(search, serverNow());
  const from = range.live ? Math.floor(range.fromMs / minute) * minute : range.fromMs;
  return { ...filter, from: new Date(from).toISOString(), ...(range.live ? {} : { to: new Date(range.toMs).toISOString() }) };
}

/** What happened to devices: what they told in traps, and what polling noticed. */
export function EventsPage() {
  const words = useText();
  const { t } = words;
  const queries = useQueryClient();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const list = useInfiniteQuery(eventsQuery(filterOf(search, words)));
  useLive(everything, undefined, undefined, useCallback(() => void refreshEvents(queries), [queries]));
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  const filtered = Object.values(search).some((v) => v !== undefined);
  const setSearch = (change: Partial<EventSearch>) => void navigate({ search: (s) => ({ ...s, ...change }), replace: true });
  const clear = () => void navigate({ search: {}, replace: true });
  return (
    <>
      <PageHeader title={t('events.title')} />
      <p className="muted" style={{ marginTop: 0 }}>{t('events.intro')}</p>
      <EventFilters search={search} deviceName={items.find((e) => e.device === search.device)?.device_name} setSearch={setSearch} onClear={filtered ? clear : undefined} />
      {list.isPending && <LoadingState rows={12} />}
      {list.error && !list.data && <ErrorState error={list.error} onRetry={() => void list.refetch()} />}
      {list.data && items.length === 0 && (
        <EmptyState title={t(filtered ? 'events.noMatch' : 'events.empty')} hint={filtered ? undefined : t('events.emptyHint')}>
          {filtered && <Button size="xs" variant="default" onClick={clear}>{t('devices.clearFilters')}</Button>}
        </EmptyState>
      )}
      {items.length > 0 && (
        <section className="panel">
          <EventTable items={items} />
          {list.hasNextPage && <Button m="sm" size="xs" variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t('action.more')}</Button>}
        </section>
      )}
    </>
  );
}
