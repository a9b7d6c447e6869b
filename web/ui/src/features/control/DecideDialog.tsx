import { Alert, Button, Code, Group, Stack, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type SubmitEvent } from 'react';
import { ApiError } from '../../api/problem';
import { Dialog } from '../../components/Dialog';
import { Facts } from '../../components/Facts';
import { SecretInput } from '../../components/SecretInput';
import { problemText } from '../../components/problemText';
import { useText } from '../../i18n/useText';
import { Consequence, Present } from './Present';
import { confirmControl, controlsQuery, refreshControl, rejectControl, type ControlRequest } from './queries';
import { wishText } from './words';

/** The word of the second person: carry out, or refuse. */
export function DecideDialog({ request, onClose }: { request: ControlRequest; onClose: () => void }) {
  const words = useText();
  const { t, language } = words;
  const queries = useQueryClient();
  const [password, setPassword] = useState('');
  const [why, setWhy] = useState('');
  const [asked, setAsked] = useState(false);
  const settle = {
    onSuccess: async () => {
      await refreshControl(queries);
      onClose();
    },
  };
  const confirm = useMutation({
    mutationFn: () => confirmControl(request.id, password), ...settle,
    onError: (error) => setAsked(asked || (error instanceof ApiError && error.reason === 'reauthenticate')),
  });
  const reject = useMutation({ mutationFn: () => rejectControl(request.id, why), ...settle });
  const error = confirm.error ?? reject.error;
  const { data: controls, isPending } = useQuery(controlsQuery(request.device ?? 0, request.device !== undefined));
  const control = controls?.items.find((c) => c.key === request.control);
  const onSubmit = (event: SubmitEvent) => {
    event.preventDefault();
    confirm.mutate();
  };
  return (
    <Dialog keep onClose={onClose} size="lg" title={`${request.device_name} · ${wishText(request, t, language)}`}>
      <form onSubmit={onSubmit}>
        <Stack gap="sm">
          {error && <Alert color={asked && confirm.error ? 'orange' : 'red'} variant="light" role="alert">{problemText(error, words)}</Alert>}
          <Consequence control={{ key: request.control, label: request.label, label_of_profile: request.label_of_profile, options: control?.options }} option={request.option} />
          {request.device !== undefined && !isPending && <Present device={request.device} control={control} />}
          <Facts
            items={[
              [t('control.askedBy'), request.requester],
              [t('control.reason'), request.reason],
              [t('control.wouldWrite'), <Code key="target">{request.target}</Code>],
              [t('control.raw'), <Code key="raw">{request.raw}</Code>],
              [t('control.before'), request.before && <Code key="before">{request.before}</Code>],
            ]}
          />
          {asked && <SecretInput label={t('control.yourPassword')} value={password} onChange={(e) => setPassword(e.currentTarget.value)} autoComplete="current-password" required data-autofocus />}
          <TextInput label={t('control.rejectReason')} value={why} onChange={(e) => setWhy(e.currentTarget.value)} maxLength={500} />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose} data-autofocus={asked ? undefined : true}>{t('action.cancel')}</Button>
            <Button variant="default" loading={reject.isPending} onClick={() => reject.mutate()}>{t('control.reject')}</Button>
            <Button type="submit" loading={confirm.isPending}>{t('control.confirm')}</Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
