import { Button, Group, PasswordInput, Select, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { client, done, unwrap, type Schemas } from '../../api/client';
import { ConfirmButton } from '../../components/ConfirmButton';
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
  return (
    <Panel title={t('admin.users')} right={<Button size="xs" variant="default" onClick={() => setAdding(true)}>{t('admin.addUser')}</Button>} flush>
      <div className="scroll-x">
        <table className="plain">
          <thead><tr><th>{t('word.name')}</th><th>{t('word.role')}</th><th>{t('word.state')}</th><th>{t('admin.lastSignIn')}</th><th aria-label={t('word.actions')} /></tr></thead>
          <tbody>
            {data.items.map((user) => (
              <tr key={user.id}>
                <td>{user.name}</td>
                <td>
                  <Select size="xs" w={190} allowDeselect={false} aria-label={`${t('word.role')}: ${user.name}`} value={user.role} data={roles.map((r) => ({ value: r, label: t(`role.${r}`) }))} onChange={(v) => change.mutate({ id: user.id, role: roles.find((r) => r === v) })} />
                </td>
                <td>{t(user.disabled ? 'admin.disabled' : 'admin.enabled')}</td>
                <td className="nowrap">{time(user.last_sign_in)}</td>
                <td className="num">
                  <Group gap={4} justify="flex-end" wrap="nowrap">
                    <Button size="compact-xs" variant="default" onClick={() => setResetting(user)}>{t('admin.resetPassword')}</Button>
                    {user.disabled ? (
                      <Button size="compact-xs" variant="default" onClick={() => change.mutate({ id: user.id, disabled: false })}>{t('action.enable')}</Button>
                    ) : (
                      <ConfirmButton label={t('action.disable')} question={t('admin.disableSure', { name: user.name })} onConfirm={() => change.mutateAsync({ id: user.id, disabled: true })} />
                    )}
                  </Group>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
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
    <FormDialog title={t('admin.addUser')} mutation={add} onClose={onClose} submit={t('action.add')} beside={['name', 'password']}>
      <TextInput label={t('session.name')} required error={faults.get('name')} autoComplete="off" value={name} onChange={(e) => setName(e.currentTarget.value)} data-autofocus />
      <Select label={t('word.role')} allowDeselect={false} value={role} data={roles.map((r) => ({ value: r, label: t(`role.${r}`) }))} onChange={(v) => setRole(roles.find((r) => r === v) ?? 'viewer')} />
      <PasswordInput label={t('word.password')} required error={faults.get('password')} autoComplete="new-password" value={password} onChange={(e) => setPassword(e.currentTarget.value)} />
    </FormDialog>
  );
}
