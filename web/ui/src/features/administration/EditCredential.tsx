import { TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { client, done, type Schemas } from '../../api/client';
import { FormDialog } from '../../components/FormDialog';
import { faultsByPath } from '../../components/problemText';
import { useText } from '../../i18n/useText';
import { besideCredential, CredentialFields } from './CredentialFields';
import { credentialsKey, type Credential } from './queries';

type Change = Schemas['CredentialChange'];

/** What is known of a credential, without its secrets. */
function changeOf(c: Credential): Change {
  return {
    name: c.name, user: c.user, auth_protocol: c.auth_protocol as Change['auth_protocol'], priv_protocol: c.priv_protocol as Change['priv_protocol'],
    context: c.context, updated_at: c.updated_at,
  };
}

export function EditCredential({ credential, onClose }: { credential: Credential; onClose: () => void }) {
  const words = useText();
  const { t } = words;
  const queries = useQueryClient();
  const [form, setForm] = useState(() => changeOf(credential));
  const set = (change: Partial<Change>) => setForm((f) => ({ ...f, ...change }));
  const save = useMutation({
    mutationFn: () => done(client.PUT('/credentials/{id}', { params: { path: { id: credential.id } }, body: form })),
    onSuccess: async () => {
      notifications.show({ message: t('sites.saved', { name: form.name }) });
      await queries.invalidateQueries({ queryKey: credentialsKey });
      onClose();
    },
  });
  const faults = faultsByPath(save.error, words);
  return (
    <FormDialog title={t('admin.editCredential', { name: credential.name })} mutation={save} onClose={onClose} submit={t('action.save')} beside={besideCredential}>
      <TextInput label={t('word.name')} required error={faults.get('name')} value={form.name} onChange={(e) => set({ name: e.currentTarget.value })} data-autofocus />
      <CredentialFields kind={credential.kind} value={form} set={set} faults={faults} kept />
    </FormDialog>
  );
}
