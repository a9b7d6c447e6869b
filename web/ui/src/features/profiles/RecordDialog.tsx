import { Alert, Button, Group, Progress, Stack, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { Dialog } from '../../components/Dialog';
import { Facts } from '../../components/Facts';
import { problemText } from '../../components/problemText';
import { formatCount, formatDuration } from '../../format/format';
import { useText } from '../../i18n/useText';
import type { LookInput } from '../looks/queries';
import { endRecording, recordingQuery, startRecording, type DeviceRecording } from './queries';

interface Props {
  title: string;
  target: LookInput;
  modbus: boolean;
  onClose: () => void;
}

/** Records all that a device has into a file, without what is private. */
export function RecordDialog({ title, target, modbus, onClose }: Props) {
  const words = useText();
  const { t } = words;
  const [hide, setHide] = useState('');
  const [ranges, setRanges] = useState('');
  const start = useMutation({
    mutationFn: () => startRecording({ target, ranges: ranges.trim() || undefined, hide: hide.split('\n').map((x) => x.trim()).filter(Boolean) }),
  });
  const job = start.data?.id;
  useEffect(() => () => {
    if (job) void endRecording(job);
  }, [job]);
  const found = useQuery({ ...recordingQuery(job ?? ''), enabled: Boolean(job) });
  const recording = found.data ?? start.data;
  const running = recording?.state === 'running';
  const error = start.error ?? found.error;
  return (
    <Dialog keep={!recording} onClose={onClose} title={t('profiles.recordTitle', { name: title })} size="lg">
      <Stack gap="sm">
        <p className="muted" style={{ margin: 0 }}>{t('profiles.recordIntro')}</p>
        {!recording && (
          <>
            <Textarea label={t('profiles.hide')} description={t('profiles.hideHint')} autosize minRows={2} maxRows={6} data-autofocus value={hide} onChange={(e) => setHide(e.currentTarget.value)} />
            {modbus && <TextInput label={t('profiles.ranges')} description={t('profiles.rangesHint')} placeholder="holding:0-200,input:0-99" value={ranges} onChange={(e) => setRanges(e.currentTarget.value)} />}
          </>
        )}
        {error && <Alert color="red" variant="light" role="alert">{problemText(error, words)}</Alert>}
        {recording && running && <Running recording={recording} />}
        {recording?.failure && <Alert color="red" variant="light" role="alert" title={t(`lookFailure.${recording.failure.kind}`)}>{t(`lookRemedy.${recording.failure.kind}`)}<div className="muted">{recording.failure.error}</div></Alert>}
        {recording?.state === 'done' && <Done recording={recording} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>{t(recording?.state === 'done' ? 'action.close' : 'action.cancel')}</Button>
          {(!recording || recording.failure) && <Button loading={start.isPending} onClick={() => start.mutate()}>{t('profiles.record')}</Button>}
          {recording?.state === 'done' && <Button component="a" href={`/api/v1/recordings/${recording.id}/file`} download={recording.file}>{t('profiles.download')}</Button>}
        </Group>
      </Stack>
    </Dialog>
  );
}

function Running({ recording: r }: { recording: DeviceRecording }) {
  const { t, language } = useText();
  const said = r.total
    ? t('looks.parts', { done: formatCount(r.done ?? 0, language), total: formatCount(r.total, language) })
    : t('profiles.objects', { count: r.done ?? 0, n: formatCount(r.done ?? 0, language) });
  return (
    <div role="status">
      <Progress value={r.total ? (100 * (r.done ?? 0)) / r.total : 100} animated striped={!r.total} aria-label={said} />
      <div style={{ marginTop: 6 }}>{said} <span className="muted">{formatDuration(r.elapsed_s, language)}</span></div>
    </div>
  );
}

function Done({ recording: r }: { recording: DeviceRecording }) {
  const { t, language } = useText();
  const count = (n: number | undefined) => n !== undefined && formatCount(n, language);
  return (
    <>
      {r.partial && <Alert color="orange" variant="light" title={t('profiles.partial')}>{r.partial}</Alert>}
      <Facts
        items={[
          [t('profiles.file'), r.file], [t('profiles.size'), r.bytes !== undefined && t('profiles.bytes', { count: r.bytes, n: formatCount(r.bytes, language) })], [t('word.profile'), r.profile ?? t('profiles.noneFits')],
          [t('profiles.leftOut'), count(r.left_out)], [t('profiles.changed'), count(r.changed)],
        ]}
      />
      <p style={{ margin: 0 }}>{t('profiles.lookThrough')}</p>
    </>
  );
}
