import { MultiSelect, Select, Switch, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { FieldRow } from '../../components/FieldRow';
import { FormDialog } from '../../components/FormDialog';
import { NumberField } from '../../components/NumberField';
import { faultsByPath } from '../../components/problemText';
import { useText } from '../../i18n/useText';
import { credentialsQuery } from '../administration/queries';
import { useSession } from '../session/useSession';
import { treeQuery } from '../sites/queries';
import { refreshDiscovery, saveRange, type DiscoveryRange } from './queries';
import { besideRange, emptyRange, rangeBody, rangeForm, type RangeForm } from './rangeForm';

/** Adds a range, or changes one. */
export function RangeDialog({ range, onClose }: { range?: DiscoveryRange; onClose: () => void }) {
  const words = useText();
  const { t } = words;
  const queries = useQueryClient();
  const sites = useQuery(treeQuery()).data?.sites ?? [];
  const [form, setForm] = useState<RangeForm>(range ? rangeForm(range) : emptyRange);
  const value = { ...form, site: form.site || (sites[0]?.id ?? 0) };
  const set = (change: Partial<RangeForm>) => setForm((f) => ({ ...f, ...change }));
  const save = useMutation({
    mutationFn: () => saveRange(range?.id, rangeBody(value)),
    onSuccess: async () => {
      await refreshDiscovery(queries);
      onClose();
    },
  });
  const faults = faultsByPath(save.error, words);
  return (
    <FormDialog
      title={range ? t('discovery.editTitle', { name: range.input.name }) : t('discovery.addRange')} mutation={save} onClose={onClose}
      submit={range ? t('action.save') : t('action.add')} disabled={!value.site} size="lg" beside={besideRange}
    >
      <FieldRow>
        <TextInput label={t('word.name')} required data-autofocus error={faults.get('name')} value={value.name} onChange={(e) => set({ name: e.currentTarget.value })} />
        <Select
          label={t('word.site')} required allowDeselect={false} error={faults.get('site')} data={sites.map((s) => ({ value: String(s.id), label: s.name }))}
          value={value.site ? String(value.site) : null} onChange={(v) => set({ site: Number(v) })}
        />
      </FieldRow>
      <Textarea
        label={t('discovery.ranges')} description={t('discovery.rangesHint')} placeholder={'10.20.0.0/24\n10.20.1.5-80'} required autosize minRows={2} maxRows={8}
        error={faults.get('ranges')} value={value.ranges} onChange={(e) => set({ ranges: e.currentTarget.value })}
      />
      <Snmp value={value} set={set} faults={faults} />
      <FieldRow>
        <TextInput label={t('discovery.units')} description={t('discovery.unitsHint')} placeholder="1-10" error={faults.get('units')} value={value.units} onChange={(e) => set({ units: e.currentTarget.value })} />
        <NumberField label={t('discovery.modbusPort')} description={t('discovery.modbusPortHint')} min={1} max={65535} allowDecimal={false} error={faults.get('modbus_port')} value={value.modbusPort} onChange={(v) => set({ modbusPort: v })} />
      </FieldRow>
      {value.units.trim() && <Switch label={t('discovery.modbusRtu')} checked={value.modbusRtu} onChange={(e) => set({ modbusRtu: e.currentTarget.checked })} />}
      <FieldRow>
        <NumberField label={t('discovery.rate')} description={t('discovery.rateHint')} min={1} max={1000} allowDecimal={false} error={faults.get('rate')} value={value.rate} onChange={(v) => set({ rate: v })} />
        <NumberField label={t('discovery.interval')} description={t('discovery.intervalHint')} min={0} max={8760} allowDecimal={false} error={faults.get('interval_h')} value={value.intervalH} onChange={(v) => set({ intervalH: v })} />
      </FieldRow>
      <Switch label={t('discovery.enabled')} checked={value.enabled} onChange={(e) => set({ enabled: e.currentTarget.checked })} />
    </FormDialog>
  );
}

interface PartProps {
  value: RangeForm;
  set: (change: Partial<RangeForm>) => void;
  faults: ReadonlyMap<string, string>;
}

/** The credentials in the order in which they are tried. */
function Snmp({ value, set, faults }: PartProps) {
  const { t } = useText();
  const { may } = useSession();
  const { data } = useQuery({ ...credentialsQuery(), enabled: may('credential.read') });
  return (
    <FieldRow>
      <MultiSelect
        label={t('discovery.credentials')} description={t('discovery.credentialsHint')} searchable clearable error={faults.get('credentials')}
        data={(data?.items ?? []).map((c) => ({ value: String(c.id), label: c.name }))} value={value.credentials.map(String)}
        onChange={(v) => set({ credentials: v.map(Number) })}
      />
      <NumberField label={t('discovery.snmpPort')} description={t('discovery.snmpPortHint')} min={1} max={65535} allowDecimal={false} error={faults.get('snmp_port')} value={value.snmpPort} onChange={(v) => set({ snmpPort: v })} />
    </FieldRow>
  );
}
