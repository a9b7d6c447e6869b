import { Alert, Button, Code, CopyButton, Group, NumberInput, Select, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { client, done, unwrap, type Schemas } from '../../api/client';
import { DataTable, type Column } from '../../components/DataTable';
import { Panel } from '../../components/Panel';
import { EmptyState, ErrorState, LoadingState } from '../../components/States';
import { formatTime } from '../../format/format';
import { useText } from '../../i18n/useText';
import { ConfirmButton } from '../../components/ConfirmButton';
import { FormDialog } from '../../components/FormDialog';
import { roles, tokensKey, tokensQuery } from './queries';

export function Tokens() {
  const { t, language } = useText();
  const queries = useQueryClient();
  const { data, error, isPending, refetch } = useQuery(tokensQuery());
  const [adding, setAdding] = useState(false);
  const [created, setCreated] = useState<string | null>(null);
  const revoke = async (id: number) => {
    await done(client.DELETE('/tokens/{id}', { params: { path: { id } } }));
    await queries.invalidateQueries({ queryKey: tokensKey });
  };
  if (isPending) return <LoadingState />;
  if (!data) return <ErrorState error={error} onRetry={() => void refetch()} />;
  const time = (v?: string) => (v ? formatTime(v, 'dateTime', language) : t('word.never'));
  const columns: Column<(typeof data.items)[number]>[] = [
    { id: 'name', label: t('word.name'), width: 'minmax(120px,1.2fr)', card: 'title', cell: (token) => <b>{token.name}</b> },
    { id: 'role', label: t('word.role'), width: 'minmax(120px,1fr)', cell: (token) => t(`role.${token.role}`) },
    { id: 'prefix', label: t('admin.prefix'), width: 'minmax(130px,1fr)', cell: (token) => <Code>{token.prefix}</Code> },
    { id: 'created', label: t('admin.created'), width: '136px', cell: (token) => time(token.created_at) },
    { id: 'expires', label: t('admin.expires'), width: '136px', cell: (token) => time(token.expires_at) },
    { id: 'used', label: t('admin.lastUsed'), width: '136px', cell: (token) => time(token.last_used_at) },
    { id: 'actions', label: '', width: '90px', numeric: true, card: 'line', cell: (token) => <ConfirmButton label={t('action.revoke')} question={t('admin.revokeSure', { name: token.name })} onConfirm={() => revoke(token.id)} /> },
  ];
  return (
    <div className="grid">
      {created && (
        <Alert title={t('admin.tokenShown')} withCloseButton closeButtonLabel={t('action.close')} onClose={() => setCreated(null)}>
          <Group gap="sm">
            <Code>{created}</Code>
            <CopyButton value={created}>{({ copied, copy }) => <Button size="compact-xs" variant="default" onClick={copy}>{t(copied ? 'action.copied' : 'action.copy')}</Button>}</CopyButton>
          </Group>
        </Alert>
      )}
      <Panel title={t('admin.tokens')} right={<Button size="xs" variant="default" onClick={() => setAdding(true)}>{t('admin.addToken')}</Button>} flush>
        {data.items.length === 0 ? <EmptyState title={t('admin.noTokens')} /> : (
          <DataTable label={t('admin.tokens')} items={data.items} columns={columns} idOf={(token) => token.id} minWidth={860} />
        )}
      </Panel>
      {adding && <AddToken onClose={() => setAdding(false)} onCreated={setCreated} />}
    </div>
  );
}

function AddToken({ onClose, onCreated }: { onClose: () => void; onCreated: (token: string) => void }) {
  const { t } = useText();
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [role, setRole] = useState<Schemas['Role']>('viewer');
  const [days, setDays] = useState<number | string>(365);
  const add = useMutation({
    mutationFn: () => unwrap(client.POST('/tokens', { body: { name, role, ...(typeof days === 'number' ? { days } : {}) } })),
    onSuccess: async ({ token }) => {
      onCreated(token);
      await queries.invalidateQueries({ queryKey: tokensKey });
      onClose();
    },
  });
  return (
    <FormDialog title={t('admin.addToken')} mutation={add} onClose={onClose} submit={t('action.add')}>
      <TextInput label={t('word.name')} required value={name} onChange={(e) => setName(e.currentTarget.value)} data-autofocus />
      <Select label={t('word.role')} allowDeselect={false} value={role} data={roles.map((r) => ({ value: r, label: t(`role.${r}`) }))} onChange={(v) => setRole(roles.find((r) => r === v) ?? 'viewer')} />
      <NumberInput label={t('admin.days')} min={1} max={3650} value={days} onChange={setDays} />
    </FormDialog>
  );
}
