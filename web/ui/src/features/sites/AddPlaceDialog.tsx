import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { FormDialog } from '../../components/FormDialog';
import { faultsByPath } from '../../components/problemText';
import { useText } from '../../i18n/useText';
import { PlaceFields } from './PlaceFields';
import { besidePlace, createPlace, emptyPlace, parentOf, withParent, type PlaceKind } from './placeForm';
import { refreshPlaces, type TreeNode } from './queries';

interface Props {
  kind: PlaceKind;
  sites: readonly TreeNode[];
  /** What it is to be beneath, as "location/3", when that is clear. */
  beneath?: string;
  onClose: () => void;
}

export const addTexts = { site: 'sites.addSite', location: 'sites.addLocation', row: 'sites.addRow', rack: 'sites.addRack' } as const;

export function AddPlaceDialog({ kind, sites, beneath, onClose }: Props) {
  const words = useText();
  const { t } = words;
  const queries = useQueryClient();
  const [form, setForm] = useState(() => (beneath ? withParent(emptyPlace(kind), beneath, sites) : emptyPlace(kind)));
  const add = useMutation({
    mutationFn: () => createPlace(form),
    onSuccess: async () => {
      await refreshPlaces(queries);
      onClose();
    },
  });
  return (
    <FormDialog title={t(addTexts[kind])} mutation={add} onClose={onClose} submit={t('action.add')} disabled={kind !== 'site' && !parentOf(form)} size="lg" beside={besidePlace}>
      <PlaceFields form={form} onChange={setForm} sites={sites} faults={faultsByPath(add.error, words)} />
    </FormDialog>
  );
}
