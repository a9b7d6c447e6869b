import { Alert, Button, Group, Modal, NumberInput, Select, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type SubmitEvent } from 'react';
import { client, unwrap } from '../../api/client';
import { errorText } from '../../components/States';
import { useText } from '../../i18n/useText';
import { treeKey, walk, type TreeNode } from './queries';

export type NewPlace = 'site' | 'location' | 'rack';
const locationKinds = ['building', 'floor', 'room', 'zone'] as const;
type LocationKind = (typeof locationKinds)[number];

interface Form {
  name: string;
  parent: string | null;
  kind: LocationKind;
  width: number | string;
  depth: number | string;
  uHeight: number | string;
  x: number | string;
  y: number | string;
}

const optional = (value: number | string) => (typeof value === 'number' ? value : undefined);

function create(place: NewPlace, form: Form, sites: readonly TreeNode[]) {
  if (place === 'site') return unwrap(client.POST('/sites', { body: { name: form.name } }));
  const [kind, id] = (form.parent ?? '').split('/');
  const parent = Number(id);
  if (place === 'rack') {
    return unwrap(client.POST('/racks', {
      body: { location: parent, name: form.name, u_height: optional(form.uHeight) ?? 42, x_m: optional(form.x), y_m: optional(form.y) },
    }));
  }
  const site = kind === 'site' ? parent : siteOf(sites, parent);
  return unwrap(client.POST('/locations', {
    body: {
      site, kind: form.kind, name: form.name, width_m: optional(form.width), depth_m: optional(form.depth),
      ...(kind === 'site' ? {} : { parent }),
    },
  }));
}

function siteOf(sites: readonly TreeNode[], location: number): number {
  for (const [node, above] of walk(sites)) {
    if (node.id === location && (locationKinds as readonly string[]).includes(node.kind)) return above[0]?.id ?? 0;
  }
  return 0;
}

export function AddPlaceDialog({ kind, sites, onClose }: { kind: NewPlace; sites: readonly TreeNode[]; onClose: () => void }) {
  const { t } = useText();
  const queries = useQueryClient();
  const [form, setForm] = useState<Form>({ name: '', parent: null, kind: 'room', width: '', depth: '', uHeight: 42, x: '', y: '' });
  const set = <K extends keyof Form>(key: K, value: Form[K]) => setForm((f) => ({ ...f, [key]: value }));
  const add = useMutation({
    mutationFn: () => create(kind, form, sites),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: treeKey });
      onClose();
    },
  });
  const parents = [...walk(sites)]
    .filter(([n]) => n.kind !== 'rack' && n.kind !== 'row' && (kind === 'location' || n.kind !== 'site'))
    .map(([n, above]) => ({ value: `${n.kind}/${n.id}`, label: [...above, n].map((x) => x.name).join(' › ') }));
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    add.mutate();
  };
  const title = t(kind === 'site' ? 'sites.addSite' : kind === 'location' ? 'sites.addLocation' : 'sites.addRack');
  const room = kind === 'location' && form.kind === 'room';
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ 'aria-label': t('action.close') }}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          {add.error && <Alert color="red" variant="light" role="alert">{errorText(add.error, t)} {add.error.message}</Alert>}
          <TextInput label={t('word.name')} required value={form.name} onChange={(e) => set('name', e.currentTarget.value)} data-autofocus />
          {kind !== 'site' && <Select label={t('sites.parent')} required searchable data={parents} value={form.parent} onChange={(v) => set('parent', v)} />}
          {kind === 'location' && (
            <Select label={t('word.kind')} allowDeselect={false} data={locationKinds.map((k) => ({ value: k, label: t(`placeKind.${k}`) }))} value={form.kind} onChange={(v) => set('kind', locationKinds.find((k) => k === v) ?? 'room')} />
          )}
          {room && (
            <Group grow>
              <NumberInput label={t('sites.width')} min={0} max={1000} value={form.width} onChange={(v) => set('width', v)} />
              <NumberInput label={t('sites.depth')} min={0} max={1000} value={form.depth} onChange={(v) => set('depth', v)} />
            </Group>
          )}
          {kind === 'rack' && (
            <Group grow>
              <NumberInput label={t('sites.uHeight')} min={1} max={100} required value={form.uHeight} onChange={(v) => set('uHeight', v)} />
              <NumberInput label={t('sites.x')} min={0} max={1000} value={form.x} onChange={(v) => set('x', v)} />
              <NumberInput label={t('sites.y')} min={0} max={1000} value={form.y} onChange={(v) => set('y', v)} />
            </Group>
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>{t('action.cancel')}</Button>
            <Button type="submit" loading={add.isPending} disabled={kind !== 'site' && !form.parent}>{t('action.add')}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
