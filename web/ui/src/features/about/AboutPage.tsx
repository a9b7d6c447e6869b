import { useQuery } from '@tanstack/react-query';
import { Facts } from '../../components/Facts';
import { PageHeader } from '../../components/PageHeader';
import { Panel } from '../../components/Panel';
import { ErrorState, LoadingState } from '../../components/States';
import { formatCount, formatTime } from '../../format/format';
import { useText } from '../../i18n/useText';
import { aboutQuery } from './queries';

export function AboutPage() {
  const { t, language } = useText();
  const { data, error, isPending, refetch } = useQuery(aboutQuery());
  if (isPending) return <LoadingState />;
  if (!data) return <ErrorState error={error} onRetry={() => void refetch()} />;
  return (
    <>
      <PageHeader title={t('about.title')} />
      <Panel title={`${t('app.name')} ${data.version}`}>
        <p style={{ marginTop: 0 }}>{t('about.text')}</p>
        <Facts
          items={[
            [t('about.version'), data.version],
            [t('about.revision'), data.revision],
            [t('about.built'), data.built_at && formatTime(data.built_at, 'dateTime', language)],
            [t('about.started'), data.started_at && formatTime(data.started_at, 'dateTime', language)],
            [t('about.go'), data.go],
            [t('about.database'), data.database],
            [t('about.telemetry'), data.telemetry],
            [t('about.profiles'), data.profiles !== undefined && formatCount(data.profiles, language)],
            [t('about.simulated'), data.simulated === undefined ? undefined : data.simulated ? t('word.yes') : t('word.no')],
            [t('about.control'), data.control === undefined ? undefined : t(data.control ? 'about.controlOn' : 'about.controlOff')],
            [t('about.license'), data.license],
          ]}
        />
        <p className="muted">{t('about.thirdParty')}</p>
      </Panel>
    </>
  );
}
