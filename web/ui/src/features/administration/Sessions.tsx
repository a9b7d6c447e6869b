import { useQuery, useQueryClient } from '@tanstack/react-query';
import { client, done } from '../../api/client';
import { ConfirmButton } from '../../components/ConfirmButton';
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
  return (
    <Panel
      title={t('admin.sessions')} flush
      right={others ? <ConfirmButton size="xs" label={t('action.endOthers')} question={t('action.endOthers') + '?'} onConfirm={() => end(client.DELETE('/sessions'))} /> : <span className="muted">{t('admin.noOthers')}</span>}
    >
      <div className="scroll-x">
        <table className="plain">
          <thead><tr><th>{t('admin.browser')}</th><th>{t('word.address')}</th><th>{t('admin.started')}</th><th>{t('admin.lastSeen')}</th><th>{t('admin.expires')}</th><th aria-label={t('word.actions')} /></tr></thead>
          <tbody>
            {data.items.map((s) => (
              <tr key={s.id}>
                <td title={s.user_agent}>{browserName(s.user_agent) || t('word.unknown')}{s.current && <span className="muted"> · {t('admin.thisSession')}</span>}</td>
                <td>{s.address}</td>
                <td className="nowrap">{formatTime(s.created_at, 'dateTime', language)}</td>
                <td className="nowrap">{formatTime(s.last_seen_at, 'dateTime', language)}</td>
                <td className="nowrap">{formatTime(s.expires_at, 'dateTime', language)}</td>
                <td className="num">
                  {!s.current && <ConfirmButton label={t('action.endSession')} question={`${browserName(s.user_agent)} ${s.address ?? ''}: ${t('action.endSession')}?`} onConfirm={() => end(client.DELETE('/sessions/{id}', { params: { path: { id: s.id } } }))} />}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
