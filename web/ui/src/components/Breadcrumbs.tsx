import { Link } from '@tanstack/react-router';
import { Fragment } from 'react';
import type { Schemas } from '../api/client';
import { useText } from '../i18n/useText';

type Place = Schemas['Place'];

function PlaceLink({ place }: { place: Place }) {
  if (place.kind === 'rack') return <Link to="/racks/$rackId" params={{ rackId: String(place.id) }}>{place.name}</Link>;
  if (place.kind === 'room') return <Link to="/rooms/$roomId" params={{ roomId: String(place.id) }}>{place.name}</Link>;
  if (place.kind === 'site') return <Link to="/sites/$siteId" params={{ siteId: String(place.id) }}>{place.name}</Link>;
  if (place.kind === 'row') return <Link to="/rows/$rowId" params={{ rowId: String(place.id) }}>{place.name}</Link>;
  return <Link to="/locations/$locationId" params={{ locationId: String(place.id) }}>{place.name}</Link>;
}

/** Where a thing is, each place a link where it has a page. */
export function Breadcrumbs({ path, current }: { path: readonly Place[]; current?: string }) {
  const { t } = useText();
  return (
    <nav className="crumbs" aria-label={t('nav.breadcrumb')}>
      {path.map((place, i) => (
        <Fragment key={`${place.kind}/${place.id}`}>
          {i > 0 && <span aria-hidden>›</span>}
          <PlaceLink place={place} />
        </Fragment>
      ))}
      {current && (
        <>
          {path.length > 0 && <span aria-hidden>›</span>}
          <span aria-current="page">{current}</span>
        </>
      )}
    </nav>
  );
}

/** The room and the rack, for narrow columns. */
export function shortPlace(path: readonly Place[]): string {
  const near = path.filter((p) => p.kind === 'room' || p.kind === 'rack');
  return placeText(near.length > 0 ? near : path.slice(-1));
}

/** The same in one line of a table, without links. */
export function placeText(path: readonly Place[]): string {
  return path.map((p) => p.name).join(' › ');
}
