import { Select, Switch, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { FieldRow } from '../../components/FieldRow';
import { NumberField } from '../../components/NumberField';
import { useText } from '../../i18n/useText';
import { credentialsQuery } from '../administration/queries';
import { useSession } from '../session/useSession';
import { treeQuery } from '../sites/queries';
import { credentialKind, placeOf, placeOptions, protocols, statuses, withPlace, withProtocol, type DeviceInput } from './deviceForm';
import { deviceKinds, knownKind } from './kinds';

interface Props {
  value: DeviceInput;
  onChange: (value: DeviceInput) => void;
  /** What the server says of fields, by their paths. */
  faults: ReadonlyMap<string, string>;
}

/** All that people decide of a device. */
export function DeviceFields({ value, onChange, faults }: Props) {
  const { t } = useText();
  const sites = useQuery(treeQuery()).data?.sites ?? [];
  const set = (change: Partial<DeviceInput>) => onChange({ ...value, ...change });
  const text = (key: 'name' | 'asset_tag' | 'address' | 'profile') => ({
    value: value[key] ?? '', error: faults.get(key), onChange: (e: React.ChangeEvent<HTMLInputElement>) => set({ [key]: e.currentTarget.value }),
  });
  return (
    <>
      <TextInput label={t('word.name')} required data-autofocus {...text('name')} />
      <FieldRow>
        <Select label={t('word.kind')} allowDeselect={false} error={faults.get('kind')} data={deviceKinds.map((k) => ({ value: k, label: t(`kind.${k}`) }))} value={value.kind} onChange={(v) => set({ kind: knownKind(v ?? 'other') })} />
        <Select label={t('word.status')} allowDeselect={false} error={faults.get('status')} data={statuses.map((s) => ({ value: s, label: t(`status.${s}`) }))} value={value.status ?? 'active'} onChange={(v) => set({ status: statuses.find((s) => s === v) })} />
        <TextInput label={t('word.assetTag')} {...text('asset_tag')} />
      </FieldRow>
      <FieldRow>
        <Select
          label={t('word.site')} allowDeselect={false} required error={faults.get('site')} data={sites.map((s) => ({ value: String(s.id), label: s.name }))}
          value={value.site ? String(value.site) : null} onChange={(v) => onChange({ ...withPlace(value, null), site: Number(v) })}
        />
        <Select label={t('word.place')} clearable searchable limit={200} error={faults.get('location') ?? faults.get('rack')} data={placeOptions(sites, value.site)} value={placeOf(value)} onChange={(v) => onChange(withPlace(value, v))} />
      </FieldRow>
      {value.rack && <Mounting value={value} set={set} faults={faults} />}
      <FieldRow>
        <Select
          label={t('word.protocol')} allowDeselect={false} error={faults.get('protocol')} value={value.protocol ?? ''}
          data={[{ value: '', label: t('devices.noProtocol') }, ...protocols.map((p) => ({ value: p, label: p }))]}
          onChange={(v) => onChange(withProtocol(value, protocols.find((p) => p === v) ?? ''))}
        />
        <TextInput label={t('devices.deviceAddress')} placeholder="192.0.2.10:161" {...text('address')} />
      </FieldRow>
      {value.protocol && <Reading value={value} set={set} faults={faults} />}
      {value.protocol && (
        <>
          <TextInput label={t('word.profile')} description={t('devices.autoProfile')} {...text('profile')} />
          <Switch label={t('devices.polled')} error={faults.get('enabled')} checked={value.enabled ?? false} onChange={(e) => set({ enabled: e.currentTarget.checked })} />
        </>
      )}
    </>
  );
}

interface PartProps {
  value: DeviceInput;
  set: (change: Partial<DeviceInput>) => void;
  faults: ReadonlyMap<string, string>;
}

/** Where in its rack a device is: in units of a face, or beside them. */
function Mounting({ value, set, faults }: PartProps) {
  const { t } = useText();
  const side = value.zero_u_side ?? '';
  const sides = (['', 'left', 'right'] as const).map((s) => ({ value: s, label: t(s === '' ? 'devices.noZeroU' : `devices.${s}`) }));
  return (
    <FieldRow>
      <Select
        label={t('devices.zeroU')} allowDeselect={false} error={faults.get('zero_u_side')} data={sides} value={side}
        onChange={(v) => set({ zero_u_side: v === 'left' || v === 'right' ? v : '', ...(v ? { position_u: undefined } : {}) })}
      />
      <NumberField label={t('devices.placeU')} min={0.5} max={100} step={0.5} disabled={side !== ''} error={faults.get('position_u')} value={value.position_u} onChange={(v) => set({ position_u: v })} />
      <Select
        label={t('devices.face')} clearable error={faults.get('face')} data={(['front', 'rear'] as const).map((f) => ({ value: f, label: t(`devices.${f}`) }))}
        value={value.face || null} onChange={(v) => set({ face: v === 'front' || v === 'rear' ? v : '' })}
      />
    </FieldRow>
  );
}

/** How a device is read. */
function Reading({ value, set, faults }: PartProps) {
  const { t } = useText();
  const { may } = useSession();
  const { data } = useQuery({ ...credentialsQuery(), enabled: may('credential.read') });
  const kind = credentialKind(value.protocol);
  const fitting = (data?.items ?? []).filter((c) => c.kind === kind);
  return (
    <FieldRow>
      {kind ? (
        <Select label={t('devices.credential')} clearable error={faults.get('credential')} data={fitting.map((c) => ({ value: String(c.id), label: c.name }))} value={value.credential ? String(value.credential) : null} onChange={(v) => set({ credential: v ? Number(v) : undefined })} />
      ) : (
        <NumberField label={t('devices.unit')} min={0} max={255} allowDecimal={false} error={faults.get('unit_id')} value={value.unit_id ?? 1} onChange={(v) => set({ unit_id: v })} />
      )}
      <NumberField label={t('devices.intervalS')} min={0} max={86400} allowDecimal={false} error={faults.get('interval_s')} value={value.interval_s ?? 0} onChange={(v) => set({ interval_s: v })} />
    </FieldRow>
  );
}
