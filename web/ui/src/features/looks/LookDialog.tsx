import { Alert, Button, Group, Progress, Select, Stack } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { Dialog } from '../../components/Dialog';
import { Facts } from '../../components/Facts';
import { problemText } from '../../components/problemText';
import { formatDuration } from '../../format/format';
import { useText } from '../../i18n/useText';
import { profilesQuery } from '../profiles/queries';
import { Candidates, LookView } from './LookView';
import { endLook, lookQuery, startLook, type Look, type LookFailure, type LookInput } from './queries';

interface Props {
  title: string;
  target: LookInput;
  /** Offers to take the profile over that was looked with. */
  onUse?: (profile: string) => void;
  onClose: () => void;
}

/** Reads a device once and shows what it says, before anything is kept. */
export function LookDialog({ title, target, onUse, onClose }: Props) {
  const words = useText();
  const { t } = words;
  const [profile, setProfile] = useState(target.profile ?? '');
  const start = useMutation({ mutationFn: (chosen: string) => startLook({ ...target, profile: chosen || (target.device || target.finding ? undefined : '') }) });
  const job = start.data?.id;
  const { mutate } = start;
  // The look begins with the dialog.
  useEffect(() => mutate(target.profile ?? ''), [mutate, target.profile]);
  // What nobody looks at any more need not go on.
  useEffect(() => () => {
    if (job) void endLook(job).catch(() => undefined);
  }, [job]);
  const found = useQuery({ ...lookQuery(job ?? ''), enabled: Boolean(job) });
  const look = found.data ?? start.data;
  const again = (chosen: string) => {
    setProfile(chosen);
    mutate(chosen);
  };
  const running = start.isPending || look?.state === 'running';
  const error = start.error ?? found.error;
  return (
    <Dialog onClose={onClose} title={t('looks.title', { name: title })} size="min(1500px, 96vw)">
      <Stack gap="sm">
        <ProfileChoice protocol={look?.protocol ?? target.protocol} value={profile} running={running} onChange={setProfile} onLook={() => again(profile)} />
        {error && <Alert color="red" variant="light" role="alert">{problemText(error, words)}</Alert>}
        {running && !error && <LookProgress look={look} onCancel={onClose} />}
        {look?.failure && !running && <Failure failure={look.failure} onProfile={again} />}
        {look?.result && !running && <LookView key={look.id} result={look.result} onProfile={again} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>{t('action.close')}</Button>
          {onUse && look?.result && !running && <Button onClick={() => onUse(look.result?.profile ?? '')}>{t('looks.use', { profile: look.result.profile })}</Button>}
        </Group>
      </Stack>
    </Dialog>
  );
}

interface ChoiceProps {
  protocol?: string;
  value: string;
  running: boolean;
  onChange: (profile: string) => void;
  onLook: () => void;
}

function ProfileChoice({ protocol, value, running, onChange, onLook }: ChoiceProps) {
  const { t } = useText();
  const { data } = useQuery(profilesQuery());
  const wanted = protocol?.startsWith('modbus') ? 'modbus' : 'snmp';
  const options = (data?.items ?? []).filter((p) => p.protocol === wanted && !p.abstract).map((p) => ({ value: p.name, label: `${p.title} (${p.name})` }));
  return (
    <Group gap="xs" align="flex-end">
      <Select label={t('word.profile')} placeholder={t('looks.auto')} searchable clearable limit={100} data={options} value={value || null} onChange={(v) => onChange(v ?? '')} style={{ flex: '1 1 320px', maxWidth: 520 }} />
      <Button variant="default" loading={running} onClick={onLook}>{t('looks.again')}</Button>
    </Group>
  );
}

function LookProgress({ look, onCancel }: { look?: Look; onCancel: () => void }) {
  const { t, language } = useText();
  const step = look?.step ?? 'identify';
  const share = look?.total ? (100 * (look.done ?? 0)) / look.total : 100;
  const said = t(`lookStep.${step}`);
  return (
    <div role="status">
      <Progress value={share} animated striped={!look?.total} aria-label={said} />
      <Group justify="space-between" mt={6}>
        <span>{look?.address} · {said} <span className="muted">{look?.total ? t('looks.parts', { done: look.done ?? 0, total: look.total }) : ''} {formatDuration(look?.elapsed_s ?? 0, language)}</span></span>
        <Button size="compact-sm" variant="default" onClick={onCancel}>{t('action.cancel')}</Button>
      </Group>
    </div>
  );
}

function Failure({ failure, onProfile }: { failure: LookFailure; onProfile: (profile: string) => void }) {
  const { t } = useText();
  const id = failure.identity ?? {};
  return (
    <Alert color="red" variant="light" role="alert" title={t(`lookFailure.${failure.kind}`)}>
      <div>{t(`lookRemedy.${failure.kind}`)}</div>
      {failure.error && <div className="muted">{failure.error}</div>}
      <Facts items={[[t('word.vendor'), id.vendor], [t('word.model'), id.model], [t('word.description'), id.sys_descr], ['sysObjectID', id.sys_object_id]]} />
      {failure.candidates && <Candidates candidates={failure.candidates} onProfile={onProfile} />}
    </Alert>
  );
}
