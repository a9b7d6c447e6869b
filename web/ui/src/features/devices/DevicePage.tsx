import { Button, Group } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconRefresh } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useCallback, useEffect, useRef } from 'react';
import { client, done } from '../../api/client';
import { Breadcrumbs } from '../../components/Breadcrumbs';
import { PageHeader } from '../../components/PageHeader';
import { Panel } from '../../components/Panel';
import { PollStateMark } from '../../components/PollStateMark';
import { ErrorState, errorText, LoadingState } from '../../components/States';
import { useText } from '../../i18n/useText';
import type { DeviceState, JournalNews } from '../../live/stream';
import { useLive, useNow } from '../../live/useLive';
import { DeviceEvents } from '../events/DeviceEvents';
import { refreshEvents } from '../events/queries';
import { ControlPanel } from '../control/ControlPanel';
import { useSession } from '../session/useSession';
import { DeviceIdentity } from './DeviceIdentity';
import { EditDevice } from './EditDevice';
import { LookAtDevice } from './LookAtDevice';
import { PointGroups } from './PointGroups';
import { PointTrend } from './PointTrend';
import { PollHealthFacts } from './PollHealthFacts';
import { deviceKey, devicePointsQuery, deviceQuery } from './queries';
import { RemoveDevice } from './RemoveDevice';
import { ReplacedDevice } from './ReplacedDevice';

const route = getRouteApi('/shell/devices/$deviceId');

export function DevicePage() {
  const { t } = useText();
  const { may } = useSession();
  const id = Number(route.useParams().deviceId);
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const queries = useQueryClient();
  const device = useQuery(deviceQuery(id));
  const points = useQuery(devicePointsQuery(id));
  const onDevice = useCallback(
    (state: DeviceState) => {
      if (state.device === id) void queries.invalidateQueries({ queryKey: deviceKey(id), exact: true });
    },
    [id, queries],
  );
  const onJournal = useCallback(
    (news: JournalNews) => {
      if (news.devices?.includes(id) ?? true) void refreshEvents(queries);
    },
    [id, queries],
  );
  const live = useLive(points.data ? { device: id } : undefined, points.data?.seq, onDevice, onJournal);
  const now = useNow();
  const trend = useRef<HTMLDivElement>(null);
  const selected = points.data?.items.find((p) => p.point.id === search.point)?.point;
  const selectedId = selected?.id;
  useEffect(() => {
    if (selectedId) trend.current?.scrollIntoView({ block: 'nearest' });
  }, [selectedId]);
  const poll = useMutation({
    mutationFn: () => done(client.POST('/devices/{id}/poll', { params: { path: { id } } })),
    onSuccess: () => {
      notifications.show({ message: t('devices.pollRequested') });
      void queries.invalidateQueries({ queryKey: deviceKey(id) });
    },
    onError: (error) => notifications.show({ message: errorText(error, t) }),
  });
  if (device.isPending) return <LoadingState rows={10} />;
  if (device.error && !device.data) return <ErrorState error={device.error} onRetry={() => void device.refetch()} />;
  const { device: summary, health } = device.data;
  // Planners change what is only planned and not read.
  const editable = may('device.edit') || (may('layout.edit') && summary.status === 'planned' && !summary.protocol);
  const select = (point?: number) => void navigate({ search: (s) => ({ ...s, point }), replace: true });
  return (
    <>
      <PageHeader
        above={<Breadcrumbs path={summary.place} current={summary.name} />}
        title={summary.name}
        right={
          <Group gap="sm">
            <PollStateMark state={health.state} />
            {may('device.poll') && (
              <Button size="xs" variant="default" loading={poll.isPending} leftSection={<IconRefresh size={15} aria-hidden />} onClick={() => poll.mutate()}>{t('action.pollNow')}</Button>
            )}
            {may('device.poll') && summary.protocol && summary.address && <LookAtDevice id={id} name={summary.name} protocol={summary.protocol} record={may('profile.edit')} />}
            {editable && <EditDevice detail={device.data} />}
            {editable && <RemoveDevice id={id} name={summary.name} points={health.points || (points.data?.items.length ?? 0)} />}
          </Group>
        }
      />
      <ReplacedDevice detail={device.data} />
      <nav className="jumps" aria-label={t('devices.onThisPage')}>
        <a href="#part-side">{t('devices.besidePoints')}</a>
        <a href="#part-health">{t('devices.health')}</a>
        <a href="#part-events">{t('events.last')}</a>
      </nav>
      <div className="room-layout">
        <div className="grid">
          {selected && (
            <div ref={trend}>
              <PointTrend point={selected} range={search} onRange={(r) => void navigate({ search: (s) => ({ ...s, ...r }) })} onClose={() => select()} />
            </div>
          )}
          {points.isPending && <div className="panel"><LoadingState rows={10} /></div>}
          {points.error && !points.data && <div className="panel"><ErrorState error={points.error} onRetry={() => void points.refetch()} /></div>}
          {points.data && <PointGroups items={points.data.items} live={live} nowMs={now} selected={search.point} onSelect={select} />}
        </div>
        <div className="grid" id="part-side">
          <ControlPanel device={summary} points={points.data?.items ?? []} />
          <Panel title={t('devices.identity')}><DeviceIdentity detail={device.data} /></Panel>
          <div id="part-health"><Panel title={t('devices.health')}><PollHealthFacts health={health} nowMs={now} /></Panel></div>
          <div id="part-events"><DeviceEvents device={id} /></div>
        </div>
      </div>
    </>
  );
}
