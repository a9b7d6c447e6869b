import { Button, Code } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { DataTable, type Column } from '../../components/DataTable';
import { Panel } from '../../components/Panel';
import { EmptyState, ErrorState, LoadingState } from '../../components/States';
import { formatTime } from '../../format/format';
import { useText } from '../../i18n/useText';
import { auditQuery, type AuditEntry } from './queries';
import { actionText, outcomeText, subjectText, viaText } from './words';

export function AuditLog() {
  const { t, language } = useText();
  const [open, setOpen] = useState<number | null>(null);
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(auditQuery());
  if (isPending) return <LoadingState rows={10} />;
  if (!data) return <ErrorState error={error} onRetry={() => void refetch()} />;
  const entries = data.pages.flatMap((p) => p.items);
  const columns: Column<AuditEntry>[] = [
    { id: 'time', label: t('word.time'), width: '140px', cell: (entry) => formatTime(entry.time, 'dateTime', language) },
    { id: 'who', label: t('admin.who'), width: 'minmax(90px,0.8fr)', cell: (entry) => entry.who },
    { id: 'via', label: t('admin.via'), width: 'minmax(80px,0.6fr)', cell: (entry) => viaText(entry.via, t) },
    { id: 'address', label: t('word.address'), width: 'minmax(90px,0.7fr)', cell: (entry) => entry.address },
    { id: 'action', label: t('admin.action'), width: 'minmax(110px,0.9fr)', cell: (entry) => <span title={entry.action}>{actionText(entry.action, t)}</span> },
    { id: 'object', label: t('admin.object'), width: 'minmax(160px,1.8fr)', card: 'line', cell: (entry) => subjectText(entry, t, language) },
    { id: 'outcome', label: t('admin.outcome'), width: 'minmax(80px,0.6fr)', cell: (entry) => outcomeText(entry.outcome, t) },
    {
      id: 'actions', label: '', width: '76px', numeric: true, card: 'line',
      cell: (entry) => (entry.before || entry.after) && (
        <Button size="compact-xs" variant="subtle" color="gray" aria-expanded={open === entry.id} onClick={() => setOpen(open === entry.id ? null : entry.id)}>{t('action.details')}</Button>
      ),
    },
  ];
  return (
    <Panel title={t('admin.audit')} flush>
      {entries.length === 0 ? <EmptyState title={t('admin.noAudit')} /> : (
        <>
          <DataTable label={t('admin.audit')} items={entries} columns={columns} idOf={(entry) => entry.id} minWidth={940} below={(entry) => open === entry.id && <Change entry={entry} />} />
          {hasNextPage && <Button m="sm" size="xs" variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>{t('action.more')}</Button>}
        </>
      )}
    </Panel>
  );
}

function Change({ entry }: { entry: AuditEntry }) {
  const { t } = useText();
  return (
    <>
      {entry.before && <><span className="muted">{t('admin.before')}</span><Code block>{entry.before}</Code></>}
      {entry.after && <><span className="muted">{t('admin.after')}</span><Code block>{entry.after}</Code></>}
    </>
  );
}
