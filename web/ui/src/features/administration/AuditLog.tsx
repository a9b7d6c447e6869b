import { Button, Code } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Fragment, useState } from 'react';
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
  return (
    <Panel title={t('admin.audit')} flush>
      {entries.length === 0 ? <EmptyState title={t('admin.noAudit')} /> : (
        <div className="scroll-x">
          <table className="plain">
            <thead><tr><th>{t('word.time')}</th><th>{t('admin.who')}</th><th>{t('admin.via')}</th><th>{t('word.address')}</th><th>{t('admin.action')}</th><th>{t('admin.object')}</th><th>{t('admin.outcome')}</th><th aria-label={t('word.actions')} /></tr></thead>
            <tbody>
              {entries.map((entry) => (
                <Fragment key={entry.id}>
                  <tr>
                    <td className="nowrap">{formatTime(entry.time, 'dateTime', language)}</td>
                    <td>{entry.who}</td>
                    <td>{viaText(entry.via, t)}</td>
                    <td>{entry.address}</td>
                    <td title={entry.action}>{actionText(entry.action, t)}</td>
                    <td>{subjectText(entry, t, language)}</td>
                    <td>{outcomeText(entry.outcome, t)}</td>
                    <td className="num">
                      {(entry.before || entry.after) && (
                        <Button size="compact-xs" variant="subtle" color="gray" aria-expanded={open === entry.id} onClick={() => setOpen(open === entry.id ? null : entry.id)}>{t('action.details')}</Button>
                      )}
                    </td>
                  </tr>
                  {open === entry.id && <Change entry={entry} />}
                </Fragment>
              ))}
            </tbody>
          </table>
          {hasNextPage && <Button m="sm" size="xs" variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>{t('action.more')}</Button>}
        </div>
      )}
    </Panel>
  );
}

function Change({ entry }: { entry: AuditEntry }) {
  const { t } = useText();
  return (
    <tr>
      <td colSpan={8}>
        {entry.before && <><span className="muted">{t('admin.before')}</span><Code block>{entry.before}</Code></>}
        {entry.after && <><span className="muted">{t('admin.after')}</span><Code block>{entry.after}</Code></>}
      </td>
    </tr>
  );
}
