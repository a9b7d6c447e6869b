import { Button, Select } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Schemas } from '../../api/client';
import { ConfirmButton } from '../../components/ConfirmButton';
import { FormDialog } from '../../components/FormDialog';
import { useText } from '../../i18n/useText';
import { credentialsQuery } from '../administration/queries';
import { allowControl, refreshControl } from './queries';

interface Props {
  device: Schemas['DeviceSummary'];
  permission: Schemas['ControlPermission'];
}

/** Opens a device for control, or closes it. */
export function Permission({ device, permission }: Props) {
  const { t } = useText();
  const queries = useQueryClient();
  const [opened, setOpened] = useState(false);
  const close = async () => {
    await allowControl(device.id, { allowed: false });
    await refreshControl(queries);
  };
  if (permission.allowed) return <ConfirmButton label={t('control.forbid')} question={t('control.forbidSure', { name: device.name })} onConfirm={close} />;
  return (
    <>
      <Button size="compact-xs" variant="default" onClick={() => setOpened(true)}>{t('control.allow')}</Button>
      {opened && <AllowDialog device={device} onClose={() => setOpened(false)} />}
    </>
  );
}

function AllowDialog({ device, onClose }: { device: Props['device']; onClose: () => void }) {
  const { t } = useText();
  const queries = useQueryClient();
  const [credential, setCredential] = useState<string | null>(null);
  const snmp = device.protocol?.startsWith('snmp') ?? false;
  const { data } = useQuery({ ...credentialsQuery(), enabled: snmp });
  const kind = device.protocol === 'snmp-v3' ? 'snmp-v3' : 'snmp-community';
  const allow = useMutation({
    mutationFn: () => allowControl(device.id, { allowed: true, ...(credential ? { credential: Number(credential) } : {}) }),
    onSuccess: async () => {
      await refreshControl(queries);
      onClose();
    },
  });
  return (
    <FormDialog title={`${t('control.allow')}: ${device.name}`} mutation={allow} onClose={onClose} submit={t('control.allow')}>
      <p style={{ margin: 0 }}>{t('control.allowText')}</p>
      {snmp && (
        <Select
          label={t('control.credential')} description={t('control.credentialHint')} value={credential} onChange={setCredential} clearable
          data={data?.items.filter((c) => c.kind === kind).map((c) => ({ value: String(c.id), label: c.name })) ?? []}
        />
      )}
    </FormDialog>
  );
}
