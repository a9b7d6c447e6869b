import { Group, PasswordInput, Select, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { client, unwrap, type Schemas } from '../../api/client';
import { useText } from '../../i18n/useText';
import { FormDialog } from './FormDialog';
import { credentialsKey } from './queries';

type Input = Schemas['CredentialInput'];
const authProtocols = ['SHA512', 'SHA384', 'SHA256', 'SHA224', 'SHA', 'MD5'] as const;
const privProtocols = ['AES256', 'AES256C', 'AES192', 'AES192C', 'AES', 'DES'] as const;

export function AddCredential({ onClose }: { onClose: () => void }) {
  const { t } = useText();
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
    <FormDialog title={t('admin.addCredential')} mutation={add} onClose={onClose} submit={t('action.add')}>
      <TextInput label={t('word.name')} required value={form.name} onChange={(e) => set({ name: e.currentTarget.value })} data-autofocus />
      <Select
        label={t('word.kind')} allowDeselect={false} value={form.kind} onChange={(v) => set({ kind: v === 'snmp-community' ? v : 'snmp-v3' })}
        data={(['snmp-v3', 'snmp-community'] as const).map((k) => ({ value: k, label: t(`credentialKind.${k}`) }))}
      />
      {form.kind === 'snmp-community' ? (
        <PasswordInput label={t('admin.community')} required autoComplete="off" value={form.community ?? ''} onChange={(e) => set({ community: e.currentTarget.value })} />
      ) : (
        <>
          <TextInput label={t('admin.snmpUser')} required autoComplete="off" value={form.user ?? ''} onChange={(e) => set({ user: e.currentTarget.value })} />
          <Group grow align="flex-start">
            <Select label={t('admin.authProtocol')} clearable data={[...authProtocols]} value={form.auth_protocol || null} onChange={(v) => set({ auth_protocol: authProtocols.find((p) => p === v) ?? '' })} />
            <PasswordInput label={t('admin.authPassword')} autoComplete="off" disabled={!form.auth_protocol} value={form.auth_password ?? ''} onChange={(e) => set({ auth_password: e.currentTarget.value })} />
          </Group>
          <Group grow align="flex-start">
            <Select label={t('admin.privProtocol')} clearable data={[...privProtocols]} value={form.priv_protocol || null} onChange={(v) => set({ priv_protocol: privProtocols.find((p) => p === v) ?? '' })} />
            <PasswordInput label={t('admin.privPassword')} autoComplete="off" disabled={!form.priv_protocol} value={form.priv_password ?? ''} onChange={(e) => set({ priv_password: e.currentTarget.value })} />
          </Group>
          <TextInput label={t('admin.context')} value={form.context ?? ''} onChange={(e) => set({ context: e.currentTarget.value || undefined })} />
        </>
      )}
    </FormDialog>
  );
}
