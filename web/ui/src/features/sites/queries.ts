import { queryOptions, type QueryClient } from '@tanstack/react-query';
import { client, unwrap, type Schemas } from '../../api/client';

export type TreeNode = Schemas['TreeNode'];
export type Place = Schemas['Place'];

export const treeKey = ['tree'] as const;

/** Sites, locations, rows and racks. */
export const treeQuery = () =>
  queryOptions({ queryKey: treeKey, queryFn: () => unwrap(client.GET('/tree')), staleTime: 60_000 });

/** Walks a tree, each node with the nodes above it. */
export function* walk(nodes: readonly TreeNode[], above: readonly TreeNode[] = []): Generator<[TreeNode, readonly TreeNode[]]> {
  for (const node of nodes) {
    yield [node, above];
    yield* walk(node.children, [...above, node]);
  }
}

/** Reads anew what shows places, after one of them has changed. */
export const refreshPlaces = (queries: QueryClient) =>
  Promise.all([treeKey, ['places'], ['racks'], ['rooms'], ['devices'], ['overview']].map((queryKey) => queries.invalidateQueries({ queryKey })));

export const siteQuery = (id: number) =>
  queryOptions({ queryKey: ['places', 'site', id] as const, queryFn: () => unwrap(client.GET('/sites/{id}', { params: { path: { id } } })) });
export const locationQuery = (id: number) =>
  queryOptions({ queryKey: ['places', 'location', id] as const, queryFn: () => unwrap(client.GET('/locations/{id}', { params: { path: { id } } })) });
export const rowQuery = (id: number) =>
  queryOptions({ queryKey: ['places', 'row', id] as const, queryFn: () => unwrap(client.GET('/rows/{id}', { params: { path: { id } } })) });
