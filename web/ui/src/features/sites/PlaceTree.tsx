import { ActionIcon } from '@mantine/core';
import {
  IconBox, IconBuilding, IconChevronDown, IconChevronRight, IconDoor, IconMapPin, IconServer, IconStairs,
} from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { fold } from '../../format/format';
import { useText } from '../../i18n/useText';
import type { TreeNode } from './queries';

const icons = { site: IconMapPin, building: IconBuilding, floor: IconStairs, room: IconDoor, zone: IconBox, row: IconBox, rack: IconServer };

/** Keeps the nodes whose name matches, with all above and below them. */
function filtered(nodes: readonly TreeNode[], words: string): TreeNode[] {
  return nodes.flatMap((node) => {
    if (fold(node.name).includes(words)) return [node];
    const children = filtered(node.children, words);
    return children.length > 0 ? [{ ...node, children }] : [];
  });
}

export function PlaceTree({ nodes, filter }: { nodes: readonly TreeNode[]; filter: string }) {
  const { t } = useText();
  const words = fold(filter.trim());
  const shown = words ? filtered(nodes, words) : nodes;
  return (
    <div className="tree" role="navigation" aria-label={t('sites.tree')}>
      {shown.length === 0 ? <p className="muted">{t('search.nothing')}</p> : <Branch nodes={shown} depth={0} open={words !== ''} />}
    </div>
  );
}

function Branch({ nodes, depth, open }: { nodes: readonly TreeNode[]; depth: number; open: boolean }) {
  return <ul>{nodes.map((n) => <Node key={`${n.kind}/${n.id}`} node={n} depth={depth} open={open} />)}</ul>;
}

function Node({ node, depth, open }: { node: TreeNode; depth: number; open: boolean }) {
  const { t } = useText();
  const [chosen, setChosen] = useState<boolean | null>(null);
  const expanded = chosen ?? (open || (node.kind !== 'row' && node.kind !== 'rack'));
  const Icon = icons[node.kind];
  const has = node.children.length > 0;
  return (
    <li>
      <div className="tree-row">
        {has ? (
          <ActionIcon size="sm" variant="subtle" color="gray" aria-expanded={expanded} aria-label={`${t(expanded ? 'sites.collapse' : 'sites.expand')}: ${node.name}`} onClick={() => setChosen(!expanded)}>
            {expanded ? <IconChevronDown size={15} aria-hidden /> : <IconChevronRight size={15} aria-hidden />}
          </ActionIcon>
        ) : <span style={{ width: 22 }} />}
        <Icon size={16} stroke={1.7} aria-hidden />
        <NodeLink node={node} />
        <span className="muted" style={{ fontSize: 12 }}>
          {node.kind !== 'rack' && t(`placeKind.${node.kind}`)}
          {node.racks ? ` · ${t('sites.rackCount', { count: node.racks })}` : ''}
        </span>
      </div>
      {has && expanded && <Branch nodes={node.children} depth={depth + 1} open={open} />}
    </li>
  );
}

function NodeLink({ node }: { node: TreeNode }) {
  if (node.kind === 'room') return <Link className="link" to="/rooms/$roomId" params={{ roomId: String(node.id) }}><b>{node.name}</b></Link>;
  if (node.kind === 'rack') return <Link className="link" to="/racks/$rackId" params={{ rackId: String(node.id) }}>{node.name}</Link>;
  if (node.kind === 'site') return <Link className="link" to="/sites/$siteId" params={{ siteId: String(node.id) }}>{node.name}</Link>;
  if (node.kind === 'row') return <Link className="link" to="/rows/$rowId" params={{ rowId: String(node.id) }}>{node.name}</Link>;
  return <Link className="link" to="/locations/$locationId" params={{ locationId: String(node.id) }}>{node.name}</Link>;
}
