import { Button, Group } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { Breadcrumbs } from '../../components/Breadcrumbs';
import { Facts } from '../../components/Facts';
import { PageHeader } from '../../components/PageHeader';
import { Panel } from '../../components/Panel';
import { EmptyState, ErrorState, LoadingState } from '../../components/States';
import { formatNumber } from '../../format/format';
import { useText } from '../../i18n/useText';
import { useSession } from '../session/useSession';
import { AddPlaceDialog, addTexts } from './AddPlaceDialog';
import { PlaceActions } from './PlaceActions';
import { placeKind, type PlaceKind } from './placeForm';
import { PlaceTree } from './PlaceTree';
import { locationQuery, rowQuery, siteQuery, treeQuery, walk, type Place } from './queries';

const siteRoute = getRouteApi('/shell/sites/$siteId');
const locationRoute = getRouteApi('/shell/locations/$locationId');
const rowRoute = getRouteApi('/shell/rows/$rowId');

export function SitePage() {
  const { t } = useText();
  const id = Number(siteRoute.useParams().siteId);
  const { data, error, refetch } = useQuery(siteQuery(id));
  if (!data) return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <LoadingState />;
  const { input } = data;
  return (
    <PlaceView kind="site" id={id} name={input.name} path={[]} adds={['location']} links={<Link to="/devices" search={{ site: id }}>{t('sites.showDevices')}</Link>}>
      <Facts items={[[t('word.kind'), t('placeKind.site')], [t('word.status'), t(`status.${input.status ?? 'active'}`)], [t('word.address'), input.address], [t('sites.timeZone'), input.time_zone], [t('word.description'), input.description]]} />
    </PlaceView>
  );
}

export function LocationPage() {
  const { t, language } = useText();
  const id = Number(locationRoute.useParams().locationId);
  const { data, error, refetch } = useQuery(locationQuery(id));
  if (!data) return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <LoadingState />;
  const { input, path } = data;
  const metres = (m?: number) => m && formatNumber(m, Number.isInteger(m) ? 0 : 2, language);
  return (
    <PlaceView
      kind="location" id={id} name={input.name} path={path.slice(0, -1)} adds={['location', 'row', 'rack']}
      links={<Link to="/rooms/$roomId" params={{ roomId: String(id) }}>{t('sites.openPlan')}</Link>}
    >
      <Facts items={[[t('word.kind'), t(`placeKind.${input.kind}`)], [t('word.status'), t(`status.${input.status ?? 'active'}`)], [t('sites.width'), metres(input.width_m)], [t('sites.depth'), metres(input.depth_m)], [t('sites.tile'), metres(input.tile_m)], [t('word.description'), input.description]]} />
    </PlaceView>
  );
}

export function RowPage() {
  const { t } = useText();
  const id = Number(rowRoute.useParams().rowId);
  const { data, error, refetch } = useQuery(rowQuery(id));
  if (!data) return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <LoadingState />;
  const { input, path } = data;
  return (
    <PlaceView kind="row" id={id} name={input.name} path={path.slice(0, -1)} adds={['rack']}>
      <Facts items={[[t('word.kind'), t('placeKind.row')], [t('word.description'), input.description]]} />
    </PlaceView>
  );
}

interface Props {
  kind: PlaceKind;
  id: number;
  name: string;
  path: readonly Place[];
  adds: readonly PlaceKind[];
  links?: ReactNode;
  children: ReactNode;
}

/** A place with its properties, and the tree of what is in it. */
function PlaceView({ kind, id, name, path, adds, links, children }: Props) {
  const { t } = useText();
  const { may } = useSession();
  const tree = useQuery(treeQuery());
  const [adding, setAdding] = useState<PlaceKind | null>(null);
  const sites = tree.data?.sites ?? [];
  const node = [...walk(sites)].map(([n]) => n).find((n) => placeKind(n.kind) === kind && n.id === id);
  const buttons = may('layout.edit') && (
    <Group gap="xs">
      {adds.map((k) => <Button key={k} size="compact-xs" variant="default" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => setAdding(k)}>{t(addTexts[k])}</Button>)}
    </Group>
  );
  return (
    <>
      <PageHeader above={<Breadcrumbs path={path} current={name} />} title={name} right={<PlaceActions kind={kind} id={id} name={name} />} />
      <div className="room-layout">
        <Panel title={t('sites.contents')} right={buttons}>
          {tree.isPending && <LoadingState />}
          {node && (node.children.length > 0 ? <PlaceTree nodes={node.children} filter="" /> : <EmptyState title={t('sites.nothing')} />)}
        </Panel>
        <Panel title={t('sites.facts')} right={links}>{children}</Panel>
      </div>
      {adding && <AddPlaceDialog kind={adding} sites={sites} beneath={`${kind}/${id}`} onClose={() => setAdding(null)} />}
    </>
  );
}
