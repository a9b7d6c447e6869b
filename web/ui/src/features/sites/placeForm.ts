import { client, done, unwrap, type Schemas } from '../../api/client';
import { walk, type TreeNode } from './queries';

export type PlaceKind = 'site' | 'location' | 'row' | 'rack';
export const locationKinds = ['building', 'floor', 'room', 'zone'] as const;
export type LocationKind = (typeof locationKinds)[number];

export interface PlaceInputs {
  site: Schemas['SiteInput'];
  location: Schemas['LocationInput'];
  row: Schemas['RowInput'];
  rack: Schemas['RackInput'];
}

/** A place of any kind as it is being edited. */
export type PlaceForm = { [K in PlaceKind]: { kind: K; input: PlaceInputs[K] } }[PlaceKind];

/** The fields that show what the server says of them. */
export const besidePlace = [
  'name', 'status', 'time_zone', 'address', 'description', 'parent', 'site', 'kind', 'location', 'row', 'position_in_row', 'width_m', 'depth_m', 'tile_m', 'u_height',
  'x_m', 'y_m', 'rotation_deg', 'max_power_w', 'max_weight_kg', 'asset_tag', 'serial',
] as const;

export function isLocationKind(kind: string): kind is LocationKind {
  return locationKinds.some((k) => k === kind);
}

/** The kind of form that edits a node of the tree. */
export function placeKind(kind: TreeNode['kind']): PlaceKind {
  return isLocationKind(kind) ? 'location' : kind;
}

/** A place yet to be made, beneath a node when one is given. */
export function emptyPlace(kind: PlaceKind): PlaceForm {
  switch (kind) {
    case 'site': return { kind, input: { name: '' } };
    case 'location': return { kind, input: { name: '', kind: 'room', site: 0 } };
    case 'row': return { kind, input: { name: '', location: 0 } };
    case 'rack': return { kind, input: { name: '', location: 0, u_height: 42 } };
  }
}

/** Where the place is, as the value of a select: "site/1", "location/2" or "row/3". */
export function parentOf(form: PlaceForm): string | null {
  const of = (kind: string, id?: number) => (id ? `${kind}/${id}` : null);
  switch (form.kind) {
    case 'site': return null;
    case 'location': return of('location', form.input.parent) ?? of('site', form.input.site);
    case 'row': return of('location', form.input.location);
    case 'rack': return of('row', form.input.row) ?? of('location', form.input.location);
  }
}

/** The places that may hold one of this kind; what exists stays in its site, and a row in its location. */
export function parentOptions(form: PlaceForm, sites: readonly TreeNode[], self?: number) {
  const holds: Record<PlaceKind, (kind: PlaceKind) => boolean> = {
    site: () => false,
    location: (k) => k === 'site' || k === 'location',
    row: (k) => k === 'location',
    rack: (k) => k === 'location' || k === 'row',
  };
  const now = parentOf(form);
  const home = now && self ? siteOf(sites, now) : undefined;
  return [...walk(home ? [home] : sites)]
    .filter(([n, above]) => holds[form.kind](placeKind(n.kind)) && !(form.kind === 'location' && self && [...above, n].some((x) => isLocationKind(x.kind) && x.id === self)))
    .map(([n, above]) => ({ value: `${placeKind(n.kind)}/${n.id}`, label: [...above, n].map((x) => x.name).join(' › ') }));
}

function find(sites: readonly TreeNode[], value: string): readonly TreeNode[] {
  for (const [node, above] of walk(sites)) {
    if (`${placeKind(node.kind)}/${node.id}` === value) return [...above, node];
  }
  return [];
}

function siteOf(sites: readonly TreeNode[], value: string): TreeNode | undefined {
  return find(sites, value)[0];
}

/** Puts the place beneath another. */
export function withParent(form: PlaceForm, value: string, sites: readonly TreeNode[]): PlaceForm {
  const [kind, text] = value.split('/');
  const id = Number(text);
  switch (form.kind) {
    case 'site': return form;
    case 'location':
      return { ...form, input: { ...form.input, site: siteOf(sites, value)?.id ?? form.input.site, parent: kind === 'location' ? id : undefined } };
    case 'row': return { ...form, input: { ...form.input, location: id } };
    case 'rack': {
      const location = kind === 'row' ? find(sites, value).at(-2)?.id : id;
      return { ...form, input: { ...form.input, location: location ?? 0, row: kind === 'row' ? id : undefined, position_in_row: undefined } };
    }
  }
}

/** Reads a place as it may be sent back, changed. */
export async function readPlace(kind: PlaceKind, id: number): Promise<PlaceForm> {
  const params = { path: { id } };
  switch (kind) {
    case 'site': return { kind, input: (await unwrap(client.GET('/sites/{id}', { params }))).input };
    case 'location': return { kind, input: (await unwrap(client.GET('/locations/{id}', { params }))).input };
    case 'row': return { kind, input: (await unwrap(client.GET('/rows/{id}', { params }))).input };
    case 'rack': return { kind, input: (await unwrap(client.GET('/racks/{id}', { params }))).input };
  }
}

export function createPlace(form: PlaceForm): Promise<{ id: number }> {
  switch (form.kind) {
    case 'site': return unwrap(client.POST('/sites', { body: form.input }));
    case 'location': return unwrap(client.POST('/locations', { body: form.input }));
    case 'row': return unwrap(client.POST('/rows', { body: form.input }));
    case 'rack': return unwrap(client.POST('/racks', { body: form.input }));
  }
}

export function savePlace(id: number, form: PlaceForm): Promise<void> {
  const params = { path: { id } };
  switch (form.kind) {
    case 'site': return done(client.PUT('/sites/{id}', { params, body: form.input }));
    case 'location': return done(client.PUT('/locations/{id}', { params, body: form.input }));
    case 'row': return done(client.PUT('/rows/{id}', { params, body: form.input }));
    case 'rack': return done(client.PUT('/racks/{id}', { params, body: form.input }));
  }
}

export function removePlace(kind: PlaceKind, id: number): Promise<void> {
  const params = { path: { id } };
  switch (kind) {
    case 'site': return done(client.DELETE('/sites/{id}', { params }));
    case 'location': return done(client.DELETE('/locations/{id}', { params }));
    case 'row': return done(client.DELETE('/rows/{id}', { params }));
    case 'rack': return done(client.DELETE('/racks/{id}', { params }));
  }
}

/** The form of before, to be sent over the version of now. */
export function withVersion(form: PlaceForm, version: number | undefined): PlaceForm {
  return { ...form, input: { ...form.input, version } } as PlaceForm;
}
