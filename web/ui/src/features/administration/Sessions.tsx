import { useQuery, useQueryClient } from '@tanstack/react-query';
import { client, done } from '../../api/client';
import { ConfirmButton } from '../../components/ConfirmButton';
import { DataTable, type Column } from '../../components/DataTable';
import { Panel } from '../../components/Panel';
import { ErrorState, LoadingState } from '../../components/States';
import { formatTime } from '../../format/format';
import { useText } from '../../i18n/useText';
import { browserName } from './browserName';
import { sessionsKey, sessionsQuery } from './queries';

/** Where the signed-in user is signed in. */
export function Sessions() {
  const { t, language } = useText();
  const queries = useQueryClient();
  const { data, error, isPending, refetch } = useQuery(sessionsQuery());
  if (isPending) return <LoadingState rows={2} />;
  if (!data) return <ErrorState error={error} onRetry={() => void refetch()} />;
  const end = async (request: Promise<{ response: Response }>) => {
    await done(request);
    await queries.invalidateQueries({ queryKey: sessionsKey });
  };
  const others = data.items.some((s) => !s.current);
  const columns: Column<(typeof data.items)[number]>[] = [
    { id: 'browser', label: t('admin.browser'), width: 'minmax(150px,1.3fr)', card: 'title', cell: (s) => <span title={s.user_agent}>{browserName(s.user_agent) || t('word.unknown')}{s.current && <span className="muted"> · {t('admin.thisSession')}</span>}</span> },
    { id: 'address', label: t('word.address'), width: 'minmax(100px,1fr)', cell: (s) => s.address },
    { id: 'started', label: t('admin.started'), width: '140px', cell: (s) => formatTime(s.created_at, 'dateTime', language) },
    { id: 'seen', label: t('admin.lastSeen'), width: '140px', cell: (s) => formatTime(s.last_seen_at, 'dateTime', language) },
    { id: 'expires', label: t('admin.expires'), width: '140px', cell: (s) => formatTime(s.expires_at, 'dateTime', language) },
    { id: 'actions', label: '', width: '110px', numeric: true, card: 'line', cell: (s) => !s.current && <ConfirmButton label={t('action.endSession')} question={`${browserName(s.user_agent)} ${s.address ?? ''}: ${t('action.endSession')}?`} onConfirm={() => end(client.DELETE('/sessions/{id}', { params: { path: { id: s.id } } }))} /> },
  ];
  return (
    <Panel
      title={t('admin.sessions')} flush
      right={others ? <ConfirmButton size="xs" label={t('action.endOthers')} question={t('action.endOthers') + '?'} onConfirm={() => end(client.DELETE('/sessions'))} /> : <span className="muted">{t('admin.noOthers')}</span>}
    >
      <DataTable label={t('admin.sessions')} items={data.items} columns={columns} idOf={(s) => s.id} minWidth={760} />
    </Panel>
  );
}
