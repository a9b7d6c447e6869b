import { Group, SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { Breadcrumbs } from '../../components/Breadcrumbs';
import { PageHeader } from '../../components/PageHeader';
import { EmptyState, ErrorState, LoadingState } from '../../components/States';
import { useText } from '../../i18n/useText';
import { useLive, useNow } from '../../live/useLive';
import { PlaceActions } from '../sites/PlaceActions';
import { Legend } from './Legend';
import { PlanDrawing } from './PlanDrawing';
import { rackViews, type Layer } from './rackViews';
import { RackCard } from './RackCard';
import { RoomSummary } from './RoomSummary';
import { roomPlanQuery } from './queries';

const route = getRouteApi('/shell/rooms/$roomId');

export function RoomPage() {
  const { t } = useText();
  const id = Number(route.useParams().roomId);
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const plan = useQuery(roomPlanQuery(id));
  const live = useLive(plan.data ? { room: id } : undefined, plan.data?.seq);
  const now = useNow(2000);
  const layer: Layer = search.layer ?? 'inlet';
  // Ages move on with the clock, so the views depend on it.
  const views = useMemo(() => (plan.data ? rackViews(plan.data.racks, live, layer) : []), [plan.data, live, layer, now]); // eslint-disable-line react-hooks/exhaustive-deps
  if (plan.isPending) return <LoadingState rows={1} height={480} />;
  if (plan.error && !plan.data) return <ErrorState error={plan.error} onRetry={() => void plan.refetch()} />;
  const { data } = plan;
  const select = (rack?: number) => void navigate({ search: (s) => ({ ...s, rack }), replace: true });
  const selected = views.find((v) => v.rack.id === search.rack);
  const path = data.path.at(-1)?.kind === 'room' ? data.path.slice(0, -1) : data.path;
  return (
    <>
      <PageHeader
        above={<Breadcrumbs path={path} current={data.name} />}
        title={data.name}
        right={
          <Group gap="xs">
            <SegmentedControl
              size="xs" aria-label={t('room.layer')} value={layer}
              onChange={(v) => void navigate({ search: (s) => ({ ...s, layer: v === 'power' ? 'power' : undefined }), replace: true })}
              data={[{ value: 'inlet', label: t('room.inletLayer') }, { value: 'power', label: t('room.powerLayer') }]}
            />
            <Link to="/locations/$locationId" params={{ locationId: String(id) }}>{t('sites.contents')}</Link>
            <PlaceActions kind="location" id={id} name={data.name} />
          </Group>
        }
      />
      {data.racks.length === 0 && data.devices.length === 0 ? (
        <div className="panel"><EmptyState title={t('room.noRacks')} hint={t('room.noRacksHint')} /></div>
      ) : (
        <div className="room-layout">
          <div className="grid">
            <PlanDrawing plan={data} views={views} layer={layer} selected={search.rack} onSelect={select} nowMs={now} />
            <Legend layer={layer} />
          </div>
          <div className="grid">
            {selected && <RackCard view={selected} nowMs={now} onClose={() => select()} />}
            <RoomSummary views={views} devices={data.devices} nowMs={now} onSelect={select} />
          </div>
        </div>
      )}
    </>
  );
}
