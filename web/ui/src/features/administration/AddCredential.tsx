import { Select, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { client, unwrap, type Schemas } from '../../api/client';
import { useText } from '../../i18n/useText';
import { FormDialog } from '../../components/FormDialog';
import { faultsByPath } from '../../components/problemText';
import { besideCredential, CredentialFields } from './CredentialFields';
import { credentialsKey } from './queries';

type Input = Schemas['CredentialInput'];

export function AddCredential({ onClose }: { onClose: () => void }) {
  const words = useText();
  const { t } = words;
  const queries = useQueryClient();
  const [form, setForm] = useState<Input>({ name: '', kind: 'snmp-v3', auth_protocol: 'SHA256', priv_protocol: 'AES' });
  const set = (change: Partial<Input>) => setForm((f) => ({ ...f, ...change }));
  const add = useMutation({
    mutationFn: () => {
      const body: Input = form.kind === 'snmp-community' ? { name: form.name, kind: form.kind, community: form.community } : form;
      return unwrap(client.POST('/credentials', { body }));
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: credentialsKey });
      onClose();
    },
  });
  return (
    <FormDialog title={t('admin.addCredential')} mutation={add} onClose={onClose} submit={t('action.add')} beside={besideCredential}>
      <TextInput label={t('word.name')} required error={faultsByPath(add.error, words).get('name')} value={form.name} onChange={(e) => set({ name: e.currentTarget.value })} data-autofocus />
      <Select
        label={t('word.kind')} allowDeselect={false} value={form.kind} onChange={(v) => set({ kind: v === 'snmp-community' ? v : 'snmp-v3' })}
        data={(['snmp-v3', 'snmp-community'] as const).map((k) => ({ value: k, label: t(`credentialKind.${k}`) }))}
      />
      <CredentialFields kind={form.kind} value={form} set={set} faults={faultsByPath(add.error, words)} />
    </FormDialog>
  );
}
