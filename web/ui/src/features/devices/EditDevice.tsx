import { Button } from '@mantine/core';
import { IconPencil } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { client, done } from '../../api/client';
import { FormDialog } from '../../components/FormDialog';
import { faultsByPath } from '../../components/problemText';
import { useUndo } from '../../components/useUndo';
import { useText } from '../../i18n/useText';
import { treeKey } from '../sites/queries';
import { besideFields, deviceBody, type DeviceInput } from './deviceForm';
import { DeviceFields } from './DeviceFields';
import { deviceKey, deviceQuery, type DeviceDetail } from './queries';

export function EditDevice({ detail }: { detail: DeviceDetail }) {
  const { t } = useText();
  const [opened, setOpened] = useState(false);
  return (
    <>
      <Button size="xs" variant="default" leftSection={<IconPencil size={15} aria-hidden />} onClick={() => setOpened(true)}>{t('action.edit')}</Button>
      {opened && <EditDialog id={detail.device.id} seen={detail.input} onClose={() => setOpened(false)} />}
    </>
  );
}

/** Edits the device as it was when the dialog was opened; later changes are the server's to compare. */
function EditDialog({ id, seen, onClose }: { id: number; seen: DeviceInput; onClose: () => void }) {
  const words = useText();
  const { t } = words;
  const queries = useQueryClient();
  const offerUndo = useUndo();
  const [before] = useState(seen);
  const [form, setForm] = useState(seen);
  const put = async (body: DeviceInput) => {
    await done(client.PUT('/devices/{id}', { params: { path: { id } }, body: deviceBody(body) }));
    await Promise.all([
      queries.invalidateQueries({ queryKey: ['devices'] }), queries.invalidateQueries({ queryKey: ['racks'] }),
      queries.invalidateQueries({ queryKey: ['rooms'] }), queries.invalidateQueries({ queryKey: treeKey }),
    ]);
  };
  const save = useMutation({
    mutationFn: () => put(form),
    onSuccess: async () => {
      onClose();
      const { input } = await queries.fetchQuery({ ...deviceQuery(id), staleTime: 0 });
      offerUndo(t('devices.saved', { name: form.name }), () => put({ ...before, version: input.version }));
    },
    onError: () => queries.invalidateQueries({ queryKey: deviceKey(id) }),
  });
  return (
    <FormDialog title={t('devices.editTitle', { name: before.name })} mutation={save} onClose={onClose} submit={t('action.save')} size="lg" beside={besideFields}>
      <DeviceFields value={form} onChange={setForm} faults={faultsByPath(save.error, words)} />
    </FormDialog>
  );
}
