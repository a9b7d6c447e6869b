import { Button, Group } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconPencil } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { ConfirmButton } from '../../components/ConfirmButton';
import { FormDialog } from '../../components/FormDialog';
import { faultsByPath, problemText } from '../../components/problemText';
import { useUndo } from '../../components/useUndo';
import { useText } from '../../i18n/useText';
import { useSession } from '../session/useSession';
import { PlaceFields } from './PlaceFields';
import { besidePlace, readPlace, removePlace, savePlace, withVersion, type PlaceForm, type PlaceKind } from './placeForm';
import { refreshPlaces, treeQuery } from './queries';

interface Props {
  kind: PlaceKind;
  id: number;
  name: string;
}

/** Edit and delete, for those who may. */
export function PlaceActions({ kind, id, name }: Props) {
  const words = useText();
  const { t } = words;
  const { may } = useSession();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [editing, setEditing] = useState<PlaceForm | null>(null);
  const open = useMutation({
    mutationFn: () => readPlace(kind, id),
    onSuccess: setEditing,
    onError: (error) => notifications.show({ message: problemText(error, words), color: 'red' }),
  });
  if (!may('layout.edit')) return null;
  const remove = async () => {
    await removePlace(kind, id);
    notifications.show({ message: t('sites.removed', { name }) });
    await navigate({ to: '/sites' });
    await refreshPlaces(queries);
  };
  return (
    <Group gap="xs">
      <Button size="xs" variant="default" leftSection={<IconPencil size={15} aria-hidden />} loading={open.isPending} onClick={() => open.mutate()}>{t('action.edit')}</Button>
      <ConfirmButton size="xs" label={t('action.delete')} title={t('sites.removeTitle', { name })} question={t('sites.removeSure', { name })} onConfirm={remove} />
      {editing && <EditPlace id={id} before={editing} onClose={() => setEditing(null)} />}
    </Group>
  );
}

function EditPlace({ id, before, onClose }: { id: number; before: PlaceForm; onClose: () => void }) {
  const words = useText();
  const { t } = words;
  const queries = useQueryClient();
  const offerUndo = useUndo();
  const sites = useQuery(treeQuery()).data?.sites ?? [];
  const [form, setForm] = useState(before);
  const put = async (next: PlaceForm) => {
    await savePlace(id, next);
    await refreshPlaces(queries);
  };
  const save = useMutation({
    mutationFn: () => put(form),
    onSuccess: async () => {
      onClose();
      const { input } = await readPlace(form.kind, id);
      offerUndo(t('sites.saved', { name: form.input.name }), () => put(withVersion(before, input.version)));
    },
  });
  return (
    <FormDialog title={t('sites.editTitle', { name: before.input.name })} mutation={save} onClose={onClose} submit={t('action.save')} size="lg" beside={besidePlace}>
      <PlaceFields form={form} onChange={setForm} sites={sites} faults={faultsByPath(save.error, words)} self={id} />
    </FormDialog>
  );
}
