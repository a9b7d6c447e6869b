import { Select, TextInput } from '@mantine/core';
import type { Schemas } from '../../api/client';
import { FieldRow } from '../../components/FieldRow';
import { SecretInput } from '../../components/SecretInput';
import { useText } from '../../i18n/useText';

const authProtocols = ['SHA512', 'SHA384', 'SHA256', 'SHA224', 'SHA', 'MD5'] as const;
const privProtocols = ['AES256', 'AES256C', 'AES192', 'AES192C', 'AES', 'DES'] as const;

/** The fields that show what the server says of them. */
export const besideCredential = ['name', 'kind', 'community', 'user', 'auth_protocol', 'auth_password', 'priv_protocol', 'priv_password', 'context'];

type Values = Omit<Schemas['CredentialChange'], 'name' | 'updated_at'>;

interface Props {
  kind: Schemas['Credential']['kind'];
  value: Values;
  set: (change: Values) => void;
  faults: ReadonlyMap<string, string>;
  /** It exists: an empty secret keeps the present one. */
  kept?: boolean;
}

/** What a credential holds; secrets go in and never come out. */
export function CredentialFields({ kind, value, set, faults, kept = false }: Props) {
  const { t } = useText();
  const secret = (key: 'community' | 'auth_password' | 'priv_password') => ({
    autoComplete: 'off', error: faults.get(key), description: kept && t('admin.keepSecret'), value: value[key] ?? '',
    onChange: (e: React.ChangeEvent<HTMLInputElement>) => set({ [key]: e.currentTarget.value || undefined }),
  });
  if (kind === 'snmp-community') return <SecretInput label={t('admin.community')} required={!kept} {...secret('community')} />;
  return (
    <>
      <TextInput label={t('admin.snmpUser')} required autoComplete="off" error={faults.get('user')} value={value.user ?? ''} onChange={(e) => set({ user: e.currentTarget.value })} />
      <FieldRow>
        <Select label={t('admin.authProtocol')} clearable error={faults.get('auth_protocol')} data={[...authProtocols]} value={value.auth_protocol || null} onChange={(v) => set({ auth_protocol: authProtocols.find((p) => p === v) ?? '' })} />
        <SecretInput label={t('admin.authPassword')} disabled={!value.auth_protocol} {...secret('auth_password')} />
      </FieldRow>
      <FieldRow>
        <Select label={t('admin.privProtocol')} clearable error={faults.get('priv_protocol')} data={[...privProtocols]} value={value.priv_protocol || null} onChange={(v) => set({ priv_protocol: privProtocols.find((p) => p === v) ?? '' })} />
        <SecretInput label={t('admin.privPassword')} disabled={!value.priv_protocol} {...secret('priv_password')} />
      </FieldRow>
      <TextInput label={t('admin.context')} error={faults.get('context')} value={value.context ?? ''} onChange={(e) => set({ context: e.currentTarget.value || undefined })} />
    </>
  );
}
