import { Button, Group } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { client, done } from '../../api/client';
import { Panel } from '../../components/Panel';
import { SeverityMark } from '../../components/SeverityMark';
import { EmptyState, ErrorState, LoadingState } from '../../components/States';
import { formatCount, formatTime } from '../../format/format';
import { useText } from '../../i18n/useText';
import { useSession } from '../session/useSession';
import { AddCredential } from './AddCredential';
import { ConfirmButton } from '../../components/ConfirmButton';
import { EditCredential } from './EditCredential';
import { credentialsKey, credentialsQuery, type Credential } from './queries';
import { weaknessText } from './words';

/** Credentials for devices; secrets go in and never come out. */
export function Credentials() {
  const { t, language } = useText();
  const { may } = useSession();
  const queries = useQueryClient();
  const { data, error, isPending, refetch } = useQuery(credentialsQuery());
  const [adding, setAdding] = useState(false);
  const [editing, setEditing] = useState<Credential | null>(null);
  const remove = async (id: number) => {
    await done(client.DELETE('/credentials/{id}', { params: { path: { id } } }));
    await queries.invalidateQueries({ queryKey: credentialsKey });
  };
  if (isPending) return <LoadingState />;
  if (!data) return <ErrorState error={error} onRetry={() => void refetch()} />;
  const manage = may('credential.manage');
  return (
    <>
      <p className="muted" style={{ marginTop: 0 }}>{t('admin.writeOnly')}</p>
      <Panel title={t('admin.credentials')} right={manage && <Button size="xs" variant="default" onClick={() => setAdding(true)}>{t('admin.addCredential')}</Button>} flush>
        {data.items.length === 0 ? <EmptyState title={t('admin.noCredentials')} /> : (
          <div className="scroll-x">
            <table className="plain">
              <thead><tr><th>{t('word.name')}</th><th>{t('word.kind')}</th><th>{t('admin.snmpUser')}</th><th>{t('admin.authProtocol')}</th><th>{t('admin.privProtocol')}</th><th className="num">{t('admin.usedBy')}</th><th>{t('admin.weakness')}</th><th>{t('admin.updated')}</th><th aria-label={t('word.actions')} /></tr></thead>
              <tbody>
                {data.items.map((c) => (
                  <tr key={c.id}>
                    <td>{c.name}</td>
                    <td>{t(`credentialKind.${c.kind}`)}</td>
                    <td>{c.user}</td>
                    <td>{c.auth_protocol}</td>
                    <td>{c.priv_protocol}</td>
                    <td className="num">{formatCount(c.devices, language)}</td>
                    <td>{c.weakness && <SeverityMark severity="info">{weaknessText(c.weakness, t)}</SeverityMark>}</td>
                    <td className="nowrap">{c.updated_at && formatTime(c.updated_at, 'dateTime', language)}</td>
                    <td className="num">
                      {manage && (
                        <Group gap={4} justify="flex-end" wrap="nowrap">
                          <Button size="compact-xs" variant="default" aria-label={`${t('action.edit')}: ${c.name}`} onClick={() => setEditing(c)}>{t('action.edit')}</Button>
                          <ConfirmButton label={t('action.delete')} question={t('admin.deleteCredentialSure', { name: c.name })} onConfirm={() => remove(c.id)} />
                        </Group>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Panel>
      {adding && <AddCredential onClose={() => setAdding(false)} />}
      {editing && <EditCredential credential={editing} onClose={() => setEditing(null)} />}
    </>
  );
}
