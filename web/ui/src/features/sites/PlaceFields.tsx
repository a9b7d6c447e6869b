import { Select, Switch, Textarea, TextInput } from '@mantine/core';
import { FieldRow } from '../../components/FieldRow';
import { NumberField } from '../../components/NumberField';
import { useText } from '../../i18n/useText';
import { statuses } from '../devices/deviceForm';
import { locationKinds, parentOf, parentOptions, withParent, type PlaceForm, type PlaceInputs } from './placeForm';
import type { TreeNode } from './queries';

interface Props {
  form: PlaceForm;
  onChange: (form: PlaceForm) => void;
  sites: readonly TreeNode[];
  /** What the server says of fields, by their paths. */
  faults: ReadonlyMap<string, string>;
  /** The place itself, when it exists. */
  self?: number;
}

/** All that people decide of a place. */
export function PlaceFields({ form, onChange, sites, faults, self }: Props) {
  const { t } = useText();
  const { input } = form;
  const set = (change: Partial<PlaceInputs['site' | 'location' | 'row' | 'rack']>) => onChange({ ...form, input: { ...input, ...change } } as PlaceForm);
  return (
    <>
      <TextInput label={t('word.name')} required error={faults.get('name')} value={input.name} onChange={(e) => set({ name: e.currentTarget.value })} data-autofocus />
      {form.kind !== 'site' && (
        <Select
          label={t('sites.parent')} required searchable allowDeselect={false} limit={200} disabled={form.kind === 'row' && self !== undefined}
          error={faults.get('parent') ?? faults.get('location') ?? faults.get('row') ?? faults.get('site')}
          data={parentOptions(form, sites, self)} value={parentOf(form)} onChange={(v) => v && onChange(withParent(form, v, sites))}
        />
      )}
      {form.kind === 'site' && <SiteFields input={form.input} set={set} faults={faults} />}
      {form.kind === 'location' && <LocationFields input={form.input} set={set} faults={faults} />}
      {form.kind === 'rack' && <RackFields input={form.input} set={set} faults={faults} />}
      {form.kind !== 'row' && (
        <Select
          label={t('word.status')} allowDeselect={false} error={faults.get('status')} data={statuses.map((s) => ({ value: s, label: t(`status.${s}`) }))}
          value={form.input.status ?? 'active'} onChange={(v) => set({ status: statuses.find((s) => s === v) })}
        />
      )}
      <Textarea label={t('word.description')} autosize minRows={2} maxLength={2000} error={faults.get('description')} value={input.description ?? ''} onChange={(e) => set({ description: e.currentTarget.value || undefined })} />
    </>
  );
}

interface PartProps<T> {
  input: T;
  set: (change: Partial<T>) => void;
  faults: ReadonlyMap<string, string>;
}

function SiteFields({ input, set, faults }: PartProps<PlaceInputs['site']>) {
  const { t } = useText();
  return (
    <FieldRow>
      <TextInput label={t('sites.timeZone')} placeholder="Asia/Ho_Chi_Minh" error={faults.get('time_zone')} value={input.time_zone ?? ''} onChange={(e) => set({ time_zone: e.currentTarget.value || undefined })} />
      <TextInput label={t('word.address')} error={faults.get('address')} value={input.address ?? ''} onChange={(e) => set({ address: e.currentTarget.value || undefined })} />
    </FieldRow>
  );
}

function LocationFields({ input, set, faults }: PartProps<PlaceInputs['location']>) {
  const { t } = useText();
  return (
    <>
      <Select label={t('word.kind')} allowDeselect={false} error={faults.get('kind')} data={locationKinds.map((k) => ({ value: k, label: t(`placeKind.${k}`) }))} value={input.kind} onChange={(v) => set({ kind: locationKinds.find((k) => k === v) ?? 'room' })} />
      {(input.kind === 'room' || input.kind === 'zone') && (
        <FieldRow>
          <NumberField label={t('sites.width')} min={0} max={1000} error={faults.get('width_m')} value={input.width_m} onChange={(v) => set({ width_m: v })} />
          <NumberField label={t('sites.depth')} min={0} max={1000} error={faults.get('depth_m')} value={input.depth_m} onChange={(v) => set({ depth_m: v })} />
          <NumberField label={t('sites.tile')} min={0} max={10} step={0.1} error={faults.get('tile_m')} value={input.tile_m} onChange={(v) => set({ tile_m: v })} />
        </FieldRow>
      )}
    </>
  );
}

function RackFields({ input, set, faults }: PartProps<PlaceInputs['rack']>) {
  const { t } = useText();
  const number = (key: 'x_m' | 'y_m' | 'rotation_deg' | 'max_power_w' | 'max_weight_kg') => ({
    min: 0, error: faults.get(key), value: input[key], onChange: (v: number | undefined) => set({ [key]: v }),
  });
  return (
    <>
      <FieldRow>
        <NumberField label={t('sites.uHeight')} min={1} max={100} required error={faults.get('u_height')} value={input.u_height} onChange={(v) => set({ u_height: v ?? 42 })} />
        <NumberField label={t('sites.maxPower')} max={1_000_000} {...number('max_power_w')} />
        <NumberField label={t('sites.maxWeight')} max={100_000} {...number('max_weight_kg')} />
      </FieldRow>
      <FieldRow>
        <NumberField label={t('sites.x')} max={1000} {...number('x_m')} />
        <NumberField label={t('sites.y')} max={1000} {...number('y_m')} />
        <NumberField label={t('sites.rotation')} max={359} {...number('rotation_deg')} />
      </FieldRow>
      <FieldRow>
        <NumberField label={t('sites.positionInRow')} min={0} max={1000} disabled={!input.row} error={faults.get('position_in_row')} value={input.position_in_row} onChange={(v) => set({ position_in_row: v })} />
        <TextInput label={t('word.serial')} maxLength={100} error={faults.get('serial')} value={input.serial ?? ''} onChange={(e) => set({ serial: e.currentTarget.value || undefined })} />
        <TextInput label={t('word.assetTag')} maxLength={100} error={faults.get('asset_tag')} value={input.asset_tag ?? ''} onChange={(e) => set({ asset_tag: e.currentTarget.value || undefined })} />
      </FieldRow>
      <Switch label={t('sites.descUnits')} checked={input.desc_units ?? false} onChange={(e) => set({ desc_units: e.currentTarget.checked })} />
    </>
  );
}
