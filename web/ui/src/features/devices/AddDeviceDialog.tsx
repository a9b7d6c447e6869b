import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { client, unwrap } from '../../api/client';
import { FormDialog } from '../../components/FormDialog';
import { faultsByPath } from '../../components/problemText';
import { useText } from '../../i18n/useText';
import { useSession } from '../session/useSession';
import { treeQuery } from '../sites/queries';
import { besideFields, deviceBody, type DeviceInput } from './deviceForm';
import { DeviceFields } from './DeviceFields';
import { LookAtInput } from './LookAtInput';

export function AddDeviceDialog({ onClose }: { onClose: () => void }) {
  const words = useText();
  const { t } = words;
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { may } = useSession();
  const tree = useQuery(treeQuery());
  const [form, setForm] = useState<DeviceInput>({ name: '', kind: 'pdu', site: 0, status: 'active', protocol: 'snmp-v2c', enabled: true });
  const value = { ...form, site: form.site || (tree.data?.sites[0]?.id ?? 0) };
  const add = useMutation({
    mutationFn: () => unwrap(client.POST('/devices', { body: { ...deviceBody(value), enabled: Boolean(value.enabled && value.address) } })),
    onSuccess: async ({ id }) => {
      await queries.invalidateQueries({ queryKey: ['devices'] });
      void navigate({ to: '/devices/$deviceId', params: { deviceId: String(id) } });
    },
  });
  return (
    <FormDialog title={t('devices.add')} mutation={add} onClose={onClose} submit={t('action.add')} disabled={!value.site} size="lg" beside={besideFields}>
      <DeviceFields value={value} onChange={setForm} faults={faultsByPath(add.error, words)} />
      {may('device.discover') && <LookAtInput value={value} onUse={(profile) => setForm({ ...value, profile })} />}
    </FormDialog>
  );
}
