import { Button, Group } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { client, done } from '../../api/client';
import { DataTable, type Column } from '../../components/DataTable';
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
  const columns: Column<Credential>[] = [
    { id: 'name', label: t('word.name'), width: 'minmax(110px,1fr)', card: 'title', cell: (c) => <b>{c.name}</b> },
    { id: 'kind', label: t('word.kind'), width: 'minmax(140px,1.3fr)', cell: (c) => t(`credentialKind.${c.kind}`) },
    { id: 'user', label: t('admin.snmpUser'), width: 'minmax(90px,0.8fr)', cell: (c) => c.user },
    { id: 'auth', label: t('admin.authProtocol'), width: '90px', cell: (c) => c.auth_protocol },
    { id: 'priv', label: t('admin.privProtocol'), width: '80px', cell: (c) => c.priv_protocol },
    { id: 'devices', label: t('admin.usedBy'), width: '66px', numeric: true, cell: (c) => formatCount(c.devices, language) },
    { id: 'weakness', label: t('admin.weakness'), width: 'minmax(130px,1fr)', cell: (c) => c.weakness && <SeverityMark severity="info">{weaknessText(c.weakness, t)}</SeverityMark> },
    { id: 'updated', label: t('admin.updated'), width: '136px', cell: (c) => c.updated_at && formatTime(c.updated_at, 'dateTime', language) },
    {
      id: 'actions', label: '', width: manage ? '110px' : '0px', numeric: true, card: 'line',
      cell: (c) => manage && (
        <Group gap={4} justify="flex-end" className="row-actions">
          <Button size="compact-xs" variant="default" aria-label={`${t('action.edit')}: ${c.name}`} onClick={() => setEditing(c)}>{t('action.edit')}</Button>
          <ConfirmButton label={t('action.delete')} question={t('admin.deleteCredentialSure', { name: c.name })} onConfirm={() => remove(c.id)} />
        </Group>
      ),
    },
  ];
  return (
    <>
      <p className="muted" style={{ marginTop: 0 }}>{t('admin.writeOnly')}</p>
      <Panel title={t('admin.credentials')} right={manage && <Button size="xs" variant="default" onClick={() => setAdding(true)}>{t('admin.addCredential')}</Button>} flush>
        {data.items.length === 0 ? <EmptyState title={t('admin.noCredentials')} /> : (
          <DataTable label={t('admin.credentials')} items={data.items} columns={columns} idOf={(c) => c.id} minWidth={1000} />
        )}
      </Panel>
      {adding && <AddCredential onClose={() => setAdding(false)} />}
      {editing && <EditCredential credential={editing} onClose={() => setEditing(null)} />}
    </>
  );
}
