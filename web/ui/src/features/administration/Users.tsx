import { Button, Group, Select, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { client, done, unwrap, type Schemas } from '../../api/client';
import { ConfirmButton } from '../../components/ConfirmButton';
import { DataTable, type Column } from '../../components/DataTable';
import { minPassword, tooShort } from '../../components/lengths';
import { NewPassword } from '../../components/NewPassword';
import { Panel } from '../../components/Panel';
import { ErrorState, LoadingState } from '../../components/States';
import { formatTime } from '../../format/format';
import { useText } from '../../i18n/useText';
import { FormDialog } from '../../components/FormDialog';
import { faultsByPath, problemText } from '../../components/problemText';
import { roles, usersKey, usersQuery, type User } from './queries';
import { ResetPassword } from './ResetPassword';

type Role = Schemas['Role'];

export function Users() {
  const words = useText();
  const { t, language } = words;
  const queries = useQueryClient();
  const { data, error, isPending, refetch } = useQuery(usersQuery());
  const [adding, setAdding] = useState(false);
  const [resetting, setResetting] = useState<User | null>(null);
  const change = useMutation({
    mutationFn: ({ id, ...body }: { id: number } & Schemas['UserChange']) => done(client.PATCH('/users/{id}', { params: { path: { id } }, body })),
    onSuccess: () => queries.invalidateQueries({ queryKey: usersKey }),
    onError: (fault) => notifications.show({ message: problemText(fault, words), color: 'red' }),
  });
  if (isPending) return <LoadingState />;
  if (!data) return <ErrorState error={error} onRetry={() => void refetch()} />;
  const time = (v?: string) => (v ? formatTime(v, 'dateTime', language) : t('word.never'));
  const columns: Column<User>[] = [
    { id: 'name', label: t('word.name'), width: 'minmax(120px,1.2fr)', card: 'title', cell: (user) => <b>{user.name}</b> },
    { id: 'role', label: t('word.role'), width: '200px', card: 'line', cell: (user) => <Select size="xs" maw={200} allowDeselect={false} aria-label={`${t('word.role')}: ${user.name}`} value={user.role} data={roles.map((r) => ({ value: r, label: t(`role.${r}`) }))} onChange={(v) => change.mutate({ id: user.id, role: roles.find((r) => r === v) })} /> },
    { id: 'state', label: t('word.state'), width: 'minmax(90px,0.7fr)', cell: (user) => t(user.disabled ? 'admin.disabled' : 'admin.enabled') },
    { id: 'signIn', label: t('admin.lastSignIn'), width: '140px', cell: (user) => time(user.last_sign_in) },
    {
      id: 'actions', label: '', width: '230px', numeric: true, card: 'line',
      cell: (user) => (
        <Group gap={4} justify="flex-end" className="row-actions">
          <Button size="compact-xs" variant="default" onClick={() => setResetting(user)}>{t('admin.resetPassword')}</Button>
          {user.disabled ? (
            <Button size="compact-xs" variant="default" onClick={() => change.mutate({ id: user.id, disabled: false })}>{t('action.enable')}</Button>
          ) : (
            <ConfirmButton label={t('action.disable')} question={t('admin.disableSure', { name: user.name })} onConfirm={() => change.mutateAsync({ id: user.id, disabled: true })} />
          )}
        </Group>
      ),
    },
  ];
  return (
    <Panel title={t('admin.users')} right={<Button size="xs" variant="default" onClick={() => setAdding(true)}>{t('admin.addUser')}</Button>} flush>
      <DataTable label={t('admin.users')} items={data.items} columns={columns} idOf={(user) => user.id} minWidth={760} />
      {adding && <AddUser onClose={() => setAdding(false)} />}
      {resetting && <ResetPassword user={resetting} onClose={() => setResetting(null)} />}
    </Panel>
  );
}

function AddUser({ onClose }: { onClose: () => void }) {
  const words = useText();
  const { t } = words;
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('viewer');
  const [password, setPassword] = useState('');
  const add = useMutation({
    mutationFn: () => unwrap(client.POST('/users', { body: { name, role, password } })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: usersKey });
      onClose();
    },
  });
  const faults = faultsByPath(add.error, words);
  return (
    <FormDialog title={t('admin.addUser')} mutation={add} onClose={onClose} submit={t('action.add')} beside={['name', 'password']} disabled={tooShort(password, minPassword) > 0}>
      <TextInput label={t('session.name')} required error={faults.get('name')} autoComplete="off" value={name} onChange={(e) => setName(e.currentTarget.value)} data-autofocus />
      <Select label={t('word.role')} allowDeselect={false} value={role} data={roles.map((r) => ({ value: r, label: t(`role.${r}`) }))} onChange={(v) => setRole(roles.find((r) => r === v) ?? 'viewer')} />
      <NewPassword label={t('word.password')} error={faults.get('password')} value={password} onChange={(e) => setPassword(e.currentTarget.value)} />
    </FormDialog>
  );
}
