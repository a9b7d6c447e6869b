import { queryOptions } from '@tanstack/react-query';
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
