import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { EmptyState, ErrorState, LoadingState } from '../../components/States';
import { PageHeader } from '../../components/PageHeader';
import { Panel } from '../../components/Panel';
import { useText } from '../../i18n/useText';
import { useNow } from '../../live/useLive';
import { RefusedLine } from '../profiles/RefusedLine';
import { AbnormalStates } from './AbnormalStates';
import { HottestInlets } from './HottestInlets';
import { overviewQuery } from './queries';
import { RoomsTable } from './RoomsTable';
import { SiteTiles } from './SiteTiles';

export function OverviewPage() {
  const { t } = useText();
  const { data, error, isPending, refetch } = useQuery(overviewQuery());
  const now = useNow(2000);
  if (isPending) return <LoadingState rows={8} height={56} />;
  if (error && !data) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (data.sites.length === 0) {
    return (
      <>
        <PageHeader title={t('overview.title')} />
        <EmptyState title={t('overview.empty')} hint={t('overview.emptyHint')}>
          <Button component={Link} to="/sites" size="xs">{t('overview.addSite')}</Button>
        </EmptyState>
      </>
    );
  }
  return (
    <>
      <PageHeader title={t('overview.title')} />
      <RefusedLine />
      <div className="grid">
        {data.sites.map((site) => <SiteTiles key={site.id} site={site} alone={data.sites.length === 1} nowMs={now} />)}
        <div className="grid grid-2">
          <Panel title={t('overview.abnormal')} flush>
            <AbnormalStates states={data.abnormal ?? []} onBattery={data.on_battery} nowMs={now} />
          </Panel>
          <Panel title={t('overview.hottest')} flush>
            <HottestInlets inlets={data.hottest_inlets} nowMs={now} />
          </Panel>
        </div>
        <Panel title={t('overview.rooms')} flush><RoomsTable sites={data.sites} nowMs={now} /></Panel>
      </div>
    </>
  );
}
