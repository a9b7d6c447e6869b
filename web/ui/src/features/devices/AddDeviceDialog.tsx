import { Alert, Button, Group, Modal, NumberInput, Select, Stack, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState, type SubmitEvent } from 'react';
import { client, unwrap, type Schemas } from '../../api/client';
import { errorText } from '../../components/States';
import { useText } from '../../i18n/useText';
import { credentialsQuery } from '../administration/queries';
import { treeQuery, walk } from '../sites/queries';
import { deviceKinds, knownKind } from './kinds';

type Input = Schemas['DeviceInput'];
const protocols = ['snmp-v2c', 'snmp-v3', 'snmp-v1', 'modbus-tcp', 'modbus-rtu-tcp'] as const;

export function AddDeviceDialog({ onClose }: { onClose: () => void }) {
  const { t } = useText();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const tree = useQuery(treeQuery());
  const credentials = useQuery(credentialsQuery());
  const [form, setForm] = useState<Partial<Input> & { kind: string }>({ kind: 'pdu', protocol: 'snmp-v2c' });
  const set = (change: Partial<Input>) => setForm((f) => ({ ...f, ...change }));
  const site = form.site ?? tree.data?.sites[0]?.id;
  const places = [...walk((tree.data?.sites ?? []).filter((s) => s.id === site))]
    .filter(([n]) => n.kind === 'room' || n.kind === 'rack')
    .map(([n, above]) => ({ value: `${n.kind}/${n.id}`, label: [...above.slice(1).filter((a) => a.kind !== 'row'), n].map((x) => x.name).join(' › ') }));
  const place = form.rack ? `rack/${form.rack}` : form.location ? `room/${form.location}` : null;
  const setPlace = (value: string | null) => {
    const [kind, id] = (value ?? '').split('/');
    set({ rack: kind === 'rack' ? Number(id) : undefined, location: kind === 'room' ? Number(id) : undefined });
  };
  const modbus = form.protocol?.startsWith('modbus') ?? false;
  const add = useMutation({
    mutationFn: () => unwrap(client.POST('/devices', { body: { ...form, name: form.name ?? '', site: site ?? 0, enabled: Boolean(form.address) } })),
    onSuccess: async ({ id }) => {
      await queries.invalidateQueries({ queryKey: ['devices'] });
      void navigate({ to: '/devices/$deviceId', params: { deviceId: String(id) } });
    },
  });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <Modal opened onClose={onClose} title={t('devices.add')} closeButtonProps={{ 'aria-label': t('action.close') }}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          {add.error && <Alert color="red" variant="light" role="alert">{errorText(add.error, t)} {add.error.message}</Alert>}
          <TextInput label={t('word.name')} required value={form.name ?? ''} onChange={(e) => set({ name: e.currentTarget.value })} data-autofocus />
          <Group grow>
            <Select label={t('word.kind')} allowDeselect={false} data={deviceKinds.map((k) => ({ value: k, label: t(`kind.${k}`) }))} value={form.kind} onChange={(v) => set({ kind: knownKind(v ?? 'other') })} />
            <Select label={t('word.site')} allowDeselect={false} required data={(tree.data?.sites ?? []).map((s) => ({ value: String(s.id), label: s.name }))} value={site ? String(site) : null} onChange={(v) => set({ site: Number(v), rack: undefined, location: undefined })} />
          </Group>
          <Select label={t('word.place')} clearable searchable limit={100} data={places} value={place} onChange={setPlace} />
          <Group grow>
            <Select label={t('word.protocol')} allowDeselect={false} data={[...protocols]} value={form.protocol ?? null} onChange={(v) => set({ protocol: protocols.find((p) => p === v) })} />
            <TextInput label={t('devices.deviceAddress')} placeholder="192.0.2.10:161" value={form.address ?? ''} onChange={(e) => set({ address: e.currentTarget.value })} />
          </Group>
          {modbus ? (
            <Group grow>
              <NumberInput label={t('devices.unit')} min={0} max={255} value={form.unit_id ?? 1} onChange={(v) => set({ unit_id: typeof v === 'number' ? v : 1 })} />
              <TextInput label={t('word.profile')} value={form.profile ?? ''} onChange={(e) => set({ profile: e.currentTarget.value })} />
            </Group>
          ) : (
            <Select label={t('devices.credential')} clearable data={(credentials.data?.items ?? []).map((c) => ({ value: String(c.id), label: c.name }))} value={form.credential ? String(form.credential) : null} onChange={(v) => set({ credential: v ? Number(v) : undefined })} />
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>{t('action.cancel')}</Button>
            <Button type="submit" loading={add.isPending} disabled={!site}>{t('action.add')}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
