import { Group } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { PageHeader } from '../../components/PageHeader';
import { Panel } from '../../components/Panel';
import { PollStateMark, pollStates } from '../../components/PollStateMark';
import { SeverityMark } from '../../components/SeverityMark';
import { EmptyState, ErrorState, LoadingState } from '../../components/States';
import { formatCount, formatNumber } from '../../format/format';
import { counterName } from '../../i18n/pointNames';
import { useText } from '../../i18n/useText';
import { RefusedLine } from '../profiles/RefusedLine';
import { HealthTable } from './HealthTable';
import { collectorsQuery } from './queries';

export function CollectorsPage() {
  const { t, language } = useText();
  const { data, error, isPending, refetch } = useQuery(collectorsQuery());
  if (isPending) return <LoadingState rows={10} />;
  if (!data) return <ErrorState error={error} onRetry={() => void refetch()} />;
  const { store, samples_per_second: rate } = data;
  return (
    <>
      <PageHeader title={t('collectors.title')} />
      <RefusedLine />
      <div className="grid">
        {error && <ErrorState error={error} onRetry={() => void refetch()} />}
        <div className="grid grid-stats">
          <div className="panel stat">
            <div className="stat-label">{t('collectors.devices')}</div>
            <div className="stat-number">{formatCount(data.devices.total, language)}</div>
          </div>
          <div className="panel stat">
            <div className="stat-label">{t('collectors.points')}</div>
            <div className="stat-number">{formatCount(data.points, language)}</div>
          </div>
          <div className="panel stat">
            <div className="stat-label">{t('collectors.rate')}</div>
            <div className="stat-number">{rate === null ? '–' : formatNumber(rate, rate < 10 ? 1 : 0, language)}</div>
          </div>
          {store && (
            <div className="panel stat">
              <div className="stat-label">{t('collectors.store')}: {t(`collectors.${store.kind}`)}</div>
              <div style={{ fontSize: 16, padding: '6px 0' }}>
                <SeverityMark severity={store.ok ? 'ok' : 'critical'}>{t(store.ok ? 'collectors.storeOk' : 'collectors.storeFault')}</SeverityMark>
              </div>
              <div className="stat-label">
                {[store.error, store.spooled ? t('collectors.spooled', { count: store.spooled }) : '', store.dropped ? t('collectors.dropped', { count: store.dropped }) : ''].filter(Boolean).join(' · ')}
              </div>
            </div>
          )}
        </div>
        <Panel title={t('overview.polling')}>
          <Group gap="xl">
            {pollStates.filter((s) => data.devices.by_state[s]).map((s) => (
              <Link key={s} className="link" to="/devices" search={{ state: [s] }}>
                <PollStateMark state={s} /> <b>{formatCount(data.devices.by_state[s] ?? 0, language)}</b>
              </Link>
            ))}
          </Group>
        </Panel>
        <Panel title={t('collectors.list')} flush>
          {data.items.length === 0 ? <EmptyState title={t('collectors.noDevices')} /> : <HealthTable items={data.items} />}
        </Panel>
        <Panel title={t('collectors.counters')}>
          <div className="counters">
            {Object.entries(data.counters).sort(([a], [b]) => a.localeCompare(b)).map(([name, n]) => (
              <Group key={name} justify="space-between" py={3} wrap="nowrap">
                <span className="muted">{counterName(name, language)}</span>
                <span>{formatCount(n, language)}</span>
              </Group>
            ))}
          </div>
        </Panel>
      </div>
    </>
  );
}
