import { Alert, Code, Textarea } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Facts } from '../../components/Facts';
import { FormDialog } from '../../components/FormDialog';
import { minReason, tooShort } from '../../components/lengths';
import { NumberField } from '../../components/NumberField';
import { problemText } from '../../components/problemText';
import { LoadingState } from '../../components/States';
import { formatQuantity } from '../../format/format';
import { labelText } from '../../i18n/pointNames';
import { useText } from '../../i18n/useText';
import { Consequence, Present } from './Present';
import { dryRunQuery, refreshControl, requestControl, type Control, type ControlWish } from './queries';
import { optionText } from './words';

interface Props {
  device: { id: number; name: string };
  control: Control;
  /** The option of a command; undefined for a set-point. */
  option?: string;
  onClose: () => void;
}

/** Asks for a control: shows what would be written, and wants a reason. */
export function RequestDialog({ device, control, option, onClose }: Props) {
  const { t, language } = useText();
  const queries = useQueryClient();
  const [reason, setReason] = useState('');
  const missing = tooShort(reason.trim(), minReason);
  const [value, setValue] = useState<number>();
  const { min = 0, max = 0, step = 1, unit = '' } = control;
  const complete = option !== undefined || (value !== undefined && value >= min && value <= max);
  const wish: ControlWish = { control: control.key, ...(option === undefined ? { value } : { option }) };
  const dry = useQuery(dryRunQuery(device.id, wish, complete));
  const ask = useMutation({
    mutationFn: () => requestControl(device.id, { ...wish, reason }).then(() => undefined),
    onSuccess: async () => {
      notifications.show({ message: t('control.requested'), closeButtonProps: { 'aria-label': t('action.close') } });
      await refreshControl(queries);
      onClose();
    },
  });
  const label = labelText(control, language);
  const title = option === undefined ? label : `${label}: ${optionText(option, t)}`;
  return (
    <FormDialog title={`${device.name} · ${title}`} mutation={ask} onClose={onClose} submit={t('control.ask')} size="lg" disabled={!dry.data || reason.trim().length < minReason}>
      <Consequence control={control} option={option} />
      <Present device={device.id} control={control} />
      {option === undefined && (
        <NumberField
          label={`${t('control.newValue')} (${unit})`} value={value} onChange={setValue} min={min} max={max} step={step} required data-autofocus
          description={t('control.bounds', { min: formatQuantity(min, unit, language), max: formatQuantity(max, unit, language) })}
        />
      )}
      {complete && <DryRun dry={dry} unit={unit} />}
      <Textarea
        label={t('control.reason')} description={t('control.reasonHint', { n: minReason })} error={missing > 0 && t('fault.moreCharacters', { n: missing })} value={reason} onChange={(e) => setReason(e.currentTarget.value)}
        required maxLength={500} autosize minRows={2} {...(option === undefined ? {} : { 'data-autofocus': true })}
      />
      <p className="muted" style={{ margin: 0 }}>{t('control.secondPerson')}</p>
    </FormDialog>
  );
}

/** What would be written, and what is there. */
function DryRun({ dry, unit }: { dry: ReturnType<typeof useQuery<Awaited<ReturnType<NonNullable<ReturnType<typeof dryRunQuery>['queryFn']>>>>>; unit: string }) {
  const words = useText();
  const { t, language } = words;
  if (dry.isPending) return <LoadingState rows={3} height={18} />;
  if (!dry.data) return <Alert color="red" variant="light" role="alert">{problemText(dry.error, words)}</Alert>;
  const { target, raw, current, current_option: option, current_value: now } = dry.data;
  const meaning = option ? optionText(option, t) : now === undefined ? '' : formatQuantity(now, unit, language);
  return (
    <section aria-label={t('control.dryRun')}>
      <Facts
        items={[
          [t('control.wouldWrite'), <Code key="target">{target}</Code>],
          [t('control.raw'), <Code key="raw">{raw}</Code>],
          [t('control.current'), current ? <span key="now"><Code>{current}</Code> {meaning && `(${meaning})`}</span> : t('control.unreadable')],
        ]}
      />
      <p className="muted" style={{ margin: '4px 0 0' }}>{t('control.dryRunHint')}</p>
    </section>
  );
}
