import { Alert, Button, Chip, Group, Select } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Panel } from '../../components/Panel';
import { problemText } from '../../components/problemText';
import { SearchInput } from '../../components/SearchInput';
import { EmptyState, ErrorState, LoadingState } from '../../components/States';
import { formatCount } from '../../format/format';
import { useText } from '../../i18n/useText';
import { AdoptDialog } from './AdoptDialog';
import { FindingDetails } from './FindingDetails';
import { FindingTable } from './FindingTable';
import { findingsQuery, findingStates, markFindings, refreshDiscovery, type DiscoveryRange, type Finding, type FindingState } from './queries';
import { adoptable } from './words';

export interface FindingSearch {
  range?: number;
  state?: FindingState;
  q?: string;
}

interface Props {
  ranges: readonly DiscoveryRange[];
  search: FindingSearch;
  setSearch: (change: Partial<FindingSearch>) => void;
  manage: boolean;
}

/** What was found, and what to do about it. */
export function Findings({ ranges, search, setSearch, manage }: Props) {
  const { t, language } = useText();
  const live = ranges.some((r) => r.last?.state === 'running');
  const list = useQuery(findingsQuery({ range: search.range, q: search.q, state: search.state && [search.state] }, live));
  const [selected, setSelected] = useState<ReadonlySet<number>>(new Set());
  const [opened, setOpened] = useState<Finding | null>(null);
  const [adopting, setAdopting] = useState<Finding[] | null>(null);
  const items = list.data?.items ?? [];
  const counts = list.data?.counts;
  const chosen = items.filter((f) => selected.has(f.id));
  const all = counts && findingStates.reduce((n, s) => n + counts[s], 0);
  return (
    <Panel title={t('discovery.findings')} flush>
      <Group gap="xs" p="sm" align="center">
        <Chip.Group value={search.state ?? 'all'} onChange={(v) => setSearch({ state: findingStates.find((s) => s === v) })}>
          <Group gap={6} role="radiogroup" aria-label={t('word.state')}>
            <Chip size="xs" value="all">{t('word.all')}{all !== undefined && ` ${formatCount(all, language)}`}</Chip>
            {findingStates.map((s) => <Chip key={s} size="xs" value={s}>{t(`findingState.${s}`)}{counts && ` ${formatCount(counts[s], language)}`}</Chip>)}
          </Group>
        </Chip.Group>
        {ranges.length > 1 && (
          <Select
            size="xs" w={200} clearable searchable aria-label={t('discovery.range')} placeholder={t('discovery.allRanges')}
            data={ranges.map((r) => ({ value: String(r.id), label: r.input.name }))} value={search.range ? String(search.range) : null}
            onChange={(v) => setSearch({ range: v ? Number(v) : undefined })}
          />
        )}
        <SearchInput value={search.q} placeholder={t('discovery.search')} onSearch={(q) => setSearch({ q })} />
      </Group>
      {manage && items.length > 0 && <Decisions chosen={chosen} onAdopt={setAdopting} onDone={() => setSelected(new Set())} />}
      {list.isPending && <LoadingState rows={6} />}
      {list.error && !list.data && <ErrorState error={list.error} onRetry={() => void list.refetch()} />}
      {list.data && items.length === 0 && (
        all === 0 && !search.q && !search.range
          ? <EmptyState title={t('discovery.nothingFound')} hint={t('discovery.nothingFoundHint')} />
          : <EmptyState title={t('discovery.noMatch')} />
      )}
      {items.length > 0 && <FindingTable items={items} selected={selected} onSelect={setSelected} onOpen={setOpened} selectable={manage} />}
      {list.data && list.data.total > items.length && <p className="muted" style={{ margin: 12 }}>{t('discovery.cut', { shown: items.length, total: list.data.total })}</p>}
      {opened && <FindingDetails finding={opened} onClose={() => setOpened(null)} />}
      {adopting && (
        <AdoptDialog
          findings={adopting} onClose={() => setAdopting(null)}
          onAdopted={(results) => setSelected(new Set(results.filter((r) => r.problem).map((r) => r.finding)))}
        />
      )}
    </Panel>
  );
}

/** What can be done with the findings that are chosen. */
function Decisions({ chosen, onAdopt, onDone }: { chosen: Finding[]; onAdopt: (findings: Finding[]) => void; onDone: () => void }) {
  const words = useText();
  const { t } = words;
  const queries = useQueryClient();
  const fit = chosen.filter(adoptable);
  const changed = chosen.filter((f) => f.changes.length > 0);
  const ignored = chosen.filter((f) => f.state === 'ignored');
  const shown = chosen.filter((f) => f.state !== 'ignored');
  const mark = useMutation({
    mutationFn: ({ findings, as }: { findings: Finding[]; as: 'ignore' | 'restore' | 'accept' }) => markFindings(findings.map((f) => f.id), as),
    onSuccess: async () => {
      await refreshDiscovery(queries);
      onDone();
    },
  });
  return (
    <>
      {mark.error && <Alert color="red" variant="light" role="alert" mx="sm">{problemText(mark.error, words)}</Alert>}
      <Group gap="xs" px="sm" pb="sm">
        <Button size="compact-sm" disabled={fit.length === 0} onClick={() => onAdopt(fit)}>{t('discovery.adoptCount', { count: fit.length })}</Button>
        <Button size="compact-sm" variant="default" disabled={shown.length === 0} onClick={() => mark.mutate({ findings: shown, as: 'ignore' })}>{t('discovery.ignore')}</Button>
        {ignored.length > 0 && <Button size="compact-sm" variant="default" onClick={() => mark.mutate({ findings: ignored, as: 'restore' })}>{t('discovery.restore')}</Button>}
        {changed.length > 0 && <Button size="compact-sm" variant="default" onClick={() => mark.mutate({ findings: changed, as: 'accept' })}>{t('discovery.accept')}</Button>}
        <span className="muted" aria-live="polite">{chosen.length > 0 ? t('discovery.selected', { count: chosen.length }) : t('discovery.selectHint')}</span>
      </Group>
    </>
  );
}
