import { Spotlight, spotlight, type SpotlightActionData, type SpotlightActionGroupData } from '@mantine/spotlight';
import { useDebouncedValue } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState, type KeyboardEvent } from 'react';
import { placeText } from '../../components/Breadcrumbs';
import { opened } from '../../components/dialogStack';
import { fold } from '../../format/format';
import { useText } from '../../i18n/useText';
import { devicesQuery } from '../devices/queries';
import { useSession } from '../session/useSession';
import { treeQuery, walk, type TreeNode } from '../sites/queries';

const perGroup = 8;

function folded(query: string, ...texts: string[]): boolean {
  const words = fold(query).split(/\s+/).filter(Boolean);
  const text = fold(texts.join(' '));
  return words.every((w) => text.includes(w));
}

const action = '.mantine-Spotlight-action';

/** Enter takes the first answer when none was chosen with the arrows. */
function takeFirst(event: KeyboardEvent<HTMLInputElement>): void {
  if (event.key !== 'Enter' || event.nativeEvent.isComposing) return;
  const list = event.currentTarget.closest('[role="dialog"]') ?? document;
  if (!list.querySelector(`${action}[data-selected]`)) list.querySelector<HTMLElement>(action)?.click();
}

/** Finds devices, racks, rooms and pages; Ctrl-K or “/” opens it. */
export function SearchPalette() {
  const { t } = useText();
  const navigate = useNavigate();
  const { may } = useSession();
  const [query, setQuery] = useState('');
  const [shown, setShown] = useState(false);
  useEffect(() => (shown ? opened({ close: spotlight.close }) : undefined), [shown]);
  const [typed] = useDebouncedValue(query.trim(), 150);
  const tree = useQuery({ ...treeQuery(), enabled: query !== '' });
  const devices = useQuery({ ...devicesQuery({ q: typed, limit: perGroup }), enabled: typed !== '', refetchInterval: false });

  const pages: SpotlightActionData[] = (
    [
      ['/', t('nav.overview')], ['/sites', t('nav.sites')], ['/devices', t('nav.devices')], ...(may('device.discover') ? [['/discovery', t('nav.discovery')] as const] : []), ['/trends', t('nav.trends')],
      ['/collectors', t('nav.collectors')], ['/admin', t('nav.administration')], ['/about', t('nav.about')],
    ] as const
  ).map(([to, label]) => ({ id: to, label, onClick: () => void navigate({ to }) }));

  const places = (wanted: (node: TreeNode) => boolean): SpotlightActionData[] => {
    const found: SpotlightActionData[] = [];
    if (!typed) return found;
    for (const [node, above] of walk(tree.data?.sites ?? [])) {
      const path = placeText(above.map((n) => ({ kind: n.kind, id: n.id, name: n.name })));
      if (!wanted(node) || !folded(typed, node.name, path)) continue;
      found.push({ id: `${node.kind}/${node.id}`, label: node.name, description: path || t(`placeKind.${node.kind}`), onClick: () => open(node) });
    }
    // Names that match come before names whose place matches.
    return found.sort((a, b) => Number(folded(typed, b.label ?? '')) - Number(folded(typed, a.label ?? ''))).slice(0, perGroup);
  };
  const open = (node: TreeNode) => {
    if (node.kind === 'rack') void navigate({ to: '/racks/$rackId', params: { rackId: String(node.id) } });
    else if (node.kind === 'room') void navigate({ to: '/rooms/$roomId', params: { roomId: String(node.id) } });
    else void navigate({ to: '/sites' });
  };
  const groups: SpotlightActionGroupData[] = [
    {
      group: t('search.devices'),
      actions: (typed ? (devices.data?.items ?? []) : []).map((d) => ({
        id: `device/${d.id}`,
        label: d.name,
        description: [d.model, placeText(d.place)].filter(Boolean).join(' · '),
        onClick: () => void navigate({ to: '/devices/$deviceId', params: { deviceId: String(d.id) } }),
      })),
    },
    { group: t('search.racks'), actions: places((n) => n.kind === 'rack') },
    { group: t('search.rooms'), actions: places((n) => n.kind === 'room' || n.kind === 'site') },
    { group: t('search.pages'), actions: typed ? pages.filter((p) => folded(typed, p.label ?? '')) : pages },
  ];
  return (
    <Spotlight
      actions={groups.filter((g) => g.actions.length > 0)}
      query={query}
      closeOnEscape={false}
      onSpotlightOpen={() => setShown(true)}
      onSpotlightClose={() => setShown(false)}
      onQueryChange={setQuery}
      filter={(_, actions) => actions}
      nothingFound={t('search.nothing')}
      shortcut={['mod + K', '/']}
      highlightQuery={false}
      scrollable
      maxHeight={480}
      searchProps={{ leftSection: <IconSearch size={18} aria-hidden />, placeholder: t('search.placeholder'), onKeyDown: takeFirst, 'aria-label': t('action.search') }}
    />
  );
}
