import { Alert, Button, FileInput, Group, Select, Stack } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError } from '../../api/problem';
import { Dialog } from '../../components/Dialog';
import { problemText } from '../../components/problemText';
import { useText } from '../../i18n/useText';
import { LookView } from '../looks/LookView';
import { profilesQuery, testRecording } from './queries';

/** Shows what a profile reads in a recording. */
export function TestRecordingDialog({ profile: first = '', onClose }: { profile?: string; onClose: () => void }) {
  const words = useText();
  const { t } = words;
  const [file, setFile] = useState<File | null>(null);
  const [profile, setProfile] = useState(first);
  const list = useQuery(profilesQuery()).data?.items ?? [];
  const test = useMutation({
    mutationFn: async (chosen: string) => {
      if (!file) throw new Error('no file');
      return testRecording({ recording: { name: file.name, text: await file.text() }, profile: chosen || undefined });
    },
  });
  const unreadable = test.error instanceof ApiError && test.error.fields.find((f) => f.code === 'unreadable');
  const again = (chosen: string) => {
    setProfile(chosen);
    test.mutate(chosen);
  };
  return (
    <Dialog onClose={onClose} title={t('profiles.test')} size="min(1500px, 96vw)">
      <Stack gap="sm">
        <Group align="flex-end" gap="sm">
          <FileInput label={t('profiles.recording')} placeholder={t('profiles.pickFile')} accept=".snmprec,.modbus" clearable clearButtonProps={{ 'aria-label': t('action.clear') }} w={320} data-autofocus value={file} onChange={setFile} />
          <Select
            label={t('word.profile')} placeholder={t('looks.auto')} searchable clearable limit={100} w={360} value={profile || null} onChange={(v) => setProfile(v ?? '')}
            data={list.filter((p) => !p.abstract).map((p) => ({ value: p.name, label: `${p.title} (${p.name})` }))}
          />
          <Button loading={test.isPending} disabled={!file} onClick={() => test.mutate(profile)}>{t('profiles.runTest')}</Button>
        </Group>
        <p className="muted" style={{ margin: 0 }}>{t('profiles.recordingHint')}</p>
        {test.error && (unreadable
          ? (
            <Alert color="red" variant="light" role="alert" title={unreadable.line ? t('profiles.badLine', { line: unreadable.line }) : t('profiles.badRecording')}>
              {t('profiles.badRecordingHint')}<div className="raw" style={{ marginTop: 6 }}>{unreadable.message}</div>
            </Alert>
          )
          : <Alert color="red" variant="light" role="alert">{problemText(test.error, words)}</Alert>)}
        {test.data && <LookView result={test.data} onProfile={again} />}
      </Stack>
    </Dialog>
  );
}
