import { Alert, Button, FileInput, Group, Stack, Textarea, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { ApiError } from '../../api/problem';
import { Dialog } from '../../components/Dialog';
import { problemText } from '../../components/problemText';
import { useText } from '../../i18n/useText';
import { Faults } from './Faults';
import { checkProfile, profileInUse, putProfile, refreshProfiles, type ReplacedProfile } from './queries';
import { Replaced } from './Replaced';

interface Props {
  /** The profile that is changed; a new one names itself in its first line. */
  name?: string;
  text?: string;
  /** The file in use that is changed; none for a new profile. */
  seen?: string;
  onClose: () => void;
}

/** The name that a profile gives itself. */
export const nameIn = (text: string) => /^profile:\s*["']?([a-z0-9][a-z0-9.-]*)/m.exec(text)?.[1] ?? '';

/** Adds or replaces a profile of the site, after its faults are mended. */
export function EditProfileDialog({ name: given, text: first = '', seen, onClose }: Props) {
  const words = useText();
  const { t } = words;
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [text, setText] = useState(first);
  const area = useRef<HTMLTextAreaElement>(null);
  const name = nameIn(text) || given || '';
  const check = useMutation({ mutationFn: () => checkProfile(name || 'profile', text) });
  const [inTheWay, setInTheWay] = useState<ReplacedProfile>();
  const save = useMutation({
    mutationFn: async (replaces: string | undefined) => {
      try {
        return await putProfile(name, text, replaces);
      } catch (error) {
        // Somebody has to see what would be lost before it is replaced.
        if (!(error instanceof ApiError) || (error.reason !== 'taken' && error.reason !== 'stale')) throw error;
        return { faults: [], inTheWay: await profileInUse(name) };
      }
    },
    onSuccess: async (answer) => {
      setInTheWay('inTheWay' in answer ? answer.inTheWay : undefined);
      if (answer.faults.length > 0 || 'inTheWay' in answer) return;
      await refreshProfiles(queries);
      notifications.show({ message: t('profiles.saved', { name }) });
      onClose();
      void navigate({ to: '/profiles/$profileName', params: { profileName: name } });
    },
  });
  const change = (value: string) => {
    setText(value);
    setInTheWay(undefined);
    check.reset();
    save.reset();
  };
  const toLine = (line: number) => {
    const at = text.split('\n').slice(0, line - 1).join('\n').length + (line > 1 ? 1 : 0);
    area.current?.focus();
    area.current?.setSelectionRange(at, at + (text.split('\n')[line - 1] ?? '').length);
  };
  const faults = inTheWay ? undefined : (save.data?.faults ?? check.data?.faults);
  const error = save.error ?? check.error;
  return (
    <Dialog keep onClose={onClose} title={given ? t('profiles.editTitle', { name: given }) : t('profiles.add')} size="min(1100px, 96vw)">
      <Stack gap="sm">
        <Group align="flex-end" gap="sm">
          <FileInput label={t('profiles.file')} placeholder={t('profiles.pickFile')} accept=".yaml,.yml" clearable clearButtonProps={{ 'aria-label': t('action.clear') }} w={320} onChange={(f) => void f?.text().then(change)} />
          <TextInput label={t('word.name')} description={t('profiles.nameHint')} readOnly value={name} w={260} />
        </Group>
        <Textarea
          ref={area} label={t('profiles.text')} autosize minRows={14} maxRows={26} spellCheck={false} data-autofocus classNames={{ input: 'code' }}
          value={text} onChange={(e) => change(e.currentTarget.value)}
        />
        <div aria-live="polite">
          {error && <Alert color="red" variant="light" role="alert">{problemText(error, words)}</Alert>}
          {faults && faults.length === 0 && <Alert color="gray" variant="light">{t('profiles.noFaults')}</Alert>}
          {faults && faults.length > 0 && <Alert color="orange" variant="light" title={t('profiles.faults', { count: faults.length })}><Faults faults={faults} onLine={toLine} /></Alert>}
          {inTheWay && <Replaced profile={inTheWay} text={text} changed={seen !== undefined && name === given} />}
        </div>
        <p className="muted" style={{ margin: 0 }}>{t('profiles.saveHint')}</p>
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>{t('action.cancel')}</Button>
          <Button variant="default" loading={check.isPending} disabled={!text.trim()} onClick={() => check.mutate()}>{t('profiles.check')}</Button>
          {inTheWay
            ? <Button color="red.9" loading={save.isPending} onClick={() => save.mutate(inTheWay.file)}>{t('profiles.replaceIt', { name })}</Button>
            : <Button loading={save.isPending} disabled={!name || !text.trim()} onClick={() => save.mutate(name === given ? seen : undefined)}>{t('profiles.putInUse')}</Button>}
        </Group>
      </Stack>
    </Dialog>
  );
}
