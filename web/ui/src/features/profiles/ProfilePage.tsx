import { Alert, Button, Group } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconDownload, IconPencil, IconTestPipe } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { ApiError } from '../../api/problem';
import { ConfirmButton } from '../../components/ConfirmButton';
import { Facts } from '../../components/Facts';
import { PageHeader } from '../../components/PageHeader';
import { Panel } from '../../components/Panel';
import { ErrorState, errorText, LoadingState } from '../../components/States';
import { formatCount } from '../../format/format';
import { useText } from '../../i18n/useText';
import { knownKind } from '../devices/kinds';
import { useSession } from '../session/useSession';
import { EditProfileDialog } from './EditProfileDialog';
import { Faults } from './Faults';
import { OriginMark } from './OriginMark';
import { ProfileReadings } from './ProfileReadings';
import { profileFile, profileQuery, refreshProfiles, removeProfile, type ProfileDetail } from './queries';
import { TestRecordingDialog } from './TestRecordingDialog';

const route = getRouteApi('/shell/profiles/$profileName');

/** One profile: what it is for, what it reads, and what covers that. */
export function ProfilePage() {
  const { t } = useText();
  const { may } = useSession();
  const name = route.useParams().profileName;
  const profile = useQuery(profileQuery(name));
  if (profile.isPending) return <LoadingState rows={10} />;
  if (profile.error && !profile.data) return <ErrorState error={profile.error} onRetry={() => void profile.refetch()} />;
  const { summary, faults } = profile.data;
  return (
    <>
      <PageHeader
        above={<nav className="crumbs" aria-label={t('nav.breadcrumb')}><Link to="/profiles">{t('profiles.title')}</Link><span aria-hidden>›</span><span aria-current="page">{summary.name}</span></nav>}
        title={summary.title}
        right={<Actions detail={profile.data} edit={may('profile.edit')} />}
      />
      {faults && faults.length > 0 && <Alert color="red" variant="light" role="alert" mb="sm" title={t('profiles.fileRefused')}><Faults faults={faults} /></Alert>}
      <div className="room-layout">
        <ProfileReadings detail={profile.data} />
        <div className="grid"><About detail={profile.data} /></div>
      </div>
    </>
  );
}

function Actions({ detail: { summary }, edit }: { detail: ProfileDetail; edit: boolean }) {
  const { t } = useText();
  const queries = useQueryClient();
  const navigate = route.useNavigate();
  const [text, setText] = useState<string>();
  const [testing, setTesting] = useState(false);
  const open = useMutation({
    mutationFn: () => profileFile(summary.name), onSuccess: setText, onError: (error) => notifications.show({ message: errorText(error, t) }),
  });
  const remove = async () => {
    const { faults } = await removeProfile(summary.name);
    if (faults.length > 0) throw new ApiError(409, 'conflict', faults.map((f) => f.message).join(' · '));
    notifications.show({ message: t('profiles.removed', { name: summary.name }) });
    if (!summary.replaces) await navigate({ to: '/profiles' });
    await refreshProfiles(queries);
  };
  return (
    <Group gap="xs">
      <Button component="a" size="xs" variant="default" href={`/api/v1/profiles/${summary.name}/file`} download={`${summary.name}.yaml`} leftSection={<IconDownload size={15} aria-hidden />}>{t('profiles.downloadYaml')}</Button>
      {edit && !summary.abstract && <Button size="xs" variant="default" leftSection={<IconTestPipe size={15} aria-hidden />} onClick={() => setTesting(true)}>{t('profiles.test')}</Button>}
      {edit && <Button size="xs" variant="default" loading={open.isPending} leftSection={<IconPencil size={15} aria-hidden />} onClick={() => open.mutate()}>{t(summary.own ? 'action.edit' : 'profiles.replace')}</Button>}
      {edit && summary.own && (
        <ConfirmButton size="xs" label={t('profiles.remove')} question={t(summary.replaces ? 'profiles.removeReplaced' : 'profiles.removeSure', { name: summary.name, count: summary.devices })} onConfirm={remove} />
      )}
      {text !== undefined && <EditProfileDialog name={summary.name} text={text} seen={text} onClose={() => setText(undefined)} />}
      {testing && <TestRecordingDialog profile={summary.name} onClose={() => setTesting(false)} />}
    </Group>
  );
}

function About({ detail }: { detail: ProfileDetail }) {
  const { t, language } = useText();
  const { summary: s } = detail;
  const links = (names: readonly string[]) =>
    names.length > 0 && names.map((n, i) => <span key={n}>{i > 0 && ', '}<Link className="link" to="/profiles/$profileName" params={{ profileName: n }}>{n}</Link></span>);
  return (
    <>
      <Panel title={t('profiles.about')}>
        <Facts
          items={[
            [t('word.name'), s.name], [t('word.kind'), s.abstract ? t('profiles.abstract') : t(`kind.${knownKind(s.kind)}`)], [t('word.protocol'), s.protocol === 'snmp' ? 'SNMP' : 'Modbus'],
            [t('profiles.origin'), <OriginMark key="origin" profile={s} />], [t('word.source'), s.source],
            [t('profiles.known'), t(s.synthetic ? 'profiles.syntheticLong' : 'profiles.recordedLong')],
            [t('profiles.recordings'), detail.recordings === undefined ? detail.recordings_error : formatCount(detail.recordings, language)],
            [t('profiles.devices'), formatCount(s.devices, language)], [t('profiles.extends'), links(detail.extends)], [t('profiles.fallback'), links(detail.fallback)],
          ]}
        />
      </Panel>
      {s.products.length > 0 && <Panel title={t('profiles.products')}>{s.products.map((p) => <div key={p.vendor + p.model}>{p.vendor} {p.model}</div>)}</Panel>}
      <Panel title={t('profiles.matches')}>
        {detail.matches.length === 0 ? <span className="muted">{t('profiles.byPersonOnly')}</span> : detail.matches.map((m) => <div key={m} className="raw" style={{ marginBottom: 4 }}>{m}</div>)}
      </Panel>
    </>
  );
}
